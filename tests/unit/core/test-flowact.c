/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actions of the flow state machine: where a flow is after each input, what it is to become
 * when an order is answered, and when it is freed.
 *
 * test-flowact-time has what happens by time and by mark, test-flowact-orders the orders and the
 * path of a flow.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/port/barrier.h"
#include "unit/flowfixture.h"

/* Pause before a removal is repeated, and after the first loss of a rule. */
#define PAUSE_MS 1000

/* -- from the report to the rules ------------------------------------------ */

static void the_path_comes_first(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);

	ff_expect_resolving(f);
	assert_int_equal(ff_due_ms(f), -1);
	ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
	ff_expect(f, FLOW_RESOLVE, FLOW_Q_NONE);
	/* Asked again while the answer is on its way: that one is enough. */
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_expect_resolving(f);
	ff_answer_lookup();
	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	assert_false(f->ask_path);
	assert_int_equal(ff_refs_of(2), 1);
	assert_int_equal(ff_refs_of(3), 1);
	assert_false(ff_take(ORDERS_ASK));
	/* An answer that comes late changes nothing. */
	ff_answer_lookup();
	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	assert_int_equal(ff_refs_of(3), 1);
}

static void a_worker_takes_it_out_of_its_queue(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	ff_expect(f, FLOW_INSTALL, FLOW_Q_NONE);
	assert_false(ff_take(ORDERS_INSTALL));
	ff_answer_install(INSTALL_OK, 0);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_NONE);
	assert_int_equal(f->reason, REASON_NONE);
	assert_true(f->in_hw);
	assert_int_equal(ff_due_ms(f), -1);
	ff_input(f, FLOW_IN_LOST, REASON_RULE_LOST);
	ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_expect(f, FLOW_REMOVE, FLOW_Q_NONE);
	assert_false(ff_take(ORDERS_REMOVE));
}

static void without_flower_rules_it_stays_on_the_cpu(void **state UNUSED)
{
	static const struct {
		enum offload_mode offload;
		enum backend backend;
		enum reason reason;
	} cases[] = {
		{ OFFLOAD_OBSERVE, BACKEND_FLOWER, REASON_OBSERVE_ONLY },
		{ OFFLOAD_OBSERVE, BACKEND_FLOWTABLE, REASON_OBSERVE_ONLY },
		{ OFFLOAD_SOFTWARE, BACKEND_FLOWTABLE, REASON_KERNEL_BACKEND },
	};

	for (unsigned int i = 0; i < array_size(cases); i++) {
		struct settings s = rig_settings();
		struct flow *f;

		rf_teardown(NULL);
		s.offload = cases[i].offload;
		s.backend = cases[i].backend;
		rf_start(&s);
		f = ff_flow(1, FLOW_RESOLVE);
		ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
		ff_answer_lookup();
		ff_expect_refused(f, cases[i].reason);
		assert_int_equal(ff_refs_of(2), 0);
		assert_int_equal(ff_refs_of(3), 0);
		assert_false(ff_take(ORDERS_INSTALL));
	}
}

/* From every state in which there is no rule. */
static void it_leaves_at_once_without_rules(void **state UNUSED)
{
	static const enum flow_input inputs[] = { FLOW_IN_LEAVE, FLOW_IN_PATH_BAD };
	static const enum flow_state states[] = { FLOW_RESOLVE, FLOW_WAIT };

	for (unsigned int i = 0; i < 4; i++) {
		struct flow *f = ff_flow(i + 1, states[i % 2]);

		f->is_chosen = true;
		ff_input(f, inputs[i / 2], REASON_MTU);
		ff_expect_refused(f, REASON_MTU);
		assert_int_equal(f->queue, FLOW_Q_NONE);
		assert_false(f->is_chosen);
		assert_int_equal(ff_refs_of(3), 0);
		assert_false(ff_take(ORDERS_INSTALL));
	}
	assert_int_equal(rig.engine->n_reason[REASON_MTU], 4);
}

/* The last reason is the one that is shown. */
static void it_is_refused_for_another_reason(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_REFUSED);

	ff_expect_refused(f, REASON_NOT_ASSURED);
	assert_int_equal(ff_due_ms(f), -1);
	ff_input(f, FLOW_IN_LEAVE, REASON_FLUSHED);
	ff_expect_refused(f, REASON_FLUSHED);
	assert_int_equal(ff_due_ms(f), 10000);
	ff_input(f, FLOW_IN_LEAVE, REASON_HELPER);
	ff_expect_refused(f, REASON_HELPER);
	assert_int_equal(ff_due_ms(f), -1);
	ff_input(f, FLOW_IN_LEAVE, REASON_FLUSHED);
	/* Whatever lifts it also ends the wait. */
	ff_input(f, FLOW_IN_ADMIT, REASON_NONE);
	ff_expect_resolving(f);
	assert_int_equal(ff_due_ms(f), -1);
}

