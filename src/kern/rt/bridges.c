/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/bridges.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kern/rt/rtobj.h"
#include "nl/nlget.h"

/* Since Linux 5.16 and 6.2; the headers of older build systems do not have them. */
#define FLAGS_EXT_ATTR 15 /* NDA_FLAGS_EXT */
#define FLAG_LOCKED    2u /* NTF_EXT_LOCKED */

/* Of the family of the message, which all rtnetlink headers have first. */
static bool is_of_bridge(const struct nlmsghdr *nlh, size_t header)
{
	struct rtgenmsg gen;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + header)
		return false;
	memcpy(&gen, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(gen));
	return gen.rtgen_family == AF_BRIDGE;
}

bool bridges_have_changed(const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWVLAN:
	case RTM_DELVLAN:
		return true;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return is_of_bridge(nlh, sizeof(struct ifinfomsg));
	}
	return false;
}

/* -- ports ---------------------------------------------------------------- */

static void add_range(struct bridge_port *port, uint16_t first, const struct bridge_vlan_info *last)
{
	if (port->n_ranges == BRIDGE_RANGES_MAX) {
		port->is_cut = true;
		return;
	}
	port->range[port->n_ranges++] = (struct bridge_range){
		.first = first,
		.last = last->vid,
		.is_pvid = last->flags & BRIDGE_VLAN_INFO_PVID,
		.is_untagged = last->flags & BRIDGE_VLAN_INFO_UNTAGGED,
	};
}

/* VLANs with the same flags are sent as two: the first and the last (br_fill_ifvlaninfo_range). Returns
 * false for what a driver says about its own bridging (ndo_dflt_bridge_getlink). */
static bool get_vlans(struct nlget *g, const struct nlattr *spec, struct bridge_port *ret)
{
	struct nlget in = nlget_enter(spec);
	const struct nlattr *attr;
	bool is_bridges = true;
	uint16_t first = 0;

	while ((attr = nlget_next(&in))) {
		struct bridge_vlan_info info = { .vid = 0 };

		if (nlget_type(attr) == IFLA_BRIDGE_FLAGS)
			is_bridges = !(nlget_u16(&in, attr) & BRIDGE_FLAGS_SELF);
		if (nlget_type(attr) != IFLA_BRIDGE_VLAN_INFO)
			continue;
		nlget_struct(&in, attr, &info, sizeof(info), sizeof(info));
		if (info.flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
			first = info.vid;
			continue;
		}
		add_range(ret, info.flags & BRIDGE_VLAN_INFO_RANGE_END ? first : info.vid, &info);
	}
	nlget_leave(g, &in);
	return is_bridges;
}

static void get_protinfo(struct nlget *g, const struct nlattr *protinfo, struct bridge_port *ret)
{
	struct nlget in = nlget_enter(protinfo);
	const struct nlattr *attr;

	while ((attr = nlget_next(&in))) {
		if (nlget_type(attr) == IFLA_BRPORT_STATE)
			ret->is_forwarding = nlget_u8(&in, attr) == BR_STATE_FORWARDING;
		else if (nlget_type(attr) == IFLA_BRPORT_VLAN_TUNNEL)
			ret->has_tunnel = nlget_u8(&in, attr);
		else if (nlget_type(attr) == IFLA_BRPORT_LOCKED)
			ret->is_locked = nlget_u8(&in, attr);
	}
	nlget_leave(g, &in);
}

int bridges_get_port(const struct nlmsghdr *nlh, struct bridge_port *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ifinfomsg));
	const struct nlattr *attr;
	struct ifinfomsg header;
	struct bridge_port port;
	bool is_bridges = true;

	if (nlh->nlmsg_type != RTM_NEWLINK || !is_of_bridge(nlh, sizeof(header)))
		return -ENOMSG;
	memset(&port, 0, sizeof(port));
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	port.ifindex = (uint32_t)header.ifi_index;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == IFLA_AF_SPEC)
			is_bridges = get_vlans(&g, attr, &port);
		else if (nlget_type(attr) == IFLA_PROTINFO)
			get_protinfo(&g, attr, &port);
	}
	if (g.is_malformed)
		return -EBADMSG;
	if (!is_bridges)
		return -ENOMSG;
	*ret = port;
	return 0;
}

/* Ports with a VLAN that does not forward, which the messages about ports do not say. */
#define BLOCKED_MAX 64

struct ports_dump {
	bridges_port_fn fn;
	void *ctx;
	uint32_t blocked[BLOCKED_MAX];
	unsigned int n_blocked;
	bool has_more_blocked;
};

