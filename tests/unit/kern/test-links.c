/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of links, neighbours and routes from messages in the format of the
 * kernel; and the event socket, as far as it works without privilege.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "kern/rt/links.h"
#include "kern/rt/mtu6.h"
#include "kern/rt/neighs.h"
#include "kern/rt/netconf.h"
#include "kern/rt/routes.h"
#include "kern/rt/rtwatch.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[1024];
	struct nlput w;
};

static const unsigned char mac_bytes[6] = { 2, 1, 2, 3, 4, 5 };

/* -- links ---------------------------------------------------------------- */

static void begin_link(struct msg *m, uint16_t type, uint8_t family, unsigned int flags)
{
	struct ifinfomsg header = {
		.ifi_family = family,
		.ifi_type = ARPHRD_ETHER,
		.ifi_index = 5,
		.ifi_flags = flags,
	};

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_str(&m->w, IFLA_IFNAME, "eth0.7");
	nlput_u32(&m->w, IFLA_MTU, 1496);
	nlput_bytes(&m->w, IFLA_ADDRESS, mac_bytes, sizeof(mac_bytes));
}

static int get_link(struct msg *m, struct link *ret)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return links_get(nlput_msg(&m->w), ret);
}

static void plain_port(void **state UNUSED)
{
	struct link link;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP | IFF_RUNNING);
	nlput_u32(&m.w, IFLA_MASTER, 9);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.ifindex, 5);
	assert_string_equal(link.name, "eth0.7");
	assert_string_equal(link.kind, "");
	assert_memory_equal(link.mac.b, mac_bytes, sizeof(mac_bytes));
	assert_int_equal(link.mtu, 1496);
	assert_int_equal(link.master, 9);
	assert_int_equal(link.lower, 0);
	assert_int_equal(link.vlan.proto, VLAN_NONE);
	assert_true(link.is_up);
	assert_true(link.is_ether);
	assert_false(link.is_loopback);
}

static void member_of_a_vrf(void **state UNUSED)
{
	static const char *const masters[] = { "bridge", "vrf" };
	struct link link;
	struct msg m;

	for (unsigned int i = 0; i < array_size(masters); i++) {
		uint32_t vrf = i ? 9 : 0;
		struct nlput_nest nest;

		begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
		nlput_u32(&m.w, IFLA_MASTER, 9);
		nest = nlput_nest_begin(&m.w, IFLA_LINKINFO);
		nlput_str(&m.w, IFLA_INFO_SLAVE_KIND, masters[i]);
		nlput_nest_end(&m.w, nest);
		assert_int_equal(get_link(&m, &link), 0);
		assert_int_equal(link.vrf, vrf);
		assert_int_equal(link.master, 9 - vrf);
	}
}

static void port_of_a_switch(void **state UNUSED)
{
	static const unsigned char id[33] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct link link;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
	nlput_bytes(&m.w, IFLA_PHYS_SWITCH_ID, id, 8);
	nlput_str(&m.w, IFLA_PHYS_PORT_NAME, "pf0vf1");
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.hw.switch_id_len, 8);
	assert_memory_equal(link.hw.switch_id, id, 32);
	assert_string_equal(link.hw.port_name, "pf0vf1");
	/* Facts that link messages do not contain. */
	assert_string_equal(link.hw.driver, "");
	assert_string_equal(link.hw.bus, "");
	assert_int_equal(link.hw.tc, LINK_TC_NONE);
	assert_int_equal(link.hw.eswitch, LINK_ESWITCH_NONE);

	/* The longest id (MAX_PHYS_ITEM_ID_LEN), and one that is too long. */
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
	nlput_bytes(&m.w, IFLA_PHYS_SWITCH_ID, id, 32);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.hw.switch_id_len, 32);
	assert_string_equal(link.hw.port_name, "");
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
	nlput_bytes(&m.w, IFLA_PHYS_SWITCH_ID, id, 33);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.hw.switch_id_len, 0);
}

