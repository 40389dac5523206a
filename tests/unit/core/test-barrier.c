/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The barriers of ports: when one is wanted, what its order says, and what becomes of it when the
 * answer is a refusal or comes late.
 *
 * The tests take the orders from the engine and answer them themselves. test-barrier-kernel lets
 * a fake kernel execute them; test-barrier-gone has devices that go.
 */
#include "unit/unit.h"

#include <errno.h>

#include "core/flow/flowact.h"
#include "core/rules/slot.h"
#include "core/path/plan.h"
#include "unit/barrierfixture.h"

/* bf_setup() without any flow. */
static int setup_idle(void **state UNUSED)
{
	struct settings s = rig_settings();

	bf_start(&s, 0);
	return 0;
}

/* -- when one is wanted ---------------------------------------------------- */

static void few_flows_go_without_a_barrier(void **state UNUSED)
{
	bf_bar(1, BF_FEW);
	assert_int_equal(rig.engine->n_barred, BF_FEW);
	bf_expect_none();
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
	bf_bar(BF_MANY, BF_MANY);
	assert_int_equal(rig.engine->n_barred, BF_MANY);
	bf_raise_both();
	bf_expect_none();
}

/* Whoever bars a flow need not know whether somebody else has. */
static void a_flow_is_barred_and_unbarred_once(void **state UNUSED)
{
	struct flow *f = rf_flow(1);

	for (unsigned int i = 0; i < 2 * BF_MANY; i++)
		barrier_bar(rig.engine, f);
	assert_int_equal(rig.engine->n_barred, 1);
	assert_true(f->is_barred);
	bf_expect_none();
	barrier_unbar(rig.engine, f);
	barrier_unbar(rig.engine, f);
	assert_int_equal(rig.engine->n_barred, 0);
	assert_false(f->is_barred);
	barrier_bar(rig.engine, f);
	assert_int_equal(rig.engine->n_barred, 1);
}

/* A change that will take many flows wants the barrier before a walk has barred the first of
 * them; the walk is what it then waits for. */
static void announced_flows_count_while_a_walk_looks_for_them(void **state UNUSED)
{
	walk_start(rig.engine, WALK_EPOCH);
	barrier_consider(rig.engine, BF_FEW);
	bf_expect_none();
	barrier_consider(rig.engine, BF_MANY);
	bf_raise_both();
	/* Fewer are announced later: that is no reason to lower it. */
	barrier_consider(rig.engine, 1);
	bf_expect_none();
	bf_end_walk(WALK_EPOCH);
	bf_lower_both();
}

/* Announced, but neither a walk nor a flow is there: somebody was faster. */
static void nobody_needs_it_any_more(void **state UNUSED)
{
	barrier_consider(rig.engine, BF_MANY);
	bf_expect_none();
	assert_false(rig.engine->wants_barrier);
	/* What was announced then does not count for the walk of now. */
	walk_start(rig.engine, WALK_PATH);
	bf_expect_none();
}

static void only_walks_that_find_wrong_rules_keep_it_up(void **state UNUSED)
{
	for (unsigned int id = 0; id < WALK__COUNT; id++) {
		bool counts = id == WALK_EPOCH || id == WALK_CHANGE || id == WALK_PATH;

		walk_start(rig.engine, id);
		barrier_consider(rig.engine, BF_MANY);
		if (!counts) {
			bf_expect_none();
			bf_end_walk(id);
			continue;
		}
		bf_raise_both();
		bf_expect_none();
		bf_end_walk(id);
		bf_lower_both();
		bf_end_walk(WALK_HIDDEN);
	}
}

static void it_stays_until_the_last_flow_is_unbarred(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_FEW);
	bf_expect_none();
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_unbar(BF_MANY, BF_MANY);
	bf_lower_both();
	bf_expect_none();
	bf_expect_counted(2, 0);
}

/* -- what the order says --------------------------------------------------- */

static void expect_rule(const struct order *o, unsigned int barrier, uint32_t ifindex,
			enum family family, uint16_t prio, enum rule_place place)
{
	struct rule rule, *r = &rule;

