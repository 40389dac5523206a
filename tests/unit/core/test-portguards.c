/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guards of a port: refused, not needed, and added again when the NIC may have lost them.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "core/clock.h"
#include "unit/portfixture.h"

/* -- refused -------------------------------------------------------------- */

static void without_a_software_guard_the_port_is_not_used(void **state UNUSED)
{
	pf_open(2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_GUARD_IP6);
	pf_expect(2, UNGUARDED);
	assert_int_equal(pf_port(2)->guards, PF_GUARD_IP6);
	assert_int_equal(pf_port(2)->err, -EOPNOTSUPP);
	assert_string_equal(pf_port(2)->extack, "because");
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	assert_true(portfsm_are_settled(rig.engine));
	pf_report(2);
	pf_expect(2, UNGUARDED);
	pf_take_nothing();
	/* Only a change of the link may help. */
	pf_set_mtu(2, 1400);
	pf_expect(2, CLSACT);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->err, 0);
}

/* Both ports of a card, up to the answers about their guards. */
static void guard_two_ports(void)
{
	struct order o[2];

	pf_open(2);
	pf_open(3);
	for (unsigned int i = 0; i < array_size(o); i++)
		o[i] = pf_take(ORDER_PROBE);
	for (unsigned int i = 0; i < array_size(o); i++)
		pf_probed(&o[i].probe);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_take_port(ORDER_PORT_GUARD, 3);
}

static enum reason resolve(uint32_t in, uint32_t out, unsigned int class)
{
	struct nic_want want = { .in = in, .out = out, .class = (uint8_t)class };
	struct recipe recipe;

	return nic_resolve(view_nic(rig.engine), &want, &recipe);
}

/* The setting says which flows can do without. */
static void without_a_hardware_guard_the_port_is_open(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.ttl_guard = TTL_GUARD_REQUIRE;
	rf_teardown(NULL);
	rig_init(&rig, &s, 1, 1);
	guard_two_ports();
	assert_int_equal(resolve(2, 3, 0), REASON_TTL_GUARD);
	pf_guarded(2, PF_GUARD_IP4);
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->guards, PF_GUARD_IP4);
	assert_int_equal(pf_port(2)->err, -EOPNOTSUPP);
	assert_string_equal(pf_port(2)->extack, "because");
	assert_int_equal(resolve(2, 3, 0), REASON_NONE);
	assert_int_equal(resolve(2, 3, RECIPE_IP6), REASON_TTL_GUARD);
	pf_guarded(3, 0);
	pf_expect(3, OPEN);
	assert_int_equal(resolve(3, 2, 0), REASON_TTL_GUARD);
	assert_int_equal(nic_card(rig.engine->paths.nic, 2)->guards, 1);
}

/* -- not needed ----------------------------------------------------------- */

static void expect_open_without_guards(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		pf_expect(i, OPEN);
		assert_int_equal(pf_port(i)->guards, 0);
		/* There is nothing to doubt. */
		portfsm_renew_guards(rig.engine, i);
		portfsm_note_hit(rig.engine, i, 0, 1000, 1000);
		portfsm_note_hit(rig.engine, i, 1, 1000, 1000);
		assert_int_equal(pf_port(i)->guards_kept, 0);
		assert_true(portfsm_trust_guards(rig.engine, i, mono_add_ms(rig.now, 100000)));
		pf_expect_guards(i, TRUSTED);
	}
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_OPEN], 2);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_GUARD], 0);
	assert_true(portfsm_are_settled(rig.engine));
}

static void a_port_with_one_prio_has_no_room_for_guards(void **state UNUSED)
{
	pf_start_with_driver("", true);
	expect_open_without_guards();
	assert_int_equal(pf_nic_port(2)->layout, RECIPE_PRIO);
	pf_add_active_flow();
}

static void a_driver_that_guards_itself_gets_no_guards(void **state UNUSED)
{
	pf_start_with_driver("mtk_soc_eth", false);
	expect_open_without_guards();
	assert_int_equal(pf_nic_port(2)->layout, RECIPE_PRIOS);
}

