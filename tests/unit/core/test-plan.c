/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/slot.h"
#include "unit/unit.h"

#include <string.h>

#include "core/path/plan.h"

static struct settings settings_of(enum offload_mode offload)
{
	return (struct settings){ .offload = offload, .tc_priority = 100 };
}

static struct tuple tuple_of(const char *text)
{
	struct tuple t;

	assert_int_equal(tuple_from_str(text, &t), 0);
	return t;
}

/* The originator is behind if2, the responder behind if3. */
static struct path path_of(void)
{
	static const struct link_rec lan = { .link = { .ifindex = 2, .mac = { { 2, 0, 0, 0, 0, 2 } } } };
	static const struct link_rec wan = { .link = { .ifindex = 3, .mac = { { 2, 0, 0, 0, 0, 3 } } } };

	return (struct path){
		.leg = { [DIR_ORIG] = { .n = 1, .rec = { &wan } }, [DIR_REPLY] = { .n = 1, .rec = { &lan } } },
		.recipe = { RECIPE_SOFTWARE, RECIPE_SOFTWARE },
		.hop = { [DIR_ORIG] = { .ifindex = 3, .src = { { 2, 0, 0, 0, 0, 3 } },
					.dst = { { 2, 0, 0, 0, 3, 2 } }, .mtu = 1500 },
			 [DIR_REPLY] = { .ifindex = 2, .src = { { 2, 0, 0, 0, 0, 2 } },
					 .dst = { { 2, 0, 0, 0, 1, 2 } }, .mtu = 1500 } },
	};
}

static void build(const char *orig, const char *reply, struct rule ret[DIR__COUNT])
{
	struct settings s = settings_of(OFFLOAD_HARDWARE);
	struct tuple o = tuple_of(orig), r = tuple_of(reply);
	struct path p = path_of();

	plan_build(&s, &o, &r, &p, 5, 0xabcd, 77, ret);
}

static void assert_rule(const struct rule *r, const char *wanted)
{
	char text[RULE_STR_SIZE];

	assert_string_equal(rule_to_str(r, text), wanted);
}

static void routed_rules(void **state UNUSED)
{
	struct rule r[DIR__COUNT];

	build("tcp 10.0.0.1:1 > 10.0.1.1:2", "tcp 10.0.1.1:2 > 10.0.0.1:1", r);
	assert_rule(&r[DIR_ORIG], "if2 prio 102 handle 11 hardware match tcp 10.0.0.1:1 > "
				  "10.0.1.1:2 dmac 02:00:00:00:00:02 eth-src 02:00:00:00:00:03 eth-dst "
				  "02:00:00:00:03:02 dec-ttl redirect if3");
	assert_rule(&r[DIR_REPLY], "if3 prio 102 handle 12 hardware match tcp 10.0.1.1:2 > "
				   "10.0.0.1:1 dmac 02:00:00:00:00:03 eth-src 02:00:00:00:00:02 eth-dst "
				   "02:00:00:00:01:02 dec-ttl redirect if2");
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		assert_int_equal(r[d].rewrite, RULE_SET_MACS | RULE_DEC_TTL);
		assert_int_equal(r[d].cookie.instance, 0xabcd);
		assert_int_equal(r[d].cookie.ct_id, 77);
		assert_int_equal(r[d].cookie.dir, d);
		assert_int_equal(r[d].cookie.kind, RULE_FLOW);
		assert_false(r[d].cookie.owns_clsact);
	}
}

/* Only fields that differ are rewritten. Their new values come from the tuple of the
 * other direction. */
