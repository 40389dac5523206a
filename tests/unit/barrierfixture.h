/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * barrierfixture - an engine with offloaded flows between two ports, whose barrier orders the
 * test takes and answers itself. Include it after unit/unit.h.
 */
#pragma once

#include "base/util.h"
#include "core/port/barrier.h"
#include "unit/rigfixture.h"

/* Up to this many flows are removed without a barrier. */
#define BF_FEW	    16
#define BF_MANY	    (BF_FEW + 1)
#define BF_RETRY_MS 1000

static uint64_t bf_raised, bf_refused;

static inline void bf_start(const struct settings *s, uint32_t n)
{
	rf_start(s);
	for (uint32_t i = 1; i <= n; i++)
		rf_add(i, true);
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], n);
	rf_grown("barriers_raised", &bf_raised);
	rf_grown("barriers_refused", &bf_refused);
}

static inline void bf_bar(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		barrier_bar(rig.engine, rf_flow(i));
}

static inline void bf_unbar(uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		barrier_unbar(rig.engine, rf_flow(i));
}

static inline bool bf_next(struct order *ret)
{
	return engine_next_order(rig.engine, ORDERS_URGENT, 0, rig.now, ret);
}

static inline void bf_expect_none(void)
{
	struct order o;

	assert_false(bf_next(&o));
	assert_int_equal(o.type, ORDER_NONE);
}

static inline struct order bf_expect(uint32_t ifindex, bool raise)
{
	struct order o;

	assert_true(bf_next(&o));
	assert_int_equal(o.type, ORDER_BARRIER);
	assert_int_equal(o.barrier.ifindex, ifindex);
	assert_int_equal(o.barrier.raise, raise);
	return o;
}

/* The answer to an order about a certain device. */
static inline void bf_answer_device(uint32_t ifindex, struct slab_ref link, bool raise, int err)
{
	struct event ev = { .type = EVENT_BARRIER_DONE };

	ev.barrier = (struct event_barrier){ .ifindex = ifindex,
					     .link = link,
					     .raise = raise,
					     .is_left = err && !raise,
					     .err = err };
	engine_feed(rig.engine, &ev, rig.now);
}

/* The answer to an order about the device that has this index now. */
static inline void bf_answer(uint32_t ifindex, bool raise, int err)
{
	const struct link_rec *rec = topology_find_link(&rig.engine->paths, ifindex);

	bf_answer_device(ifindex, rec ? slab_ref_of(&rig.engine->paths.legs.links.slab, rec) : SLAB_REF_NONE,
			 raise, err);
}

static inline struct link_rec *bf_port(uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&rig.engine->paths, ifindex);

	assert_non_null(rec);
	return rec;
}

static inline void bf_expect_states(enum barrier_state of_2, enum barrier_state of_3)
{
	assert_int_equal(bf_port(2)->barrier, of_2);
	assert_int_equal(bf_port(3)->barrier, of_3);
	assert_int_equal(rig.engine->n_barriers,
			 (of_2 != BARRIER_NONE) + (of_3 != BARRIER_NONE));
}

static inline void bf_expect_counted(uint64_t n_raised, uint64_t n_refused)
{
	assert_int_equal(rf_grown("barriers_raised", &bf_raised), n_raised);
	assert_int_equal(rf_grown("barriers_refused", &bf_refused), n_refused);
}

/* Both ports get their barriers. */
static inline void bf_raise_both(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		bf_expect(i, true);
		bf_answer(i, true, 0);
	}
	bf_expect_states(BARRIER_UP, BARRIER_UP);
}

static inline void bf_lower_both(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		bf_expect(i, false);
		bf_answer(i, false, 0);
	}
	bf_expect_states(BARRIER_NONE, BARRIER_NONE);
}

static inline void bf_visit_nothing(struct engine *e UNUSED, struct flow *f UNUSED,
				    mono_t now UNUSED)
{
}

/* Ends a walk without visiting the flows. */
static inline void bf_end_walk(enum walk_id id)
{
	uint32_t generation;

	while (walk_is_running(rig.engine, id))
		walk_step(rig.engine, id, bf_visit_nothing, rig.now, &generation);
}

static inline void bf_lose_link(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	engine_feed(rig.engine, &ev, rig.now);
	assert_null(topology_find_link(&rig.engine->paths, ifindex));
}

/* Flows 1 to BF_MANY are offloaded, between the ports 2 and 3. */
static inline int bf_setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	bf_start(&s, BF_MANY);
	return 0;
}
