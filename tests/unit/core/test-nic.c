/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"
#include "unit/nicfixture.h"

#include "core/rules/slot.h"

/* -- cards ---------------------------------------------------------------- */

static uint8_t card_of(const struct link *l)
{
	put(l, REASON_NONE);
	return nic_card_index(nic, l->ifindex);
}

static void cards_by_switch(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3), c = link_of(4), d = link_of(5);

	c.hw.switch_id[0] = 0xcd;
	d.hw.switch_id_len = 2; /* the other id is a prefix of this one */
	assert_int_equal(card_of(&a), card_of(&b));
	assert_int_not_equal(card_of(&a), card_of(&c));
	assert_int_not_equal(card_of(&a), card_of(&d));
	assert_int_equal(nic->card[card_of(&a)].n_ports, 2);
	assert_ptr_equal(nic_card(nic, 2), nic_card(nic, 3));
	assert_null(nic_card(nic, 99));
	assert_int_equal(nic_card_index(nic, 99), NIC_NONE);
	/* Equal switch ids of different drivers mean nothing. */
	settings.allowed[settings.n_allowed++] = (struct settings_driver){ .name = "other" };
	restart();
	snprintf(b.hw.driver, sizeof(b.hw.driver), "other");
	assert_int_not_equal(card_of(&a), card_of(&b));
}

static void cards_by_slot(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3), c = link_of(4), d = link_of(5), e = link_of(6);

	a.hw.switch_id_len = b.hw.switch_id_len = c.hw.switch_id_len = 0;
	d.hw.switch_id_len = e.hw.switch_id_len = 0;
	snprintf(a.hw.bus, sizeof(a.hw.bus), "0000:03:00.0");
	snprintf(b.hw.bus, sizeof(b.hw.bus), "0000:03:00.1");
	snprintf(c.hw.bus, sizeof(c.hw.bus), "0000:04:00.0");
	assert_int_equal(card_of(&a), card_of(&b));
	assert_int_not_equal(card_of(&a), card_of(&c));
	/* With neither, each port is a card of its own. */
	assert_int_not_equal(card_of(&d), card_of(&e));
	assert_int_equal(nic->card[card_of(&d)].n_ports, 1);
	/* The slot does not count for a port with a switch id. */
	d.hw.switch_id_len = 1;
	snprintf(d.hw.bus, sizeof(d.hw.bus), "0000:03:00.2");
	assert_int_not_equal(card_of(&d), card_of(&a));
}

/* A card without ports keeps its index while it has rules. */
static void card_with_rules_left(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3);
	uint8_t first = card_of(&a);

	b.hw.switch_id[0] = 1;
	card_take(nic_card_at(nic, first), 0);
	nic_del_link(nic, 2);
	assert_int_not_equal(card_of(&b), first);
	card_installed(nic_card_at(nic, first), 0);
	card_released(nic_card_at(nic, first));
	a.ifindex = 4;
	a.hw.switch_id[0] = 2;
	assert_int_equal(card_of(&a), first);
	assert_int_equal(nic->card[first].n_ports, 1);
}

/* -- which pairs ---------------------------------------------------------- */

static void which_pairs_are_probed(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3);
	struct order_probe o;

	assert_int_equal(resolve(2, 3), REASON_DEVICE_NOT_READY);
	a.hw.tc = LINK_TC_OFF;
	assert_true(put(&a, REASON_HW_TC_OFFLOAD_OFF));
	add(&b);
	nic_set_ready(nic, 2, true);
	expect_no_probe();
	assert_int_equal(resolve(2, 3), REASON_HW_TC_OFFLOAD_OFF);
	assert_int_equal(resolve(3, 2), REASON_HW_TC_OFFLOAD_OFF);
	snprintf(a.hw.driver, sizeof(a.hw.driver), "bnxt_en");
	put(&a, REASON_DRIVER_NOT_ALLOWED);
	assert_int_equal(resolve(2, 3), REASON_DRIVER_NOT_ALLOWED);
	a = link_of(2);
	a.hw.switch_id[0]++;
	put(&a, REASON_NONE);
	expect_no_probe();
	assert_int_equal(resolve(2, 3), REASON_DIFFERENT_CARDS);
	a = link_of(2);
	a.is_up = false;
	put(&a, REASON_NONE);
	/* A port that was never up is not probed: it might refuse everything. */
	expect_no_probe();
	assert_int_equal(resolve(2, 3), REASON_PROBING);
	a.is_up = true;
	assert_false(put(&a, REASON_NONE));
	assert_false(nic_is_settled(nic));
	o = expect_probe(2, 3);
	assert_true(o.asks_odd);
	assert_int_equal(o.classes, RECIPE_CLASSES_ALL);
	assert_int_equal(o.sample.cookie.instance, 0xabcd);
	assert_string_equal(o.sample.indev, "port2");
	/* A handle that no flow can have. */
	assert_int_equal(o.sample.handle, 2 * settings.max_flows + 1);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	assert_int_equal(resolve(3, 2), REASON_PROBING);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(3, 2), REASON_NONE);
	assert_int_equal(drop_notices(NOTICE_PAIR_GOOD), 2);
	/* A port that goes down keeps its recipes. */
	a.is_up = false;
	assert_false(put(&a, REASON_NONE));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	nic_set_ready(nic, 2, false);
	assert_int_equal(resolve(2, 3), REASON_DEVICE_NOT_READY);
}

