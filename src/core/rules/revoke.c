/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/revoke.h"

#include "base/bug.h"
#include "base/counter.h"
#include "core/engine_priv.h"
#include "core/flow/flowact.h"
#include "core/flow/policy.h"
#include "core/port/barrier.h"
#include "core/walk.h"

COUNTER(epochs_closed, "times that all flows lost their admission because the ruleset changed");
COUNTER(marks_revoked, "flows whose mark was revoked because a ruleset change may concern them");

static bool has_mark(const struct engine *e, const struct flow *f)
{
	const struct settings *s = &e->settings;
	uint32_t wanted = s->admit == ADMIT_MARK ? s->mark : e->mark_epoch;

	return s->admit != ADMIT_EVENTS && wanted && (f->mark & s->mark) == wanted;
}

static void take_back(struct engine *e, struct flow *f, mono_t now)
{
	if (flow_has_rules(f))
		barrier_bar(e, f);
	/* Keep a reason that conntrack gave. Only conntrack's next report may lift it. */
	if (f->state != FLOW_REFUSED || !policy_is_conn_reason(f->reason))
		flowact_input(e, f, FLOW_IN_LEAVE, REASON_RULESET_CHANGED, now);
}

/* -- which flows ----------------------------------------------------------- */

/* A pending change can concern the flow. */
static bool can_concern(const struct engine *e, const struct flow *f)
{
	if (e->changes.everything)
		return true;
	for (unsigned int i = 0; i < e->changes.n; i++) {
		if (setelem_can_match(&e->changes.some[i].elem, &f->orig, &f->reply))
			return true;
	}
	return false;
}

bool revoke_if_older(struct engine *e, struct flow *f, mono_t now)
{
	if (f->is_revoked)
		return true;
	if (!has_mark(e, f) || !can_concern(e, f))
		return false;
	counter_inc(&marks_revoked);
	flowact_set_revoked(e, f, true);
	take_back(e, f, now);
	return true;
}

void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now)
{
	/* A mark with the next epoch will be newer than every change up to now. */
	flowact_set_revoked(e, f, false);
	if (!has_mark(e, f))
		take_back(e, f, now);
}

/* The changes that revoked the flow's mark are settled. If its last report has a mark, either the
 * connection got it after the old one was cleared, or the event about the clearing is missing:
 * conntrack knows. */
static void restore(struct engine *e, struct flow *f)
{
	flowact_set_revoked(e, f, false);
	if (has_mark(e, f))
		flowact_ask_care(e, f);
}

void revoke_visit_change(struct engine *e, struct flow *f, mono_t now)
{
	if (f->is_revoked && !can_concern(e, f))
		restore(e, f);
	else
		IGNORE_RESULT(revoke_if_older(e, f, now));
}

/* -- changes --------------------------------------------------------------- */

static uint32_t n_forwarded(const struct engine *e)
{
	return e->n_state[FLOW_INSTALL] + e->n_state[FLOW_ACTIVE] + e->n_state[FLOW_ADOPTED] +
	       e->n_state[FLOW_MOVE] + e->n_state[FLOW_MOVING];
}

static void set_epoch(struct engine *e, uint32_t epoch)
{
	e->mark_epoch = epoch;
	if (epoch)
		return;
	counter_inc(&epochs_closed);
	/* Marks with the next epoch are newer than all of these changes. */
	e->changes.n = 0;
	e->changes.everything = 0;
	barrier_consider(e, n_forwarded(e));
	walk_start(e, WALK_EPOCH);
}

static void add_change(struct engine *e, const struct event_ruleset *r)
{
	struct pending_changes *p = &e->changes;

	if (e->settings.admit == ADMIT_NFT && !e->mark_epoch)
		return;
	if (r->everything || r->n_elems > PENDING_MAX - p->n) {
		p->everything = r->change;
		p->n = 0;
		barrier_consider(e, n_forwarded(e));
	}
	for (unsigned int i = 0; p->everything != r->change && i < r->n_elems; i++) {
		p->some[p->n].change = r->change;
		p->some[p->n++].elem = r->elem[i];
	}
	walk_start(e, WALK_CHANGE);
}

void revoke_event(struct engine *e, const struct event *ev)
{
	if (e->settings.admit == ADMIT_EVENTS)
		return;
	switch ((enum event_type)ev->type) {
	case EVENT_EPOCH:
		set_epoch(e, ev->epoch);
		break;
	case EVENT_RULESET:
		add_change(e, &ev->ruleset);
		break;
	case EVENT_RULESET_SETTLED:
		e->changes.settled = ev->change;
		break;
	default:
		BUG_ON(true);
		break;
	}
}

bool revoke_is_walking(const struct engine *e)
{
	return walk_is_running(e, WALK_EPOCH) || walk_is_running(e, WALK_CHANGE);
}

static bool has_pending(const struct engine *e)
{
	return e->changes.everything || e->changes.n;
}

bool revoke_is_done(const struct engine *e)
{
	return !has_pending(e) && !revoke_is_walking(e) && !e->n_revoked && !e->n_barred &&
	       !e->n_barriers && (e->settings.admit != ADMIT_NFT || e->mark_epoch);
}

/* Returns true if it forgot a change. */
static bool forget_settled(struct pending_changes *p)
{
	unsigned int n = 0, before = p->n;
	bool everything = p->everything && !seq_is_later(p->everything, p->settled);

	if (everything)
		p->everything = 0;
	for (unsigned int i = 0; i < p->n; i++) {
		if (seq_is_later(p->some[i].change, p->settled))
			p->some[n++] = p->some[i];
	}
	p->n = n;
	return everything || n < before;
}

void revoke_step(struct engine *e)
{
	/* The walk must have shown a change to every flow before the change is forgotten. */
	if (!has_pending(e) || walk_is_running(e, WALK_CHANGE))
		return;
	if (forget_settled(&e->changes) && e->n_revoked)
		walk_start(e, WALK_CHANGE);
}
