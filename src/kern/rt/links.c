/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/links.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bonding.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/data.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>

#include "kern/rt/rtobj.h"
#include "nl/nlget.h"

/* Since Linux 5.18; the headers of older build systems do not have it. */
#define BOOLOPT_MST_ENABLE 2 /* BR_BOOLOPT_MST_ENABLE */

/* False for the messages of the same type that bridges send for each port; these have
 * another family. */
static bool is_interface(const struct nlmsghdr *nlh)
{
	struct ifinfomsg header;

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return false;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(header))
		return false;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	return header.ifi_family == AF_UNSPEC;
}

static void copy_name(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
}

/* Index of the device below; 0 when it is in another network namespace. */
static uint32_t get_lower(struct rtnl_link *object)
{
	int32_t netns_id;

	if (rtnl_link_get_link_netnsid(object, &netns_id) == 0)
		return 0;
	return (uint32_t)rtnl_link_get_link(object);
}

static void get_mac(struct rtnl_link *object, struct mac *ret)
{
	const struct nl_addr *addr = rtnl_link_get_addr(object);

	if (addr && nl_addr_get_len(addr) == sizeof(ret->b))
		memcpy(ret->b, nl_addr_get_binary_addr(addr), sizeof(ret->b));
}

static void get_port(struct rtnl_link *object, struct link_hw *ret)
{
	const struct nl_data *id = rtnl_link_get_phys_switch_id(object);

	copy_name(ret->port_name, sizeof(ret->port_name), rtnl_link_get_phys_port_name(object));
	if (!id || nl_data_get_size(id) > sizeof(ret->switch_id))
		return;
	ret->switch_id_len = (uint8_t)nl_data_get_size(id);
	memcpy(ret->switch_id, nl_data_get(id), ret->switch_id_len);
}

/* False for messages that libnl cannot be trusted with. IFLA_INFO_XSTATS without IFLA_INFO_DATA
 * makes libnl 3.7 follow a null pointer (link_msg_parser). Of a malformed nest it reads the part
 * that is well formed. */
static bool is_sane(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ifinfomsg)), in;
	const struct nlattr *attr, *info;
	bool has_data, has_xstats;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != IFLA_LINKINFO)
			continue;
		has_data = has_xstats = false;
		in = nlget_enter(attr);
		while ((info = nlget_next(&in))) {
			has_data |= nlget_type(info) == IFLA_INFO_DATA;
			has_xstats |= nlget_type(info) == IFLA_INFO_XSTATS;
		}
		if (in.is_malformed || (has_xstats && !has_data))
			return false;
	}
	return !g.is_malformed;
}

/* IFLA_INFO_DATA; NULL if there is none. */
static const struct nlattr *find_data(const struct nlmsghdr *nlh)
{
	const struct nlattr *info = nlget_find(nlget_begin(nlh, sizeof(struct ifinfomsg)), IFLA_LINKINFO);

	return info ? nlget_find(nlget_enter(info), IFLA_INFO_DATA) : NULL;
}

/* rtnl_link_vlan_get_id() and its like crash without IFLA_INFO_DATA (libnl 3.7). */
static void get_vlan(const struct nlattr *data, struct link *ret)
{
	const struct nlattr *id = nlget_find(nlget_enter(data), IFLA_VLAN_ID),
			    *proto = nlget_find(nlget_enter(data), IFLA_VLAN_PROTOCOL);
	struct nlget g = nlget_enter(data);

	ret->vlan.id = id ? nlget_u16(&g, id) : 0;
	ret->vlan.proto = proto ? nlget_be16(&g, proto) : VLAN_8021Q;
	ret->maps_priority = nlget_find(nlget_enter(data), IFLA_VLAN_EGRESS_QOS);
}