static void a_changed_path_is_looked_up_again(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_WAIT);

	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_expect_resolving(f);
	assert_int_equal(ff_refs_of(2), 0);
	assert_false(ff_take(ORDERS_INSTALL));
	ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
	ff_answer_lookup();
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	ff_answer_install(INSTALL_OK, 0);
	/* With rules it stays offloaded until the answer says otherwise. */
	ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_ASK);
	assert_true(f->ask_path);
	barrier_bar(rig.engine, f);
	ff_expect_taken(f, ORDERS_ASK, ORDER_LOOKUP);
	ff_answer_lookup();
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_NONE);
	assert_false(f->is_barred);
}

/* -- what happens while an order is out ------------------------------------ */

/* An input that comes meanwhile. */
struct hint {
	enum flow_input input;
	enum reason reason;
};

#define NO_MORE	     { FLOW_INPUT__COUNT, REASON_NONE }
#define LEAVE(name)  { FLOW_IN_LEAVE, REASON_##name }
#define RECHECK	     { FLOW_IN_RECHECK, REASON_NONE }
#define ADMIT	     { FLOW_IN_ADMIT, REASON_NONE }
#define END	     { FLOW_IN_END, REASON_NONE }

struct meanwhile {
	enum flow_state state; /* a worker has an order, or the removal waits for one */
	struct hint hint[3];
	enum flow_goal goal;
	enum reason reason; /* of goal SOFTWARE */
};

#define KEEP	       FLOW_GOAL_KEEP, REASON_NONE
#define RESOLVE	       FLOW_GOAL_RESOLVE, REASON_NONE
#define GONE	       FLOW_GOAL_GONE, REASON_NONE
#define SOFTWARE(name) FLOW_GOAL_SOFTWARE, REASON_##name

/* NOT_ASSURED and HELPER are conntrack's reasons; FLUSHED and MTU are not. A removal has the goal
 * RESOLVE to begin with, because a rule was lost. */
