/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/barrier.h"

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/leftover.h"
#include "core/path/plan.h"
#include "core/rules/slot.h"
#include "core/walk.h"

COUNTER(barriers_raised,
	"times that a barrier sent all packets of a port to the CPU while rules were removed");
COUNTER(barriers_refused, "times that a driver refused a barrier");

/* Up to this many flows are removed without a barrier. */
#define FEW_FLOWS 16
#define RETRY_MS  1000

void barrier_bar(struct engine *e, struct flow *f)
{
	if (f->is_barred)
		return;
	f->is_barred = true;
	e->n_barred++;
	barrier_consider(e, e->n_barred);
}

void barrier_unbar(struct engine *e, struct flow *f)
{
	if (f->is_barred)
		e->n_barred--;
	f->is_barred = false;
}

void barrier_consider(struct engine *e, uint32_t n_flows)
{
	if (n_flows > FEW_FLOWS)
		e->wants_barrier = true;
}

/* Flows wait for their rules to be removed, or a walk may still find some. */
static bool is_needed(const struct engine *e)
{
	return !e->stopping &&
	       (e->n_barred || walk_is_running(e, WALK_EPOCH) || walk_is_running(e, WALK_CHANGE) ||
		walk_is_running(e, WALK_PATH));
}

/* The port is open, and its layout has a prio in front of the flows. */
static bool has_place(const struct engine *e, const struct link_rec *rec)
{
	const struct nic_port *p =
		e->paths.nic ? nic_find_port(e->paths.nic, rec->link.ifindex) : NULL;

	return rec->port == PORT_OPEN && (!e->paths.nic || (p && p->layout == RECIPE_PRIOS));
}

static void make_order(struct engine *e, struct link_rec *rec, bool raise, struct order *ret)
{
	*ret = (struct order){ .type = ORDER_BARRIER };
	ret->barrier.link = slab_ref_of(&e->paths.legs.links.slab, rec);
	ret->barrier.raise = raise;
	/* Rules of an earlier run are of the kinds that the devices above need. */
	if (leftover_is_any(e))
		rec->slot_kinds |= slot_kinds_of(rec->encaps);
	plan_barriers(&e->settings, rec, e->instance, &ret->barrier);
	if (rec->barrier == BARRIER_NONE)
		e->n_barriers++;
	rec->barrier = raise ? BARRIER_RAISING : BARRIER_LOWERING;
}

/* Packets of one kind may pass half a barrier, so it is raised again. */
static bool can_raise(const struct engine *e, const struct link_rec *rec)
{
	return (rec->barrier == BARRIER_NONE || rec->barrier == BARRIER_HALF) &&
	       !rec->has_no_barrier && has_place(e, rec);
}

static bool can_lower(const struct link_rec *rec, mono_t now)
{
	return rec->barrier == BARRIER_UP ||
	       (rec->barrier == BARRIER_HALF && !mono_before(now, rec->barrier_due));
}

bool barrier_next_order(struct engine *e, mono_t now, struct order *ret)
{
	struct link_rec *rec;

	if (e->wants_barrier && !is_needed(e))
		e->wants_barrier = false;
	if (!e->wants_barrier && !e->n_barriers)
		return false;
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (e->wants_barrier ? !can_raise(e, rec) : !can_lower(rec, now))
			continue;
		make_order(e, rec, e->wants_barrier, ret);
		return true;
	}
	return false;
}

static void set_none(struct engine *e, struct link_rec *rec)
{
	if (rec->barrier == BARRIER_NONE)
		return;
	rec->barrier = BARRIER_NONE;
	e->n_barriers--;
	if (e->n_barriers)
		return;
	/* Packets that the barrier sent to the CPU prove nothing about rules. */
	if (e->n_state[FLOW_ACTIVE])
		walk_start(e, WALK_HIDDEN);
}

void barrier_done(struct engine *e, const struct event_barrier *done, mono_t now)
{
	struct link_rec *rec = slab_get(&e->paths.legs.links.slab, done->link);

	/* The device may be gone. */
	if (!rec || rec->barrier != (done->raise ? BARRIER_RAISING : BARRIER_LOWERING))
		return;
	if (done->raise && done->err) {
		counter_inc(&barriers_refused);
		rec->has_no_barrier = true;
	}
	if (done->raise && !done->err) {
		counter_inc(&barriers_raised);
		rec->barrier = BARRIER_UP;
	} else if (done->is_left) {
		rec->barrier = BARRIER_HALF;
		rec->barrier_due = mono_add_ms(now, RETRY_MS);
	} else {
		set_none(e, rec);
	}
}

bool barrier_hides(const struct engine *e)
{
	return e->n_barriers || walk_is_running(e, WALK_HIDDEN);
}

mono_t barrier_next_due(const struct engine *e)
{
	const struct link_rec *rec;
	mono_t due = MONO_NEVER;

	/* Barriers that are wanted are not lowered. */
	if (!e->n_barriers || e->wants_barrier)
		return due;
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->barrier == BARRIER_HALF)
			due = mono_min(due, rec->barrier_due);
	}
	return due;
}

void barrier_forget(struct engine *e, struct link_rec *rec)
{
	set_none(e, rec);
}
