/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/util.h"
#include "unit/topologyfixture.h"

static bool tell(struct topology *tab, uint32_t ifindex, uint8_t mask, uint8_t bits)
{
	const struct event_bypass told = { .ifindex = ifindex, .mask = mask, .bits = bits };

	return topology_set_bypass(tab, &told);
}

/* Each source reports its own bits; a link message reports none. */
static void bypass_of_a_link(void **state UNUSED)
{
	const struct event_bypass forgotten = { .ifindex = 2, .mask = BYPASS_XDP,
						.is_unknown = true };
	struct link l = ether(2, "eth0");
	struct link_rec *rec;
	struct topology tab;
	uint32_t before;

	init(&tab);
	assert_false(tell(&tab, 2, BYPASS_ALL, 0));
	rec = topology_put_link(&tab, &all, &l);
	assert_int_equal(rec->bypass_known, 0);
	before = rec->changed;
	assert_true(tell(&tab, 2, BYPASS_XDP, BYPASS_XDP | BYPASS_SHAPER));
	assert_int_equal(rec->bypass, BYPASS_XDP);
	assert_int_equal(rec->bypass_known, BYPASS_XDP);
	/* An unknown bypass counts as one, so finding it is no new objection. */
	assert_int_equal(rec->changed, before);
	assert_false(tell(&tab, 2, BYPASS_XDP, BYPASS_XDP));
	assert_true(tell(&tab, 2, BYPASS_ALL & ~(unsigned int)BYPASS_XDP, BYPASS_SHAPER));
	assert_int_equal(rec->bypass, BYPASS_XDP | BYPASS_SHAPER);
	assert_int_equal(rec->bypass_known, BYPASS_ALL);
	l.mtu = 1400;
	topology_put_link(&tab, &all, &l);
	assert_int_equal(rec->bypass, BYPASS_XDP | BYPASS_SHAPER);
	assert_int_equal(rec->changed, tab.generation);
	assert_true(tell(&tab, 2, BYPASS_XDP, 0));
	assert_true(tab.generation > rec->changed);
	assert_false(topology_can_bypass(rec));
	assert_true(tell(&tab, 2, BYPASS_SHAPER, 0));
	assert_true(topology_can_bypass(rec));
	assert_true(tell(&tab, 2, BYPASS_SHAPER, BYPASS_SHAPER));
	/* Only a new objection is a change of the link. */
	assert_true(topology_set_bypass(&tab, &forgotten));
	assert_int_equal(rec->changed, tab.generation);
	assert_int_equal(rec->bypass, BYPASS_SHAPER);
	assert_int_equal(rec->bypass_known, BYPASS_ALL & ~(unsigned int)BYPASS_XDP);
	/* A link that is not a port is not checked, so its bits become unknown. */
	l.master = 7;
	topology_put_link(&tab, &all, &l);
	assert_int_equal(rec->bypass_known, 0);
	assert_int_equal(rec->bypass, 0);
	assert_false(topology_can_bypass(rec));
	topology_fini(&tab);
}

static void bypass_allowed(void **state UNUSED)
{
	struct settings s = { .auto_devices = true,
			      .n_bypass = 3,
			      .bypass = { { "", BYPASS_SHAPER },
					  { "eth0", BYPASS_XDP },
					  { "eth1", BYPASS_TC } } };
	struct link l = ether(2, "eth0");
	struct topology tab;

	init(&tab);
	assert_int_equal(topology_put_link(&tab, &s, &l)->bypass_allowed,
			 BYPASS_SHAPER | BYPASS_XDP);
	strcpy(l.name, "eth1");
	assert_int_equal(topology_put_link(&tab, &s, &l)->bypass_allowed,
			 BYPASS_SHAPER | BYPASS_TC);
	topology_fini(&tab);
}

static void links_come_and_go(void **state UNUSED)
{
	struct link l = ether(2, "eth0");
	struct link_rec *rec;
	struct topology tab;

	init(&tab);
	assert_null(topology_find_link(&tab, 2));
	rec = topology_put_link(&tab, &all, &l);
	assert_non_null(rec);
	assert_ptr_equal(topology_find_link(&tab, 2), rec);
	assert_int_equal(rec->port, PORT_NONE);
	assert_true(rec->is_named);
	assert_null(topology_find_link(&tab, 3));
	/* The same ifindex gives the same record. */
	rec->port = PORT_OPEN;
	assert_ptr_equal(topology_put_link(&tab, &all, &l), rec);
	assert_int_equal(rec->port, PORT_OPEN);
	topology_del_link(&tab, 2);
	assert_null(topology_find_link(&tab, 2));
	/* Deleting it twice is harmless. A new link starts without a port state. */
	topology_del_link(&tab, 2);
	rec = topology_put_link(&tab, &all, &l);
	assert_int_equal(rec->port, PORT_NONE);
	topology_fini(&tab);
}