static void up_means_up_with_carrier(void **state UNUSED)
{
	struct link link;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
	assert_int_equal(get_link(&m, &link), 0);
	assert_false(link.is_up);
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_LOWER_UP);
	assert_int_equal(get_link(&m, &link), 0);
	assert_false(link.is_up);
}

static void begin_kind(struct msg *m, const char *kind, struct nlput_nest *info, struct nlput_nest *data)
{
	begin_link(m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP);
	*info = nlput_nest_begin(&m->w, IFLA_LINKINFO);
	nlput_str(&m->w, IFLA_INFO_KIND, kind);
	*data = nlput_nest_begin(&m->w, IFLA_INFO_DATA);
}

static void end_kind(struct msg *m, struct nlput_nest info, struct nlput_nest data, struct link *ret)
{
	nlput_nest_end(&m->w, data);
	nlput_nest_end(&m->w, info);
	assert_int_equal(get_link(m, ret), 0);
}

static void bridge_device(void **state UNUSED)
{
	struct nlput_nest info, data;
	struct link link;
	struct msg m;

	for (uint8_t filters = 0; filters < 2; filters++) {
		begin_kind(&m, "bridge", &info, &data);
		nlput_u8(&m.w, IFLA_BR_VLAN_FILTERING, filters);
		nlput_be16(&m.w, IFLA_BR_VLAN_PROTOCOL, 0x88a8);
		end_kind(&m, info, data, &link);
		assert_string_equal(link.kind, "bridge");
		assert_int_equal(link.bridge_proto, filters ? VLAN_8021AD : VLAN_NONE);
	}
}

static void bond_device(void **state UNUSED)
{
	struct nlput_nest info, data;
	struct link link;
	struct msg m;

	begin_kind(&m, "bond", &info, &data);
	nlput_u8(&m.w, IFLA_BOND_MODE, BOND_MODE_ACTIVEBACKUP);
	nlput_u32(&m.w, IFLA_BOND_ACTIVE_SLAVE, 7);
	end_kind(&m, info, data, &link);
	assert_int_equal(link.bond, LINK_BOND_BACKUP);
	assert_int_equal(link.active_port, 7);
	begin_kind(&m, "bond", &info, &data);
	nlput_u8(&m.w, IFLA_BOND_MODE, BOND_MODE_ACTIVEBACKUP);
	end_kind(&m, info, data, &link);
	assert_int_equal(link.bond, LINK_BOND_BACKUP);
	assert_int_equal(link.active_port, 0);
	begin_kind(&m, "bond", &info, &data);
	nlput_u8(&m.w, IFLA_BOND_MODE, BOND_MODE_8023AD);
	end_kind(&m, info, data, &link);
	assert_int_equal(link.bond, LINK_BOND_OTHER);
	begin_kind(&m, "bond", &info, &data);
	end_kind(&m, info, data, &link);
	assert_int_equal(link.bond, LINK_BOND_OTHER);
}