static void each_translation(void **state UNUSED)
{
	struct rule r[DIR__COUNT];

	build("udp 10.0.0.1:1 > 10.0.1.1:2", "udp 10.0.1.1:2 > 10.9.9.9:1", r);
	assert_int_equal(r[DIR_ORIG].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_SRC);
	assert_int_equal(r[DIR_REPLY].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_DST);
	build("udp 10.0.0.1:1 > 10.0.1.1:2", "udp 10.9.9.9:2 > 10.0.0.1:1", r);
	assert_int_equal(r[DIR_ORIG].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_DST);
	assert_int_equal(r[DIR_REPLY].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_SRC);
	build("udp 10.0.0.1:1 > 10.0.1.1:2", "udp 10.0.1.1:2 > 10.0.0.1:99", r);
	assert_int_equal(r[DIR_ORIG].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_SPORT);
	assert_int_equal(r[DIR_ORIG].to.sport, 99);
	assert_int_equal(r[DIR_REPLY].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_DPORT);
	assert_int_equal(r[DIR_REPLY].to.dport, 1);
	build("udp 10.0.0.1:1 > 10.0.1.1:2", "udp 10.0.1.1:99 > 10.0.0.1:1", r);
	assert_int_equal(r[DIR_ORIG].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_DPORT);
	assert_int_equal(r[DIR_REPLY].rewrite & ~(RULE_SET_MACS | RULE_DEC_TTL), RULE_SET_SPORT);
}

static void everything_translated(void **state UNUSED)
{
	struct rule r[DIR__COUNT];

	build("udp [fd00::1]:1 > [fd00::2]:2", "udp [2001:db8::4]:4 > [2001:db8::3]:3", r);
	assert_rule(&r[DIR_ORIG], "if2 prio 103 handle 11 hardware match udp [fd00::1]:1 > "
				  "[fd00::2]:2 dmac 02:00:00:00:00:02 eth-src 02:00:00:00:00:03 eth-dst "
				  "02:00:00:00:03:02 dec-ttl src 2001:db8::3 dst 2001:db8::4 "
				  "sport 3 dport 4 redirect if3");
	assert_rule(&r[DIR_REPLY], "if3 prio 103 handle 12 hardware match udp [2001:db8::4]:4 > "
				   "[2001:db8::3]:3 dmac 02:00:00:00:00:03 eth-src 02:00:00:00:00:02 eth-dst "
				   "02:00:00:00:01:02 dec-ttl src fd00::2 dst fd00::1 sport 2 "
				   "dport 1 redirect if2");
}

static void handles_are_dense(void **state UNUSED)
{
	static const uint32_t slots[] = { 0, 1, 2, 1000, 16777215, 0x7ffffffe };

	for (unsigned int i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		for (unsigned int d = 0; d < DIR__COUNT; d++) {
			uint32_t handle = slot_handle(slots[i], d);

			assert_true(handle != 0);
			assert_int_equal(slot_from_handle(handle), slots[i]);
			assert_int_equal(slot_dir(handle), d);
		}
	}
	/* Handles are dense: no number is left out. */
	assert_int_equal(slot_handle(0, DIR_ORIG), 1);
	assert_int_equal(slot_handle(0, DIR_REPLY), 2);
	assert_int_equal(slot_handle(1, DIR_ORIG), 3);
}

/* Some drivers set a TTL, but do not decrement it. */
static void exact_ttl(void **state UNUSED)
{
	struct settings s = settings_of(OFFLOAD_HARDWARE);
	struct tuple o = tuple_of("tcp 10.0.0.1:1 > 10.0.1.1:2"), rep = tuple_inverse(&o);
	struct path p = path_of();
	struct rule r[DIR__COUNT];

	p.ttl[DIR_ORIG] = 128;
	p.ttl[DIR_REPLY] = 57;
	p.recipe[DIR_ORIG].shape = RECIPE_EXACT_TTL;
	plan_build(&s, &o, &rep, &p, 0, 1, 1, r);
	assert_int_equal(r[DIR_ORIG].ttl, 128);
	assert_true(r[DIR_ORIG].form & RULE_EXACT_TTL);
	assert_false(r[DIR_ORIG].rewrite & RULE_DEC_TTL);
	assert_int_equal(r[DIR_REPLY].ttl, 0);
	assert_true(r[DIR_REPLY].rewrite & RULE_DEC_TTL);
}