static const struct meanwhile meanwhiles[] = {
	{ FLOW_INSTALL, { NO_MORE }, KEEP },
	{ FLOW_INSTALL, { RECHECK, NO_MORE }, RESOLVE },
	{ FLOW_INSTALL, { LEAVE(FLUSHED), NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_INSTALL, { LEAVE(FLUSHED), LEAVE(MTU), NO_MORE }, SOFTWARE(MTU) },
	{ FLOW_INSTALL, { LEAVE(HELPER), LEAVE(FLUSHED), NO_MORE }, SOFTWARE(HELPER) },
	{ FLOW_INSTALL, { LEAVE(FLUSHED), LEAVE(HELPER), NO_MORE }, SOFTWARE(HELPER) },
	{ FLOW_INSTALL, { LEAVE(HELPER), LEAVE(NOT_ASSURED), NO_MORE }, SOFTWARE(NOT_ASSURED) },
	{ FLOW_INSTALL, { RECHECK, LEAVE(FLUSHED), NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_INSTALL, { LEAVE(FLUSHED), RECHECK, NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_INSTALL, { END, NO_MORE }, GONE },
	{ FLOW_INSTALL, { END, LEAVE(HELPER), RECHECK }, GONE },
	{ FLOW_INSTALL, { LEAVE(HELPER), END, NO_MORE }, GONE },
	{ FLOW_MOVING, { NO_MORE }, KEEP },
	{ FLOW_MOVING, { ADMIT, NO_MORE }, KEEP },
	{ FLOW_MOVING, { RECHECK, ADMIT, NO_MORE }, RESOLVE },
	{ FLOW_MOVING, { LEAVE(HELPER), NO_MORE }, SOFTWARE(HELPER) },
	{ FLOW_MOVING, { LEAVE(HELPER), ADMIT, NO_MORE }, RESOLVE },
	{ FLOW_MOVING, { LEAVE(FLUSHED), ADMIT, NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_MOVING, { LEAVE(FLUSHED), RECHECK, NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_MOVING, { END, ADMIT, LEAVE(FLUSHED) }, GONE },
	{ FLOW_MOVING, { RECHECK, END, ADMIT }, GONE },
	{ FLOW_DRAIN, { NO_MORE }, RESOLVE },
	{ FLOW_DRAIN, { LEAVE(HELPER), NO_MORE }, SOFTWARE(HELPER) },
	{ FLOW_DRAIN, { LEAVE(HELPER), ADMIT, NO_MORE }, RESOLVE },
	{ FLOW_DRAIN, { LEAVE(HELPER), ADMIT, LEAVE(FLUSHED) }, SOFTWARE(FLUSHED) },
	{ FLOW_DRAIN, { END, ADMIT, NO_MORE }, GONE },
	{ FLOW_REMOVE, { NO_MORE }, RESOLVE },
	{ FLOW_REMOVE, { ADMIT, NO_MORE }, RESOLVE },
	{ FLOW_REMOVE, { LEAVE(FLUSHED), ADMIT, NO_MORE }, SOFTWARE(FLUSHED) },
	{ FLOW_REMOVE, { LEAVE(HELPER), ADMIT, NO_MORE }, RESOLVE },
	{ FLOW_REMOVE, { END, ADMIT, LEAVE(FLUSHED) }, GONE },
};

/* Leads a new flow there and gives the hints, which change nothing but its goal. */
static struct flow *hinted(unsigned int n, const struct meanwhile *m)
{
	struct flow *f = ff_flow(n, m->state);
	enum flow_queue queue = (enum flow_queue)f->queue;

	for (unsigned int i = 0; i < array_size(m->hint); i++) {
		if (m->hint[i].input == FLOW_INPUT__COUNT)
			break;
		ff_input(f, m->hint[i].input, m->hint[i].reason);
		ff_expect(f, m->state, queue);
	}
	assert_int_equal(f->goal, m->goal);
	if (m->goal == FLOW_GOAL_SOFTWARE)
		assert_int_equal(f->reason, m->reason);
	return f;
}

/* The rules go out, and the flow becomes what it shall be. */
static void expect_removed(struct flow *f, enum flow_goal goal, enum reason reason)
{
	struct slab_ref ref = flowtab_ref(&rig.engine->flows, f);

	if (f->state == FLOW_DRAIN)
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	assert_int_equal(f->state, FLOW_REMOVE);
	assert_int_equal(f->goal, goal);
	ff_answer_remove(0);
	if (goal == FLOW_GOAL_GONE)
		assert_null(flowtab_get(&rig.engine->flows, ref));
	else if (goal == FLOW_GOAL_RESOLVE)
		ff_expect_resolving(f);
	else
		ff_expect_refused(f, reason);
	/* The rules hid packets: conntrack is asked. */
	if (goal != FLOW_GOAL_GONE)
		assert_true(f->ask_care && f->queue == FLOW_Q_ASK);
}

/* The order succeeds. Only a flow that may stay becomes ACTIVE. */
static void the_strongest_wish_wins(void **state UNUSED)
{
	for (unsigned int i = 0; i < array_size(meanwhiles); i++) {
		const struct meanwhile *m = &meanwhiles[i];
		struct flow *f;

		ff_teardown(NULL);
		ff_setup(NULL);
		f = hinted(1, m);
		if (m->state == FLOW_INSTALL)
			ff_answer_install(INSTALL_OK, 0);
		else if (m->state == FLOW_MOVING)
			ff_answer_move(0);
		if (m->goal == FLOW_GOAL_KEEP)
			ff_expect(f, FLOW_ACTIVE, FLOW_Q_NONE);
		else
			expect_removed(f, m->goal, m->reason);
		assert_int_equal(ff_n_flows(), m->goal != FLOW_GOAL_GONE);
	}
}

/* The order fails and leaves no rule: the flow is on the CPU at once. */
static void a_refused_install_needs_no_removal(void **state UNUSED)
{
	for (unsigned int i = 0; meanwhiles[i].state == FLOW_INSTALL; i++) {
		const struct meanwhile *m = &meanwhiles[i];
		struct flow *f;

		ff_teardown(NULL);
		ff_setup(NULL);
		f = hinted(1, m);
		assert_int_equal(ff_card()->used, CARD_FLOW_RULES);
		ff_answer_install(INSTALL_REFUSED, -EOPNOTSUPP);
		assert_int_equal(ff_card()->used, 0);
		assert_false(ff_take(ORDERS_REMOVE));
		assert_int_equal(ff_n_flows(), m->goal != FLOW_GOAL_GONE);
		if (m->goal == FLOW_GOAL_KEEP)
			ff_expect_refused(f, REASON_RULE_REFUSED);
		else if (m->goal == FLOW_GOAL_RESOLVE)
			ff_expect_resolving(f);
		else if (m->goal == FLOW_GOAL_SOFTWARE)
			ff_expect_refused(f, m->reason);
	}
}

/* The order fails and may leave rules: they are removed. A lost answer keeps the flow on the CPU
 * for a while, a refused move does not. */
static void what_may_be_in_is_removed(void **state UNUSED)
{
	for (unsigned int i = 0; meanwhiles[i].state != FLOW_DRAIN; i++) {
		const struct meanwhile *m = &meanwhiles[i];
		bool is_install = m->state == FLOW_INSTALL;
		enum flow_goal goal = m->goal;
		enum reason reason = m->reason;
		struct flow *f;

		ff_teardown(NULL);
		ff_setup(NULL);
		f = hinted(1, m);
		if (is_install)
			ff_answer_install(INSTALL_UNCERTAIN, -ETIMEDOUT);
		else
			ff_answer_move(-EOPNOTSUPP);
		if (is_install && (goal == FLOW_GOAL_KEEP || goal == FLOW_GOAL_RESOLVE)) {
			goal = FLOW_GOAL_SOFTWARE;
			reason = REASON_RULE_LOST;
		} else if (goal == FLOW_GOAL_KEEP) {
			goal = FLOW_GOAL_RESOLVE;
		}
		ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
		expect_removed(f, goal, reason);
		if (reason == REASON_RULE_LOST)
			assert_int_equal(ff_due_ms(f), PAUSE_MS);
	}
}

/* Before a worker has taken the move it can still be called off. */
static void a_move_is_called_off(void **state UNUSED)
{
	static const struct {
		struct hint hint;
		enum flow_goal goal;
	} cases[] = {
		{ RECHECK, FLOW_GOAL_RESOLVE },
		{ LEAVE(HELPER), FLOW_GOAL_SOFTWARE },
		{ END, FLOW_GOAL_GONE },
	};

	for (unsigned int i = 0; i < array_size(cases); i++) {
		struct flow *f = ff_flow(i + 1, FLOW_MOVE);

		ff_expect(f, FLOW_MOVE, FLOW_Q_REMOVE);
		assert_int_equal(f->goal, FLOW_GOAL_KEEP);
		assert_false(f->ask_path);
		ff_input(f, cases[i].hint.input, cases[i].hint.reason);
		ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
		assert_int_equal(f->goal, cases[i].goal);
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
		ff_answer_remove(0);
	}
	assert_int_equal(ff_n_flows(), 2);
}

/* The path changes again while the move waits: what is taken is a removal. */
static void a_move_that_is_out_of_date_becomes_a_removal(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_MOVE);

	topology_touch_link(&rig.engine->paths, topology_find_link(&rig.engine->paths, 3));
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_expect(f, FLOW_REMOVE, FLOW_Q_NONE);
	expect_removed(f, FLOW_GOAL_RESOLVE, REASON_NONE);
}

/* Conntrack is asked about the flow even if the driver never removes its rules. */
static void a_question_does_not_wait_for_the_removal(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_DRAIN);

	flowact_ask_care(rig.engine, f);
	ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_expect(f, FLOW_REMOVE, FLOW_Q_ASK);
	ff_answer_remove(-EBUSY);
	ff_expect(f, FLOW_DRAIN, FLOW_Q_ASK);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
	ff_expect(f, FLOW_DRAIN, FLOW_Q_NONE);
	/* The removal is repeated all the same. */
	ff_pass(PAUSE_MS);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_expect(f, FLOW_REMOVE, FLOW_Q_NONE);
	ff_answer_remove(0);
	ff_expect_resolving(f);
}

/* The rules must not carry packets, also after the end of the connection is reported. */
static void a_barred_flow_stays_barred_until_its_rules_are_out(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_MOVING);

	barrier_bar(rig.engine, f);
	ff_input(f, FLOW_IN_END, REASON_NONE);
	ff_answer_move(0);
	assert_int_equal(rig.engine->n_barred, 1);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(-EBUSY);
	assert_int_equal(rig.engine->n_barred, 1);
	ff_pass(PAUSE_MS);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	assert_int_equal(rig.engine->n_barred, 0);
	assert_int_equal(ff_n_flows(), 0);
	/* One whose new rules are right is unbarred with the answer. */
	f = ff_flow(2, FLOW_MOVING);
	barrier_bar(rig.engine, f);
	ff_answer_move(0);
	ff_expect(f, FLOW_ACTIVE, FLOW_Q_NONE);
	assert_int_equal(rig.engine->n_barred, 0);
}

/* -- the end --------------------------------------------------------------- */

/* In every state: without rules at once, with rules when they are out. */
static void a_flow_is_freed_when_no_rule_is_left(void **state UNUSED)
{
	static const struct {
		enum flow_state state;
		bool has_rules;
	} cases[] = {
		{ FLOW_REFUSED, false }, { FLOW_RESOLVE, false }, { FLOW_WAIT, false },
		{ FLOW_ACTIVE, true },	 { FLOW_DRAIN, true },	  { FLOW_MOVE, true },
	};

	for (unsigned int i = 0; i < array_size(cases); i++) {
		struct flow *f = ff_flow(i + 1, cases[i].state);
		struct slab_ref ref = flowtab_ref(&rig.engine->flows, f);
		struct tuple orig = f->orig;

		wheel_arm(&rig.engine->timers, ref.slot, mono_add_ms(rig.now, 5000));
		ff_input(f, FLOW_IN_END, REASON_NONE);
		/* A new connection may have the tuple from now on. */
		assert_null(flowtab_find(&rig.engine->flows, &orig));
		assert_int_equal(!flowtab_get(&rig.engine->flows, ref), !cases[i].has_rules);
		if (cases[i].has_rules) {
			/* It was told already. */
			ff_input(f, FLOW_IN_END, REASON_NONE);
			expect_removed(f, FLOW_GOAL_GONE, REASON_NONE);
		}
		assert_int_equal(ff_n_flows(), 0);
		assert_false(wheel_is_armed(&rig.engine->timers, ref.slot));
		assert_int_equal(ff_refs_of(2) + ff_refs_of(3), 0);
		for (unsigned int c = ORDERS_ASK; c <= ORDERS_INSTALL; c++)
			assert_false(ff_take(c));
	}
}

/* Two flows have one tuple: the old one goes, and the new one stays. */
static void the_next_connection_does_not_wait_for_the_old_rules(void **state UNUSED)
{
	struct flow *old = ff_flow(1, FLOW_INSTALL), *f;
	struct order install = ff_order;

	ff_input(old, FLOW_IN_END, REASON_NONE);
	f = ff_flow(1, FLOW_INSTALL);
	assert_ptr_not_equal(f, old);
	ff_order = install;
	ff_answer_install(INSTALL_UNCERTAIN, -ETIMEDOUT);
	ff_expect(f, FLOW_INSTALL, FLOW_Q_NONE);
	ff_expect_taken(old, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	assert_int_equal(ff_n_flows(), 1);
	assert_ptr_equal(rf_flow(1), f);
	ff_expect(f, FLOW_INSTALL, FLOW_Q_NONE);
}

/* The answer says that there is no such connection. */
static void no_connection_is_the_end(void **state UNUSED)
{
	ff_flow(1, FLOW_INSTALL);
	ff_answer_install(INSTALL_NO_CONN, -ENOENT);
	assert_int_equal(ff_n_flows(), 0);
	assert_int_equal(ff_card()->used, 0);
	/* The answer again, for nobody. */
	ff_answer_install(INSTALL_OK, 0);
	assert_int_equal(ff_n_flows(), 0);
}

/* -- removals -------------------------------------------------------------- */

/* Nothing else brings it back into the queue but its timer. */
static void a_failed_removal_is_repeated_every_second(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_REMOVE);

	for (unsigned int i = 0; i < 20; i++) {
		ff_answer_remove(-EBUSY);
		ff_expect(f, FLOW_DRAIN, FLOW_Q_NONE);
		assert_int_equal(f->goal, FLOW_GOAL_RESOLVE);
		assert_int_equal(ff_card()->used, CARD_FLOW_RULES);
		assert_int_equal(ff_due_ms(f), PAUSE_MS);
		ff_input(f, FLOW_IN_RECHECK, REASON_NONE);
		ff_pass(PAUSE_MS - 50);
		assert_false(ff_take(ORDERS_REMOVE));
		ff_pass(50);
		ff_expect(f, FLOW_DRAIN, FLOW_Q_REMOVE);
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	}
	/* What it shall become may change between two attempts, too. */
	ff_answer_remove(-EBUSY);
	ff_input(f, FLOW_IN_LEAVE, REASON_NOT_ASSURED);
	ff_input(f, FLOW_IN_ADMIT, REASON_NONE);
	ff_input(f, FLOW_IN_END, REASON_NONE);
	ff_expect(f, FLOW_DRAIN, FLOW_Q_NONE);
	rig_feed_type(&rig, EVENT_STOP);
	ff_pass(PAUSE_MS);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	assert_int_equal(ff_n_flows(), 0);
	assert_int_equal(ff_card()->used, 0);
}

static void nothing_of_the_old_rules_is_kept(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		f->rule_pkts[d] = 10;
		f->rule_bytes[d] = 1000;
		f->total_pkts[d] = 10;
		f->total_bytes[d] = 1000;
	}
	barrier_bar(rig.engine, f);
	assert_true(f->is_counted);
	assert_int_equal(ff_card()->used, CARD_FLOW_RULES);
	ff_input(f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED);
	assert_true(f->in_hw && f->is_counted && f->is_barred);
	expect_removed(f, FLOW_GOAL_RESOLVE, REASON_NONE);
	assert_false(f->in_hw || f->is_counted || f->is_barred);
	assert_int_equal(ff_card()->used, 0);
	assert_int_equal(ff_refs_of(2) + ff_refs_of(3), 0);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		assert_int_equal(f->rule_pkts[d] + f->rule_bytes[d], 0);
		assert_int_equal(f->total_pkts[d], 10);
		assert_int_equal(f->total_bytes[d], 1000);
	}
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
}