/* What it does by itself is known; whether it takes rules is not. */
static void a_driver_that_guards_itself_is_probed_all_the_same(void **state UNUSED)
{
	struct settings s = rig_settings();
	struct order o;

	strcpy(s.allowed[0].like, "mtk_soc_eth");
	rf_teardown(NULL);
	rig_init(&rig, &s, 1, 1);
	pf_open(2);
	pf_open(3);
	do {
		o = pf_take(ORDER_PROBE);
		o.probe.classes = 0;
		pf_probed(&o.probe);
	} while (!nic_is_settled(view_nic(rig.engine)));
	pf_expect(2, CLSACT);
	pf_expect(3, CLSACT);
	pf_take_nothing();
}

/* A port that had guards may come back with a driver that needs none. */
static void old_guards_are_forgotten_where_none_are_needed(void **state UNUSED)
{
	struct order o;

	pf_open(2);
	pf_port(2)->guards = PF_BOTH_GUARDS;
	pf_open(3);
	/* The driver accepts nothing but all rules in one prio. */
	do {
		o = pf_take(ORDER_PROBE);
		if (o.probe.in != 2)
			continue;
		if (o.probe.sample.form & RULE_ANY_ETHERTYPE)
			break;
		o.probe.classes = 0;
		pf_probed(&o.probe);
	} while (true);
	pf_expect(2, CLSACT);
	pf_probed(&o.probe);
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->guards, 0);
	pf_expect(3, CLSACT);
}

/* -- added again ---------------------------------------------------------- */

static bool is_trusted(uint32_t ifindex)
{
	return portfsm_trust_guards(rig.engine, ifindex, rig.now);
}

static void sample(uint32_t ifindex)
{
	pf_round(ifindex, pf_port(ifindex)->guards, false, 0);
}

static void doubted_guards_are_added_again(void **state UNUSED)
{
	uint64_t renewed = rf_count("guards_renewed");
	struct order_port o;

	rf_pass(1000);
	assert_true(is_trusted(2));
	portfsm_renew_guards(rig.engine, 2);
	pf_expect_guards(2, DOUBTED);
	pf_expect_guards(3, TRUSTED);
	assert_false(is_trusted(2));
	assert_true(is_trusted(3));
	/* A round does not see what the NIC has. */
	sample(2);
	pf_expect_guards(2, DOUBTED);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	assert_true(o.renew);
	o.renew = false;
	pf_check_order(&o, 2, false);
	pf_expect_guards(2, RENEWING);
	pf_expect(2, OPEN);
	assert_false(is_trusted(2));
	assert_int_equal(rf_grown("guards_renewed", &renewed), 1);
	assert_int_equal(pf_port(2)->guards_kept, clock_ds(rig.engine, rig.now));
	pf_take_nothing();
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect_guards(2, RENEWED);
	assert_true(is_trusted(2));
	sample(2);
	pf_expect_guards(2, TRUSTED);
	assert_int_equal(rf_grown("guards_renewed", &renewed), 0);
}

/* What raises the second doubt may have happened before the renewal. */
static void guards_are_renewed_once_per_round(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	portfsm_renew_guards(rig.engine, 2);
	pf_expect_guards(2, RENEWING);
	sample(2);
	pf_expect_guards(2, RENEWING);
	pf_guarded(2, PF_BOTH_GUARDS);
	portfsm_renew_guards(rig.engine, 2);
	pf_expect_guards(2, RENEWED);
	pf_take_nothing();
	sample(2);
	portfsm_renew_guards(rig.engine, 2);
	pf_expect_guards(2, DOUBTED);
	pf_take_port(ORDER_PORT_GUARD, 2);
}

static void all_guards_are_doubted_at_once(void **state UNUSED)
{
	portfsm_renew_all_guards(rig.engine);
	for (uint32_t i = 2; i <= 3; i++)
		assert_true(pf_take_port(ORDER_PORT_GUARD, i).renew);
	pf_take_nothing();
}

