/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a flow by time and by mark, what conntrack is asked about it, flows whose end
 * may cause no event, flows of an earlier run, and inputs that change nothing.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/flow/leftover.h"
#include "core/port/barrier.h"
#include "unit/flowfixture.h"

#define MARK_MS	  30000

/* -- pauses ---------------------------------------------------------------- */

/* One more attempt, as the engine makes it when the pause is over; it fails. */
static void fail_once(struct flow *f, enum reason reason)
{
	if (f->state == FLOW_REFUSED)
		ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_input(f, FLOW_IN_PATH_NEW, REASON_NONE);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	ff_input(f, FLOW_IN_NOT_INSTALLED, reason);
	ff_expect_refused(f, reason);
}

/* Then the last pause repeats, and after twelve attempts there is no other. */
static void expect_pauses(const int64_t ms[], size_t n, bool is_busy)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);

	f->is_busy = is_busy;
	for (unsigned int i = 0; i < 12; i++) {
		fail_once(f, REASON_RULE_REFUSED);
		assert_int_equal(ff_due_ms(f), ms[MIN((size_t)i, n - 1)]);
	}
	for (unsigned int i = 0; i < 20; i++) {
		fail_once(f, REASON_RULE_REFUSED);
		assert_int_equal(ff_due_ms(f), -1);
	}
	/* A success starts the series again. */
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_input(f, FLOW_IN_PATH_NEW, REASON_NONE);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	ff_input(f, FLOW_IN_INSTALLED, REASON_NONE);
	assert_int_equal(f->attempts, 0);
	assert_int_equal(f->reason, REASON_NONE);
	ff_input(f, FLOW_IN_LEAVE, REASON_RULE_LOST);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	ff_input(f, FLOW_IN_REMOVED, REASON_NONE);
	assert_int_equal(ff_due_ms(f), 1000);
}

static void pauses_grow_after_refusals(void **state UNUSED)
{
	static const int64_t ms[] = { 1000, 4000, 16000, 60000, 300000 };

	expect_pauses(ms, array_size(ms), false);
}

static void a_busy_device_is_tried_sooner(void **state UNUSED)
{
	static const int64_t ms[] = { 250, 500, 1000, 2000, 4000, 8000, 16000, 60000, 300000 };

	expect_pauses(ms, array_size(ms), true);
}

/* The errno decides, and only the answer to an install has one. */
static void the_answer_says_whether_it_was_busy(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_INSTALL);

	ff_answer_install(INSTALL_REFUSED, -EBUSY);
	assert_int_equal(ff_due_ms(f), 250);
	f = ff_flow(2, FLOW_INSTALL);
	ff_answer_install(INSTALL_REFUSED, -EIO);
	assert_int_equal(ff_due_ms(f), 1000);
}

/* The device was busy; now the flow waits for a look-up. */
static struct flow *busy_flow(uint32_t n)
{
	struct flow *f = ff_flow(n, FLOW_INSTALL);

	ff_answer_install(INSTALL_REFUSED, -EBUSY);
	ff_pass(250);
	ff_expect_resolving(f);
	return f;
}

/* The same, one step later. */
static struct flow *busy_flow_installing(uint32_t n)
{
	struct flow *f = busy_flow(n);

	do
		assert_true(ff_take(ORDERS_ASK));
	while (ff_order.type != ORDER_LOOKUP || !ff_is_order_of(f));
	ff_answer_lookup();
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	return f;
}

/* Another failure that follows waits as long as if the device had not been busy. */
static void a_busy_device_does_not_hasten_what_follows(void **state UNUSED)
{
	struct flow *f = busy_flow(1);

	ff_input(f, FLOW_IN_PATH_BAD, REASON_ROUTE_LOOKUP_FAILED);
	assert_int_equal(ff_due_ms(f), 4000);
	f = busy_flow_installing(2);
	ff_answer_install(INSTALL_CT_REFUSED, -EPERM);
	assert_int_equal(ff_due_ms(f), 4000);
	f = busy_flow_installing(3);
	ff_answer_install(INSTALL_UNCERTAIN, 0);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	ff_expect_refused(f, REASON_RULE_LOST);
	assert_int_equal(ff_due_ms(f), 4000);
	/* A success starts the series again. */
	f = busy_flow_installing(4);
	ff_answer_install(INSTALL_OK, 0);
	assert_false(f->is_busy);
	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_HIT);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	assert_int_equal(ff_due_ms(f), 1000);
}

