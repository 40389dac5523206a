/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The barriers of ports: when one is wanted, what its order says, and what becomes of it when the
 * answer is a refusal, comes late, or is for a device that is gone.
 *
 * The tests take the orders from the engine and answer them themselves. test-barrier-kernel lets
 * a fake kernel execute them.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/flow/flowact.h"
#include "core/port/barrier.h"
#include "core/rules/slot.h"
#include "unit/rigfixture.h"

/* Up to this many flows are removed without a barrier. */
#define FEW	 16
#define MANY	 (FEW + 1)
#define RETRY_MS 1000

static uint64_t raised, refused;

static void start(const struct settings *s, uint32_t n)
{
	rf_start(s);
	for (uint32_t i = 1; i <= n; i++)
		rf_add(i, true);
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], n);
	rf_grown("barriers_raised", &raised);
	rf_grown("barriers_refused", &refused);
}

/* Flows 1 to MANY are offloaded, between the ports 2 and 3. */
static int setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	start(&s, MANY);
	return 0;
}

/* The same without any flow. */
static int setup_idle(void **state UNUSED)
{
	struct settings s = rig_settings();

	start(&s, 0);
	return 0;
}

static void bar(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		barrier_bar(rig.engine, rf_flow(i));
}

static void unbar(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		barrier_unbar(rig.engine, rf_flow(i));
}

static bool next(struct order *ret)
{
	return engine_next_order(rig.engine, ORDERS_URGENT, 0, rig.now, ret);
}

static void expect_none(void)
{
	struct order o;

	assert_false(next(&o));
	assert_int_equal(o.type, ORDER_NONE);
}

static struct order expect(uint32_t ifindex, bool raise)
{
	struct order o;

	assert_true(next(&o));
	assert_int_equal(o.type, ORDER_BARRIER);
	assert_int_equal(o.barrier.ifindex, ifindex);
	assert_int_equal(o.barrier.raise, raise);
	return o;
}

static void answer(uint32_t ifindex, bool raise, int err)
{
	struct event ev = { .type = EVENT_BARRIER_DONE };

	ev.barrier = (struct event_barrier){ .ifindex = ifindex, .raise = raise, .err = err };
	engine_feed(rig.engine, &ev, rig.now);
}

static struct link_rec *port(uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&rig.engine->paths, ifindex);

	assert_non_null(rec);
	return rec;
}

static void expect_states(enum barrier_state of_2, enum barrier_state of_3)
{
	assert_int_equal(port(2)->barrier, of_2);
	assert_int_equal(port(3)->barrier, of_3);
	assert_int_equal(rig.engine->n_barriers,
			 (of_2 != BARRIER_NONE) + (of_3 != BARRIER_NONE));
}

static void expect_counted(uint64_t n_raised, uint64_t n_refused)
{
	assert_int_equal(rf_grown("barriers_raised", &raised), n_raised);
	assert_int_equal(rf_grown("barriers_refused", &refused), n_refused);
}

/* Both ports get their barriers. */
static void raise_both(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		expect(i, true);
		answer(i, true, 0);
	}
	expect_states(BARRIER_UP, BARRIER_UP);
}

static void lower_both(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		expect(i, false);
		answer(i, false, 0);
	}
	expect_states(BARRIER_NONE, BARRIER_NONE);
}

static void visit_nothing(struct engine *e UNUSED, struct flow *f UNUSED, mono_t now UNUSED)
{
}

/* Ends a walk without doing what it is for. */
static void end_walk(enum walk_id id)
{
	uint32_t generation;

	while (walk_is_running(rig.engine, id))
		walk_step(rig.engine, id, visit_nothing, rig.now, &generation);
}

/* -- when one is wanted ---------------------------------------------------- */

static void few_flows_go_without_a_barrier(void **state UNUSED)
{
	bar(1, FEW);
	assert_int_equal(rig.engine->n_barred, FEW);
	expect_none();
	expect_states(BARRIER_NONE, BARRIER_NONE);
	bar(MANY, MANY);
	assert_int_equal(rig.engine->n_barred, MANY);
	raise_both();
	expect_none();
}