/* The worker takes them out to put them in. */
static void a_round_during_a_renewal_mends_nothing(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_round(2, 0, false, 0);
	pf_expect(2, OPEN);
	pf_guarded(2, PF_BOTH_GUARDS);
	/* This round may have begun before the answer. */
	pf_round(2, 0, false, 0);
	pf_expect(2, OPEN);
	pf_round(2, 0, false, 0);
	pf_expect(2, WANTED);
}

static void a_renewal_that_changes_nothing_touches_no_path(void **state UNUSED)
{
	struct event_port done = { .ifindex = 2,
				   .order = ORDER_PORT_GUARD,
				   .guards = PF_BOTH_GUARDS,
				   .err = -EINTR };
	uint32_t generation = rig.engine->paths.generation;

	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_answer(&done);
	assert_int_equal(rig.engine->paths.generation, generation);
	assert_int_equal(pf_port(2)->err, 0);
	assert_int_equal(pf_nic_port(2)->guards, PF_BOTH_GUARDS);
}

static void a_renewal_that_loses_a_guard_has_paths_checked(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_GUARD_IP6);
	pf_expect(2, OPEN);
	pf_expect_guards(2, RENEWED);
	assert_int_equal(pf_port(2)->guards, PF_GUARD_IP6);
	assert_int_equal(pf_port(2)->err, -EOPNOTSUPP);
	assert_int_equal(pf_nic_port(2)->guards, PF_GUARD_IP6);
	assert_int_equal(pf_port(2)->changed, rig.engine->paths.generation);
	assert_true(walk_is_running(rig.engine, WALK_PATH));
}

static void a_renewal_does_not_open_a_port_that_was_left(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_set_master(2, 9);
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect(2, UNWANTED);
	pf_expect_guards(2, RENEWED);
	/* Nor does a doubt have a port guarded that is not open. */
	portfsm_renew_guards(rig.engine, 3);
	pf_expect_guards(3, DOUBTED);
	pf_set_master(3, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_take_nothing();
	pf_expect_guards(3, DOUBTED);
	portfsm_renew_guards(rig.engine, 77);
}

static void put_vlan(uint32_t ifindex, uint32_t lower, uint16_t proto)
{
	struct event ev = { .type = EVENT_LINK };

	ev.link = (struct link){ .ifindex = ifindex,
				 .name = "vlan",
				 .kind = "vlan",
				 .lower = lower,
				 .vlan = { proto, 7 },
				 .is_up = true,
				 .is_ether = true };
	rig_feed(&rig, &ev);
}

/* The first VLAN device with a kind of tags brings its guards, and no flow is disturbed. */
static void vlans_bring_guards(void **state UNUSED)
{
	uint32_t changed = pf_port(2)->changed;
	const uint16_t q = 0xf, ad = 0x30;
	struct order_port o;

	put_vlan(9, 2, VLAN_8021Q);
	/* No rule matches tags that the driver does not accept. */
	pf_expect_guards(2, TRUSTED);
	rig.engine->paths.nic->pair[0][1].tags = TAGS_KNOWN;
	rig.engine->paths.nic->pair[0][1].recipe.tags = FAKE_TAGS_ALL;
	put_vlan(8, 2, VLAN_8021Q);
	pf_expect_guards(2, DOUBTED);
	pf_expect_guards(3, TRUSTED);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	assert_int_equal(o.guards, q);
	/* Those that are in are not touched. */
	assert_false(o.renew);
	/* Another kind comes before the answer. */
	put_vlan(10, 2, VLAN_8021AD);
	pf_expect_guards(2, RENEWING);
	pf_guarded(2, q);
	assert_int_equal(pf_port(2)->guards, q);
	assert_int_equal(pf_port(2)->changed, changed);
	pf_expect_guards(2, DOUBTED);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	assert_int_equal(o.guards, q | ad);
	/* The driver refuses one, and is not asked again. */
	pf_guarded(2, 0x2f);
	assert_int_equal(pf_port(2)->guards, 0x2f);
	assert_int_equal(pf_nic_port(2)->guards, 0x2f);
	assert_int_equal(pf_port(2)->changed, changed);
	pf_expect_guards(2, RENEWED);
	/* One more of the same kind needs nothing. */
	put_vlan(11, 2, VLAN_8021AD);
	pf_expect_guards(2, RENEWED);
	/* A new kind does not wait for the next round. */
	put_vlan(12, 9, VLAN_8021Q);
	pf_expect_guards(2, DOUBTED);
	/* Meanwhile the carrier has gone and come back. */
	portfsm_renew_guards(rig.engine, 2);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	assert_true(o.renew);
}

static void the_kernels_own_guards_are_not_doubted(void **state UNUSED)
{
	portfsm_renew_all_guards(rig.engine);
	pf_expect_guards(2, TRUSTED);
	assert_true(portfsm_trust_guards(rig.engine, 2, mono_add_ms(rig.now, 100000)));
	pf_set_up(2, false);
	pf_set_up(2, true);
	pf_expect_guards(2, TRUSTED);
	pf_take_nothing();
}

/* -- trusted -------------------------------------------------------------- */

static void trust_ends_four_rounds_after_the_last_evidence(void **state UNUSED)
{
	mono_t start = rig.now;

	assert_true(portfsm_trust_guards(rig.engine, 2, mono_add_ms(start, 4000)));
	pf_expect_guards(2, TRUSTED);
	rf_pass(4100);
	assert_false(is_trusted(2));
	pf_expect_guards(2, DOUBTED);
	pf_expect_guards(3, TRUSTED);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_BOTH_GUARDS);
	/* Counted from the order on, even if no round follows. */
	assert_true(portfsm_trust_guards(rig.engine, 2, mono_add_ms(start, 8100)));
	pf_expect_guards(2, RENEWED);
	assert_false(portfsm_trust_guards(rig.engine, 2, mono_add_ms(start, 8200)));
	pf_expect_guards(2, DOUBTED);
	assert_true(portfsm_trust_guards(rig.engine, 77, mono_add_ms(start, 8200)));
}