/* True when this update moves paths. */
static bool moves(struct topology *tab, const struct link *l)
{
	uint32_t before = tab->generation;
	struct link_rec *rec = topology_put_link(tab, &all, l);

	assert_true((tab->generation != before) == (rec->changed == tab->generation &&
						    rec->changed != before));
	return tab->generation != before;
}

static void what_moves_paths(void **state UNUSED)
{
	struct link l = ether(2, "eth0");
	struct topology tab;

	init(&tab);
	assert_true(moves(&tab, &l));
	assert_false(moves(&tab, &l));
	l.mtu = 1400;
	assert_true(moves(&tab, &l));
	l.is_up = false;
	assert_true(moves(&tab, &l));
	l.mac.b[5] = 99;
	assert_true(moves(&tab, &l));
	l.master = 7;
	assert_true(moves(&tab, &l));
	strcpy(l.kind, "veth");
	assert_true(moves(&tab, &l));
	strcpy(l.name, "eth1");
	assert_true(moves(&tab, &l));
	/* Other hardware, or another mode of the same hardware. */
	strcpy(l.hw.driver, "nicsim");
	assert_true(moves(&tab, &l));
	l.hw.tc = LINK_TC_ON;
	assert_true(moves(&tab, &l));
	l.hw.eswitch = LINK_ESWITCH_SWITCHDEV;
	assert_true(moves(&tab, &l));
	l.hw.switch_id[l.hw.switch_id_len++] = 1;
	assert_true(moves(&tab, &l));
	assert_false(moves(&tab, &l));
	/* The peer of a veth, for example, does not matter. */
	l.lower = 9;
	assert_false(moves(&tab, &l));
	topology_fini(&tab);
}

static void named_devices(void **state UNUSED)
{
	struct settings two = { .n_devices = 2, .device = { "eth0", "wan" } };
	struct settings none = { .n_devices = 0 };
	struct link l = ether(2, "eth0");
	struct topology tab;

	init(&tab);
	assert_true(topology_put_link(&tab, &two, &l)->is_named);
	strcpy(l.name, "eth01");
	assert_false(topology_put_link(&tab, &two, &l)->is_named);
	strcpy(l.name, "wan");
	assert_true(topology_put_link(&tab, &two, &l)->is_named);
	/* Without a list every link that can be a port is named, and no other. */
	strcpy(l.name, "eth7");
	assert_true(topology_put_link(&tab, &none, &l)->is_named);
	l.master = 3;
	assert_false(topology_put_link(&tab, &all, &l)->is_named);
	l.master = 0;
	strcpy(l.kind, "vxlan");
	assert_false(topology_put_link(&tab, &all, &l)->is_named);
	strcpy(l.kind, "veth");
	assert_true(topology_put_link(&tab, &all, &l)->is_named);
	l.is_ether = false;
	assert_false(topology_put_link(&tab, &all, &l)->is_named);
	l.is_ether = true;
	l.is_loopback = true;
	assert_false(topology_put_link(&tab, &all, &l)->is_named);
	topology_fini(&tab);
}

/* A pattern names only what can be used. */
static void devices_named_by_a_pattern(void **state UNUSED)
{
	struct settings s = { .n_devices = 2, .device = { "lan*", "wan[01]" }, .n_bypass = 1,
			      .bypass = { { "lan?", BYPASS_XDP } }, .offload = OFFLOAD_SOFTWARE };
	struct link l = ether(2, "lan");
	struct topology tab;

	init(&tab);
	assert_true(topology_put_link(&tab, &s, &l)->is_named);
	assert_int_equal(topology_find_link(&tab, 2)->bypass_allowed, 0);
	strcpy(l.name, "lan1");
	assert_true(topology_put_link(&tab, &s, &l)->is_named);
	assert_int_equal(topology_find_link(&tab, 2)->bypass_allowed, BYPASS_XDP);
	strcpy(l.name, "wan0");
	assert_true(topology_put_link(&tab, &s, &l)->is_named);
	strcpy(l.name, "wan2");
	assert_false(topology_put_link(&tab, &s, &l)->is_named);
	strcpy(l.name, "vlan1");
	assert_false(topology_put_link(&tab, &s, &l)->is_named);
	strcpy(l.name, "lan1");
	l.master = 3;
	assert_false(topology_put_link(&tab, &s, &l)->is_named);
	l.master = 0;
	strcpy(l.kind, "vxlan");
	assert_false(topology_put_link(&tab, &s, &l)->is_named);
	/* Hardware uses a VLAN by the port below. */
	strcpy(l.kind, "vlan");
	l.vlan = (struct vlan_tag){ VLAN_8021Q, 1 };
	s.offload = OFFLOAD_HARDWARE;
	assert_true(topology_put_link(&tab, &s, &l)->is_named);
	l.master = 3;
	assert_false(topology_put_link(&tab, &s, &l)->is_named);
	/* A name names the device in any case. */
	strcpy(s.device[0], "lan1");
	assert_true(topology_put_link(&tab, &s, &l)->is_named);
	topology_fini(&tab);
}

