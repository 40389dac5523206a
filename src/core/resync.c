/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/resync.h"

#include "base/bug.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/adopt.h"
#include "core/flow/flowact.h"
#include "core/flow/kernfwd.h"
#include "core/flow/leftover.h"
#include "core/port/barrier.h"
#include "core/port/portfsm.h"
#include "core/port/proof.h"
#include "core/rules/revoke.h"
#include "core/walk.h"

/* Requests may come while a walk is running. If there are more tuples than fit, flush every flow:
 * that is more than requested, but never wrong. */
static void add_flush(struct engine *e, const struct event_flush *flush)
{
	if (flush->all || e->n_flush == FLUSH_TUPLES)
		e->flush_all = true;
	else
		e->flush_tuple[e->n_flush++] = flush->tuple;
	walk_start(e, WALK_FLUSH);
}

void resync_event(struct engine *e, const struct event *ev)
{
	switch ((enum event_type)ev->type) {
	case EVENT_RESYNC_BEGIN:
		e->in_resync = true;
		e->has_turned_away = false;
		e->seen_gen++;
		kernfwd_dump_begins(e);
		break;
	case EVENT_RESYNC_END:
		if (e->in_resync)
			walk_start(e, WALK_UNSEEN);
		e->in_resync = false;
		break;
	case EVENT_RESYNC_ABORT:
		e->in_resync = false;
		break;
	case EVENT_FLUSH:
		add_flush(e, &ev->flush);
		break;
	case EVENT_STOP:
		portfsm_close_again(e);
		e->stopping = true;
		walk_start(e, WALK_FLUSH);
		break;
	default:
		BUG_ON(true);
		break;
	}
}

/* Asks conntrack about a flow that the dump did not show. The flow may still exist: a dump misses
 * an entry that conntrack moves meanwhile. */
static void visit_unseen(struct engine *e, struct flow *f, mono_t now)
{
	(void)now;
	if (f->seen_gen != e->seen_gen && !f->is_asking && f->goal != FLOW_GOAL_GONE)
		flowact_ask_care(e, f);
}

/* Notes that no change up to now concerns the flow's path. */
static void account(const struct engine *e, struct flow *f)
{
	f->path_gen = e->paths.generation;
}

/* Only packets can tell whether the newest changes concern the flow. */
static bool must_ask_packets(const struct engine *e, const struct flow *f, bool has_new_routes)
{
	return e->settings.admit == ADMIT_NFT &&
	       (flowact_is_newer(e->paths.hidden_changed, f) ||
		(has_new_routes && topology_is_blind(&e->paths, f->orig.family)));
}

static void visit_path(struct engine *e, struct flow *f, mono_t now)
{
	bool has_new_routes = flowact_has_new_routes(e, f);
	bool is_stale = has_new_routes || flowact_hops_changed(e, f);
	bool must_ask = must_ask_packets(e, f, has_new_routes);
	enum reason reason;

	if (has_new_routes)
		f->has_asked_way = false;

	/* The lookups take time. Until then rules would send packets along the old path. */
	if (is_stale && flow_has_rules(f) && f->state != FLOW_ADOPTED)
		barrier_bar(e, f);
	switch ((enum flow_state)f->state) {
	case FLOW_REFUSED:
		if (!e->stopping && flowact_may_be_lifted(e, f))
			flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		else
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
		/* This check needs no lookup, so the rules can go at once. */
		reason = path_check_family(&e->paths, f->orig.family);
		if (reason != REASON_NONE) {
			f->path_gen = e->paths.generation;
			flowact_input(e, f, FLOW_IN_LEAVE, reason, now);
			return;
		}
		break;
	case FLOW_ADOPTED:
		if (!leftover_is_recognised(f))
			return;
		break;
	case FLOW_RESOLVE:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_STATE__COUNT:
		return;
	}
	/* A look-up may say that nothing has changed. Without rules, the flow needs notes that are newer. */
	if (must_ask && (f->state == FLOW_ACTIVE || f->state == FLOW_ADOPTED))
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	else
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

/* The order matters: rules that the ruleset may no longer allow go first. */
static const struct {
	enum walk_id id;
	void (*visit)(struct engine *e, struct flow *f, mono_t now);
} walks[] = {
	{ WALK_EPOCH, revoke_visit_epoch },
	{ WALK_CHANGE, revoke_visit_change },
	{ WALK_FLUSH, visit_flush },
	{ WALK_PATH, visit_path },
	{ WALK_UNSEEN, visit_unseen },
	{ WALK_LOST, proof_visit_lost },
	{ WALK_HIDDEN, proof_visit_hidden },
	{ WALK_ADOPTED, adopt_visit },
};

static void end_round(struct engine *e, enum walk_id id, uint32_t generation)
{
	if (id == WALK_PATH)
		topology_settle_routes(&e->paths, generation);
}

bool resync_step(struct engine *e, mono_t now)
{
	uint32_t generation;

	for (unsigned int i = 0; i < array_size(walks); i++) {
		if (walk_step(e, walks[i].id, walks[i].visit, now, &generation))
			end_round(e, walks[i].id, generation);
	}
	revoke_step(e);
	if (!walk_is_running(e, WALK_FLUSH)) {
		e->flush_all = false;
		e->n_flush = 0;
	}
	return walk_any_is_running(e);
}