/* A change during the removal may have lifted the reason, which nobody would tell again. */
static void the_path_may_be_right_again_after_the_removal(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);

	ff_input(f, FLOW_IN_PATH_BAD, REASON_NO_ROUTE);
	expect_removed(f, FLOW_GOAL_SOFTWARE, REASON_NO_ROUTE);
	f = ff_flow(2, FLOW_ACTIVE);
	ff_input(f, FLOW_IN_PATH_BAD, REASON_NO_ROUTE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	topology_touch_ways(&rig.engine->paths);
	ff_answer_remove(0);
	ff_expect_resolving(f);
	/* That is for reasons of the path only. */
	f = ff_flow(3, FLOW_ACTIVE);
	ff_input(f, FLOW_IN_LEAVE, REASON_FLUSHED);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	topology_touch_ways(&rig.engine->paths);
	ff_answer_remove(0);
	ff_expect_refused(f, REASON_FLUSHED);
}

/* Its timeout is right; its last packet may only be late. */
static void a_closing_connection_is_left_alone_for_a_second(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);

	ff_input(f, FLOW_IN_LEAVE, REASON_TCP_CLOSING);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	ff_answer_remove(0);
	ff_expect_refused(f, REASON_TCP_CLOSING);
	assert_false(f->ask_care);
	assert_int_equal(ff_due_ms(f), 1000);
	ff_pass(500);
	assert_int_equal(ff_due_ms(f), 500);
	assert_false(ff_take(ORDERS_ASK));
	ff_pass(500);
	ff_expect_taken(f, ORDERS_ASK, ORDER_REFRESH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ff_setup, ff_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_path_comes_first),
		TEST(a_worker_takes_it_out_of_its_queue),
		TEST(without_flower_rules_it_stays_on_the_cpu),
		TEST(it_leaves_at_once_without_rules),
		TEST(it_is_refused_for_another_reason),
		TEST(a_changed_path_is_looked_up_again),
		TEST(the_strongest_wish_wins),
		TEST(a_refused_install_needs_no_removal),
		TEST(what_may_be_in_is_removed),
		TEST(a_move_is_called_off),
		TEST(a_move_that_is_out_of_date_becomes_a_removal),
		TEST(a_question_does_not_wait_for_the_removal),
		TEST(a_barred_flow_stays_barred_until_its_rules_are_out),
		TEST(a_flow_is_freed_when_no_rule_is_left),
		TEST(the_next_connection_does_not_wait_for_the_old_rules),
		TEST(no_connection_is_the_end),
		TEST(a_failed_removal_is_repeated_every_second),
		TEST(nothing_of_the_old_rules_is_kept),
		TEST(the_path_may_be_right_again_after_the_removal),
		TEST(a_closing_connection_is_left_alone_for_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
