/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of what bridges report, from messages in the format of the kernel.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kern/rt/bridges.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[2048];
	struct nlput w;
};

/* -- ports ---------------------------------------------------------------- */

static void begin_port(struct msg *m, uint16_t type, uint8_t family)
{
	struct ifinfomsg header = { .ifi_family = family, .ifi_index = 5 };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_u32(&m->w, IFLA_MASTER, 9);
}

static void put_state(struct msg *m, uint8_t state, uint8_t tunnel)
{
	struct nlput_nest nest = nlput_nest_begin(&m->w, IFLA_PROTINFO | NLA_F_NESTED);

	nlput_u8(&m->w, IFLA_BRPORT_STATE, state);
	nlput_u8(&m->w, IFLA_BRPORT_VLAN_TUNNEL, tunnel);
	nlput_nest_end(&m->w, nest);
}

static void put_vlan(struct msg *m, uint16_t id, uint16_t flags)
{
	const struct bridge_vlan_info info = { .vid = id, .flags = flags };

	nlput_bytes(&m->w, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
}

static int get_port(struct msg *m, struct bridge_port *ret)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return bridges_get_port(nlput_msg(&m->w), ret);
}

static void port_without_vlans(void **state UNUSED)
{
	struct bridge_port port;
	struct msg m;

	begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
	put_state(&m, BR_STATE_FORWARDING, 0);
	assert_int_equal(get_port(&m, &port), 0);
	assert_int_equal(port.ifindex, 5);
	assert_true(port.is_forwarding);
	assert_false(port.has_tunnel || port.is_cut);
	assert_int_equal(port.n_ranges, 0);
	begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
	put_state(&m, BR_STATE_LEARNING, 1);
	assert_int_equal(get_port(&m, &port), 0);
	assert_false(port.is_forwarding);
	assert_true(port.has_tunnel);
}

static void expect_range(const struct bridge_range *r, uint16_t first, uint16_t last, bool is_pvid,
			 bool is_untagged)
{
	assert_int_equal(r->first, first);
	assert_int_equal(r->last, last);
	assert_int_equal(r->is_pvid, is_pvid);
	assert_int_equal(r->is_untagged, is_untagged);
}