static struct link uplink(uint32_t ifindex, const char *port_name)
{
	struct link l = link_of(ifindex);

	snprintf(l.hw.driver, sizeof(l.hw.driver), "mlx5_core");
	snprintf(l.hw.port_name, sizeof(l.hw.port_name), "%s", port_name);
	l.hw.eswitch = LINK_ESWITCH_SWITCHDEV;
	return l;
}

static void two_uplinks(void **state UNUSED)
{
	struct link a = uplink(2, "p0"), b = uplink(3, "p1"), rep = uplink(4, "pf0vf1");

	add(&a);
	add(&b);
	expect_no_probe();
	assert_true(nic_is_settled(nic));
	assert_int_equal(resolve(2, 3), REASON_NO_RECIPE);
	assert_int_equal(resolve(3, 2), REASON_NO_RECIPE);
	assert_true(pair_of(2, 3)->extack[0]);
	assert_int_equal(drop_notices(NOTICE_PAIR_REFUSED), 2);
	/* A function behind a port is not an uplink. */
	snprintf(b.hw.port_name, sizeof(b.hw.port_name), "%s", "p0pf1");
	put(&b, REASON_NONE);
	assert_int_equal(resolve(2, 3), REASON_PROBING);
	b = uplink(3, "p1");
	put(&b, REASON_NONE);
	/* Rules between an uplink and a function of the card are possible. */
	add(&rep);
	expect_probe(2, 4);
	expect_probe(3, 4);
	expect_probe(4, 2);
	/* The pair 4 to 3 waits: a port of arrival has one probe at a time. */
	expect_no_probe();
	/* In legacy mode they are two ports of one card. */
	a.hw.eswitch = b.hw.eswitch = LINK_ESWITCH_LEGACY;
	put(&a, REASON_NONE);
	put(&b, REASON_NONE);
	assert_int_equal(resolve(2, 3), REASON_PROBING);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(2, 3), REASON_NONE);
}

static void many_ports(void **state UNUSED)
{
	struct link l;
	bool changed;

	for (uint32_t i = 1; i <= NIC_MAX_PORTS; i++)
		add_plain(i);
	l = link_of(NIC_MAX_PORTS + 1);
	assert_int_equal(nic_put_link(nic, &l, &changed), REASON_DEVICE_NOT_READY);
	assert_false(changed);
	assert_null(nic_find_port(nic, l.ifindex));
	assert_int_equal(resolve(1, l.ifindex), REASON_DEVICE_NOT_READY);
	nic_set_ready(nic, l.ifindex, true);
	nic_set_guards(nic, l.ifindex, 3);
	nic_note_not_hit(nic, 1, l.ifindex, now);
	nic_del_link(nic, l.ifindex);
	assert_int_equal(nic->n_wanted, NIC_MAX_PORTS * (NIC_MAX_PORTS - 1));
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(1, NIC_MAX_PORTS), REASON_NONE);
	/* A port that goes makes room for another. */
	nic_del_link(nic, 5);
	assert_int_equal(resolve(1, 5), REASON_DEVICE_NOT_READY);
	add(&l);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(1, l.ifindex), REASON_NONE);
}