static void vlan_device(void **state UNUSED)
{
	struct nlput_nest info, data;
	struct link link;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP);
	nlput_u32(&m.w, IFLA_LINK, 3);
	info = nlput_nest_begin(&m.w, IFLA_LINKINFO);
	nlput_str(&m.w, IFLA_INFO_KIND, "vlan");
	data = nlput_nest_begin(&m.w, IFLA_INFO_DATA);
	nlput_be16(&m.w, IFLA_VLAN_PROTOCOL, 0x8100);
	nlput_u16(&m.w, IFLA_VLAN_ID, 7);
	nlput_nest_end(&m.w, data);
	nlput_nest_end(&m.w, info);
	assert_int_equal(get_link(&m, &link), 0);
	assert_string_equal(link.kind, "vlan");
	assert_int_equal(link.lower, 3);
	assert_int_equal(link.vlan.proto, VLAN_8021Q);
	assert_int_equal(link.vlan.id, 7);
	assert_false(link.maps_priority);

	/* A service tag, and a map of priorities, which the kernel reports if it has entries. */
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP);
	info = nlput_nest_begin(&m.w, IFLA_LINKINFO);
	nlput_str(&m.w, IFLA_INFO_KIND, "vlan");
	data = nlput_nest_begin(&m.w, IFLA_INFO_DATA);
	nlput_be16(&m.w, IFLA_VLAN_PROTOCOL, 0x88a8);
	nlput_u16(&m.w, IFLA_VLAN_ID, 4094);
	nlput_nest_end(&m.w, nlput_nest_begin(&m.w, IFLA_VLAN_EGRESS_QOS));
	nlput_nest_end(&m.w, data);
	nlput_nest_end(&m.w, info);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.vlan.proto, VLAN_8021AD);
	assert_int_equal(link.vlan.id, 4094);
	assert_true(link.maps_priority);

	/* The kind without its data. */
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP);
	nlput_u32(&m.w, IFLA_LINK, 3);
	info = nlput_nest_begin(&m.w, IFLA_LINKINFO);
	nlput_str(&m.w, IFLA_INFO_KIND, "vlan");
	nlput_nest_end(&m.w, info);
	assert_int_equal(get_link(&m, &link), 0);
	assert_string_equal(link.kind, "vlan");
	assert_int_equal(link.vlan.proto, VLAN_NONE);

	/* The number of a device in another namespace means nothing here. */
	nlput_u32(&m.w, IFLA_LINK_NETNSID, 0);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.lower, 0);
}

static void kind_that_the_library_does_not_know(void **state UNUSED)
{
	struct nlput_nest info;
	struct link link;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP | IFF_LOWER_UP);
	info = nlput_nest_begin(&m.w, IFLA_LINKINFO);
	nlput_str(&m.w, IFLA_INFO_KIND, "nicsim");
	nlput_nest_end(&m.w, info);
	assert_int_equal(get_link(&m, &link), 0);
	assert_string_equal(link.kind, "nicsim");
}

static void bridge_ports_are_no_links(void **state UNUSED)
{
	struct link link = { .ifindex = 77 };
	struct msg m;

	begin_link(&m, RTM_DELLINK, AF_BRIDGE, 0);
	assert_int_equal(get_link(&m, &link), -ENOMSG);
	begin_link(&m, RTM_NEWADDR, AF_UNSPEC, 0);
	assert_int_equal(get_link(&m, &link), -ENOMSG);
	nlput_begin(&m.w, RTM_NEWLINK, 0);
	assert_int_equal(get_link(&m, &link), -ENOMSG);
	assert_int_equal(link.ifindex, 77);
	begin_link(&m, RTM_DELLINK, AF_UNSPEC, 0);
	assert_int_equal(get_link(&m, &link), 0);
	assert_int_equal(link.ifindex, 5);
}

/* -- neighbours ----------------------------------------------------------- */

static void put_neigh(struct msg *m, uint16_t type, uint8_t family, uint16_t nud, uint8_t flags)
{
	struct ndmsg header = {
		.ndm_family = family,
		.ndm_ifindex = 5,
		.ndm_state = nud,
		.ndm_flags = flags,
	};

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_bytes(&m->w, NDA_DST, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
		    family == AF_INET ? 4 : 16);
	nlput_bytes(&m->w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	assert_int_equal(nlput_end(&m->w), 0);
}

static void neighbour_states(void **state UNUSED)
{
	static const struct {
		uint16_t nud;
		bool is_valid;
	} cases[] = {
		{ NUD_INCOMPLETE, false }, { NUD_REACHABLE, true }, { NUD_STALE, true },
		{ NUD_DELAY, true },       { NUD_PROBE, true },     { NUD_FAILED, false },
		{ NUD_NOARP, true },       { NUD_PERMANENT, true }, { NUD_NONE, false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct neigh neigh;
		struct msg m;

		put_neigh(&m, RTM_NEWNEIGH, AF_INET6, cases[i].nud, 0);
		assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), 0);
		assert_int_equal(neigh.is_valid, cases[i].is_valid);
		assert_int_equal(neigh.ifindex, 5);
		assert_int_equal(neigh.family, FAMILY_IP6);
		assert_int_equal(neigh.addr.b[15], 1);
		assert_memory_equal(neigh.mac.b, mac_bytes, sizeof(mac_bytes));
	}
}