static void vlans_of_a_port(void **state UNUSED)
{
	struct bridge_port port;
	struct nlput_nest nest;
	struct msg m;

	begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
	nest = nlput_nest_begin(&m.w, IFLA_AF_SPEC);
	put_vlan(&m, 1, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	put_vlan(&m, 10, BRIDGE_VLAN_INFO_RANGE_BEGIN);
	put_vlan(&m, 20, BRIDGE_VLAN_INFO_RANGE_END);
	put_vlan(&m, 30, 0);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(get_port(&m, &port), 0);
	assert_int_equal(port.n_ranges, 3);
	expect_range(&port.range[0], 1, 1, true, true);
	expect_range(&port.range[1], 10, 20, false, false);
	expect_range(&port.range[2], 30, 30, false, false);
	assert_false(port.is_cut);
}

static void more_vlans_than_fit(void **state UNUSED)
{
	struct bridge_port port;
	struct nlput_nest nest;
	struct msg m;

	for (unsigned int more = 0; more < 2; more++) {
		begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
		nest = nlput_nest_begin(&m.w, IFLA_AF_SPEC);
		for (unsigned int i = 0; i < BRIDGE_RANGES_MAX + more; i++)
			put_vlan(&m, (uint16_t)(2 * i + 1), 0);
		nlput_nest_end(&m.w, nest);
		assert_int_equal(get_port(&m, &port), 0);
		assert_int_equal(port.n_ranges, BRIDGE_RANGES_MAX);
		assert_int_equal(port.is_cut, more);
	}
}

static void other_messages(void **state UNUSED)
{
	struct bridge_port port;
	struct nlput_nest nest;
	struct msg m;

	begin_port(&m, RTM_NEWLINK, AF_UNSPEC);
	assert_int_equal(get_port(&m, &port), -ENOMSG);
	assert_false(bridges_have_changed(nlput_msg(&m.w)));
	begin_port(&m, RTM_DELLINK, AF_BRIDGE);
	assert_int_equal(get_port(&m, &port), -ENOMSG);
	assert_true(bridges_have_changed(nlput_msg(&m.w)));
	begin_port(&m, RTM_NEWVLAN, AF_BRIDGE);
	assert_int_equal(get_port(&m, &port), -ENOMSG);
	assert_true(bridges_have_changed(nlput_msg(&m.w)));
	/* The embedded switch of a NIC. */
	begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
	nest = nlput_nest_begin(&m.w, IFLA_AF_SPEC);
	nlput_u16(&m.w, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(get_port(&m, &port), -ENOMSG);
	/* A VLAN without its id. */
	begin_port(&m, RTM_NEWLINK, AF_BRIDGE);
	nest = nlput_nest_begin(&m.w, IFLA_AF_SPEC);
	nlput_u16(&m.w, IFLA_BRIDGE_VLAN_INFO, 0);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(get_port(&m, &port), -EBADMSG);
}

/* -- stations ------------------------------------------------------------- */

static const unsigned char mac_bytes[6] = { 2, 1, 2, 3, 4, 5 };

static void begin_station(struct msg *m, uint16_t type, uint8_t family)
{
	struct ndmsg header = { .ndm_family = family, .ndm_ifindex = 5 };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
}

static int get_station(struct msg *m, struct station *ret)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return bridges_get_station(nlput_msg(&m->w), ret);
}

static void stations(void **state UNUSED)
{
	struct station s;
	struct msg m;

	begin_station(&m, RTM_NEWNEIGH, AF_BRIDGE);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	nlput_u32(&m.w, NDA_MASTER, 9);
	nlput_u16(&m.w, NDA_VLAN, 7);
	assert_int_equal(get_station(&m, &s), 0);
	assert_int_equal(s.bridge, 9);
	assert_int_equal(s.port, 5);
	assert_int_equal(s.vlan, 7);
	assert_memory_equal(s.mac.b, mac_bytes, sizeof(mac_bytes));
	/* A station that is not authorised. */
	begin_station(&m, RTM_NEWNEIGH, AF_BRIDGE);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	nlput_u32(&m.w, NDA_MASTER, 9);
	nlput_u32(&m.w, 15, 2);
	assert_int_equal(get_station(&m, &s), 0);
	assert_int_equal(s.port, 0);
	begin_station(&m, RTM_DELNEIGH, AF_BRIDGE);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	nlput_u32(&m.w, NDA_MASTER, 9);
	assert_int_equal(get_station(&m, &s), 0);
	assert_int_equal(s.port, 0);
	assert_int_equal(s.vlan, 0);
}

static void other_neighbours(void **state UNUSED)
{
	struct station s;
	struct msg m;

	begin_station(&m, RTM_NEWNEIGH, AF_INET);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	nlput_u32(&m.w, NDA_MASTER, 9);
	assert_int_equal(get_station(&m, &s), -ENOMSG);
	/* Of a VXLAN device. */
	begin_station(&m, RTM_NEWNEIGH, AF_BRIDGE);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, sizeof(mac_bytes));
	assert_int_equal(get_station(&m, &s), -ENOMSG);
	begin_station(&m, RTM_NEWNEIGH, AF_BRIDGE);
	nlput_bytes(&m.w, NDA_LLADDR, mac_bytes, 4);
	nlput_u32(&m.w, NDA_MASTER, 9);
	assert_int_equal(get_station(&m, &s), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_without_vlans), cmocka_unit_test(vlans_of_a_port),
		cmocka_unit_test(more_vlans_than_fit), cmocka_unit_test(other_messages),
		cmocka_unit_test(stations), cmocka_unit_test(other_neighbours),
	};

	return cmocka_run_group_tests_name("bridges", tests, NULL, NULL);
}