/* Rules that were taken, but never counted a packet, are no success. */
static void a_doubted_success_does_not_end_the_series(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);

	fail_once(f, REASON_RULE_REFUSED);
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_input(f, FLOW_IN_PATH_NEW, REASON_NONE);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	f->is_doubted = true;
	ff_input(f, FLOW_IN_INSTALLED, REASON_NONE);
	assert_int_equal(f->attempts, 1);
	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_HIT);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	ff_input(f, FLOW_IN_REMOVED, REASON_NONE);
	assert_int_equal(ff_due_ms(f), 4000);
}

/* No other wait takes the place of an attempt that is not made. */
static void the_last_attempt_is_the_last(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_input(f, FLOW_IN_LEAVE, REASON_FLUSHED);
	assert_int_equal(ff_due_ms(f), 10000);
	f->attempts = 11;
	ff_input(f, FLOW_IN_LEAVE, REASON_RULE_REFUSED);
	assert_int_equal(ff_due_ms(f), 300000);
	ff_input(f, FLOW_IN_LEAVE, REASON_RULE_REFUSED);
	assert_int_equal(ff_due_ms(f), -1);
	assert_int_equal(f->attempts, 12);
}

/* When the pause is over, the path is looked up again. */
static void a_pause_ends_with_a_look_up(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_INSTALL);

	ff_answer_install(INSTALL_REFUSED, -EIO);
	ff_pass(950);
	ff_expect_refused(f, REASON_RULE_REFUSED);
	ff_pass(50);
	ff_expect_resolving(f);
	assert_int_equal(ff_due_ms(f), -1);
}

static const struct {
	enum reason reason;
	int64_t ms;	    /* until its timer fires; -1: none */
} waits[] = {
	{ REASON_RULE_REFUSED, 1000 },
	{ REASON_RULE_LOST, 1000 },
	{ REASON_CONNTRACK_REFUSED, 1000 },
	{ REASON_NOT_HIT, 1000 },
	{ REASON_ROUTE_LOOKUP_FAILED, 1000 },
	{ REASON_FLUSHED, 10000 },
	{ REASON_TCP_CLOSING, 1000 },
	{ REASON_NOT_ADMITTED, MARK_MS },
	{ REASON_RULESET_CHANGED, MARK_MS },
	{ REASON_NOT_ASSURED, -1 },
	{ REASON_MTU, -1 },
	{ REASON_HARDWARE_FULL, -1 },
	{ REASON_OBSERVE_ONLY, -1 },
	{ REASON_STOPPING, -1 },
};

/* Whether it is refused for the first time, or for another reason than before. */
static void each_reason_has_its_time(void **state UNUSED)
{
	for (unsigned int i = 0; i < 2 * array_size(waits); i++) {
		unsigned int w = i / 2;
		struct flow *f;

		ff_teardown(NULL);
		ff_setup(NULL);
		f = ff_flow(1, FLOW_WAIT);
		flowact_set_revoked(rig.engine, f, i % 2);
		ff_input(f, FLOW_IN_LEAVE, waits[w].reason);
		assert_int_equal(ff_due_ms(f), waits[w].ms);
		ff_input(f, FLOW_IN_LEAVE, REASON_SYNPROXY);
		assert_int_equal(ff_due_ms(f), -1);
		f->attempts = 0;
		ff_input(f, FLOW_IN_LEAVE, waits[w].reason);
		assert_int_equal(ff_due_ms(f), waits[w].ms);
	}
}

/* -- marks ----------------------------------------------------------------- */

static void revoked_marks_are_counted(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);
	static const bool revoked[] = { true, true, false, false, true };

	for (unsigned int i = 0; i < array_size(revoked); i++) {
		flowact_set_revoked(rig.engine, f, revoked[i]);
		assert_int_equal(f->is_revoked, revoked[i]);
		assert_int_equal(rig.engine->n_revoked, revoked[i]);
		ff_check_counts();
	}
	/* A flow that is freed has no mark. */
	ff_input(f, FLOW_IN_END, REASON_NONE);
	ff_input(f, FLOW_IN_TAKEN, REASON_NONE);
	ff_input(f, FLOW_IN_REMOVED, REASON_NONE);
	assert_int_equal(rig.engine->n_revoked, 0);
}

/* A new mark makes a new flow. */
static void without_a_new_mark_a_flow_is_dropped(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_ADMITTED);
	ff_pass(MARK_MS - 50);
	assert_int_equal(ff_n_flows(), 1);
	ff_pass(50);
	assert_int_equal(ff_n_flows(), 0);
}