/* Whoever bars a flow need not know whether somebody else has. */
static void a_flow_is_barred_and_unbarred_once(void **state UNUSED)
{
	struct flow *f = rf_flow(1);

	for (unsigned int i = 0; i < 2 * MANY; i++)
		barrier_bar(rig.engine, f);
	assert_int_equal(rig.engine->n_barred, 1);
	assert_true(f->is_barred);
	expect_none();
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
	barrier_consider(rig.engine, FEW);
	expect_none();
	barrier_consider(rig.engine, MANY);
	raise_both();
	/* Fewer are announced later: that is no reason to lower it. */
	barrier_consider(rig.engine, 1);
	expect_none();
	end_walk(WALK_EPOCH);
	lower_both();
}

/* Announced, but neither a walk nor a flow is there: somebody was faster. */
static void nobody_needs_it_any_more(void **state UNUSED)
{
	barrier_consider(rig.engine, MANY);
	expect_none();
	assert_false(rig.engine->wants_barrier);
	/* What was announced then does not count for the walk of now. */
	walk_start(rig.engine, WALK_PATH);
	expect_none();
}

static void only_walks_that_find_wrong_rules_keep_it_up(void **state UNUSED)
{
	for (unsigned int id = 0; id < WALK__COUNT; id++) {
		bool counts = id == WALK_EPOCH || id == WALK_CHANGE || id == WALK_PATH;

		walk_start(rig.engine, id);
		barrier_consider(rig.engine, MANY);
		if (!counts) {
			expect_none();
			end_walk(id);
			continue;
		}
		raise_both();
		expect_none();
		end_walk(id);
		lower_both();
		end_walk(WALK_HIDDEN);
	}
}

static void it_stays_until_the_last_flow_is_unbarred(void **state UNUSED)
{
	bar(1, MANY);
	raise_both();
	unbar(1, FEW);
	expect_none();
	expect_states(BARRIER_UP, BARRIER_UP);
	unbar(MANY, MANY);
	lower_both();
	expect_none();
	expect_counted(2, 0);
}

/* -- what the order says --------------------------------------------------- */

static void expect_rule(const struct rule *r, uint32_t ifindex, enum family family, uint16_t prio,
			enum rule_place place)
{
	assert_int_equal(r->kind, RULE_BARRIER);
	assert_int_equal(r->ifindex, ifindex);
	assert_int_equal(r->family, family);
	assert_int_equal(r->prio, prio);
	assert_int_equal(r->place, place);
	assert_int_equal(r->cookie.kind, RULE_BARRIER);
	assert_int_equal(r->cookie.instance, rig.kernel.instance);
	assert_int_equal(r->cookie.owns_clsact, port(ifindex)->made_clsact);
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

