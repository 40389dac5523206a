/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Legs over bridges, and the stations behind their ports. test-topology has those of VLANs alone.
 */
#include "unit/unit.h"

#include <string.h>

#include "base/util.h"
#include "core/path/topology.h"

static const uint64_t key[2] = { 1, 2 };
static const struct mac host = { { 2, 0, 0, 0, 1, 2 } }, other = { { 2, 0, 0, 0, 1, 3 } };

enum { LAN1 = 2, LAN2, WAN, BR = 9, GUEST };

static struct settings settings;
static struct topology tab;

static struct link link_of(uint32_t ifindex, const char *name, const char *kind, uint32_t master)
{
	struct link l = { .ifindex = ifindex, .mtu = 1500, .is_up = true, .is_ether = true,
			  .master = master, .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };

	snprintf(l.name, sizeof(l.name), "%s", name);
	snprintf(l.kind, sizeof(l.kind), "%s", kind);
	return l;
}

static void put(const struct link *l)
{
	assert_non_null(topology_put_link(&tab, &settings, l));
}

static void put_bridge(uint16_t proto)
{
	struct link br = link_of(BR, "br0", "bridge", 0);

	br.bridge_proto = proto;
	put(&br);
}

/* "br0.7", with an address. */
static void put_guest(uint16_t proto, uint16_t id)
{
	struct link l = link_of(GUEST, "guest", "vlan", 0);

	l.lower = BR;
	l.vlan = (struct vlan_tag){ proto, id };
	put(&l);
}

static struct bridge_port port_of(uint32_t ifindex)
{
	struct bridge_port p;

	memset(&p, 0, sizeof(p));
	p.ifindex = ifindex;
	p.is_forwarding = true;
	return p;
}

/* VLAN 1 without a tag, and 7 with one. */
static struct bridge_port port_with_vlans(uint32_t ifindex)
{
	struct bridge_port p = port_of(ifindex);

	p.range[p.n_ranges++] = (struct bridge_range){ 1, 1, true, true };
	p.range[p.n_ranges++] = (struct bridge_range){ 5, 8, false, false };
	return p;
}

static void put_port(struct bridge_port p)
{
	topology_put_bridge_port(&tab, &p);
}

static void put_station(uint32_t port, uint16_t vlan, const struct mac *mac)
{
	topology_put_station(&tab, &(const struct station){ BR, port, vlan, *mac });
}

/* A bridge with two ports, and a WAN. */
static int setup(void **state UNUSED)
{
	const struct link links[] = { link_of(LAN1, "lan1", "", BR), link_of(LAN2, "lan2", "", BR),
				      link_of(WAN, "wan", "", 0) };

	settings = (struct settings){ .offload = OFFLOAD_HARDWARE, .n_devices = 2, .device = { "br0", "wan" } };
	assert_int_equal(topology_init(&tab, key), 0);
	topology_set_nic(&tab, nic_new(&settings, 1));
	put_bridge(VLAN_NONE);
	for (size_t i = 0; i < array_size(links); i++)
		put(&links[i]);
	put_port(port_of(LAN1));
	put_port(port_of(LAN2));
	return 0;
}

static int teardown(void **state UNUSED)
{
	topology_fini(&tab);
	return 0;
}

static void expect(uint32_t ifindex, const struct mac *mac, enum reason reason)
{
	struct leg leg;

	assert_string_equal(reason_name(legs_find(&tab.legs, ifindex, mac, &leg)), reason_name(reason));
}

static struct leg expect_leg(uint32_t ifindex, const struct mac *mac, uint32_t port)
{
	struct leg leg;

	assert_int_equal(legs_find(&tab.legs, ifindex, mac, &leg), REASON_NONE);
	assert_int_equal(leg_port(&leg)->link.ifindex, port);
	return leg;
}

static void expect_tags(const struct leg *leg, unsigned int n, uint16_t proto, uint16_t id)
{
	assert_int_equal(vlan_count(&leg->tags), n);
	assert_int_equal(leg->tags.tag[0].proto, proto);
	assert_int_equal(leg->tags.tag[0].id, id);
}