/* Only software rules can be on a device above the ports, and on none with a master. */
static void devices_above_ports(void **state UNUSED)
{
	static const char *const kinds[] = { "vlan", "bridge", "bond", "team", "macvlan" };
	static const char *const others[] = { "vrf", "dummy", "ipvlan", "vxlan", "wireguard", "ifb" };
	const struct settings hw = { .auto_devices = true, .offload = OFFLOAD_HARDWARE },
			      sw = { .auto_devices = true, .offload = OFFLOAD_SOFTWARE };
	struct link l = ether(2, "upper");
	struct topology tab;

	init(&tab);
	for (size_t i = 0; i < array_size(kinds); i++) {
		strcpy(l.kind, kinds[i]);
		assert_true(topology_is_port(topology_put_link(&tab, &sw, &l)));
		assert_false(topology_is_port(topology_put_link(&tab, &hw, &l)));
		l.master = 3;
		assert_false(topology_is_port(topology_put_link(&tab, &sw, &l)));
		l.master = 0;
	}
	for (size_t i = 0; i < array_size(others); i++) {
		strcpy(l.kind, others[i]);
		assert_false(topology_is_port(topology_put_link(&tab, &sw, &l)));
	}
	topology_fini(&tab);
}

/* Routes disappear with their device, and the kernel sends no message about them. */
static void gone_link_changes_routes(void **state UNUSED)
{
	struct link l = ether(2, "eth0");
	struct topology tab;
	uint32_t before;

	init(&tab);
	topology_put_link(&tab, &all, &l);
	before = tab.generation;
	topology_del_link(&tab, 5);
	assert_int_equal(tab.generation, before);
	topology_del_link(&tab, 2);
	assert_int_equal(tab.generation, before + 1);
	assert_int_equal(tab.routes_changed, tab.generation);
	assert_int_equal(tab.routes_doubted, 0);
	topology_fini(&tab);
}

/* What @l changed: 2 = routes that rules may use, 1 = other routes, 0 = none. */
static int routes_of(struct topology *tab, const struct link *l)
{
	uint32_t before = tab->generation;

	topology_put_link(tab, &all, l);
	if (tab->routes_changed == tab->generation && tab->generation != before)
		return 2;
	return tab->routes_doubted == tab->generation && tab->generation != before;
}

/* Nor does the kernel send a message when a link goes up and its routes are usable again. */
static void link_up_changes_routes(void **state UNUSED)
{
	struct link port = ether(2, "eth0"), tun = ether(3, "wg0"), member = ether(4, "eth1"),
		    bridge = ether(5, "br0");
	struct topology tab;

	tun.is_ether = false;
	strcpy(tun.kind, "wireguard");
	strcpy(bridge.kind, "bridge");
	init(&tab);
	/* A link that was unknown had no routes in use. */
	assert_int_equal(routes_of(&tab, &bridge), 0);
	assert_int_equal(routes_of(&tab, &port), 0);
	port.is_up = false;
	assert_int_equal(routes_of(&tab, &port), 2);
	port.mtu = 9000;
	assert_int_equal(routes_of(&tab, &port), 0);
	port.is_up = true;
	assert_int_equal(routes_of(&tab, &port), 2);
	assert_int_equal(routes_of(&tab, &tun), 0);
	tun.is_up = false;
	assert_int_equal(routes_of(&tab, &tun), 1);
	/* A member of a bridge, then of a VRF. */
	member.master = 5;
	assert_int_equal(routes_of(&tab, &member), 0);
	member.is_up = false;
	assert_int_equal(routes_of(&tab, &member), 0);
	member.master = 0;
	member.vrf = 6;
	assert_int_equal(routes_of(&tab, &member), 0);
	member.is_up = true;
	assert_int_equal(routes_of(&tab, &member), 2);
	topology_fini(&tab);
}