/* The new mark may have been reported already, and counts once the change is settled. */
static void a_flow_with_a_revoked_mark_is_not_dropped(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	flowact_set_revoked(rig.engine, f, true);
	ff_input(f, FLOW_IN_LEAVE, REASON_RULESET_CHANGED);
	for (unsigned int i = 0; i < 3; i++) {
		ff_pass(MARK_MS);
		ff_expect_refused(f, REASON_RULESET_CHANGED);
		assert_int_equal(ff_due_ms(f), MARK_MS);
		assert_false(ff_take(ORDERS_ASK));
	}
	flowact_set_revoked(rig.engine, f, false);
	ff_pass(MARK_MS);
	assert_int_equal(ff_n_flows(), 0);
}

/* Only a dump or a refresh of a flow that is known shows that it has ended. */
static void a_silent_flow_is_not_dropped(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_ADMITTED);
	flowact_set_silent(rig.engine, f, true);
	for (unsigned int i = 0; i < 3; i++) {
		ff_pass(MARK_MS);
		ff_expect_refused(f, REASON_NOT_ADMITTED);
		assert_int_equal(ff_due_ms(f), MARK_MS);
		assert_false(ff_take(ORDERS_ASK));
	}
	flowact_set_silent(rig.engine, f, false);
	ff_pass(MARK_MS);
	assert_int_equal(ff_n_flows(), 0);
}

/* Nor is one of which an answer is still to come. */
static void an_asking_flow_is_not_dropped(void **state UNUSED)
{
	struct event ev = { .type = EVENT_REFRESH_DONE, .refresh.err = -ETIMEDOUT };
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_ADMITTED);
	flowact_ask_care(rig.engine, f);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	ff_pass(MARK_MS);
	ff_expect_refused(f, REASON_NOT_ADMITTED);
	assert_int_equal(ff_due_ms(f), MARK_MS);
	ff_answer(&ev);
	ff_pass(MARK_MS);
	assert_int_equal(ff_n_flows(), 0);
	/* The answer comes again, for nobody. */
	ff_answer(&ev);
	assert_int_equal(rig.engine->n_asking, 0);
}

/* The connection ends before the answer, which is then for nobody. */
static void a_flow_may_end_while_it_asks(void **state UNUSED)
{
	struct event ev = { .type = EVENT_REFRESH_DONE, .refresh.found = true };
	struct flow *f = ff_flow(1, FLOW_REFUSED);

	flowact_ask_care(rig.engine, f);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	assert_int_equal(rig.engine->n_asking, 1);
	ff_input(f, FLOW_IN_END, REASON_NONE);
	assert_int_equal(ff_n_flows(), 0);
	assert_int_equal(rig.engine->n_asking, 0);
	/* Not even for the next flow in its slot. */
	f = ff_flow(2, FLOW_REFUSED);
	assert_int_equal(flowtab_slot(&rig.engine->flows, f), ff_order.flow.slot);
	ff_answer(&ev);
	assert_int_equal(ff_n_flows(), 1);
	assert_int_equal(rig.engine->n_asking, 0);
}

/* -- questions to conntrack ------------------------------------------------ */

/* A worker's queue keeps the flow. It asks when it has left it. */
static void a_refresh_waits_for_the_worker(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	flowact_ask_care(rig.engine, f);
	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	assert_true(f->ask_care);
	assert_false(ff_take(ORDERS_ASK));
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	ff_answer_install(INSTALL_OK, 0);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_ASK);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	assert_false(f->ask_care);
	/* The same with the queue of removals. */
	ff_input(f, FLOW_IN_PATH_MOVED, REASON_NONE);
	f->is_asking = false;
	rig.engine->n_asking = 0;
	flowact_ask_care(rig.engine, f);
	ff_expect(f, FLOW_MOVE, FLOW_Q_REMOVE);
	assert_false(ff_take(ORDERS_ASK));
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_MOVE);
	ff_answer_move(0);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_ASK);
	assert_true(f->ask_care);
}

/* The two questions have one place in the queue, and each is asked once. */
static void both_questions_are_asked(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);

	flowact_ask_care(rig.engine, f);
	flowact_ask_care(rig.engine, f);
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	assert_int_equal(rig.engine->flows.ask.count, 1);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_ASK);
	ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_NONE);
	assert_false(ff_take(ORDERS_ASK));
	/* The path is confirmed while the other question waits again. */
	flowact_ask_care(rig.engine, f);
	ff_answer_lookup();
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_ASK);
	assert_true(f->ask_care);
}