static void the_station_says_which_port(void **state UNUSED)
{
	struct leg leg;

	expect(BR, &host, REASON_STATION_UNKNOWN);
	expect(BR, NULL, REASON_STATION_UNKNOWN);
	put_station(LAN2, 0, &host);
	put_station(LAN1, 0, &other);
	leg = expect_leg(BR, &host, LAN2);
	assert_int_equal(leg.n, 2);
	assert_int_equal(leg.rec[0]->link.ifindex, BR);
	assert_true(leg.has_master);
	assert_int_equal(vlan_count(&leg.tags), 0);
	expect_leg(BR, &other, LAN1);
	put_station(LAN1, 0, &host);
	expect_leg(BR, &host, LAN1);
	put_station(0, 0, &host);
	expect(BR, &host, REASON_STATION_UNKNOWN);
	/* An address of the bridge itself, and a port that has left. */
	put_station(BR, 0, &host);
	expect(BR, &host, REASON_STATION_UNKNOWN);
	put_station(WAN, 0, &host);
	expect(BR, &host, REASON_STATION_UNKNOWN);
	/* A port has no addresses of its own. */
	expect(LAN1, &other, REASON_DEVICE_KIND);
	leg = expect_leg(WAN, NULL, WAN);
	assert_false(leg.has_master);
}

/* The bridge passes on the tags of VLAN devices above it. */
static void a_bridge_without_filter(void **state UNUSED)
{
	struct leg leg;

	put_guest(VLAN_8021AD, 7);
	put_station(LAN1, 0, &host);
	leg = expect_leg(GUEST, &host, LAN1);
	assert_int_equal(leg.n, 3);
	expect_tags(&leg, 1, VLAN_8021AD, 7);
}

static void vlans_of_a_bridge(void **state UNUSED)
{
	struct bridge_port bridge;
	struct leg leg;

	put_bridge(VLAN_8021Q);
	put_guest(VLAN_8021Q, 7);
	put_station(LAN1, 1, &host);
	put_station(LAN1, 7, &host);
	expect(BR, &host, REASON_BRIDGE);
	put_port(port_with_vlans(BR));
	expect(BR, &host, REASON_BRIDGE);
	put_port(port_with_vlans(LAN1));
	leg = expect_leg(BR, &host, LAN1);
	expect_tags(&leg, 0, VLAN_NONE, 0);
	leg = expect_leg(GUEST, &host, LAN1);
	expect_tags(&leg, 1, VLAN_8021Q, 7);
	bridge = port_with_vlans(BR);
	bridge.has_blocked = true;
	put_port(bridge);
	expect(GUEST, &host, REASON_BRIDGE);
	put_port(port_with_vlans(BR));
	/* The same station may be elsewhere in another VLAN. */
	put_port(port_with_vlans(LAN2));
	put_station(LAN2, 7, &host);
	expect_leg(BR, &host, LAN1);
	expect_leg(GUEST, &host, LAN2);
	put_guest(VLAN_8021Q, 6);
	expect(GUEST, &host, REASON_STATION_UNKNOWN);
	/* Not in the bridge's own list, and a tag that it does not look at. */
	put_guest(VLAN_8021Q, 9);
	put_station(LAN2, 9, &host);
	expect(GUEST, &host, REASON_BRIDGE);
	put_guest(VLAN_8021AD, 7);
	expect(GUEST, &host, REASON_BRIDGE);
}

/* Frames that arrive as they leave would be in another VLAN, or dropped. */
static void vlans_that_differ(void **state UNUSED)
{
	struct bridge_port p;

	put_bridge(VLAN_8021Q);
	put_port(port_with_vlans(BR));
	put_station(LAN1, 1, &host);
	p = port_with_vlans(LAN1);
	p.range[0].is_pvid = false;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p.range[1].is_pvid = true;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p = port_with_vlans(LAN1);
	p.is_cut = true;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p = port_with_vlans(BR);
	p.range[0].is_pvid = false;
	put_port(port_with_vlans(LAN1));
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	/* The bridge receives what it sends without a tag with one, and the other way round. */
	p = port_with_vlans(BR);
	p.range[0].is_untagged = false;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p = port_with_vlans(BR);
	p.range[1].is_untagged = true;
	put_port(p);
	expect_leg(BR, &host, LAN1);
	put_guest(VLAN_8021Q, 7);
	expect(GUEST, &host, REASON_BRIDGE);
	put_port(port_with_vlans(BR));
	expect(GUEST, &host, REASON_STATION_UNKNOWN);
}

static void ports_that_do_not_forward(void **state UNUSED)
{
	struct bridge_port p = port_of(LAN1);

	put_station(LAN1, 0, &host);
	p.is_forwarding = false;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p = port_of(LAN1);
	p.has_tunnel = true;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	p = port_of(LAN1);
	p.is_locked = true;
	put_port(p);
	expect(BR, &host, REASON_BRIDGE);
	put_port(port_of(LAN1));
	expect_leg(BR, &host, LAN1);
	/* A list of all ports does not have it. */
	topology_begin_bridges(&tab);
	put_port(port_of(LAN2));
	topology_end_bridges(&tab);
	expect(BR, &host, REASON_BRIDGE);
}

