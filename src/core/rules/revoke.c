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
COUNTER(marks_revoked,
	"connections whose mark was revoked because a ruleset change may concern them");

static bool is_valid(const struct engine *e, uint32_t mark)
{
	const struct settings *s = &e->settings;
	uint32_t wanted = s->admit == ADMIT_MARK ? s->mark : e->mark_epoch;

	return s->admit != ADMIT_EVENTS && wanted && (mark & s->mark) == wanted;
}

static bool has_mark(const struct engine *e, const struct flow *f)
{
	return is_valid(e, f->mark);
}

/*
 * With ADMIT_MARK, rules may set the bits one by one, such as one for each direction. Bits that
 * were set by an old rule must not stay until another rule adds the rest. (With ADMIT_NFT, no event
 * reports half an epoch; markcleaner clears it.)
 */
bool revoke_is_part(const struct engine *e, uint32_t mark)
{
	const struct settings *s = &e->settings;

	return s->admit == ADMIT_MARK && (mark & s->mark) && (mark & s->mark) != s->mark;
}

static void take_back(struct engine *e, struct flow *f, mono_t now)
{
	if (flow_has_rules(f))
		barrier_bar(e, f);
	/* Keep a reason that conntrack gave. Only conntrack's next report may lift it. */
	if (f->state != FLOW_REFUSED || !policy_is_conn_reason(f->reason))
		flowact_input(e, f, FLOW_IN_LEAVE, REASON_RULESET_CHANGED, now);
	else if (f->mark_state == FLOW_MARK_REVOKED)
		flowact_input(e, f, FLOW_IN_LEAVE, f->reason, now);
}

static void revoke(struct engine *e, struct flow *f, mono_t now)
{
	counter_inc(&marks_revoked);
	flowact_set_mark(e, f, FLOW_MARK_REVOKED);
	take_back(e, f, now);
	flowact_ask_care(e, f);
}

/* -- which flows ----------------------------------------------------------- */

/* A change after number @passed may concern the connection. */
static bool is_concerned(const struct engine *e, uint32_t passed, const struct setelem_conn *c)
{
	const struct suspects *s = &e->suspects;

	if (s->everything > passed)
		return true;
	for (unsigned int i = 0; i < s->n; i++) {
		if (s->some[i].change > passed && setelem_can_match(&s->some[i].elem, c))
			return true;
	}
	return false;
}

static bool is_suspect(const struct engine *e, const struct flow *f)
{
	struct setelem_conn c = { .orig = &f->orig, .reply = &f->reply, .ifname = { "", "" } };

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct neigh_rec *n = topology_get_neigh(&e->paths, f->next_hop[d]);
		const struct link_rec *l = n ? topology_find_link(&e->paths, n->neigh.ifindex) :
					       NULL;

		if (l) {
			c.ifname[d] = l->link.name;
			c.ifindex[d] = l->link.ifindex;
		}
	}
	return is_concerned(e, f->passed, &c);
}

static bool has_suspects(const struct engine *e)
{
	return e->suspects.everything || e->suspects.n;
}

bool revoke_if_suspect(struct engine *e, struct flow *f, mono_t now)
{
	if (f->mark_state != FLOW_MARK_VALID)
		return true;
	if (!has_suspects(e) || !(has_mark(e, f) || revoke_is_part(e, f->mark)))
		return false;
	if (!is_suspect(e, f))
		return false;
	revoke(e, f, now);
	return true;
}

void revoke_report(struct engine *e, struct flow *f, const struct event *ev)
{
	bool is_fence = ev->is_own && !has_mark(e, f);
	bool is_later = (e->seen_gen & FLOW_CLEARED_GEN_MASK) != f->cleared_gen;

	/* If no event comes, a dump that began after the mark was cleared is a fence as well, and
	 * so is a refresh after the start of that dump, unless older events are still queued. */
	if (ev->is_dump && !e->is_behind && is_later)
		is_fence = true;
	if (f->mark_state == FLOW_MARK_CLEARED && is_fence)
		flowact_set_mark(e, f, FLOW_MARK_VALID);
}

void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now)
{
	if (!has_mark(e, f))
		take_back(e, f, now);
}

void revoke_visit_suspect(struct engine *e, struct flow *f, mono_t now)
{
	/* A flow without a valid mark, or whose mark is being cleared, does not pass this change:
	 * the next mark that it reports may be older, and is checked then. Clearing the mark again
	 * before the first fence has come would confuse the two fences. */
	if (!revoke_if_suspect(e, f, now) && has_mark(e, f))
		f->passed = e->suspects.change;
}