static bool is_blocked(struct nlget *g, const struct nlattr *entry)
{
	struct nlget in = nlget_enter(entry);
	const struct nlattr *attr;
	bool is_blocked = false;

	while ((attr = nlget_next(&in))) {
		if (nlget_type(attr) == BRIDGE_VLANDB_ENTRY_STATE)
			is_blocked = nlget_u8(&in, attr) != BR_STATE_FORWARDING;
	}
	nlget_leave(g, &in);
	return is_blocked;
}

static void on_vlans(const struct nlmsghdr *nlh, void *ctx)
{
	struct ports_dump *dump = ctx;
	struct nlget g = nlget_begin(nlh, sizeof(struct br_vlan_msg));
	const struct nlattr *attr;
	struct br_vlan_msg header;
	bool any = false;

	if (nlh->nlmsg_type != RTM_NEWVLAN || !is_of_bridge(nlh, sizeof(header)))
		return;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	while ((attr = nlget_next(&g)))
		any |= nlget_type(attr) == BRIDGE_VLANDB_ENTRY && is_blocked(&g, attr);
	if (!any)
		return;
	if (dump->n_blocked < BLOCKED_MAX)
		dump->blocked[dump->n_blocked++] = header.ifindex;
	else
		dump->has_more_blocked = true;
}

static void on_port(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ports_dump *dump = ctx;
	struct bridge_port port;

	if (bridges_get_port(nlh, &port))
		return;
	port.has_blocked = dump->has_more_blocked;
	for (unsigned int i = 0; i < dump->n_blocked; i++)
		port.has_blocked |= dump->blocked[i] == port.ifindex;
	dump->fn(&port, dump->ctx);
}

int bridges_dump(bridges_port_fn fn, void *ctx)
{
	const struct {
		struct ifinfomsg header;
		struct nlattr attr;
		uint32_t mask;
	} request = {
		.header = { .ifi_family = AF_BRIDGE },
		.attr = { sizeof(struct nlattr) + sizeof(uint32_t), IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_BRVLAN_COMPRESSED,
	};
	const struct br_vlan_msg all = { .family = AF_BRIDGE };
	struct ports_dump dump = { .fn = fn, .ctx = ctx };
	int err = rtobj_dump(RTM_GETVLAN, &all, sizeof(all), on_vlans, &dump);

	/* Kernels before Linux 5.6 have neither the request nor such states. */
	if (err && err != -EOPNOTSUPP)
		return err;
	return rtobj_dump(RTM_GETLINK, &request, sizeof(request), on_port, &dump);
}

/* -- stations ------------------------------------------------------------- */

/* Bridges name themselves in NDA_MASTER (fdb_fill_info); the lists of other devices, such as VXLANs, do
 * not. An entry without a port leads to the bridge itself. Frames of a station whose entry is locked are
 * dropped (br_handle_frame_finish). */
int bridges_get_station(const struct nlmsghdr *nlh, struct station *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ndmsg));
	struct station station = { .bridge = 0 };
	const struct nlattr *attr;
	struct ndmsg header;
	bool has_mac = false;
	uint32_t flags = 0;

	if ((nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH) ||
	    !is_of_bridge(nlh, sizeof(header)))
		return -ENOMSG;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NDA_MASTER)
			station.bridge = nlget_u32(&g, attr);
		else if (nlget_type(attr) == NDA_VLAN)
			station.vlan = nlget_u16(&g, attr);
		else if (nlget_type(attr) == FLAGS_EXT_ATTR)
			flags = nlget_u32(&g, attr);
		else if (nlget_type(attr) == NDA_LLADDR)
			has_mac = nlget_bytes(&g, attr, station.mac.b, sizeof(station.mac.b));
	}
	if (g.is_malformed)
		return -EBADMSG;
	if (!station.bridge || !has_mac)
		return -ENOMSG;
	if (nlh->nlmsg_type == RTM_NEWNEIGH && !(flags & FLAG_LOCKED))
		station.port = (uint32_t)header.ndm_ifindex;
	*ret = station;
	return 0;
}

struct stations_dump {
	bridges_station_fn fn;
	void *ctx;
};

static void on_station(const struct nlmsghdr *nlh, void *ctx)
{
	const struct stations_dump *dump = ctx;
	struct station station;

	if (bridges_get_station(nlh, &station) == 0)
		dump->fn(&station, dump->ctx);
}

int bridges_dump_stations(bridges_station_fn fn, void *ctx)
{
	const struct ndmsg all = { .ndm_family = AF_BRIDGE };
	struct stations_dump dump = { fn, ctx };

	return rtobj_dump(RTM_GETNEIGH, &all, sizeof(all), on_station, &dump);
}