/* A VLAN device as port of the bridge. */
static void a_vlan_in_a_bridge(void **state UNUSED)
{
	struct link l = link_of(20, "wan.5", "vlan", BR);
	struct leg leg;

	l.lower = WAN;
	l.vlan = (struct vlan_tag){ VLAN_8021Q, 5 };
	put(&l);
	put_port(port_of(20));
	put_station(20, 0, &host);
	leg = expect_leg(BR, &host, WAN);
	assert_int_equal(leg.n, 3);
	expect_tags(&leg, 1, VLAN_8021Q, 5);
	assert_true(topology_find_link(&tab, WAN)->encaps & 1u << VLAN_Q);
	/* It has no address. */
	expect(20, NULL, REASON_DEVICE_KIND);
}

static void put_bond(enum link_bond mode, uint32_t active, uint32_t master)
{
	struct link bond = link_of(30, "bond0", "bond", master);

	bond.bond = (uint8_t)mode;
	bond.active_port = active;
	put(&bond);
}

/* The active port carries the rules, the others are ready to. */
static void bonds(void **state UNUSED)
{
	const struct link ports[] = { link_of(31, "p1", "", 30), link_of(32, "p2", "", 30) };
	struct leg leg;

	strcpy(settings.device[1], "bond0");
	put_bond(LINK_BOND_BACKUP, 31, 0);
	for (unsigned int i = 0; i < 2; i++)
		put(&ports[i]);
	leg = expect_leg(30, NULL, 31);
	assert_int_equal(leg.n, 2);
	assert_true(leg.has_master);
	assert_true(topology_is_port(topology_find_link(&tab, 31)));
	assert_true(topology_is_port(topology_find_link(&tab, 32)));
	put_bond(LINK_BOND_BACKUP, 32, 0);
	expect_leg(30, NULL, 32);
	expect(32, NULL, REASON_DEVICE_KIND);
	put_bond(LINK_BOND_BACKUP, 0, 0);
	expect(30, NULL, REASON_DEVICE_DOWN);
	put_bond(LINK_BOND_BACKUP, WAN, 0);
	expect(30, NULL, REASON_DEVICE_DOWN);
	/* As a port of a bridge. */
	put_bond(LINK_BOND_BACKUP, 31, BR);
	put_port(port_of(30));
	put_station(30, 0, &host);
	leg = expect_leg(BR, &host, 31);
	assert_int_equal(leg.n, 3);
	assert_true(topology_is_port(topology_find_link(&tab, 31)));
	assert_true(topology_is_port(topology_find_link(&tab, 32)));
	put_bond(LINK_BOND_OTHER, 0, 0);
	expect(30, NULL, REASON_BOND_MODE);
}

/* A VLAN device without a leg to it, on a device that is a port of a bridge or bond. */
static void put_taker(uint32_t lower, uint16_t id)
{
	struct link l = link_of(40, "taker", "vlan", 0);

	l.lower = lower;
	l.vlan = (struct vlan_tag){ VLAN_8021Q, id };
	put(&l);
}

/* It takes frames with its tag from all devices of the leg. */
static void vlan_devices_that_take_frames(void **state UNUSED)
{
	const struct link slave = link_of(31, "p1", "", 30);
	struct link l = link_of(20, "wan.5", "vlan", BR);
	const struct link_rec *port;
	uint32_t before;

	put_guest(VLAN_8021Q, 7);
	put_station(LAN1, 0, &host);
	expect_leg(GUEST, &host, LAN1);
	put_taker(LAN1, 8);
	expect_leg(GUEST, &host, LAN1);
	port = topology_find_link(&tab, LAN1);
	before = port->changed;
	put_taker(LAN1, 7);
	assert_true(port->changed > before);
	expect(GUEST, &host, REASON_BRIDGE);
	expect_leg(BR, &host, LAN1);
	/* A bond that is a port. */
	put_bond(LINK_BOND_BACKUP, 31, BR);
	put(&slave);
	put_port(port_of(30));
	put_station(30, 0, &host);
	expect_leg(GUEST, &host, 31);
	put_taker(30, 7);
	expect(GUEST, &host, REASON_BRIDGE);
	put_taker(31, 7);
	expect(GUEST, &host, REASON_BRIDGE);
	/* A VLAN device that is a port: frames have two tags. */
	l.lower = WAN;
	l.vlan = (struct vlan_tag){ VLAN_8021AD, 5 };
	put(&l);
	put_port(port_of(20));
	put_station(20, 0, &host);
	expect_leg(GUEST, &host, WAN);
	put_taker(WAN, 7);
	expect_leg(GUEST, &host, WAN);
	put_taker(20, 7);
	expect(GUEST, &host, REASON_BRIDGE);
}

