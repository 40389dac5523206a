/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/admit.h"

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/age.h"
#include "core/flow/flowact.h"
#include "core/flow/kernfwd.h"
#include "core/flow/leftover.h"
#include "core/flow/policy.h"
#include "core/port/proof.h"
#include "core/port/rank.h"
#include "core/rules/revoke.h"

COUNTER(flows_admitted, "connections taken into the flow table");
COUNTER(flows_evicted, "refused flows that made room for new ones");
COUNTER(flows_no_room, "connections left on the CPU because the flow table was full");
COUNTER(flows_replaced, "connections whose tuple was used again before their end was seen");

/* Flows looked at to find one that can make room. */
#define EVICT_SCAN 64

/* A flow on the CPU only answers `flows`; a new one may use the NIC. */
static bool evict_one(struct engine *e, mono_t now)
{
	for (unsigned int i = 0; i < EVICT_SCAN; i++) {
		uint32_t slot = slab_next(&e->flows.flows, e->evict_cursor);
		struct flow *f;

		if (slot == SLAB_END) {
			e->evict_cursor = 0;
			continue;
		}
		e->evict_cursor = slot + 1;
		f = flowtab_at(&e->flows, slot);
		if (f->state == FLOW_REFUSED && !f->is_asking && !f->ask_care &&
		    f->mark_state != FLOW_MARK_REVOKED) {
			counter_inc(&flows_evicted);
			flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
			return true;
		}
	}
	return false;
}

static struct flow *make_flow(struct engine *e, const struct event *ev, bool may_evict, mono_t now)
{
	const struct conn *c = &ev->conn;
	struct flow *f = flowtab_add(&e->flows, &c->orig);

	if (!f && may_evict && evict_one(e, now))
		f = flowtab_add(&e->flows, &c->orig);
	if (!f) {
		counter_inc(&flows_no_room);
		e->has_turned_away = true;
		return NULL;
	}
	counter_inc(&flows_admitted);
	f->reply = c->reply;
	f->ct_id = c->id;
	f->card = NIC_NONE;
	f->is_silent = ev->is_dump;
	e->n_silent_known += f->is_silent;
	e->n_state[FLOW_REFUSED]++;
	e->n_reason[REASON_NONE]++;
	return f;
}

/* What only the event says that brings it (ctnetlink_conntrack_event); a helper
 * is in every event. */
#define TOLD_ONCE (CONN_HAS_MASTER | CONN_HAS_SEQADJ | CONN_HAS_SYNPROXY)

/* Completes the report with what earlier ones said, and remembers the result. */
static void merge(struct flow *f, struct conn *c, bool is_whole)
{
	if (c->has & CONN_HAS_STATUS)
		f->status = (uint16_t)c->status;
	if (c->has & CONN_HAS_MARK)
		f->mark = c->mark;
	if (c->has & CONN_HAS_TCP_STATE)
		f->tcp_state = c->tcp_state;
	c->status = f->status;
	c->mark = f->mark;
	c->tcp_state = f->tcp_state;
	c->has |= CONN_HAS_STATUS | CONN_HAS_MARK;
	if (f->tcp_state != CONN_TCP_NONE)
		c->has |= CONN_HAS_TCP_STATE;
	if (is_whole)
		f->attached = 0;
	f->attached |= (uint16_t)(c->has & TOLD_ONCE);
	c->has |= f->attached;
}

/* Why conntrack or the ruleset does not want the flow offloaded. Clears the flow's mark if a change of
 * the ruleset may have made it wrong. */
static enum reason find_reason(struct engine *e, struct flow *f, const struct conn *c, mono_t now)
{
	enum reason reason = policy_conn(&e->settings, e->mark_epoch, c);
	bool has_mark = reason == REASON_NONE || reason == REASON_INCOMPLETE;

	has_mark |= reason == REASON_NOT_ADMITTED && revoke_is_part(e, c->mark);
	if (has_mark && revoke_if_suspect(e, f, now))
		return REASON_RULESET_CHANGED;
	/* It had one until the ruleset changed. */
	if (reason == REASON_NOT_ADMITTED && f->reason == REASON_RULESET_CHANGED)
		return REASON_RULESET_CHANGED;
	return reason;
}