static struct route_change to(uint8_t b0, uint8_t b1, uint8_t len)
{
	return (struct route_change){ .family = FAMILY_IP4, .len = len,
				      .prefix = { { b0, b1, 0xff, 0xff } } };
}

static bool touched(const struct topology *tab, uint8_t b0, uint8_t b1, uint32_t since)
{
	const struct addr addr = { { b0, b1, 1, 1 } };

	return topology_touches(tab, FAMILY_IP4, &addr, since);
}

static void changed_prefixes(void **state UNUSED)
{
	struct route_change net = to(10, 1, 16), any = to(0, 0, 0), odd = to(10, 0x80, 9);
	struct route_change everything = { .family = FAMILY_NONE };
	struct topology tab;
	uint32_t before;

	init(&tab);
	before = tab.generation;
	assert_false(touched(&tab, 10, 1, before));
	topology_touch_routes(&tab, &net);
	assert_true(touched(&tab, 10, 1, before));
	assert_false(touched(&tab, 10, 2, before));
	assert_false(topology_touches(&tab, FAMILY_IP6, &net.prefix, before));
	/* Flows that account for the change are not affected, until it happens again. */
	assert_false(touched(&tab, 10, 1, tab.generation));
	before = tab.generation;
	topology_touch_routes(&tab, &net);
	assert_true(touched(&tab, 10, 1, before));
	/* Bits after the prefix do not count. */
	topology_touch_routes(&tab, &odd);
	assert_true(touched(&tab, 10, 0xff, before));
	assert_false(touched(&tab, 10, 0x7f, before));
	/* All flows account for the change. */
	topology_settle_routes(&tab, tab.generation);
	assert_false(touched(&tab, 10, 1, 0));
	assert_int_equal(tab.routes_changed, tab.generation);
	before = tab.generation;
	topology_touch_routes(&tab, &net);
	topology_settle_routes(&tab, before);
	assert_true(touched(&tab, 10, 1, before));
	assert_int_equal(tab.routes_changed, before);
	/* A prefix that contains all addresses. */
	topology_touch_routes(&tab, &any);
	assert_true(touched(&tab, 192, 0, before));
	assert_int_equal(tab.routes_changed, before);
	topology_touch_routes(&tab, &everything);
	assert_int_equal(tab.routes_changed, tab.generation);
	topology_fini(&tab);
}

static void too_many_prefixes(void **state UNUSED)
{
	struct route_change c = { .family = FAMILY_IP6, .len = 128 };
	struct topology tab;

	init(&tab);
	for (unsigned int i = 0; i < ROUTESET_MAX; i++) {
		c.prefix.b[14] = (uint8_t)(i >> 8);
		c.prefix.b[15] = (uint8_t)i;
		topology_touch_routes(&tab, &c);
	}
	assert_int_equal(tab.routes_changed, 0);
	assert_true(topology_touches(&tab, FAMILY_IP6, &c.prefix, tab.generation - 1));
	/* A prefix that is in the set already needs no room. */
	topology_touch_routes(&tab, &c);
	assert_int_equal(tab.routes_changed, 0);
	c.prefix.b[0] = 1;
	topology_touch_routes(&tab, &c);
	assert_int_equal(tab.routes_changed, tab.generation);
	topology_settle_routes(&tab, tab.generation);
	c.prefix.b[0] = 2;
	topology_touch_routes(&tab, &c);
	assert_true(topology_touches(&tab, FAMILY_IP6, &c.prefix, tab.generation - 1));
	topology_fini(&tab);
}

/* A change of a device's settings affects only paths over that device. */
static void settings_of_a_device(void **state UNUSED)
{
	struct route_change c = { .ifindex = 2, .family = FAMILY_IP4 };
	struct link l = ether(2, "eth0");
	struct link_rec *rec;
	struct topology tab;

	init(&tab);
	rec = topology_put_link(&tab, &all, &l);
	topology_touch_routes(&tab, &c);
	assert_int_equal(rec->changed, tab.generation);
	assert_int_equal(tab.routes_changed, 0);
	assert_false(touched(&tab, 10, 1, 0));
	c.ifindex = 3;
	topology_touch_routes(&tab, &c);
	assert_int_equal(rec->changed, tab.generation);
	topology_fini(&tab);
}