/* slot_where() gives the place in which plan_build() puts the rule. */
static void removal_finds_the_rule(void **state UNUSED)
{
	struct settings s = settings_of(OFFLOAD_HARDWARE);
	struct rule r[DIR__COUNT];

	build("tcp 10.0.0.1:1 > 10.0.1.1:2", "tcp 10.0.1.1:2 > 10.0.0.1:1", r);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where in = rule_where(&r[d]);
		struct rule_where out = slot_where(s.tc_priority, SLOT_UNTAGGED, FAMILY_IP4, 5, d, d == DIR_ORIG ? 2 : 3);

		assert_int_equal(in.ifindex, out.ifindex);
		assert_int_equal(in.prio, out.prio);
		assert_int_equal(in.handle, out.handle);
		assert_int_equal(in.family, out.family);
	}
}

static struct rule guard_of(enum offload_mode offload, unsigned int guard)
{
	struct settings s = settings_of(offload);
	const struct link_rec port = { .link.ifindex = 4 };
	struct order_port order = { .ifindex = 4 };
	struct rule r;

	plan_guards(&s, &port, 1u << guard, 0xabcd, &order);
	assert_int_equal(order.guards, 1u << guard);
	plan_guard(&order, guard, &r);
	return r;
}

static void software_place(void **state UNUSED)
{
	struct settings s = settings_of(OFFLOAD_SOFTWARE);
	struct tuple o = tuple_of("tcp 10.0.0.1:1 > 10.0.1.1:2"), rep = tuple_inverse(&o);
	struct path p = path_of();
	struct rule r[DIR__COUNT];

	plan_build(&s, &o, &rep, &p, 0, 1, 1, r);
	assert_int_equal(r[DIR_ORIG].place, RULE_SOFTWARE);
	assert_int_equal(r[DIR_REPLY].place, RULE_SOFTWARE);
	assert_int_equal(guard_of(OFFLOAD_SOFTWARE, 0).place, RULE_SOFTWARE);
}

/* Guards come before flow rules, and no prio has rules of two families. */
static void guards_and_their_prios(void **state UNUSED)
{
	struct rule g4 = guard_of(OFFLOAD_HARDWARE, 0), g6 = guard_of(OFFLOAD_HARDWARE, 1);

	assert_rule(&g4, "if4 prio 100 handle 1 hardware guard ip4");
	assert_rule(&g6, "if4 prio 101 handle 1 hardware guard ip6");
	assert_int_equal(g4.cookie.kind, RULE_GUARD);
	assert_int_equal(g4.cookie.instance, 0xabcd);
	assert_int_equal(g4.cookie.ct_id, 0);
	assert_true(g6.prio < slot_where(100, SLOT_UNTAGGED, FAMILY_IP4, 0, DIR_ORIG, 1).prio);
	assert_int_not_equal(slot_where(100, SLOT_UNTAGGED, FAMILY_IP4, 0, DIR_ORIG, 1).prio,
			     slot_where(100, SLOT_UNTAGGED, FAMILY_IP6, 0, DIR_ORIG, 1).prio);
}

static void assert_place(const struct rule *r, const struct rule_where *wanted)
{
	struct rule_where w = rule_where(r);

	assert_int_equal(w.ifindex, wanted->ifindex);
	assert_int_equal(w.prio, wanted->prio);
	assert_int_equal(w.handle, wanted->handle);
	assert_int_equal(w.family, wanted->family);
	assert_int_equal(w.vlan, wanted->vlan);
}