static void judge(struct engine *e, struct flow *f, enum reason reason, mono_t now)
{
	if (e->stopping) {
		if (reason != REASON_NONE)
			flowact_input(e, f, FLOW_IN_LEAVE, reason, now);
	} else if (reason == REASON_NONE) {
		if (f->state != FLOW_REFUSED || f->reason == REASON_NONE ||
		    policy_is_conn_reason(f->reason))
			flowact_input(e, f, FLOW_IN_ADMIT, REASON_NONE, now);
	} else if (f->state != FLOW_REFUSED || f->reason != reason) {
		flowact_input(e, f, FLOW_IN_LEAVE, reason, now);
		if (reason == REASON_INCOMPLETE)
			flowact_ask_care(e, f);
	}
}

/* The daemon knows the flow only because the kernel's flowtable had it, and it has it no more. */
static bool has_left_kernel(const struct flow *f, enum reason reason)
{
	if (!kernfwd_is_one(f) || f->had_rules || f->is_asking || f->ask_care)
		return false;
	return reason != REASON_KERNEL_FLOWTABLE && reason != REASON_NONE &&
	       reason != REASON_INCOMPLETE;
}

static void admit_new(struct engine *e, const struct event *ev, mono_t now)
{
	struct conn c = ev->conn;
	enum reason reason = policy_conn(&e->settings, e->mark_epoch, &c);
	bool is_suspect = revoke_doubts_newcomer(e, &c);
	/* Of no use to us yet, but known, and nobody makes room for it. */
	bool is_guest = reason == REASON_KERNEL_FLOWTABLE;
	struct flow *f;

	/* An event says what changed; the rest is asked for. A dump says all. One whose
	 * mark has to go is taken for that alone. */
	if (e->stopping || (reason != REASON_NONE && !is_guest && !is_suspect &&
			    (reason != REASON_INCOMPLETE || ev->is_dump || !conn_is_assured(&c))))
		return;
	f = make_flow(e, ev, !is_guest, now);
	if (!f && is_suspect)
		revoke_add_stray(e, &c);
	if (!f)
		return;
	f->seen_gen = e->seen_gen;
	merge(f, &c, ev->is_dump);
	rank_began(e, f, &c);
	age_learn(e, f, &c, !ev->is_dump, now);
	judge(e, f, find_reason(e, f, &c, now), now);
	if (is_suspect)
		IGNORE_RESULT(revoke_if_suspect(e, f, now));
}

/* The same id is no proof: it may be used again, with other translations. */
static bool is_same_conn(const struct flow *f, const struct conn *c)
{
	return !((c->has & CONN_HAS_ID) && c->id != f->ct_id) &&
	       tuple_is_equal(&f->reply, &c->reply);
}

/* The mark takes part in routing, but for our own bits of it. */
static void recheck_mark(struct engine *e, struct flow *f, uint32_t old_mark, mono_t now)
{
	if (((f->mark ^ old_mark) & ~settings_mark_bits(&e->settings)) == 0 || e->stopping)
		return;
	if (f->state != FLOW_REFUSED || policy_is_path_reason(f->reason))
		flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
}

void admit_conn(struct engine *e, const struct event *ev, mono_t now)
{
	struct flow *f = flowtab_find(&e->flows, &ev->conn.orig);
	struct conn c = ev->conn;
	enum reason reason;
	uint32_t old_mark;

	if (f && !is_same_conn(f, &c)) {
		counter_inc(&flows_replaced);
		flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
		f = NULL;
	}
	if (!f) {
		admit_new(e, ev, now);
		return;
	}
	f->seen_gen = e->seen_gen;
	if (!ev->is_dump)
		flowact_set_silent(e, f, false);
	/* An event says what changed; nobody knows what was before. */
	if (!ev->is_dump && f->state == FLOW_ADOPTED && !leftover_is_recognised(f)) {
		flowact_ask_care(e, f);
		return;
	}
	old_mark = f->mark;
	merge(f, &c, ev->is_dump);
	revoke_report(e, f, ev);
	rank_count_cpu(e, f, &c);
	if (!ev->is_own) {
		proof_look(e, f, &c, now);
		age_learn(e, f, &c, !ev->is_dump, now);
	}
	reason = find_reason(e, f, &c, now);
	if (has_left_kernel(f, reason)) {
		flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
		return;
	}
	judge(e, f, reason, now);
	recheck_mark(e, f, old_mark, now);
}

void admit_destroy(struct engine *e, const struct conn *c, mono_t now)
{
	struct flow *f = flowtab_find(&e->flows, &c->orig);

	/* The end of a predecessor may come after the successor's beginning. */
	if (!f || !is_same_conn(f, c))
		return;
	flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
}