	assert_int_equal(o->barrier.barriers, 1 << SLOT_BARRIER_IP4 | 1 << SLOT_BARRIER_IP6);
	plan_barrier(&o->barrier, barrier, &rule);
	assert_int_equal(r->kind, RULE_BARRIER);
	assert_int_equal(r->ifindex, ifindex);
	assert_int_equal(r->family, family);
	assert_int_equal(r->prio, prio);
	assert_int_equal(r->place, place);
	assert_int_equal(r->cookie.kind, RULE_BARRIER);
	assert_int_equal(r->cookie.instance, rig.kernel.instance);
	assert_int_equal(r->cookie.owns_clsact, bf_port(ifindex)->made_clsact);
	assert_true(rule_only_accepts(r));
	/* In front of all flows, and not in the place of a guard. */
	for (unsigned int i = 0; i < rig.kernel.n_rules; i++)
		assert_true(r->prio < rig.kernel.rule[i].rule.prio);
	assert_int_not_equal(r->handle, 0);
	assert_int_not_equal(r->handle, 1);
}

static void each_order_has_a_rule_of_each_family(void **state UNUSED)
{
	struct order o;

	bf_port(3)->made_clsact = false;
	bf_bar(1, BF_MANY);
	o = bf_expect(2, true);
	expect_rule(&o, SLOT_BARRIER_IP4, 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o, SLOT_BARRIER_IP6, 2, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
	o = bf_expect(3, true);
	expect_rule(&o, SLOT_BARRIER_IP4, 3, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o, SLOT_BARRIER_IP6, 3, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
	bf_answer(2, true, 0);
	bf_answer(3, true, 0);
	/* Down goes what was put up. */
	bf_unbar(1, BF_MANY);
	o = bf_expect(2, false);
	expect_rule(&o, SLOT_BARRIER_IP4, 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o, SLOT_BARRIER_IP6, 2, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
}

static void software_rules_have_a_barrier_in_software(void **state UNUSED)
{
	struct settings s = rig_settings();
	struct order o;

	rf_teardown(NULL);
	s.offload = OFFLOAD_SOFTWARE;
	bf_start(&s, BF_MANY);
	assert_null(rig.engine->paths.nic);
	bf_bar(1, BF_MANY);
	o = bf_expect(2, true);
	expect_rule(&o, SLOT_BARRIER_IP4, 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_SOFTWARE);
	bf_expect(3, true);
	bf_expect_none();
}

/* -- where it has a place -------------------------------------------------- */

static void only_open_ports_get_one(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	for (unsigned int s = PORT_NONE; s <= PORT_CLOSED; s++) {
		if (s == PORT_OPEN)
			continue;
		bf_port(2)->port = (uint8_t)s;
		bf_port(3)->port = (uint8_t)s;
		bf_expect_none();
	}
	assert_int_equal(rig.engine->n_barriers, 0);
	/* It is opened while the barrier is still wanted. */
	bf_port(3)->port = PORT_OPEN;
	bf_expect(3, true);
	bf_expect_none();
	bf_port(2)->port = PORT_OPEN;
	bf_expect(2, true);
	bf_expect_none();
}

/* Where all rules share one prio there is none in front of the flows. */
static void one_prio_has_no_place_for_it(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_teardown(NULL);
	rig_init(&rig, &s, 1, 1);
	rig.kernel.driver.has_one_prio = true;
	rf_add_net(2);
	rf_add_net(3);
	for (uint32_t i = 1; i <= BF_MANY; i++)
		rf_add(i, true);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->slot_kind, SLOT_ONE_PRIO);
	assert_int_equal(bf_port(2)->port, PORT_OPEN);
	bf_bar(1, BF_MANY);
	bf_expect_none();
	assert_int_equal(rig.engine->n_barriers, 0);
}

/* The NIC does not know the port any more. */
static void a_port_without_hardware_gets_none(void **state UNUSED)
{
	nic_del_link(rig.engine->paths.nic, 2);
	bf_bar(1, BF_MANY);
	bf_expect(3, true);
	bf_expect_none();
}

/* It was up when the port ceased to be one: it still has to come down. */
static void it_is_lowered_on_what_is_no_port_any_more(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	nic_del_link(rig.engine->paths.nic, 2);
	bf_port(2)->port = PORT_UNWANTED;
	bf_unbar(1, BF_MANY);
	bf_lower_both();
}

/* -- answers --------------------------------------------------------------- */

static void each_port_is_asked_once(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect_states(BARRIER_RAISING, BARRIER_NONE);
	bf_expect(3, true);
	bf_expect_none();
	bf_expect_states(BARRIER_RAISING, BARRIER_RAISING);
	/* In the other order. */
	bf_answer(3, true, 0);
	bf_expect_states(BARRIER_RAISING, BARRIER_UP);
	bf_expect_none();
	bf_expect_counted(1, 0);
	bf_answer(2, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_expect_counted(1, 0);
	bf_expect_none();
}

static void a_refusal_is_remembered_until_the_link_changes(void **state UNUSED)
{
	struct event ev = { .type = EVENT_LINK, .link = bf_port(2)->link };

	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect(3, true);
	bf_answer(2, true, -EOPNOTSUPP);
	bf_answer(3, true, 0);
	bf_expect_states(BARRIER_NONE, BARRIER_UP);
	bf_expect_counted(1, 1);
	bf_expect_none();
	bf_unbar(1, BF_MANY);
	bf_expect(3, false);
	bf_answer(3, false, 0);
	/* The same link again is no change. */
	engine_feed(rig.engine, &ev, rig.now);
	bf_bar(1, BF_MANY);
	bf_expect(3, true);
	bf_expect_none();
	bf_answer(3, true, 0);
	ev.link.mtu = 1400;
	engine_feed(rig.engine, &ev, rig.now);
	bf_expect(2, true);
	bf_expect_none();
	bf_answer(2, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_expect_counted(2, 0);
}

/* Nobody needs it any more when the answer comes. Nothing overtakes the order that is out. */
static void cancelled_while_it_is_being_raised(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_unbar(1, BF_MANY);
	/* The other one has not been asked for yet. */
	bf_expect_none();
	bf_expect_states(BARRIER_RAISING, BARRIER_NONE);
	bf_answer(2, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_NONE);
	bf_expect(2, false);
	bf_expect_states(BARRIER_LOWERING, BARRIER_NONE);
	bf_answer(2, false, 0);
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
	bf_expect_none();
}

static void refused_when_nobody_needs_it_any_more(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_unbar(1, BF_MANY);
	bf_answer(2, true, -EBUSY);
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
	bf_expect_none();
	bf_expect_counted(0, 1);
}

static void needed_again_while_it_is_being_lowered(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_bar(1, BF_MANY);
	/* The other one is still up, and stays. */
	bf_expect_none();
	bf_expect_states(BARRIER_LOWERING, BARRIER_UP);
	bf_answer(2, false, 0);
	bf_expect(2, true);
	bf_expect_none();
	bf_answer(2, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_expect_counted(3, 0);
}

/* The pause is exact, and the engine wakes up for it. */
static void one_that_cannot_be_lowered_is_tried_every_second(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_expect(3, false);
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	bf_answer(3, false, 0);
	for (unsigned int i = 0; i < 5; i++) {
		mono_t due = mono_add_ms(rig.now, BF_RETRY_MS);

		bf_answer(2, false, -EBUSY);
		bf_expect_states(BARRIER_HALF, BARRIER_NONE);
		bf_expect_none();
		assert_int_equal(barrier_next_due(rig.engine).us, due.us);
		assert_int_equal(engine_next_due(rig.engine).us, due.us);
		rig.now = mono_add_us(due, -1);
		bf_expect_none();
		rig.now = due;
		bf_expect(2, false);
		assert_true(mono_is_never(barrier_next_due(rig.engine)));
		bf_expect_none();
	}
	bf_answer(2, false, 0);
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
	bf_expect_none();
	bf_expect_counted(2, 0);
}

/* Nobody knows which of its rules are in. */
static void half_a_barrier_is_no_barrier(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_answer(2, false, -EBUSY);
	bf_expect_states(BARRIER_HALF, BARRIER_UP);
	assert_true(barrier_hides(rig.engine));
	/* It is raised again, and at once. */
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect_none();
	bf_expect_states(BARRIER_RAISING, BARRIER_UP);
	bf_answer(2, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_expect_counted(3, 0);
	bf_unbar(1, BF_MANY);
	bf_lower_both();
}

/* The worker could not remove what was in when the driver refused the rest. */
static void half_a_refused_barrier_is_lowered(void **state UNUSED)
{
	struct event ev = { .type = EVENT_BARRIER_DONE };

	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect(3, true);
	bf_answer(3, true, 0);
	ev.barrier = (struct event_barrier){ .ifindex = 2,
					     .link = slab_ref_of(&rig.engine->paths.legs.links.slab, bf_port(2)),
					     .raise = true,
					     .is_left = true,
					     .err = -EOPNOTSUPP };
	engine_feed(rig.engine, &ev, rig.now);
	bf_expect_states(BARRIER_HALF, BARRIER_UP);
	bf_expect_counted(1, 1);
	/* It would be refused again. */
	bf_expect_none();
	bf_unbar(1, BF_MANY);
	bf_expect(3, false);
	bf_expect_none();
	rig.now = mono_add_ms(rig.now, BF_RETRY_MS);
	bf_expect(2, false);
	bf_answer(2, false, 0);
	bf_answer(3, false, 0);
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
}

/* Only the port whose barrier could not be lowered waits. */
static void a_retry_on_one_port_delays_no_other(void **state UNUSED)
{
	mono_t due[2];

	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_expect(3, false);
	bf_answer(3, false, -EBUSY);
	due[1] = mono_add_ms(rig.now, BF_RETRY_MS);
	rig.now = mono_add_ms(rig.now, BF_RETRY_MS / 2);
	bf_answer(2, false, -EBUSY);
	due[0] = mono_add_ms(rig.now, BF_RETRY_MS);
	assert_int_equal(engine_next_due(rig.engine).us, due[1].us);
	rig.now = due[1];
	bf_expect(3, false);
	bf_expect_none();
	bf_answer(3, false, 0);
	assert_int_equal(engine_next_due(rig.engine).us, due[0].us);
	/* A barrier is needed again before it is tried on the first port, where one family of
	 * packets may pass. */
	bf_bar(1, BF_MANY);
	bf_raise_both();
	/* Nothing is due as long as it is needed. */
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	rig.now = due[0];
	bf_expect_none();
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	bf_unbar(1, BF_MANY);
	bf_lower_both();
}

/* Answers for orders that were never given, or given in another state. */
static void answers_out_of_place_change_nothing(void **state UNUSED)
{
	bf_answer(77, true, 0);
	bf_answer(77, false, -EBUSY);
	for (unsigned int i = 0; i < 2; i++) {
		bf_answer(2, i, 0);
		bf_answer(2, i, -EIO);
		bf_expect_states(BARRIER_NONE, BARRIER_NONE);
	}
	assert_false(bf_port(2)->has_no_barrier);
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect(3, true);
	bf_answer(2, false, 0);
	bf_answer(2, false, -EBUSY);
	bf_expect_states(BARRIER_RAISING, BARRIER_RAISING);
	bf_answer(2, true, 0);
	bf_answer(3, true, 0);
	for (unsigned int i = 0; i < 2; i++) {
		bf_answer(2, i, 0);
		bf_answer(2, i, -EIO);
		bf_expect_states(BARRIER_UP, BARRIER_UP);
	}
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_answer(2, true, 0);
	bf_answer(2, true, -EIO);
	bf_expect_states(BARRIER_LOWERING, BARRIER_UP);
	assert_false(bf_port(2)->has_no_barrier);
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	bf_expect_counted(2, 0);
}

/* -- what packets on the CPU prove ----------------------------------------- */

static void packets_prove_nothing_until_all_flows_know(void **state UNUSED)
{
	assert_false(barrier_hides(rig.engine));
	bf_bar(1, BF_MANY);
	assert_false(barrier_hides(rig.engine));
	/* The worker may have added the rules before it answers. */
	bf_expect(2, true);
	assert_true(barrier_hides(rig.engine));
	bf_expect(3, true);
	bf_answer(2, true, 0);
	bf_answer(3, true, 0);
	assert_true(barrier_hides(rig.engine));
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_answer(2, false, 0);
	/* The last one counts. */
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	assert_true(barrier_hides(rig.engine));
	bf_expect(3, false);
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	bf_answer(3, false, 0);
	assert_int_equal(rig.engine->n_barriers, 0);
	assert_true(walk_is_running(rig.engine, WALK_HIDDEN));
	assert_true(barrier_hides(rig.engine));
	while (engine_tick(rig.engine, rig.now))
		;
	assert_false(barrier_hides(rig.engine));
}

/* A part of it may have been in for a moment. */
static void a_refused_one_may_have_hidden_packets(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_answer(2, true, -EOPNOTSUPP);
	assert_int_equal(rig.engine->n_barriers, 0);
	assert_true(barrier_hides(rig.engine));
	bf_end_walk(WALK_HIDDEN);
	assert_false(barrier_hides(rig.engine));
}

static void without_flows_nobody_has_to_know(void **state UNUSED)
{
	walk_start(rig.engine, WALK_EPOCH);
	barrier_consider(rig.engine, BF_MANY);
	bf_raise_both();
	bf_end_walk(WALK_EPOCH);
	bf_lower_both();
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	assert_false(barrier_hides(rig.engine));
}

/* -- stopping -------------------------------------------------------------- */

static void none_is_raised_when_everything_goes(void **state UNUSED)
{
	rig_feed_type(&rig, EVENT_STOP);
	bf_bar(1, BF_MANY);
	bf_expect_none();
	assert_int_equal(rig.engine->n_barriers, 0);
}

/* One that is up is lowered at once, though flows still wait for their removal; one that is on
 * its way up, as soon as it is. */
static void a_stop_lowers_them(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect(3, true);
	bf_answer(2, true, 0);
	rig_feed_type(&rig, EVENT_STOP);
	bf_expect(2, false);
	bf_expect_none();
	bf_answer(3, true, 0);
	bf_expect(3, false);
	bf_answer(3, false, 0);
	assert_int_equal(rig.engine->n_barred, BF_MANY);
	rig_settle(&rig);
	/* All is out, but for this one. */
	assert_int_equal(rig.engine->n_state[FLOW_REFUSED], BF_MANY);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(bf_port(3)->port, PORT_CLOSED);
	assert_int_equal(bf_port(2)->port, PORT_OPEN);
	assert_false(engine_is_stopped(rig.engine));
	bf_answer(2, false, 0);
	rig_settle(&rig);
	assert_int_equal(bf_port(2)->port, PORT_CLOSED);
	assert_true(engine_is_stopped(rig.engine));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, bf_setup, rf_teardown)
#define TEST_IDLE(name) cmocka_unit_test_setup_teardown(name, setup_idle, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(few_flows_go_without_a_barrier),
		TEST(a_flow_is_barred_and_unbarred_once),
		TEST(announced_flows_count_while_a_walk_looks_for_them),
		TEST(nobody_needs_it_any_more),
		TEST(only_walks_that_find_wrong_rules_keep_it_up),
		TEST(it_stays_until_the_last_flow_is_unbarred),
		TEST(each_order_has_a_rule_of_each_family),
		TEST(software_rules_have_a_barrier_in_software),
		TEST(only_open_ports_get_one),
		TEST(one_prio_has_no_place_for_it),
		TEST(a_port_without_hardware_gets_none),
		TEST(it_is_lowered_on_what_is_no_port_any_more),
		TEST(each_port_is_asked_once),
		TEST(a_refusal_is_remembered_until_the_link_changes),
		TEST(cancelled_while_it_is_being_raised),
		TEST(refused_when_nobody_needs_it_any_more),
		TEST(needed_again_while_it_is_being_lowered),
		TEST(one_that_cannot_be_lowered_is_tried_every_second),
		TEST(half_a_barrier_is_no_barrier),
		TEST(half_a_refused_barrier_is_lowered),
		TEST(a_retry_on_one_port_delays_no_other),
		TEST(answers_out_of_place_change_nothing),
		TEST(packets_prove_nothing_until_all_flows_know),
		TEST(a_refused_one_may_have_hidden_packets),
		TEST_IDLE(without_flows_nobody_has_to_know),
		TEST(none_is_raised_when_everything_goes),
		TEST(a_stop_lowers_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