/* Who keeps it valid, by state, flags, extended flags and protocol. */
static void who_keeps_a_neighbour(void **state UNUSED)
{
	static const struct {
		uint16_t nud;
		uint8_t flags;
		uint32_t ext; /* 1: managed */
		uint8_t protocol;
		enum neigh_care care;
		bool is_stale;
	} cases[] = {
		{ NUD_REACHABLE, 0, 0, RTPROT_UNSPEC, NEIGH_AGES, false },
		{ NUD_STALE, 0, 0, RTPROT_UNSPEC, NEIGH_AGES, true },
		{ NUD_STALE, NTF_ROUTER, 0, RTPROT_KERNEL, NEIGH_AGES, true },
		{ NUD_REACHABLE, 0, 1, NEIGHS_PROTOCOL, NEIGH_OURS, false },
		{ NUD_STALE, 0, 0, NEIGHS_PROTOCOL, NEIGH_AGES, true },
		{ NUD_REACHABLE, 0, 1, RTPROT_UNSPEC, NEIGH_OTHERS, false },
		{ NUD_REACHABLE, 0, 0, RTPROT_ZEBRA, NEIGH_OTHERS, false },
		{ NUD_PERMANENT, 0, 0, RTPROT_UNSPEC, NEIGH_OTHERS, false },
		{ NUD_PERMANENT, 0, 1, NEIGHS_PROTOCOL, NEIGH_OTHERS, false },
		{ NUD_NOARP, 0, 0, RTPROT_UNSPEC, NEIGH_OTHERS, false },
		{ NUD_REACHABLE, NTF_EXT_LEARNED, 0, RTPROT_UNSPEC, NEIGH_OTHERS, false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct neigh neigh;
		struct msg m;

		put_neigh(&m, RTM_NEWNEIGH, AF_INET, cases[i].nud, cases[i].flags);
		if (cases[i].ext)
			nlput_u32(&m.w, 15 /* NDA_FLAGS_EXT */, cases[i].ext);
		if (cases[i].protocol)
			nlput_u8(&m.w, NDA_PROTOCOL, cases[i].protocol);
		assert_int_equal(nlput_end(&m.w), 0);
		assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), 0);
		assert_int_equal(neigh.care, cases[i].care);
		assert_int_equal(neigh.is_stale, cases[i].is_stale);
	}
}

static void neighbours_of_others(void **state UNUSED)
{
	struct neigh neigh = { .ifindex = 77 };
	struct msg m;

	put_neigh(&m, RTM_NEWNEIGH, AF_BRIDGE, NUD_PERMANENT, 0);
	assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), -ENOMSG);
	put_neigh(&m, RTM_NEWNEIGH, AF_INET, NUD_PERMANENT, NTF_PROXY);
	assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), -ENOMSG);
	assert_int_equal(neigh.ifindex, 77);
	put_neigh(&m, RTM_DELNEIGH, AF_INET, NUD_PERMANENT, 0);
	assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), 0);
	assert_false(neigh.is_valid);
	assert_int_equal(neigh.addr.b[0], 0x20);
	assert_int_equal(neigh.addr.b[4], 0);
}

static void neighbour_without_mac(void **state UNUSED)
{
	struct ndmsg header = { .ndm_family = AF_INET, .ndm_ifindex = 5, .ndm_state = NUD_NOARP };
	struct neigh neigh;
	struct msg m;

	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nlput_begin(&m.w, RTM_NEWNEIGH, 0);
	nlput_header(&m.w, &header, sizeof(header));
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), -EBADMSG);
	nlput_bytes(&m.w, NDA_DST, "\12\0\0\1", 4);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(neighs_get(nlput_msg(&m.w), &neigh), 0);
	assert_false(neigh.is_valid);
}