/* Who asks again does not lose its place. */
static void questions_keep_their_order(void **state UNUSED)
{
	struct flow *first = ff_flow(1, FLOW_ACTIVE), *second = ff_flow(2, FLOW_ACTIVE);

	flowact_ask_care(rig.engine, first);
	flowact_ask_care(rig.engine, second);
	flowact_ask_care(rig.engine, first);
	ff_expect_taken(first, ORDERS_ASK, ORDER_REFRESH);
	ff_expect_taken(second, ORDERS_ASK, ORDER_REFRESH);
	assert_false(ff_take(ORDERS_ASK));
}

/* It was asked about its path, and is refused before the answer. */
static void a_refused_flow_asks_for_no_path(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);

	flowact_ask_care(rig.engine, f);
	ff_input(f, FLOW_IN_LEAVE, REASON_HELPER);
	ff_expect_refused(f, REASON_HELPER);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	assert_false(ff_take(ORDERS_ASK));
	/* The same with rules, which are on their way out. */
	f = ff_flow(2, FLOW_ACTIVE);
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_input(f, FLOW_IN_LEAVE, REASON_HELPER);
	assert_false(f->ask_path);
	assert_false(ff_take(ORDERS_ASK));
	/* And with others that are to take their places. */
	f = ff_flow(3, FLOW_ACTIVE);
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_input(f, FLOW_IN_PATH_MOVED, REASON_NONE);
	assert_false(f->ask_path);
	assert_false(ff_take(ORDERS_ASK));
}

/* -- silent flows ---------------------------------------------------------- */

/* Those with rules make the engine want dumps; all of them are known. */
static void silent_flows_are_counted_with_and_without_rules(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	for (unsigned int i = 0; i < 2; i++)
		flowact_set_silent(rig.engine, f, true);
	assert_int_equal(rig.engine->n_silent_known, 1);
	assert_int_equal(rig.engine->n_silent, 0);
	assert_false(engine_wants_dumps(rig.engine));
	assert_true(engine_has_silent(rig.engine));
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	assert_int_equal(rig.engine->n_silent, 1);
	assert_true(engine_wants_dumps(rig.engine));
	ff_answer_install(INSTALL_OK, 0);
	for (unsigned int i = 0; i < 2; i++)
		flowact_set_silent(rig.engine, f, false);
	assert_int_equal(rig.engine->n_silent + rig.engine->n_silent_known, 0);
	flowact_set_silent(rig.engine, f, true);
	assert_int_equal(rig.engine->n_silent, 1);
	ff_check_counts();
	ff_input(f, FLOW_IN_END, REASON_NONE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	assert_int_equal(rig.engine->n_silent, 1);
	ff_answer_remove(0);
	assert_int_equal(ff_n_flows(), 0);
	assert_int_equal(rig.engine->n_silent + rig.engine->n_silent_known, 0);
}

/* -- flows of an earlier run ----------------------------------------------- */

static void begin_anew(void)
{
	ff_check_counts();
	assert_int_equal(rig.kernel.n_complaints, 0);
	rig_fini(&rig);
	ff_setup(NULL);
}

/* The daemon starts again, and flow 1 has the rules of the run before. */
static struct flow *adopted(void)
{
	begin_anew();
	rf_add(1, false);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_ACTIVE);
	rig_restart(&rig, true);
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	assert_true(leftover_has(rig.engine, rf_flow(1)));
	return rf_flow(1);
}

static void conntrack_shows_an_adopted_flow(void **state UNUSED)
{
	struct flow *f = adopted();

	ff_expect(f, FLOW_ADOPTED, FLOW_Q_NONE);
	assert_int_equal(f->reason, REASON_INCOMPLETE);
	/* Nothing but conntrack can show it. */
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	assert_int_equal(f->reason, REASON_INCOMPLETE);
	ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
	ff_expect(f, FLOW_ADOPTED, FLOW_Q_NONE);
	ff_input(f, FLOW_IN_ADMIT, REASON_NONE);
	ff_expect(f, FLOW_ADOPTED, FLOW_Q_ASK);
	assert_int_equal(f->reason, REASON_NONE);
	assert_true(f->ask_path);
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	assert_int_equal(rig.engine->flows.ask.count, 1);
	barrier_bar(rig.engine, f);
	f->attempts = 3;
	ff_input(f, FLOW_IN_PATH_SAME, REASON_NONE);
	assert_int_equal(f->state, FLOW_ACTIVE);
	assert_int_equal(f->attempts, 0);
	assert_false(f->is_barred);
}