static void longer_rounds_make_trust_last_longer(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.sample_ms = 3000;
	rf_teardown(NULL);
	rf_start(&s);
	assert_true(portfsm_trust_guards(rig.engine, 2, mono_add_ms(rig.now, 12000)));
	assert_false(portfsm_trust_guards(rig.engine, 2, mono_add_ms(rig.now, 12100)));
}

/* Another one may only be opened when its own rules are planned. */
static void only_an_open_port_has_guards_to_trust(void **state UNUSED)
{
	mono_t late = mono_add_ms(rig.now, 100000);

	pf_round(2, 0, true, 0);
	pf_expect(2, WANTED);
	assert_true(portfsm_trust_guards(rig.engine, 2, late));
	pf_expect_guards(2, TRUSTED);
	portfsm_renew_guards(rig.engine, 2);
	pf_expect_guards(2, TRUSTED);
}

static void a_hit_of_an_old_rule_keeps_the_trust(void **state UNUSED)
{
	uint32_t kept = pf_port(2)->guards_kept;

	assert_int_equal(kept, clock_ds(rig.engine, rig.now));
	portfsm_note_hit(rig.engine, 2, kept, kept + 20, kept + 30);
	assert_int_equal(pf_port(2)->guards_kept, kept + 20);
	assert_int_equal(pf_port(3)->guards_kept, kept);
	/* Not by what another one counted before. */
	portfsm_note_hit(rig.engine, 2, kept, kept + 10, kept + 31);
	assert_int_equal(pf_port(2)->guards_kept, kept + 20);
	/* However late it is noted. */
	portfsm_note_hit(rig.engine, 2, kept + 20, kept + 100, kept + 200);
	assert_int_equal(pf_port(2)->guards_kept, kept + 100);
	pf_expect_guards(2, TRUSTED);
	portfsm_note_hit(rig.engine, 77, kept, kept + 100, kept + 200);
}

