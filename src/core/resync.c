/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resync - the walks over the flow table: what a changed ruleset takes back, what a
 * conntrack dump did not show, what a changed route or neighbour may have moved,
 * what the operator wants back.
 *
 * A walk takes a slice per tick and picks up behind its cursor. Starting one
 * that runs makes it go round once more.
 */
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/policy.h"

/* Flows looked at per walk and tick: some tens of microseconds. */
#define SLICE 512

static void start(struct walk *w)
{
	w->again = w->is_running;
	if (!w->is_running)
		w->cursor = 0;
	w->is_running = true;
}

void resync_start_path_walk(struct engine *e)
{
	if (!e->path_walk.is_running)
		e->path_walk_gen = e->paths.generation;
	start(&e->path_walk);
}

void resync_start_lost_walk(struct engine *e)
{
	start(&e->lost_walk);
}

void resync_start_proof_walk(struct engine *e)
{
	start(&e->proof_walk);
}

void resync_start_epoch_walk(struct engine *e)
{
	start(&e->epoch_walk);
}

void resync_start_suspect_walk(struct engine *e)
{
	start(&e->suspect_walk);
}

/* One may come while another is under way. More tuples than fit mean all:
 * that is much, but it is never wrong. */
static void add_flush(struct engine *e, const struct event_flush *flush)
{
	if (flush->all || e->n_flush == FLUSH_TUPLES)
		e->flush_all = true;
	else
		e->flush_tuple[e->n_flush++] = flush->tuple;
	start(&e->flush_walk);
}

void resync_event(struct engine *e, const struct event *ev)
{
	switch ((enum event_type)ev->type) {
	case EVENT_RESYNC_BEGIN:
		e->in_resync = true;
		e->has_turned_away = false;
		e->is_behind = ev->is_behind;
		e->seen_gen++;
		kernfwd_dump_begins(e);
		revoke_dump(e, ev->type);
		break;
	case EVENT_RESYNC_END:
		if (e->in_resync)
			start(&e->resync_walk);
		e->in_resync = false;
		revoke_dump(e, ev->type);
		break;
	case EVENT_RESYNC_ABORT:
		e->in_resync = false;
		revoke_dump(e, ev->type);
		break;
	case EVENT_FLUSH:
		add_flush(e, &ev->flush);
		break;
	case EVENT_STOP:
		portfsm_close_again(e);
		e->stopping = true;
		start(&e->flush_walk);
		break;
	default:
		BUG_ON(true);
		break;
	}
}

/* A dump can miss an entry that moves in the table meanwhile, so what it did
 * not show is asked for before it counts as gone. */
static void visit_unseen(struct engine *e, struct flow *f, mono_t now)
{
	(void)now;
	if (f->seen_gen != e->seen_gen && !f->is_asking && f->goal != FLOW_GOAL_GONE)
		flowact_ask_care(e, f);
}

/* What changed since its path was found does not concern it; it need not be compared again. */
static void account(const struct engine *e, struct flow *f)
{
	f->path_gen = e->paths.generation;
}

static void visit_path(struct engine *e, struct flow *f, mono_t now)
{
	bool is_stale = flowact_path_is_stale(e, f);
	enum reason reason;

	/* To ask takes its time, and packets would go a way that is none any more. */
	if (is_stale && flow_has_rules(f) && f->state != FLOW_ADOPTED)
		barrier_bar(e, f);
	switch ((enum flow_state)f->state) {
	case FLOW_REFUSED:
		if (!e->stopping && flowact_may_be_lifted(e, f))
			break;
		account(e, f);
		return;
	case FLOW_WAIT:
	case FLOW_INSTALL:
	case FLOW_ACTIVE:
	case FLOW_MOVE:
	case FLOW_MOVING:
		if (!is_stale && !flowact_path_is_doubted(e, f)) {
			account(e, f);
			return;
		}
		/* No question comes first: meanwhile rules go on forwarding. */
		reason = path_check_family(&e->paths, f->orig.family);
		if (reason != REASON_NONE) {
			f->path_gen = e->paths.generation;
			flowact_input(e, f, FLOW_IN_LEAVE, reason, now);
			return;
		}
		break;
	case FLOW_ADOPTED:
		if (!adopt_is_recognised(f))
			return;
		break;
	case FLOW_RESOLVE:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_STATE__COUNT:
		return;
	}
	flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
}

static bool is_flushed(const struct engine *e, const struct flow *f)
{
	if (e->stopping || e->flush_all)
		return true;
	for (unsigned int i = 0; i < e->n_flush; i++) {
		if (tuple_is_equal(&f->orig, &e->flush_tuple[i]) ||
		    tuple_is_equal(&f->reply, &e->flush_tuple[i]))
			return true;
	}
	return false;
}

static void visit_flush(struct engine *e, struct flow *f, mono_t now)
{
	if (f->state != FLOW_REFUSED && is_flushed(e, f))
		flowact_input(e, f, FLOW_IN_LEAVE,
			    e->stopping ? REASON_STOPPING : REASON_FLUSHED, now);
}

/* True when a round has ended. */
static bool step(struct engine *e, struct walk *w,
		 void (*visit)(struct engine *, struct flow *, mono_t), mono_t now)
{
	for (unsigned int i = 0; w->is_running && i < SLICE; i++) {
		uint32_t slot = slab_next(&e->flows.flows, w->cursor);

		if (slot != SLAB_END) {
			w->cursor = slot + 1;
			visit(e, flowtab_at(&e->flows, slot), now);
			continue;
		}
		w->cursor = 0;
		w->is_running = w->again;
		w->again = false;
		return true;
	}
	return false;
}

static void step_path(struct engine *e, mono_t now)
{
	if (!step(e, &e->path_walk, visit_path, now))
		return;
	topology_settle_routes(&e->paths, e->path_walk_gen);
	e->path_walk_gen = e->paths.generation;
}

void resync_start_adopt_walk(struct engine *e)
{
	start(&e->adopt_walk);
}

bool resync_step(struct engine *e, mono_t now)
{
	/* First, for their rules must not be hit any more. */
	step(e, &e->epoch_walk, revoke_visit_epoch, now);
	step(e, &e->suspect_walk, revoke_visit_suspect, now);
	revoke_step(e);
	step(e, &e->flush_walk, visit_flush, now);
	if (!e->flush_walk.is_running) {
		e->flush_all = false;
		e->n_flush = 0;
	}
	step_path(e, now);
	step(e, &e->resync_walk, visit_unseen, now);
	step(e, &e->lost_walk, proof_visit_lost, now);
	step(e, &e->proof_walk, proof_visit_hidden, now);
	step(e, &e->adopt_walk, adopt_visit, now);
	return e->adopt_walk.is_running || e->lost_walk.is_running || e->flush_walk.is_running || e->path_walk.is_running ||
	       e->resync_walk.is_running || e->epoch_walk.is_running ||
	       e->suspect_walk.is_running || e->proof_walk.is_running;
}