/* -- dumps and forwarding ------------------------------------------------- */

static void note_loopback(const struct link *link, void *ctx)
{
	struct link *loopback = ctx;

	if (link->is_loopback)
		*loopback = *link;
}

static void count_neigh(const struct neigh *neigh, void *ctx)
{
	assert_true(neigh->family == FAMILY_IP4 || neigh->family == FAMILY_IP6);
	++*(unsigned int *)ctx;
}

static void begin_netconf(struct msg *m, uint16_t type, uint8_t family)
{
	struct netconfmsg header = { .ncm_family = family };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
}

static int get_netconf(struct msg *m, struct netconf *ret)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return netconf_get(nlput_msg(&m->w), ret);
}

static void forwarding(void **state UNUSED)
{
	struct netconf conf;
	struct msg m;

	begin_netconf(&m, RTM_NEWNETCONF, AF_INET6);
	nlput_u32(&m.w, NETCONFA_IFINDEX, (uint32_t)NETCONFA_IFINDEX_ALL);
	nlput_u32(&m.w, NETCONFA_FORWARDING, 0);
	assert_int_equal(get_netconf(&m, &conf), 0);
	assert_true(conf.is_ip6);
	assert_int_equal(conf.ifindex, NETCONF_ALL);
	assert_true(conf.has_forwarding);
	assert_false(conf.is_forwarding);
	begin_netconf(&m, RTM_NEWNETCONF, AF_INET);
	nlput_u32(&m.w, NETCONFA_IFINDEX, 3);
	nlput_u32(&m.w, NETCONFA_FORWARDING, 1);
	assert_int_equal(get_netconf(&m, &conf), 0);
	assert_false(conf.is_ip6);
	assert_int_equal(conf.ifindex, 3);
	assert_true(conf.is_forwarding);
	/* Something else changed. */
	begin_netconf(&m, RTM_NEWNETCONF, AF_INET);
	nlput_u32(&m.w, NETCONFA_IFINDEX, 3);
	nlput_u32(&m.w, NETCONFA_RP_FILTER, 1);
	assert_int_equal(get_netconf(&m, &conf), 0);
	assert_false(conf.has_forwarding);
}

static void odd_netconf_messages(void **state UNUSED)
{
	struct netconf conf;
	struct msg m;

	begin_netconf(&m, RTM_DELNETCONF, AF_INET6);
	assert_int_equal(get_netconf(&m, &conf), -ENOMSG);
	begin_netconf(&m, RTM_NEWNETCONF, AF_MPLS);
	assert_int_equal(get_netconf(&m, &conf), -ENOMSG);
	begin_netconf(&m, RTM_NEWNETCONF, AF_INET);
	nlput_u8(&m.w, NETCONFA_FORWARDING, 1);
	assert_int_equal(get_netconf(&m, &conf), -EBADMSG);
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nlput_begin(&m.w, RTM_NEWNETCONF, 0);
	assert_int_equal(get_netconf(&m, &conf), -EBADMSG);
}

static int get_mtu6(struct msg *m, uint32_t *ret)
{
	uint32_t ifindex = 0;
	int err;

	assert_int_equal(nlput_end(&m->w), 0);
	err = mtu6_get(nlput_msg(&m->w), &ifindex, ret);
	assert_int_equal(ifindex, err ? 0 : 5);
	return err;
}

/* Writes the first @n settings of IPv6 (DEVCONF_x); all are 1, but the MTU. */
static void put_conf(struct msg *m, unsigned int n)
{
	struct nlput_nest nest = nlput_nest_begin(&m->w, IFLA_PROTINFO);
	uint32_t conf[8] = { 1, 1, 1480, 1, 1, 1, 1, 1 };

	nlput_bytes(&m->w, IFLA_INET6_CONF, conf, n * sizeof(conf[0]));
	nlput_nest_end(&m->w, nest);
}