static void get_bridge(const struct nlattr *data, struct link *ret)
{
	const struct nlattr *filters = nlget_find(nlget_enter(data), IFLA_BR_VLAN_FILTERING),
			    *proto = nlget_find(nlget_enter(data), IFLA_BR_VLAN_PROTOCOL);
	const struct nlattr *options = nlget_find(nlget_enter(data), IFLA_BR_MULTI_BOOLOPT);
	struct br_boolopt_multi multi = { .optval = 0 };
	struct nlget g = nlget_enter(data);

	if (filters && nlget_u8(&g, filters))
		ret->bridge_proto = proto ? nlget_be16(&g, proto) : VLAN_8021Q;
	if (options)
		nlget_struct(&g, options, &multi, sizeof(multi), sizeof(multi.optval));
	ret->has_mst = multi.optval & 1u << BOOLOPT_MST_ENABLE;
}

static void get_bond(const struct nlattr *data, struct link *ret)
{
	const struct nlattr *mode = nlget_find(nlget_enter(data), IFLA_BOND_MODE),
			    *active = nlget_find(nlget_enter(data), IFLA_BOND_ACTIVE_SLAVE);
	struct nlget g = nlget_enter(data);

	if (!mode || nlget_u8(&g, mode) != BOND_MODE_ACTIVEBACKUP)
		return;
	ret->bond = LINK_BOND_BACKUP;
	ret->active_port = active ? nlget_u32(&g, active) : 0;
}

/* What only devices of this kind have. */
static void get_kind(const struct nlmsghdr *nlh, struct link *ret)
{
	const struct nlattr *data = find_data(nlh);

	if (strcmp(ret->kind, "bond") == 0)
		ret->bond = LINK_BOND_OTHER;
	if (!data)
		return;
	if (strcmp(ret->kind, "vlan") == 0)
		get_vlan(data, ret);
	else if (strcmp(ret->kind, "bridge") == 0)
		get_bridge(data, ret);
	else if (strcmp(ret->kind, "bond") == 0)
		get_bond(data, ret);
}

/* A VRF takes packets only after the ingress of its member, and forwarded ones leave by the member directly
 * (vrf_ip_rcv, ip_output). So it is no device on their path, as other masters are. */
static void get_master(struct rtnl_link *object, struct link *ret)
{
	const char *kind = rtnl_link_get_slave_type(object);
	uint32_t master = (uint32_t)rtnl_link_get_master(object);

	if (kind && strcmp(kind, "vrf") == 0)
		ret->vrf = master;
	else
		ret->master = master;
}

static struct link make_link(struct rtnl_link *object, const struct nlmsghdr *nlh)
{
	unsigned int flags = rtnl_link_get_flags(object);
	struct link link = {
		.ifindex = (uint32_t)rtnl_link_get_ifindex(object),
		.mtu = rtnl_link_get_mtu(object),
		.lower = get_lower(object),
		.is_up = (flags & IFF_UP) && (flags & IFF_LOWER_UP),
		.is_ether = rtnl_link_get_arptype(object) == ARPHRD_ETHER,
		.is_loopback = flags & IFF_LOOPBACK,
	};

	copy_name(link.name, sizeof(link.name), rtnl_link_get_name(object));
	copy_name(link.kind, sizeof(link.kind), rtnl_link_get_type(object));
	get_master(object, &link);
	get_mac(object, &link.mac);
	get_port(object, &link.hw);
	get_kind(nlh, &link);
	return link;
}

int links_get(const struct nlmsghdr *nlh, struct link *ret)
{
	struct nl_object *object;
	int err;

	if (!is_interface(nlh))
		return -ENOMSG;
	if (!is_sane(nlh))
		return -EBADMSG;
	err = rtobj_get(nlh, &object);
	if (err)
		return err;
	*ret = make_link((struct rtnl_link *)object, nlh);
	nl_object_put(object);
	return 0;
}

struct dump {
	links_fn fn;
	void *ctx;
	int err;
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct dump *dump = ctx;
	struct link link;
	int err = links_get(nlh, &link);

	if (err == 0)
		dump->fn(&link, dump->ctx);
	else if (err == -ENOMEM)
		dump->err = err;
}

int links_dump(links_fn fn, void *ctx)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct dump dump = { .fn = fn, .ctx = ctx };
	int err = rtobj_dump(RTM_GETLINK, &all, sizeof(all), on_message, &dump);

	return err ? err : dump.err;
}