static void too_many_links(void **state UNUSED)
{
	struct topology tab;
	uint32_t slot = 0, n = 0;

	init(&tab);
	for (uint32_t i = 1; i <= LINKTAB_MAX; i++) {
		struct link l = ether(i, "eth");

		assert_non_null(topology_put_link(&tab, &all, &l));
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct link l = ether(LINKTAB_MAX + 1, "eth");

		assert_null(topology_put_link(&tab, &all, &l));
		assert_int_equal(tab.dropped, i + 1);
	}
	for (; topology_next_link(&tab, &slot); slot++)
		n++;
	assert_int_equal(n, LINKTAB_MAX);
	/* Links in the table can still change. */
	struct link l = ether(5, "other");
	assert_non_null(topology_put_link(&tab, &all, &l));
	topology_fini(&tab);
}

static void neighbours_come_and_go(void **state UNUSED)
{
	struct neigh n = neigh_of(2, 1, 7), other;
	struct topology tab;
	uint32_t before, slot;

	init(&tab);
	assert_int_equal(find(&tab, &n), TOPOLOGY_NONE);
	assert_null(topology_get_neigh(&tab, TOPOLOGY_NONE));
	topology_put_neigh(&tab, &n);
	slot = find(&tab, &n);
	assert_int_not_equal(slot, TOPOLOGY_NONE);
	assert_int_equal(topology_get_neigh(&tab, slot)->changed, tab.generation);
	/* The same update again changes nothing. */
	before = tab.generation;
	topology_put_neigh(&tab, &n);
	assert_int_equal(tab.generation, before);
	/* Another device, address or family is another neighbour. */
	other = neigh_of(3, 1, 7);
	assert_int_equal(find(&tab, &other), TOPOLOGY_NONE);
	other = neigh_of(2, 2, 7);
	assert_int_equal(find(&tab, &other), TOPOLOGY_NONE);
	other = n;
	other.family = FAMILY_IP6;
	assert_int_equal(find(&tab, &other), TOPOLOGY_NONE);
	/* A new MAC address is a change. */
	n.mac.b[5] = 8;
	topology_put_neigh(&tab, &n);
	assert_int_equal(topology_get_neigh(&tab, slot)->changed, before + 1);
	/* A neighbour that is neither valid nor used is forgotten. */
	n.is_valid = false;
	topology_put_neigh(&tab, &n);
	assert_int_equal(tab.generation, before + 2);
	assert_int_equal(find(&tab, &n), TOPOLOGY_NONE);
	/* Nor is an invalid neighbour added. */
	topology_put_neigh(&tab, &n);
	assert_int_equal(tab.generation, before + 2);
	assert_int_equal(slab_count(&tab.neighs), 0);
	topology_fini(&tab);
}

static void neighbour_in_use(void **state UNUSED)
{
	struct neigh n = neigh_of(2, 1, 7);
	struct topology tab;
	uint32_t slot, before;

	init(&tab);
	topology_put_neigh(&tab, &n);
	slot = find(&tab, &n);
	topology_ref_neigh(&tab, slot);
	topology_ref_neigh(&tab, slot);
	before = tab.generation;
	n.is_valid = false;
	topology_put_neigh(&tab, &n);
	assert_int_equal(tab.generation, before + 1);
	/* It stays while it is referenced, and may become valid again. */
	assert_int_equal(find(&tab, &n), slot);
	n.is_valid = true;
	topology_put_neigh(&tab, &n);
	assert_int_equal(find(&tab, &n), slot);
	assert_int_equal(tab.generation, before + 2);
	n.is_valid = false;
	topology_put_neigh(&tab, &n);
	topology_unref_neigh(&tab, slot);
	assert_int_equal(find(&tab, &n), slot);
	topology_unref_neigh(&tab, slot);
	assert_int_equal(find(&tab, &n), TOPOLOGY_NONE);
	/* A valid one stays without users. */
	n.is_valid = true;
	topology_put_neigh(&tab, &n);
	slot = find(&tab, &n);
	topology_ref_neigh(&tab, slot);
	topology_unref_neigh(&tab, slot);
	assert_int_equal(find(&tab, &n), slot);
	topology_unref_neigh(&tab, TOPOLOGY_NONE);
	topology_fini(&tab);
}