static void mtu_for_ip6(void **state UNUSED)
{
	uint32_t mtu = 0;
	struct msg m;

	begin_link(&m, RTM_NEWLINK, AF_INET6, IFF_UP);
	put_conf(&m, 8);
	assert_int_equal(get_mtu6(&m, &mtu), 0);
	assert_int_equal(mtu, 1480);
	begin_link(&m, RTM_NEWLINK, AF_INET6, IFF_UP);
	put_conf(&m, 2);
	assert_int_equal(get_mtu6(&m, &mtu), -EBADMSG);
	begin_link(&m, RTM_NEWLINK, AF_INET6, IFF_UP);
	assert_int_equal(get_mtu6(&m, &mtu), -EBADMSG);
	begin_link(&m, RTM_NEWLINK, AF_UNSPEC, IFF_UP);
	put_conf(&m, 8);
	assert_int_equal(get_mtu6(&m, &mtu), -ENOMSG);
	begin_link(&m, RTM_DELLINK, AF_INET6, IFF_UP);
	put_conf(&m, 8);
	assert_int_equal(get_mtu6(&m, &mtu), -ENOMSG);
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nlput_begin(&m.w, RTM_NEWLINK, 0);
	assert_int_equal(get_mtu6(&m, &mtu), -EBADMSG);
}

/* -- the kernel that runs the test ---------------------------------------- */

static void note_mtu6(uint32_t ifindex, uint32_t mtu, void *ctx)
{
	if (ifindex == 1)
		*(uint32_t *)ctx = mtu;
}

static void real_dumps(void **state UNUSED)
{
	struct link loopback = { .ifindex = 0 };
	unsigned int neighs = 0;
	struct routes *routes;
	uint32_t mtu6 = 0;
	bool forwards;

	if (routes_open(&routes))
		unit_return_because("no route socket");
	routes_close(routes);
	assert_int_equal(links_dump(note_loopback, &loopback), 0);
	assert_int_equal(loopback.ifindex, 1);
	assert_string_equal(loopback.name, "lo");
	assert_false(loopback.is_ether);
	/* A kernel without IPv6 shows nothing. */
	assert_int_equal(mtu6_dump(note_mtu6, &mtu6), 0);
	assert_true(mtu6 == 0 || mtu6 == loopback.mtu);
	assert_int_equal(neighs_dump(count_neigh, &neighs), 0);
	assert_int_equal(netconf_ask_ip6(&forwards), 0);
}

static void real_watch(void **state UNUSED)
{
	struct rtwatch_callbacks callbacks = { .ctx = NULL };
	struct rtwatch *w;

	if (rtwatch_open(&w, 64 * 1024, &callbacks))
		unit_return_because("no route socket");
	assert_true(rtwatch_fd(w) >= 0);
	assert_int_equal(rtwatch_grow(w, 128 * 1024), 128 * 1024);
	rtwatch_close(w);
	rtwatch_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_port),
		cmocka_unit_test(member_of_a_vrf),
		cmocka_unit_test(port_of_a_switch),
		cmocka_unit_test(up_means_up_with_carrier),
		cmocka_unit_test(bridge_device),
		cmocka_unit_test(bond_device),
		cmocka_unit_test(vlan_device),
		cmocka_unit_test(kind_that_the_library_does_not_know),
		cmocka_unit_test(bridge_ports_are_no_links),
		cmocka_unit_test(neighbour_states),
		cmocka_unit_test(neighbours_of_others), cmocka_unit_test(who_keeps_a_neighbour),
		cmocka_unit_test(neighbour_without_mac),
		cmocka_unit_test(forwarding),
		cmocka_unit_test(odd_netconf_messages),
		cmocka_unit_test(mtu_for_ip6),
		cmocka_unit_test(real_dumps),
		cmocka_unit_test(real_watch),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