/* What conntrack has not shown yet must not be offloaded again for a reason that time lifts. */
static void an_unknown_flow_leaves_for_a_reason_of_conntrack(void **state UNUSED)
{
	static const struct {
		bool is_recognised;
		enum reason reason, wanted;
	} cases[] = {
		{ false, REASON_FLUSHED, REASON_INCOMPLETE },
		{ false, REASON_NOT_ASSURED, REASON_NOT_ASSURED },
		{ true, REASON_FLUSHED, REASON_FLUSHED },
		{ true, REASON_NOT_ASSURED, REASON_NOT_ASSURED },
	};

	for (unsigned int i = 0; i < array_size(cases); i++) {
		struct flow *f = adopted();

		if (cases[i].is_recognised)
			ff_input(f, FLOW_IN_ADMIT, REASON_NONE);
		ff_input(f, FLOW_IN_LEAVE, cases[i].reason);
		ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
		assert_int_equal(f->goal, FLOW_GOAL_SOFTWARE);
		assert_int_equal(f->reason, cases[i].wanted);
		assert_true(leftover_has(rig.engine, f));
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
		ff_answer_remove(0);
		ff_expect_refused(f, cases[i].wanted);
		/* Its record is gone, and with the last one the store. */
		assert_null(rig.engine->leftovers);
	}
}

static void leftovers_that_were_removed_are_counted(void **state UNUSED)
{
	uint64_t n = rf_count("flows_not_adopted");
	struct flow *f = adopted();

	ff_input(f, FLOW_IN_END, REASON_NONE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(-EBUSY);
	assert_int_equal(rf_grown("flows_not_adopted", &n), 0);
	assert_true(leftover_has(rig.engine, f));
	ff_pass(1000);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	assert_int_equal(rf_grown("flows_not_adopted", &n), 1);
	assert_int_equal(ff_n_flows(), 0);
}

/* -- the whole table ------------------------------------------------------- */

/* All cells of this kind, one after the other: none of them changes a thing. */
static unsigned int try_cells(enum flow_action action)
{
	unsigned int n = 0;

	for (unsigned int s = 0; s < FLOW_STATE__COUNT; s++) {
		struct flow *f, before;

		begin_anew();
		f = s == FLOW_ADOPTED ? adopted() : ff_flow(1, s);
		before = *f;
		for (unsigned int in = 0; in < FLOW_INPUT__COUNT; in++) {
			if (flow_step(s, in)->action != action)
				continue;
			ff_input(f, in, REASON_FLUSHED);
			assert_memory_equal(f, &before, sizeof(before));
			n++;
		}
	}
	return n;
}

static void ignored_inputs_change_nothing(void **state UNUSED)
{
	assert_true(try_cells(FLOW_ACT_IGNORE) > 0);
}

/* In a release build, inputs that cannot come are reported, and harm nobody. */
static void impossible_inputs_change_nothing(void **state UNUSED)
{
	unsigned int n;

	if (BUG_ABORTS)
		return;
	n = try_cells(FLOW_ACT_BUG);
	assert_true(n > 0);
	assert_int_equal(bug_count(), n);
}

/* After the last test: the bugs stay counted. */
static int end(void **state UNUSED)
{
	ff_check_counts();
	rig_fini(&rig);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ff_setup, ff_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pauses_grow_after_refusals),
		TEST(a_busy_device_is_tried_sooner),
		TEST(the_answer_says_whether_it_was_busy),
		TEST(a_busy_device_does_not_hasten_what_follows),
		TEST(a_doubted_success_does_not_end_the_series),
		TEST(the_last_attempt_is_the_last),
		TEST(a_pause_ends_with_a_look_up),
		TEST(each_reason_has_its_time),
		TEST(revoked_marks_are_counted),
		TEST(without_a_new_mark_a_flow_is_dropped),
		TEST(a_flow_with_a_revoked_mark_is_not_dropped),
		TEST(a_silent_flow_is_not_dropped),
		TEST(an_asking_flow_is_not_dropped),
		TEST(a_flow_may_end_while_it_asks),
		TEST(a_refresh_waits_for_the_worker),
		TEST(both_questions_are_asked),
		TEST(questions_keep_their_order),
		TEST(a_refused_flow_asks_for_no_path),
		TEST(silent_flows_are_counted_with_and_without_rules),
		TEST(conntrack_shows_an_adopted_flow),
		TEST(an_unknown_flow_leaves_for_a_reason_of_conntrack),
		TEST(leftovers_that_were_removed_are_counted),
		TEST(ignored_inputs_change_nothing),
		cmocka_unit_test_setup_teardown(impossible_inputs_change_nothing, ff_setup, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
