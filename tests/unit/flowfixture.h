/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowfixture - leads flows through their states, for tests of core/flow/flowact.
 *
 * The tests take the orders from the engine and answer them themselves, so an answer can be any,
 * and come at any time. After each step all counts of flows are compared with the flow table.
 * Include it after unit/unit.h.
 */
#pragma once

#include "core/flow/flowact.h"
#include "unit/rigfixture.h"

/* The order that was taken last. */
static struct order ff_order;

static inline int ff_setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_start(&s);
	return 0;
}

/* -- counts ---------------------------------------------------------------- */

struct ff_counts {
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT];
	uint32_t n_silent, n_silent_known, n_asking, n_revoked, n_barred;
};

static inline void ff_count_flow(const struct flow *f, struct ff_counts *c)
{
	c->n_state[f->state]++;
	c->n_reason[f->reason] += f->state == FLOW_REFUSED;
	c->n_silent += f->is_silent && flow_has_rules(f);
	c->n_silent_known += f->is_silent;
	c->n_asking += f->is_asking;
	c->n_revoked += f->is_revoked;
	c->n_barred += f->is_barred;
}

/* Asserts that each count equals the sum over all flows. */
static inline void ff_check_counts(void)
{
	const struct engine *e = rig.engine;
	struct ff_counts c = { 0 };

	SLAB_FOR_EACH(&e->flows.flows, slot)
		ff_count_flow(flowtab_at(&e->flows, slot), &c);
	assert_memory_equal(c.n_state, e->n_state, sizeof(c.n_state));
	assert_memory_equal(c.n_reason, e->n_reason, sizeof(c.n_reason));
	assert_int_equal(c.n_silent, e->n_silent);
	assert_int_equal(c.n_silent_known, e->n_silent_known);
	assert_int_equal(c.n_asking, e->n_asking);
	assert_int_equal(c.n_revoked, e->n_revoked);
	assert_int_equal(c.n_barred, e->n_barred);
}

static inline int ff_teardown(void **state)
{
	ff_check_counts();
	return rf_teardown(state);
}

/* -- leading a flow -------------------------------------------------------- */

static inline void ff_input(struct flow *f, enum flow_input in, enum reason reason)
{
	flowact_input(rig.engine, f, in, reason, rig.now);
	ff_check_counts();
}

static inline void ff_pass(int64_t ms)
{
	rig.now = mono_add_ms(rig.now, ms);
	while (engine_tick(rig.engine, rig.now))
		;
	ff_check_counts();
}

static inline bool ff_take(enum order_class class)
{
	struct order o;
	bool any = engine_next_order(rig.engine, class, 0, rig.now, &o);

	ff_check_counts();
	assert_int_equal(any, o.type != ORDER_NONE);
	if (any)
		ff_order = o;
	return any;
}

static inline void ff_answer(struct event *ev)
{
	ev->flow = ff_order.flow;
	engine_feed(rig.engine, ev, rig.now);
	ff_check_counts();
}

static inline void ff_answer_lookup(void)
{
	struct event ev = { .type = EVENT_LOOKUP_DONE };
	struct path_query *q = &ev.lookup;
	enum reason reason;

	assert_int_equal(ff_order.type, ORDER_LOOKUP);
	*q = ff_order.lookup;
	do
		fake_ask_route(&rig.kernel, &q->ask, &q->answer[q->step]);
	while (path_advance(q, &reason) == PATH_ASK);
	ff_answer(&ev);
}

static inline void ff_answer_install(enum install_status status, int err)
{
	struct event ev = { .type = EVENT_INSTALL_DONE };

	ev.install = (struct event_install){ .status = (uint8_t)status, .in_hw = !err, .err = err };
	ff_answer(&ev);
}

static inline void ff_answer_remove(int err)
{
	struct event ev = { .type = EVENT_REMOVE_DONE };

	ev.remove.err = err;
	ff_answer(&ev);
}

static inline void ff_answer_move(int err)
{
	struct event ev = { .type = EVENT_MOVE_DONE };

	ev.remove.err = err;
	ff_answer(&ev);
}

static inline bool ff_is_order_of(const struct flow *f)
{
	return slab_ref_is_equal(ff_order.flow, flowtab_ref(&rig.engine->flows, f));
}

static inline void ff_expect_taken(const struct flow *f, enum order_class class,
				   enum order_type type)
{
	assert_true(ff_take(class));
	assert_int_equal(ff_order.type, type);
	assert_true(ff_is_order_of(f));
}

/* Makes flow @n and leads it to this state by the shortest way. ff_order is then an order of
 * this flow. */
static inline struct flow *ff_flow(uint32_t n, enum flow_state state)
{
	struct flow *f;

	rf_add(n, false);
	f = rf_flow(n);
	if (state == FLOW_REFUSED)
		ff_input(f, FLOW_IN_LEAVE, REASON_NOT_ASSURED);
	if (f->state == state)
		return f;
	/* Questions of other flows stay without an answer. */
	do
		assert_true(ff_take(ORDERS_ASK));
	while (ff_order.type != ORDER_LOOKUP || !ff_is_order_of(f));
	ff_answer_lookup();
	if (f->state == state)
		return f;
	ff_expect_taken(f, ORDERS_INSTALL, ORDER_INSTALL);
	if (f->state == state)
		return f;
	ff_answer_install(INSTALL_OK, 0);
	if (state == FLOW_MOVE || state == FLOW_MOVING)
		ff_input(f, FLOW_IN_PATH_MOVED, REASON_NONE);
	else if (state != FLOW_ACTIVE)
		ff_input(f, FLOW_IN_LOST, REASON_RULE_LOST);
	if (state == FLOW_MOVING)
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_MOVE);
	else if (state == FLOW_REMOVE)
		ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	assert_int_equal(f->state, state);
	return f;
}

static inline void ff_expect(const struct flow *f, enum flow_state state, enum flow_queue queue)
{
	assert_int_equal(f->state, state);
	assert_int_equal(f->queue, queue);
}

static inline void ff_expect_refused(const struct flow *f, enum reason reason)
{
	assert_int_equal(f->state, FLOW_REFUSED);
	assert_int_equal(f->reason, reason);
	assert_int_equal(f->goal, FLOW_GOAL_KEEP);
	assert_false(f->ask_path);
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		assert_int_equal(f->next_hop[d], FLOW_NONE);
}

static inline void ff_expect_resolving(const struct flow *f)
{
	ff_expect(f, FLOW_RESOLVE, FLOW_Q_ASK);
	assert_true(f->ask_path);
	assert_int_equal(f->goal, FLOW_GOAL_KEEP);
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		assert_int_equal(f->next_hop[d], FLOW_NONE);
}

/* Time until the flow's timer fires; -1 when there is none. */
static inline int64_t ff_due_ms(const struct flow *f)
{
	mono_t due = wheel_due(&rig.engine->timers, flowtab_slot(&rig.engine->flows, f));

	return mono_is_never(due) ? -1 : mono_diff_ms(due, rig.now);
}

static inline uint32_t ff_n_flows(void)
{
	return slab_count(&rig.engine->flows.flows);
}

static inline uint32_t ff_refs_of(uint32_t ifindex)
{
	struct addr host = { { 10, 0, (uint8_t)ifindex, 1 } };
	uint32_t slot = topology_find_neigh(&rig.engine->paths, ifindex, FAMILY_IP4, &host);

	return topology_get_neigh(&rig.engine->paths, slot)->refs;
}

static inline const struct card *ff_card(void)
{
	return nic_card_at(rig.engine->paths.nic, nic_card_index(rig.engine->paths.nic, 2));
}