/* -- connections without a flow --------------------------------------------- */

/* The connection can never be offloaded, so its mark does not matter. */
static bool is_never_offloaded(enum reason reason)
{
	return reason == REASON_UNSUPPORTED_PROTOCOL || reason == REASON_MULTICAST ||
	       reason == REASON_DYING;
}

bool revoke_doubts_newcomer(const struct engine *e, const struct conn *c)
{
	struct setelem_conn match = { .orig = &c->orig, .reply = &c->reply, .ifname = { "", "" } };

	return has_suspects(e) && (c->has & CONN_HAS_MARK) &&
	       (is_valid(e, c->mark) || revoke_is_part(e, c->mark)) &&
	       is_concerned(e, 0, &match) &&
	       !is_never_offloaded(policy_conn(&e->settings, e->mark_epoch, c));
}

void revoke_add_stray(struct engine *e, const struct conn *c)
{
	struct suspects *s = &e->suspects;

	/* No room: require another dump, which shows the rest. */
	if (s->n_strays == STRAYS_MAX) {
		s->is_dumping = false;
		return;
	}
	s->stray[s->n_strays].orig = c->orig;
	s->stray[s->n_strays++].ct_id = c->id;
}

bool revoke_next_stray(struct engine *e, struct order *ret)
{
	struct suspects *s = &e->suspects;

	if (!s->n_strays)
		return false;
	s->n_strays--;
	s->n_strays_asked++;
	counter_inc(&marks_revoked);
	*ret = (struct order){ .type = ORDER_REFRESH, .flow = SLAB_REF_NONE };
	ret->refresh.orig = s->stray[s->n_strays].orig;
	ret->refresh.ct_id = s->stray[s->n_strays].ct_id;
	ret->refresh.clear_mark = settings_mark_bits(&e->settings);
	return true;
}

void revoke_stray_done(struct engine *e, const struct event_refresh *done)
{
	e->suspects.n_strays_asked--;
	if (done->err)
		e->suspects.is_dumped = false;
}

void revoke_dump(struct engine *e, enum event_type type)
{
	struct suspects *s = &e->suspects;

	if (type == EVENT_RESYNC_END && s->is_dumping)
		s->is_dumped = true;
	s->is_dumping = type == EVENT_RESYNC_BEGIN;
}

bool revoke_wants_dump(const struct engine *e)
{
	return has_suspects(e) && !e->suspects.is_dumped;
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
	e->suspects.n = 0;
	e->suspects.everything = 0;
	e->suspects.n_strays = 0;
	barrier_consider(e, n_forwarded(e));
	walk_start(e, WALK_EPOCH);
}

static void add_suspects(struct engine *e, const struct event_ruleset *r)
{
	struct suspects *s = &e->suspects;

	if (e->settings.admit == ADMIT_NFT && !e->mark_epoch)
		return;
	s->change++;
	s->is_settled = false;
	s->is_dumping = false;
	s->is_dumped = false;
	/* If the new elements do not fit, replace the older ones by one change of the whole ruleset
	 * with a lower number, so that flows which have passed the older changes are not revoked
	 * again. */
	if (r->n_elems > SUSPECTS_MAX - s->n) {
		s->everything = s->change - 1;
		s->n = 0;
	}
	if (r->everything || r->n_elems > SUSPECTS_MAX) {
		s->everything = s->change;
		barrier_consider(e, n_forwarded(e));
	}
	for (unsigned int i = 0; s->everything != s->change && i < r->n_elems; i++) {
		s->some[s->n].change = s->change;
		s->some[s->n++].elem = r->elem[i];
	}
	walk_start(e, WALK_SUSPECT);
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
		add_suspects(e, &ev->ruleset);
		break;
	case EVENT_RULESET_SETTLED:
		e->suspects.is_settled = true;
		break;
	default:
		BUG_ON(true);
		break;
	}
}

bool revoke_is_walking(const struct engine *e)
{
	return walk_is_running(e, WALK_EPOCH) || walk_is_running(e, WALK_SUSPECT);
}

bool revoke_is_done(const struct engine *e)
{
	return !has_suspects(e) && !revoke_is_walking(e) && !e->n_revoked && !e->n_barred &&
	       !e->n_barriers && (e->settings.admit != ADMIT_NFT || e->mark_epoch);
}

void revoke_step(struct engine *e)
{
	struct suspects *s = &e->suspects;

	if (has_suspects(e) && s->is_settled && s->is_dumped && !s->n_strays &&
	    !s->n_strays_asked && !walk_is_running(e, WALK_SUSPECT)) {
		s->n = 0;
		s->everything = 0;
	}
}