	port(3)->made_clsact = false;
	bar(1, MANY);
	o = expect(2, true);
	expect_rule(&o.barrier.rule[0], 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o.barrier.rule[1], 2, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
	o = expect(3, true);
	expect_rule(&o.barrier.rule[0], 3, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o.barrier.rule[1], 3, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
	answer(2, true, 0);
	answer(3, true, 0);
	/* Down goes what was put up. */
	unbar(1, MANY);
	o = expect(2, false);
	expect_rule(&o.barrier.rule[0], 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_HARDWARE);
	expect_rule(&o.barrier.rule[1], 2, FAMILY_IP6, 100 + SLOT_PRIO_GUARD_IP6, RULE_HARDWARE);
}

static void software_rules_have_a_barrier_in_software(void **state UNUSED)
{
	struct settings s = rig_settings();
	struct order o;

	rf_teardown(NULL);
	s.offload = OFFLOAD_SOFTWARE;
	start(&s, MANY);
	assert_null(rig.engine->paths.nic);
	bar(1, MANY);
	o = expect(2, true);
	expect_rule(&o.barrier.rule[0], 2, FAMILY_IP4, 100 + SLOT_PRIO_GUARD_IP4, RULE_SOFTWARE);
	expect(3, true);
	expect_none();
}

/* -- where it has a place -------------------------------------------------- */

static void only_open_ports_get_one(void **state UNUSED)
{
	bar(1, MANY);
	for (unsigned int s = PORT_NONE; s <= PORT_CLOSED; s++) {
		if (s == PORT_OPEN)
			continue;
		port(2)->port = (uint8_t)s;
		port(3)->port = (uint8_t)s;
		expect_none();
	}
	assert_int_equal(rig.engine->n_barriers, 0);
	/* It is opened while the barrier is still wanted. */
	port(3)->port = PORT_OPEN;
	expect(3, true);
	expect_none();
	port(2)->port = PORT_OPEN;
	expect(2, true);
	expect_none();
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
	for (uint32_t i = 1; i <= MANY; i++)
		rf_add(i, true);
	rig_settle(&rig);
	assert_true(rf_flow(1)->one_prio);
	assert_int_equal(port(2)->port, PORT_OPEN);
	bar(1, MANY);
	expect_none();
	assert_int_equal(rig.engine->n_barriers, 0);
}

/* The NIC does not know the port any more. */
static void a_port_without_hardware_gets_none(void **state UNUSED)
{
	nic_del_link(rig.engine->paths.nic, 2);
	bar(1, MANY);
	expect(3, true);
	expect_none();
}

/* It was up when the port ceased to be one: it still has to come down. */
static void it_is_lowered_on_what_is_no_port_any_more(void **state UNUSED)
{
	bar(1, MANY);
	raise_both();
	nic_del_link(rig.engine->paths.nic, 2);
	port(2)->port = PORT_UNWANTED;
	unbar(1, MANY);
	lower_both();
}

/* -- answers --------------------------------------------------------------- */

static void each_port_is_asked_once(void **state UNUSED)
{
	bar(1, MANY);
	expect(2, true);
	expect_states(BARRIER_RAISING, BARRIER_NONE);
	expect(3, true);
	expect_none();
	expect_states(BARRIER_RAISING, BARRIER_RAISING);
	/* In the other order. */
	answer(3, true, 0);
	expect_states(BARRIER_RAISING, BARRIER_UP);
	expect_none();
	expect_counted(1, 0);
	answer(2, true, 0);
	expect_states(BARRIER_UP, BARRIER_UP);
	expect_counted(1, 0);
	expect_none();
}

static void a_refusal_is_remembered_until_the_link_changes(void **state UNUSED)
{
	struct event ev = { .type = EVENT_LINK, .link = port(2)->link };

	bar(1, MANY);
	expect(2, true);
	expect(3, true);
	answer(2, true, -EOPNOTSUPP);
	answer(3, true, 0);
	expect_states(BARRIER_NONE, BARRIER_UP);
	expect_counted(1, 1);
	expect_none();
	unbar(1, MANY);
	expect(3, false);
	answer(3, false, 0);
	/* The same link again is no change. */
	engine_feed(rig.engine, &ev, rig.now);
	bar(1, MANY);
	expect(3, true);
	expect_none();
	answer(3, true, 0);
	ev.link.mtu = 1400;
	engine_feed(rig.engine, &ev, rig.now);
	expect(2, true);
	expect_none();
	answer(2, true, 0);
	expect_states(BARRIER_UP, BARRIER_UP);
	expect_counted(2, 0);
}

/* Nobody needs it any more when the answer comes. Nothing overtakes the order that is out. */
static void cancelled_while_it_is_being_raised(void **state UNUSED)
{
	bar(1, MANY);
	expect(2, true);
	unbar(1, MANY);
	/* The other one has not been asked for yet. */
	expect_none();
	expect_states(BARRIER_RAISING, BARRIER_NONE);
	answer(2, true, 0);
	expect_states(BARRIER_UP, BARRIER_NONE);
	expect(2, false);
	expect_states(BARRIER_LOWERING, BARRIER_NONE);
	answer(2, false, 0);
	expect_states(BARRIER_NONE, BARRIER_NONE);
	expect_none();
}

static void refused_when_nobody_needs_it_any_more(void **state UNUSED)
{
	bar(1, MANY);
	expect(2, true);
	unbar(1, MANY);
	answer(2, true, -EBUSY);
	expect_states(BARRIER_NONE, BARRIER_NONE);
	expect_none();
	expect_counted(0, 1);
}

static void needed_again_while_it_is_being_lowered(void **state UNUSED)
{
	bar(1, MANY);
	raise_both();
	unbar(1, MANY);
	expect(2, false);
	bar(1, MANY);
	/* The other one is still up, and stays. */
	expect_none();
	expect_states(BARRIER_LOWERING, BARRIER_UP);
	answer(2, false, 0);
	expect(2, true);
	expect_none();
	answer(2, true, 0);
	expect_states(BARRIER_UP, BARRIER_UP);
	expect_counted(3, 0);
}

/* The pause is exact, and the engine wakes up for it. */
static void one_that_cannot_be_lowered_is_tried_every_second(void **state UNUSED)
{
	bar(1, MANY);
	raise_both();
	unbar(1, MANY);
	expect(2, false);
	expect(3, false);
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	answer(3, false, 0);
	for (unsigned int i = 0; i < 5; i++) {
		mono_t due = mono_add_ms(rig.now, RETRY_MS);

		answer(2, false, -EBUSY);
		expect_states(BARRIER_UP, BARRIER_NONE);
		expect_none();
		assert_int_equal(barrier_next_due(rig.engine).us, due.us);
		assert_int_equal(engine_next_due(rig.engine).us, due.us);
		rig.now = mono_add_us(due, -1);
		expect_none();
		rig.now = due;
		expect(2, false);
		assert_true(mono_is_never(barrier_next_due(rig.engine)));
		expect_none();
	}
	answer(2, false, 0);
	expect_states(BARRIER_NONE, BARRIER_NONE);
	expect_none();
	expect_counted(2, 0);
}

/* Only the port whose barrier could not be lowered waits. */
static void a_retry_on_one_port_delays_no_other(void **state UNUSED)
{
	mono_t due[2];

	bar(1, MANY);
	raise_both();
	unbar(1, MANY);
	expect(2, false);
	expect(3, false);
	answer(3, false, -EBUSY);
	due[1] = mono_add_ms(rig.now, RETRY_MS);
	rig.now = mono_add_ms(rig.now, RETRY_MS / 2);
	answer(2, false, -EBUSY);
	due[0] = mono_add_ms(rig.now, RETRY_MS);
	assert_int_equal(engine_next_due(rig.engine).us, due[1].us);
	rig.now = due[1];
	expect(3, false);
	expect_none();
	answer(3, false, 0);
	assert_int_equal(engine_next_due(rig.engine).us, due[0].us);
	/* A barrier is needed again before it is tried on the first port. */
	bar(1, MANY);
	expect(3, true);
	answer(3, true, 0);
	expect_states(BARRIER_UP, BARRIER_UP);
	/* Nothing is due as long as it is needed. */
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	rig.now = due[0];
	expect_none();
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	unbar(1, MANY);
	lower_both();
}

/* Answers for orders that were never given, or given in another state. */
static void answers_out_of_place_change_nothing(void **state UNUSED)
{
	answer(77, true, 0);
	answer(77, false, -EBUSY);
	for (unsigned int i = 0; i < 2; i++) {
		answer(2, i, 0);
		answer(2, i, -EIO);
		expect_states(BARRIER_NONE, BARRIER_NONE);
	}
	assert_false(port(2)->has_no_barrier);
	bar(1, MANY);
	expect(2, true);
	expect(3, true);
	answer(2, false, 0);
	answer(2, false, -EBUSY);
	expect_states(BARRIER_RAISING, BARRIER_RAISING);
	answer(2, true, 0);
	answer(3, true, 0);
	for (unsigned int i = 0; i < 2; i++) {
		answer(2, i, 0);
		answer(2, i, -EIO);
		expect_states(BARRIER_UP, BARRIER_UP);
	}
	unbar(1, MANY);
	expect(2, false);
	answer(2, true, 0);
	answer(2, true, -EIO);
	expect_states(BARRIER_LOWERING, BARRIER_UP);
	assert_false(port(2)->has_no_barrier);
	assert_true(mono_is_never(barrier_next_due(rig.engine)));
	expect_counted(2, 0);
}

/* -- devices that go ------------------------------------------------------- */

static void lose_link(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	engine_feed(rig.engine, &ev, rig.now);
	assert_null(topology_find_link(&rig.engine->paths, ifindex));
}

static void a_barrier_goes_with_its_device(void **state UNUSED)
{
	bar(1, MANY);
	raise_both();
	lose_link(3);
	assert_int_equal(rig.engine->n_barriers, 1);
	expect_none();
	unbar(1, MANY);
	end_walk(WALK_PATH);
	expect(2, false);
	expect_none();
	/* While the other one is on its way down. */
	lose_link(2);
	assert_int_equal(rig.engine->n_barriers, 0);
	answer(2, false, 0);
	answer(3, false, -ENODEV);
	assert_int_equal(rig.engine->n_barriers, 0);
	expect_none();
}

/* The next device of that number is another one: the answer is not for it. */
static void a_late_answer_is_not_for_the_next_device(void **state UNUSED)
{
	static const int errs[] = { 0, -ENODEV };

	for (unsigned int i = 0; i < array_size(errs); i++) {
		bar(1, MANY);
		expect(2, true);
		expect(3, true);
		lose_link(3);
		assert_int_equal(rig.engine->n_barriers, 1);
		rf_add_net(3);
		answer(3, true, errs[i]);
		expect_states(BARRIER_RAISING, BARRIER_NONE);
		assert_false(port(3)->has_no_barrier);
		answer(2, true, 0);
		expect_counted(1, 0);
		rf_teardown(NULL);
		setup(NULL);
	}
}

/* The refusal was the driver's of that device. */
static void the_next_device_is_asked_anew(void **state UNUSED)
{
	bar(1, MANY);
	expect(2, true);
	expect(3, true);
	answer(2, true, 0);
	answer(3, true, -EOPNOTSUPP);
	lose_link(3);
	rf_add_net(3);
	assert_false(port(3)->has_no_barrier);
	/* Its port has to be opened first. */
	expect_none();
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig.is_held[FAKE_URGENT] = true;
	rig_settle(&rig);
	assert_int_equal(port(3)->port, PORT_OPEN);
	expect_states(BARRIER_UP, BARRIER_RAISING);
	answer(3, true, 0);
	expect_states(BARRIER_UP, BARRIER_UP);
	expect_counted(2, 1);
}

/* -- what packets on the CPU prove ----------------------------------------- */

static void packets_prove_nothing_until_all_flows_know(void **state UNUSED)
{
	assert_false(barrier_hides(rig.engine));
	bar(1, MANY);
	assert_false(barrier_hides(rig.engine));
	/* The worker may have added the rules before it answers. */
	expect(2, true);
	assert_true(barrier_hides(rig.engine));
	expect(3, true);
	answer(2, true, 0);
	answer(3, true, 0);
	assert_true(barrier_hides(rig.engine));
	unbar(1, MANY);
	expect(2, false);
	answer(2, false, 0);
	/* The last one counts. */
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	assert_true(barrier_hides(rig.engine));
	expect(3, false);
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	answer(3, false, 0);
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
	bar(1, MANY);
	expect(2, true);
	answer(2, true, -EOPNOTSUPP);
	assert_int_equal(rig.engine->n_barriers, 0);
	assert_true(barrier_hides(rig.engine));
	end_walk(WALK_HIDDEN);
	assert_false(barrier_hides(rig.engine));
}

static void without_flows_nobody_has_to_know(void **state UNUSED)
{
	walk_start(rig.engine, WALK_EPOCH);
	barrier_consider(rig.engine, MANY);
	raise_both();
	end_walk(WALK_EPOCH);
	lower_both();
	assert_false(walk_is_running(rig.engine, WALK_HIDDEN));
	assert_false(barrier_hides(rig.engine));
}

/* -- stopping -------------------------------------------------------------- */

static void none_is_raised_when_everything_goes(void **state UNUSED)
{
	rig_feed_type(&rig, EVENT_STOP);
	bar(1, MANY);
	expect_none();
	assert_int_equal(rig.engine->n_barriers, 0);
}

/* One that is up is lowered at once, though flows still wait for their removal; one that is on
 * its way up, as soon as it is. */
static void a_stop_lowers_them(void **state UNUSED)
{
	bar(1, MANY);
	expect(2, true);
	expect(3, true);
	answer(2, true, 0);
	rig_feed_type(&rig, EVENT_STOP);
	expect(2, false);
	expect_none();
	answer(3, true, 0);
	expect(3, false);
	answer(3, false, 0);
	assert_int_equal(rig.engine->n_barred, MANY);
	rig_settle(&rig);
	/* All is out, but for this one. */
	assert_int_equal(rig.engine->n_state[FLOW_REFUSED], MANY);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(port(3)->port, PORT_CLOSED);
	assert_int_equal(port(2)->port, PORT_OPEN);
	assert_false(engine_is_stopped(rig.engine));
	answer(2, false, 0);
	rig_settle(&rig);
	assert_int_equal(port(2)->port, PORT_CLOSED);
	assert_true(engine_is_stopped(rig.engine));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, rf_teardown)
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
		TEST(a_retry_on_one_port_delays_no_other),
		TEST(answers_out_of_place_change_nothing),
		TEST(a_barrier_goes_with_its_device),
		TEST(a_late_answer_is_not_for_the_next_device),
		TEST(the_next_device_is_asked_anew),
		TEST(packets_prove_nothing_until_all_flows_know),
		TEST(a_refused_one_may_have_hidden_packets),
		TEST_IDLE(without_flows_nobody_has_to_know),
		TEST(none_is_raised_when_everything_goes),
		TEST(a_stop_lowers_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