/* Ports of a driver that may not be given rules do not take the place of others. */
static void many_ports_without_driver(void **state UNUSED)
{
	struct link l;

	for (uint32_t i = 1; i <= NIC_MAX_PORTS; i++) {
		l = link_of(i);
		snprintf(l.hw.driver, sizeof(l.hw.driver), "tun");
		put(&l, REASON_DRIVER_NOT_ALLOWED);
	}
	for (uint32_t i = 1; i <= 2; i++)
		add_plain(NIC_MAX_PORTS + i);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(NIC_MAX_PORTS + 1, NIC_MAX_PORTS + 2), REASON_NONE);
	l = link_of(NIC_MAX_PORTS + 3);
	snprintf(l.hw.driver, sizeof(l.hw.driver), "tun");
	put(&l, REASON_DEVICE_NOT_READY);
	assert_int_equal(resolve(NIC_MAX_PORTS + 1, NIC_MAX_PORTS + 2), REASON_NONE);
}

/* -- changes -------------------------------------------------------------- */

static void changed_hardware(void **state UNUSED)
{
	struct link a = link_of(2);

	add_plain(2);
	add_plain(3);
	add_plain(4);
	answer_all(RECIPE_CLASSES_ALL, 0);
	nic_note_hit(nic, 2, 3, now);
	/* Changes that do not matter to the driver. */
	a.mtu = 9000;
	a.mac.b[5]++;
	assert_false(put(&a, REASON_NONE));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	expect_no_probe();
	snprintf(a.hw.port_name, sizeof(a.hw.port_name), "p9");
	assert_true(put(&a, REASON_NONE));
	assert_int_equal(resolve(2, 3), REASON_PROBING);
	assert_int_equal(resolve(3, 2), REASON_PROBING);
	assert_int_equal(pair_of(2, 3)->n_hit, 0);
	/* Other pairs keep their recipes. */
	assert_int_equal(resolve(3, 4), REASON_NONE);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve(2, 3), REASON_NONE);
}