static void ports_in_use(void **state UNUSED)
{
	struct link l = ether(2, "eth0");
	struct topology tab;

	init(&tab);
	topology_ref_port(&tab, 2);
	assert_false(topology_is_used(&tab, 2));
	topology_put_link(&tab, &all, &l);
	assert_false(topology_is_used(&tab, 2));
	topology_ref_port(&tab, 2);
	topology_ref_port(&tab, 2);
	topology_unref_port(&tab, 2);
	assert_true(topology_is_used(&tab, 2));
	topology_unref_port(&tab, 2);
	assert_false(topology_is_used(&tab, 2));
	/* A later device with the index has no users yet. */
	topology_ref_port(&tab, 2);
	topology_del_link(&tab, 2);
	topology_put_link(&tab, &all, &l);
	assert_false(topology_is_used(&tab, 2));
	topology_unref_port(&tab, 2);
	assert_false(topology_is_used(&tab, 2));
	topology_fini(&tab);
}

/* A neighbour that a full dump does not show becomes invalid, used or not. */
static void absent_neighbours(void **state UNUSED)
{
	struct neigh stays = neigh_of(2, 1, 7), used = neigh_of(2, 2, 7), other = neigh_of(2, 3, 7);
	struct topology tab;
	uint32_t slot, before;

	init(&tab);
	topology_put_neigh(&tab, &stays);
	topology_put_neigh(&tab, &used);
	topology_put_neigh(&tab, &other);
	slot = find(&tab, &used);
	topology_ref_neigh(&tab, slot);
	before = tab.generation;
	topology_begin_neighs(&tab);
	topology_put_neigh(&tab, &stays);
	assert_int_equal(tab.generation, before);
	topology_end_neighs(&tab);
	assert_true(topology_get_neigh(&tab, find(&tab, &stays))->neigh.is_valid);
	assert_int_equal(find(&tab, &other), TOPOLOGY_NONE);
	assert_false(topology_get_neigh(&tab, slot)->neigh.is_valid);
	assert_true(topology_get_neigh(&tab, slot)->changed > before);
	/* A dump that fails half-way invalidates nothing. */
	before = tab.generation;
	topology_begin_neighs(&tab);
	topology_begin_neighs(&tab);
	topology_put_neigh(&tab, &stays);
	topology_end_neighs(&tab);
	assert_int_equal(tab.generation, before);
	topology_unref_neigh(&tab, slot);
	topology_fini(&tab);
}

static void too_many_neighbours(void **state UNUSED)
{
	struct topology tab;
	struct neigh n;

	init(&tab);
	for (uint32_t i = 0; i <= TOPOLOGY_MAX_NEIGHS; i++) {
		n = neigh_of(i + 1, 1, 7);
		topology_put_neigh(&tab, &n);
	}
	assert_int_equal(tab.dropped, 1);
	assert_int_equal(slab_count(&tab.neighs), TOPOLOGY_MAX_NEIGHS);
	assert_int_equal(find(&tab, &n), TOPOLOGY_NONE);
	n = neigh_of(77, 1, 7);
	assert_int_not_equal(find(&tab, &n), TOPOLOGY_NONE);
	topology_fini(&tab);
}

static void touch_link(void **state UNUSED)
{
	struct link l = ether(2, "eth0");
	struct link_rec *rec;
	struct topology tab;
	uint32_t before;

	init(&tab);
	rec = topology_put_link(&tab, &all, &l);
	before = tab.generation;
	topology_touch_link(&tab, rec);
	assert_int_equal(rec->changed, before + 1);
	assert_int_equal(tab.generation, before + 1);
	assert_int_equal(tab.routes_changed, 0);
	topology_fini(&tab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_come_and_go),
		cmocka_unit_test(bypass_of_a_link),
		cmocka_unit_test(bypass_allowed),
		cmocka_unit_test(what_moves_paths),
		cmocka_unit_test(named_devices),
		cmocka_unit_test(devices_named_by_a_pattern),
		cmocka_unit_test(devices_above_ports),
		cmocka_unit_test(gone_link_changes_routes),
		cmocka_unit_test(link_up_changes_routes),
		cmocka_unit_test(changed_prefixes),
		cmocka_unit_test(too_many_prefixes),
		cmocka_unit_test(settings_of_a_device),
		cmocka_unit_test(too_many_links),
		cmocka_unit_test(neighbours_come_and_go),
		cmocka_unit_test(neighbour_in_use),
		cmocka_unit_test(ports_in_use),
		cmocka_unit_test(too_many_neighbours),
		cmocka_unit_test(absent_neighbours),
		cmocka_unit_test(touch_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
