/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the topology makes of VLAN devices above the ports of a NIC.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/topologyfixture.h"

static const struct settings in_hw = { .auto_devices = true, .offload = OFFLOAD_HARDWARE };

/* With hardware, VLAN devices lead to ports. */
static void init_hw(struct topology *tab)
{
	init(tab);
	topology_set_nic(tab, nic_new(&in_hw, 1));
	assert_non_null(tab->nic);
}

static struct link vlan(uint32_t ifindex, const char *name, uint32_t lower, uint16_t proto, uint16_t id)
{
	struct link l = ether(ifindex, name);

	strcpy(l.kind, "vlan");
	l.lower = lower;
	l.vlan = (struct vlan_tag){ proto, id };
	return l;
}

static void put(struct topology *tab, const struct settings *s, struct link l)
{
	assert_non_null(topology_put_link(tab, s, &l));
}

static void expect_no_leg(const struct topology *tab, uint32_t ifindex, enum reason reason)
{
	const struct link_rec *rec = topology_find_link(tab, ifindex);
	struct leg leg;

	assert_int_equal(legs_find(&tab->legs, ifindex, NULL, &leg), reason);
	assert_true(!rec || legs_port_below(&tab->legs, rec) == 0);
}

static void legs_of_vlans(void **state UNUSED)
{
	struct topology tab;
	struct link l;
	struct leg leg;

	init_hw(&tab);
	put(&tab, &in_hw, ether(2, "eth0"));
	put(&tab, &in_hw, vlan(3, "outer", 2, VLAN_8021AD, 100));
	put(&tab, &in_hw, vlan(4, "inner", 3, VLAN_8021Q, 7));
	assert_int_equal(legs_find(&tab.legs, 2, NULL, &leg), REASON_NONE);
	assert_int_equal(leg.n, 1);
	assert_int_equal(vlan_count(&leg.tags), 0);
	assert_ptr_equal(leg_port(&leg), topology_find_link(&tab, 2));
	assert_int_equal(legs_port_below(&tab.legs, topology_find_link(&tab, 2)), 0);
	assert_int_equal(legs_find(&tab.legs, 4, NULL, &leg), REASON_NONE);
	assert_int_equal(leg.n, 3);
	assert_int_equal(leg.rec[0]->link.ifindex, 4);
	assert_int_equal(leg.rec[1]->link.ifindex, 3);
	assert_int_equal(leg_port(&leg)->link.ifindex, 2);
	/* On the wire, the tag of the lower device comes first. */
	assert_int_equal(vlan_encap_of(&leg.tags), VLAN_AD_Q);
	assert_int_equal(leg.tags.tag[0].id, 100);
	assert_int_equal(leg.tags.tag[1].id, 7);
	assert_int_equal(legs_port_below(&tab.legs, topology_find_link(&tab, 4)), 2);
	/* What a rule cannot imitate. */
	expect_no_leg(&tab, 9, REASON_DEVICE_UNKNOWN);
	put(&tab, &in_hw, vlan(5, "third", 4, VLAN_8021Q, 8));
	expect_no_leg(&tab, 5, REASON_DEVICE_KIND);
	put(&tab, &in_hw, vlan(6, "odd", 3, VLAN_8021AD, 8));
	expect_no_leg(&tab, 6, REASON_DEVICE_KIND);
	put(&tab, &in_hw, vlan(7, "far", 0, VLAN_8021Q, 8));
	expect_no_leg(&tab, 7, REASON_DEVICE_KIND);
	put(&tab, &in_hw, vlan(7, "nothing", 99, VLAN_8021Q, 8));
	expect_no_leg(&tab, 7, REASON_DEVICE_UNKNOWN);
	put(&tab, &in_hw, vlan(7, "unknown", 2, VLAN_NONE, 0));
	expect_no_leg(&tab, 7, REASON_DEVICE_KIND);
	l = vlan(7, "slave", 2, VLAN_8021Q, 8);
	l.master = 9;
	put(&tab, &in_hw, l);
	expect_no_leg(&tab, 7, REASON_DEVICE_KIND);
	l = ether(2, "eth0");
	l.master = 9;
	put(&tab, &in_hw, l);
	expect_no_leg(&tab, 4, REASON_DEVICE_KIND);
	topology_fini(&tab);
}

static uint8_t bit(enum vlan_encap encap)
{
	return (uint8_t)(1u << encap);
}

/* In whatever order they appear. */
static void ports_know_what_is_above(void **state UNUSED)
{
	struct settings s = { .offload = OFFLOAD_HARDWARE, .n_devices = 1, .device = { "inner" } };
	struct link_rec *port;
	struct topology tab;

	init_hw(&tab);
	put(&tab, &s, vlan(4, "inner", 3, VLAN_8021Q, 7));
	put(&tab, &s, ether(2, "eth0"));
	port = topology_find_link(&tab, 2);
	assert_false(topology_is_port(port));
	assert_int_equal(port->encaps, 0);
	put(&tab, &s, vlan(3, "outer", 2, VLAN_8021AD, 100));
	assert_int_equal(port->encaps, bit(VLAN_AD) | bit(VLAN_AD_Q));
	assert_true(topology_is_port(port));
	for (uint32_t i = 2; i <= 4; i++)
		assert_true(legs_is_way(&tab.legs, topology_find_link(&tab, i)));
	/* Nothing names it any more; rules for what was above it may be left. */
	put(&tab, &s, vlan(4, "other", 3, VLAN_8021Q, 7));
	assert_false(topology_is_port(port));
	assert_false(legs_is_way(&tab.legs, topology_find_link(&tab, 4)));
	assert_int_equal(port->encaps, bit(VLAN_AD) | bit(VLAN_AD_Q));
	put(&tab, &s, vlan(4, "inner", 3, VLAN_8021Q, 7));
	assert_true(topology_is_port(port));
	/* A VLAN beside it carries no flow. */
	put(&tab, &s, vlan(5, "beside", 2, VLAN_8021Q, 9));
	assert_false(legs_is_way(&tab.legs, topology_find_link(&tab, 5)));
	topology_del_link(&tab, 4);
	assert_false(topology_is_port(port));
	topology_fini(&tab);
}

/* The named device, or one between it and the port, joins a bridge, leaves it and disappears. */
static void legs_that_end(void **state UNUSED)
{
	struct settings s = { .offload = OFFLOAD_HARDWARE, .n_devices = 1, .device = { "inner" } };
	const struct link inner = vlan(4, "inner", 3, VLAN_8021Q, 7),
			  outer = vlan(3, "outer", 2, VLAN_8021AD, 100);
	struct topology tab;
	struct link slave;
	struct link_rec *port;

	init_hw(&tab);
	put(&tab, &s, ether(2, "eth0"));
	put(&tab, &s, outer);
	put(&tab, &s, inner);
	port = topology_find_link(&tab, 2);
	for (unsigned int i = 0; i < 2; i++) {
		slave = i ? outer : inner;
		slave.master = 9;
		assert_true(topology_is_port(port));
		put(&tab, &s, slave);
		assert_false(topology_is_port(port));
		assert_false(legs_is_way(&tab.legs, topology_find_link(&tab, 4)));
		put(&tab, &s, i ? outer : inner);
		assert_true(topology_is_port(port));
	}
	topology_del_link(&tab, 3);
	assert_false(topology_is_port(port));
	topology_fini(&tab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legs_of_vlans),
		cmocka_unit_test(ports_know_what_is_above),
		cmocka_unit_test(legs_that_end),
	};

	return cmocka_run_group_tests_name("vlanlegs", tests, NULL, NULL);
}