/* It was installed after the NIC may have lost the guards. */
static void a_hit_of_a_young_rule_proves_nothing(void **state UNUSED)
{
	uint32_t kept = pf_port(2)->guards_kept;

	portfsm_note_hit(rig.engine, 2, kept + 1, kept + 30, kept + 40);
	assert_int_equal(pf_port(2)->guards_kept, kept);
	pf_expect_guards(2, TRUSTED);
	/* No new rule may come, but this one relies on them. */
	portfsm_note_hit(rig.engine, 2, kept + 1, kept + 30, kept + 41);
	assert_int_equal(pf_port(2)->guards_kept, kept);
	pf_expect_guards(2, DOUBTED);
}

static void new_rules_wait_for_the_renewal(void **state UNUSED)
{
	const unsigned int lane = fake_lane(ORDER_PORT_GUARD, 0);

	rf_pass(60000);
	rig.is_held[lane] = true;
	rf_add(1, true);
	rig_settle(&rig);
	assert_int_equal(fake_pending(&rig.kernel, lane), 2);
	pf_expect_guards(2, RENEWING);
	pf_expect_guards(3, RENEWING);
	assert_int_equal(rf_flow(1)->state, FLOW_WAIT);
	rig.is_held[lane] = false;
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	pf_expect_guards(2, RENEWED);
}

static void packets_that_rules_count_keep_the_trust(void **state UNUSED)
{
	uint64_t renewed = rf_count("guards_renewed");

	rf_add(1, true);
	for (unsigned int i = 0; i < 20; i++) {
		rf_send(1, DIR_ORIG, 10);
		rf_send(1, DIR_REPLY, 10);
		rf_second();
	}
	assert_true(is_trusted(2));
	assert_true(is_trusted(3));
	assert_int_equal(rf_grown("guards_renewed", &renewed), 0);
	for (unsigned int i = 0; i < 10; i++)
		rf_second();
	assert_false(is_trusted(2));
	assert_false(is_trusted(3));
}

static void a_carrier_that_returns_has_guards_renewed(void **state UNUSED)
{
	pf_report(2);
	pf_set_up(2, false);
	pf_expect_guards(2, TRUSTED);
	pf_set_up(2, true);
	pf_expect_guards(2, DOUBTED);
	pf_expect_guards(3, TRUSTED);
	assert_true(pf_take_port(ORDER_PORT_GUARD, 2).renew);
	pf_guarded(2, PF_BOTH_GUARDS);
	sample(2);
	pf_report(2);
	pf_expect_guards(2, TRUSTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SW(without_a_software_guard_the_port_is_not_used),
		HW(without_a_hardware_guard_the_port_is_open),
		HW(a_port_with_one_prio_has_no_room_for_guards),
		HW(a_driver_that_guards_itself_gets_no_guards),
		HW(a_driver_that_guards_itself_is_probed_all_the_same),
		HW(old_guards_are_forgotten_where_none_are_needed),
		RUN_HW(doubted_guards_are_added_again),
		RUN_HW(guards_are_renewed_once_per_round),
		RUN_HW(all_guards_are_doubted_at_once),
		RUN_HW(a_round_during_a_renewal_mends_nothing),
		RUN_HW(a_renewal_that_changes_nothing_touches_no_path),
		RUN_HW(a_renewal_that_loses_a_guard_has_paths_checked),
		RUN_HW(a_renewal_does_not_open_a_port_that_was_left),
		RUN_HW(vlans_bring_guards),
		RUN_SW(the_kernels_own_guards_are_not_doubted),
		RUN_HW(trust_ends_four_rounds_after_the_last_evidence),
		RUN_HW(longer_rounds_make_trust_last_longer),
		RUN_HW(only_an_open_port_has_guards_to_trust),
		RUN_HW(a_hit_of_an_old_rule_keeps_the_trust),
		RUN_HW(a_hit_of_a_young_rule_proves_nothing),
		RUN_HW(new_rules_wait_for_the_renewal),
		RUN_HW(packets_that_rules_count_keep_the_trust),
		RUN_HW(a_carrier_that_returns_has_guards_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