/* Guards for tagged packets share the prio of their outer tag. */
static void guards_of_tagged_packets(void **state UNUSED)
{
	struct rule r = guard_of(OFFLOAD_HARDWARE, slot_guard(VLAN_Q, FAMILY_IP4));

	assert_rule(&r, "if4 prio 104 handle 5 hardware guard ip4 802.1q");
	r = guard_of(OFFLOAD_HARDWARE, slot_guard(VLAN_Q_Q, FAMILY_IP6));
	assert_rule(&r, "if4 prio 104 handle 10 hardware guard ip6 802.1q 802.1q");
	r = guard_of(OFFLOAD_HARDWARE, slot_guard(VLAN_AD_Q, FAMILY_IP4));
	assert_rule(&r, "if4 prio 106 handle 11 hardware guard ip4 802.1ad 802.1q");
	for (unsigned int g = 0; g < SLOT_GUARDS; g++) {
		struct rule_where w = slot_where_guard(100, g, 4);

		assert_int_equal(slot_guard_at(&w), g);
		r = guard_of(OFFLOAD_HARDWARE, g);
		assert_place(&r, &w);
		for (unsigned int other = 0; other < g; other++) {
			struct rule_where o = slot_where_guard(100, other, 4);

			assert_true(o.prio != w.prio || o.handle != w.handle);
		}
	}
	assert_int_equal(slot_guards_of(0), 3);
	assert_int_equal(slot_guards_of(1 << VLAN_Q), 0xf);
	assert_int_equal(slot_guards_of(VLAN_ENCAPS_ALL), SLOT_GUARDS_ALL);
}

/* As many as there are prios of guards before rules of the port. */
static void barriers(void **state UNUSED)
{
	struct settings s = settings_of(OFFLOAD_HARDWARE);
	struct link_rec port = { .link.ifindex = 4 };
	struct order_barrier o = { 0 };
	struct rule r;

	plan_barriers(&s, &port, 0xabcd, &o);
	assert_int_equal(o.barriers, 1 << SLOT_BARRIER_IP4 | 1 << SLOT_BARRIER_IP6);
	port.slot_kinds = 1 << SLOT_UNTAGGED | 1 << SLOT_AD;
	plan_barriers(&s, &port, 0xabcd, &o);
	assert_int_equal(o.barriers, SLOT_BARRIERS_ALL & ~(1u << SLOT_BARRIER_Q));
	port.slot_kinds |= 1 << SLOT_Q;
	plan_barriers(&s, &port, 0xabcd, &o);
	assert_int_equal(o.barriers, SLOT_BARRIERS_ALL);
	plan_barrier(&o, SLOT_BARRIER_IP4, &r);
	assert_rule(&r, "if4 prio 100 handle 20 hardware barrier ip4");
	plan_barrier(&o, SLOT_BARRIER_IP6, &r);
	assert_rule(&r, "if4 prio 101 handle 21 hardware barrier ip6");
	plan_barrier(&o, SLOT_BARRIER_Q, &r);
	assert_rule(&r, "if4 prio 104 handle 22 hardware barrier 802.1q");
	plan_barrier(&o, SLOT_BARRIER_AD, &r);
	assert_rule(&r, "if4 prio 106 handle 23 hardware barrier 802.1ad");
	for (unsigned int i = 0; i < SLOT_BARRIER__COUNT; i++) {
		struct rule_where w = slot_where_barrier(100, i, 4);

		plan_barrier(&o, i, &r);
		assert_place(&r, &w);
		assert_int_equal(r.cookie.kind, RULE_BARRIER);
		assert_int_equal(r.cookie.instance, 0xabcd);
		/* In the prio of guards, but not in their places. */
		for (unsigned int g = 0; g < SLOT_GUARDS; g++) {
			struct rule_where guard = slot_where_guard(100, g, 4);

			assert_true(guard.prio != w.prio || guard.handle != w.handle);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routed_rules),	cmocka_unit_test(each_translation),
		cmocka_unit_test(everything_translated),
		cmocka_unit_test(handles_are_dense), cmocka_unit_test(exact_ttl),
		cmocka_unit_test(handles_are_dense), cmocka_unit_test(removal_finds_the_rule),
		cmocka_unit_test(software_place),	cmocka_unit_test(guards_and_their_prios),
		cmocka_unit_test(guards_of_tagged_packets), cmocka_unit_test(barriers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