static void stale_answers(void **state UNUSED)
{
	struct link a = link_of(2);
	struct order_probe old, o;
	struct recipe r;

	add_plain(2);
	add_plain(3);
	old = expect_probe(2, 3);
	/* The answer for a pair that is forgotten. */
	a.hw.tc = LINK_TC_OFF;
	put(&a, REASON_HW_TC_OFFLOAD_OFF);
	assert_false(answer(&old, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(pair_of(2, 3)->state, PAIR_NONE);
	/* The answer for a pair that is being probed again by now. */
	a.hw.tc = LINK_TC_ON;
	put(&a, REASON_NONE);
	o = expect_probe(2, 3);
	assert_false(answer(&old, 0, -EOPNOTSUPP));
	assert_false(answer(&old, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(pair_of(2, 3)->state, PAIR_PROBING);
	assert_true(answer(&o, 0x0001, 0));
	assert_false(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve_class(2, 3, 0, &r), REASON_NONE);
	assert_int_equal(r.classes, 0x0001);
	/* The answer for a port that is gone. */
	nic_del_link(nic, 2);
	assert_false(answer(&o, 0, -ENODEV));
}

/* -- guards --------------------------------------------------------------- */

static void ttl_guards(void **state UNUSED)
{
	struct recipe r;

	nic->settings.ttl_guard = TTL_GUARD_REQUIRE;
	add_good_pair();
	assert_int_equal(resolve(2, 3), REASON_TTL_GUARD);
	nic_set_guards(nic, 2, 1);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	/* Each guard is for one family, and for one port of arrival. */
	assert_int_equal(resolve_class(2, 3, RECIPE_IP6, &r), REASON_TTL_GUARD);
	assert_int_equal(resolve(3, 2), REASON_TTL_GUARD);
	nic_set_guards(nic, 2, 2);
	assert_int_equal(resolve(2, 3), REASON_TTL_GUARD);
	assert_int_equal(resolve_class(2, 3, RECIPE_IP6, &r), REASON_NONE);
	nic->settings.ttl_guard = TTL_GUARD_PREFER;
	assert_int_equal(resolve(3, 2), REASON_NONE);
}

/* -- proof ---------------------------------------------------------------- */

static void not_hit(void **state UNUSED)
{
	add_good_pair();
	drop_notices(NOTICE_PAIR_GOOD);
	for (unsigned int i = 0; i < 7; i++)
		nic_note_not_hit(nic, 2, 3, now);
	for (unsigned int i = 0; i < 8; i++)
		nic_note_hit(nic, 2, 3, now);
	/* Equally many flows are hit, so the pair is not to blame. */
	nic_note_not_hit(nic, 2, 3, now);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	nic_note_not_hit(nic, 2, 3, now);
	assert_int_equal(resolve(2, 3), REASON_NOT_HIT);
	assert_int_equal(resolve(3, 2), REASON_NONE);
	assert_int_equal(drop_notices(NOTICE_PAIR_NOT_HIT), 1);
	assert_int_equal(pair_of(2, 3)->n_not_hit, 9);
	assert_int_equal(pair_of(2, 3)->n_hit, 8);
	/* Further flows, installed before, do not prolong it. */
	for (unsigned int i = 0; i < 20; i++)
		nic_note_not_hit(nic, 2, 3, now);
	assert_int_equal(drop_notices(NOTICE_PAIR_NOT_HIT), 0);
	assert_int_equal(mono_diff_ms(nic_next_due(nic), now), 60000);
	pass(59999);
	assert_false(nic_tick(nic, now));
	assert_int_equal(resolve(2, 3), REASON_NOT_HIT);
	pass(1);
	assert_true(nic_tick(nic, now));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	assert_false(nic_tick(nic, now));
	assert_true(mono_is_never(nic_next_due(nic)));
}

/* The rules of most flows count at once. The few whose rules do not are noticed later. */
static void not_hit_after_many_hits(void **state UNUSED)
{
	add_good_pair();
	for (unsigned int i = 0; i < 3000; i++)
		nic_note_hit(nic, 2, 3, now);
	pass(30000);
	for (unsigned int i = 0; i < 30; i++)
		nic_note_not_hit(nic, 2, 3, now);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	/* Hits of long ago do not count. */
	pass(20 * 60000);
	for (unsigned int i = 0; i < 8; i++)
		nic_note_not_hit(nic, 2, 3, now);
	assert_int_equal(resolve(2, 3), REASON_NOT_HIT);
}

static void drop_class(uint32_t in, uint32_t out, unsigned int class, const struct event_install *done)
{
	struct nic_want want = want_of(in, out, class);

	nic_drop_class(nic, &want, done);
}

static void dropped_class(void **state UNUSED)
{
	struct event_install done = { .err = -EOPNOTSUPP, .extack = "no" };
	struct link a = link_of(2);
	struct recipe r;

	add_good_pair();
	for (unsigned int i = 0; i < 3; i++)
		drop_class(2, 3, RECIPE_SRC, &done);
	/* A hit resets the number of refusals. */
	nic_note_hit(nic, 2, 3, now);
	for (unsigned int i = 0; i < 3; i++)
		drop_class(2, 3, RECIPE_SRC, &done);
	assert_int_equal(resolve_class(2, 3, RECIPE_SRC, &r), REASON_NONE);
	drop_class(2, 3, RECIPE_SRC, &done);
	assert_int_equal(resolve_class(2, 3, RECIPE_SRC, &r), REASON_NOT_IN_RECIPE);
	assert_int_equal(resolve_class(2, 3, 0, &r), REASON_NONE);
	assert_int_equal(r.classes, RECIPE_CLASSES_ALL & ~(1u << RECIPE_SRC));
	assert_int_equal(pair_of(2, 3)->refused, 1u << RECIPE_SRC);
	assert_int_equal(pair_of(2, 3)->bad_class, RECIPE_SRC);
	assert_int_equal(pair_of(2, 3)->err, -EOPNOTSUPP);
	assert_string_equal(pair_of(2, 3)->extack, "no");
	/* Unknown ports are ignored. */
	drop_class(2, 99, 0, &done);
	nic_note_hit(nic, 99, 2, now);
	/* Changed hardware is probed again. */
	a.hw.eswitch = LINK_ESWITCH_LEGACY;
	put(&a, REASON_NONE);
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(resolve_class(2, 3, RECIPE_SRC, &r), REASON_NONE);
}

static struct event_probe tags_answer(const struct order_probe *o, uint32_t tags, int err)
{
	struct event_probe done = answer_of(o, err ? 0 : o->classes, err);

	assert_true(o->asks_tags);
	assert_false(o->asks_odd || o->asks_mtu);
	assert_int_equal(o->classes, 1 | 1 << 15);
	assert_int_equal(o->tc_priority, nic->settings.tc_priority);
	done.tags = tags;
	return done;
}

/* They are probed when there are VLANs, and nothing else waits for that. */
static void tags(void **state UNUSED)
{
	const uint32_t taken = recipe_tags_bit(VLAN_Q, VLAN_UNTAGGED) |
			       recipe_tags_bit(VLAN_UNTAGGED, VLAN_AD);
	struct nic_want want = want_of(2, 3, 0);
	struct event_probe probe;
	struct order_probe o;
	struct recipe r;

	nic->settings.ttl_guard = TTL_GUARD_REQUIRE;
	add_good_pair();
	nic_set_guards(nic, 2, 3);
	expect_no_probe();
	want.out_encap = VLAN_AD;
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NOT_IN_RECIPE);
	nic_set_trunk(nic, 3);
	assert_false(nic_is_settled(nic));
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_PROBING);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	/* The trunk with itself comes first: flows without tags wait for that, not for tags. */
	o = expect_probe(3, 3);
	assert_false(o.asks_tags);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	/* An error that may pass. */
	o = expect_probe(2, 3);
	probe = tags_answer(&o, 0, -EBUSY);
	assert_true(nic_feed_probe(nic, &probe, now));
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_PROBING);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	/* The tags of the other direction, and of the trunk with itself. */
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(nic_next_probe(nic, &o));
		assert_true(o.asks_tags);
		assert_int_equal(o.in, 3);
		probe = answer_of(&o, o.classes, 0);
		assert_true(nic_feed_probe(nic, &probe, now));
	}
	expect_no_probe();
	now = mono_add_ms(now, 1000);
	nic_tick(nic, now);
	o = expect_probe(2, 3);
	probe = tags_answer(&o, taken, 0);
	assert_true(nic_feed_probe(nic, &probe, now));
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NONE);
	assert_int_equal(nic_encaps_of(nic, 2), 1 << VLAN_Q);
	want.out_encap = VLAN_Q;
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NOT_IN_RECIPE);
	/* Packets that arrive with tags have guards of their own. */
	want.out_encap = VLAN_UNTAGGED;
	want.in_encap = VLAN_Q;
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_TTL_GUARD);
	nic_set_guards(nic, 2, 3 | 1u << slot_guard(VLAN_Q, FAMILY_IP6));
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_TTL_GUARD);
	nic_set_guards(nic, 2, 3 | 1u << slot_guard(VLAN_Q, FAMILY_IP4));
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NONE);
	assert_int_equal(nic_card(nic, 2)->guards, 3);
}