/* The kernel may report a VLAN device before the device that it is on. */
static void a_port_that_appears_late(void **state UNUSED)
{
	const struct link lan1 = link_of(LAN1, "lan1", "", BR);

	put_guest(VLAN_8021Q, 7);
	topology_del_link(&tab, LAN1);
	put_taker(LAN1, 7);
	put(&lan1);
	put_port(port_of(LAN1));
	put_station(LAN1, 0, &host);
	expect(GUEST, &host, REASON_BRIDGE);
	expect_leg(BR, &host, LAN1);
}

static void ports_are_named_by_their_bridge(void **state UNUSED)
{
	const struct link_rec *lan1 = topology_find_link(&tab, LAN1);
	struct link l = link_of(LAN1, "lan1", "", 0);

	assert_true(topology_is_port(lan1));
	assert_true(legs_is_way(&tab.legs, topology_find_link(&tab, BR)));
	put(&l);
	assert_false(topology_is_port(lan1));
	l.master = BR;
	put(&l);
	assert_true(topology_is_port(lan1));
	/* By a VLAN above the bridge, if the port is in it. */
	strcpy(settings.device[0], "guest");
	put_bridge(VLAN_8021Q);
	assert_false(topology_is_port(lan1));
	put_guest(VLAN_8021Q, 7);
	assert_false(topology_is_port(lan1));
	put_port(port_with_vlans(BR));
	put_port(port_with_vlans(LAN1));
	assert_true(topology_is_port(lan1));
	assert_int_equal(lan1->encaps, 1u << VLAN_UNTAGGED | 1u << VLAN_Q);
	assert_false(topology_is_port(topology_find_link(&tab, LAN2)));
	topology_del_link(&tab, GUEST);
	assert_false(topology_is_port(lan1));
}

/* The ports of a bridge that is not known yet become usable with it. */
static void a_bridge_that_appears_late(void **state UNUSED)
{
	const struct link lan1 = link_of(LAN1, "lan1", "", BR);

	topology_del_link(&tab, BR);
	put(&lan1);
	assert_false(topology_find_link(&tab, LAN1)->is_port_kind);
	put_bridge(VLAN_NONE);
	put(&lan1);
	assert_true(topology_is_port(topology_find_link(&tab, LAN1)));
}

/* Software rules sit on the bridge. */
static void no_legs_in_software(void **state UNUSED)
{
	struct leg leg;

	teardown(NULL);
	settings.offload = OFFLOAD_SOFTWARE;
	assert_int_equal(topology_init(&tab, key), 0);
	put_bridge(VLAN_NONE);
	put(&(const struct link){ .ifindex = LAN1, .name = "lan1", .is_ether = true, .master = BR });
	leg = expect_leg(BR, NULL, BR);
	assert_int_equal(leg.n, 1);
	assert_false(topology_find_link(&tab, LAN1)->is_port_kind);
}

static uint32_t put_neigh(uint32_t ifindex, uint8_t last, const struct mac *mac)
{
	struct neigh n = { .ifindex = ifindex, .family = FAMILY_IP4, .is_valid = true, .mac = *mac,
			   .addr = { { 10, 0, 0, last } } };

	topology_put_neigh(&tab, &n);
	return topology_find_neigh(&tab, ifindex, FAMILY_IP4, &n.addr);
}

/* Flows are looked at again for stations that are next hops, and for no others. */
static void stations_that_matter(void **state UNUSED)
{
	const struct neigh_rec *n = topology_get_neigh(&tab, put_neigh(BR, 1, &host));
	uint32_t before = tab.generation;

	put_station(LAN1, 0, &other);
	assert_int_equal(tab.generation, before);
	put_station(LAN1, 0, &host);
	assert_int_equal(n->changed, before + 1);
	put_station(LAN1, 0, &host);
	assert_int_equal(tab.generation, before + 1);
	put_station(LAN2, 0, &host);
	assert_int_equal(n->changed, before + 2);
	/* A list of all stations does not have it. */
	topology_begin_stations(&tab);
	put_station(LAN1, 0, &other);
	topology_end_stations(&tab);
	assert_int_equal(n->changed, before + 3);
	expect(BR, &host, REASON_STATION_UNKNOWN);
	expect_leg(BR, &other, LAN1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_station_says_which_port), TEST(a_bridge_without_filter),
		TEST(vlans_of_a_bridge), TEST(vlans_that_differ), TEST(ports_that_do_not_forward),
		TEST(a_vlan_in_a_bridge), TEST(bonds), TEST(vlan_devices_that_take_frames),
		TEST(a_port_that_appears_late), TEST(ports_are_named_by_their_bridge),
		TEST(a_bridge_that_appears_late), TEST(no_legs_in_software),
		TEST(stations_that_matter),
	};

	return cmocka_run_group_tests_name("legs", tests, NULL, NULL);
}