/* A refusal of tags is about them, not about the class. */
static void dropped_tags(void **state UNUSED)
{
	struct event_install done = { .err = -EOPNOTSUPP };
	struct nic_want want = want_of(2, 3, 0);
	struct recipe r;

	add_good_pair();
	nic_set_trunk(nic, 3);
	answer_all(RECIPE_CLASSES_ALL, 0);
	nic->pair[0][1].recipe.tags = recipe_tags_bit(VLAN_UNTAGGED, VLAN_Q);
	want.out_encap = VLAN_Q;
	for (unsigned int i = 0; i < 3; i++)
		nic_drop_class(nic, &want, &done);
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NONE);
	nic_drop_class(nic, &want, &done);
	assert_int_equal(nic_resolve(nic, &want, &r), REASON_NOT_IN_RECIPE);
	assert_int_equal(resolve(2, 3), REASON_NONE);
	assert_int_equal(pair_of(2, 3)->refused, 0);
	/* Refusals are counted anew. */
	drop_class(2, 3, RECIPE_SRC, &done);
	assert_int_equal(resolve_class(2, 3, RECIPE_SRC, &r), REASON_NONE);
}

/* Packets may leave a port with VLANs where they arrived. */
static void a_port_with_vlans_is_a_pair_with_itself(void **state UNUSED)
{
	struct order_probe o;

	add_plain(2);
	assert_int_equal(pair_of(2, 2)->state, PAIR_NONE);
	expect_no_probe();
	nic_set_trunk(nic, 2);
	o = expect_probe(2, 2);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve(2, 2), REASON_NONE);
	o = expect_probe(2, 2);
	assert_true(o.asks_tags);
	assert_true(answer(&o, o.classes, 0));
	nic_set_trunk(nic, 2);
	nic_set_trunk(nic, 99);
	expect_no_probe();
	/* An uplink of mlx5 can send to itself. */
	nic->port[0].link.hw.eswitch = LINK_ESWITCH_SWITCHDEV;
	assert_int_equal(resolve(2, 2), REASON_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cards_by_switch), TEST(cards_by_slot), TEST(card_with_rules_left),
		TEST(which_pairs_are_probed), TEST(two_uplinks), TEST(many_ports),
		TEST(many_ports_without_driver),
		TEST(changed_hardware), TEST(stale_answers), TEST(not_hit), TEST(ttl_guards),
		TEST(tags), TEST(dropped_tags),
		TEST(a_port_with_vlans_is_a_pair_with_itself),
		TEST(not_hit_after_many_hits), TEST(dropped_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
