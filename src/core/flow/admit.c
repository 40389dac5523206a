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

COUNTER(flows_admitted, "connections added to the flow table");
COUNTER(flows_evicted, "flows without rules that were evicted to make room for new ones");
COUNTER(flows_no_room, "connections left on the CPU because the flow table was full");
COUNTER(flows_replaced, "connections whose tuple was reused before conntrack reported their end");

/* Slots searched for a flow that can make room. */
#define EVICT_SCAN 64

/* Evicts a refused flow: it is on the CPU anyway, while the new one may be offloaded. */
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
		if (f->state == FLOW_REFUSED && !f->is_asking && !f->ask_care && !f->is_revoked) {
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

/* Attributes that only the event about their change carries (ctnetlink_conntrack_event). A helper
 * is in every event. */
#define TOLD_ONCE (CONN_HAS_MASTER | CONN_HAS_SEQADJ | CONN_HAS_SYNPROXY)
#define ATTACHED_MASK 0x7ff /* the bits of flow.attached */
static_assert((TOLD_ONCE & ~ATTACHED_MASK) == 0, "flow.attached has 11 bits");

/* Completes the report from earlier ones, and stores the result in the flow. @is_whole: the report
 * is not an event, and has every attribute of the entry. */
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
	f->attached = (f->attached | (c->has & TOLD_ONCE)) & ATTACHED_MASK;
	c->has |= f->attached;
}

/* The reason from conntrack or the ruleset against offloading the connection. Revokes the flow's
 * mark if it may be older than a change that concerns it. */
static enum reason find_reason(struct engine *e, struct flow *f, const struct conn *c, mono_t now)
{
	enum reason reason = policy_conn(&e->settings, e->mark_epoch, c);

	if ((reason == REASON_NONE || reason == REASON_INCOMPLETE) && revoke_if_older(e, f, now))
		return REASON_RULESET_CHANGED;
	/* The connection had the mark until the ruleset changed. */
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

/* The flow was only kept because the kernel's flowtable forwarded it. That is over, and it cannot
 * be offloaded. */
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
	/* Kept for display; no other flow is evicted for it. */
	bool is_guest = reason == REASON_KERNEL_FLOWTABLE;
	struct flow *f;

	/* Skip what cannot be offloaded. Exceptions: a connection in the kernel's flowtable, and an
	 * assured one whose event lacks attributes (conntrack is then asked; a dump lacks none). */
	if (e->stopping || (reason != REASON_NONE && !is_guest &&
			    (reason != REASON_INCOMPLETE || ev->is_dump || !conn_is_assured(&c))))
		return;
	f = make_flow(e, ev, !is_guest, now);
	if (!f)
		return;
	f->seen_gen = e->seen_gen;
	merge(f, &c, ev->is_dump);
	rank_began(e, f, &c);
	age_learn(e, f, &c, !ev->is_dump, now);
	judge(e, f, find_reason(e, f, &c, now), now);
}

/* The id alone is no proof: it can be reused for a connection with another translation. */
static bool is_same_conn(const struct flow *f, const struct conn *c)
{
	return !((c->has & CONN_HAS_ID) && c->id != f->ct_id) &&
	       tuple_is_equal(&f->reply, &c->reply);
}

/* Routing may depend on the mark, but not on our own bits of it. */
static bool has_other_mark(const struct engine *e, const struct flow *f, uint32_t old_mark)
{
	return settings_routing_mark(&e->settings, f->mark ^ old_mark) != 0 && !e->stopping;
}

/* Only packets can tell what becomes of their mark. A ruleset may change the mark of the connection with each
 * packet, so only the first change asks at once; later changes wait for the timer. */
static void ask_packets(struct engine *e, struct flow *f, mono_t now)
{
	if (f->state == FLOW_REFUSED && f->reason == REASON_WAY_UNKNOWN)
		return;
	/* It stays on the CPU for a while. Until then, notes from before do not count. */
	if (f->state == FLOW_REFUSED && !policy_is_path_reason(f->reason) && !policy_is_conn_reason(f->reason)) {
		flowact_distrust_notes(f, now);
		return;
	}
	flowact_input(e, f, FLOW_IN_LEAVE, REASON_WAY_UNKNOWN, now);
	if (!f->has_asked_way)
		flowact_ask_way(e, f);
}

static void recheck_mark(struct engine *e, struct flow *f, mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		f->route_mark[d] = settings_routing_mark(&e->settings, f->mark);
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
	/* An event carries only changes. The state before is unknown: ask for the entry. */
	if (!ev->is_dump && f->state == FLOW_ADOPTED && !leftover_is_recognised(f)) {
		flowact_ask_care(e, f);
		return;
	}
	old_mark = f->mark;
	merge(f, &c, ev->is_dump);
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
	if (has_other_mark(e, f, old_mark) && reason == REASON_NONE && e->settings.admit == ADMIT_NFT &&
	    f->state != FLOW_ADOPTED) {
		ask_packets(e, f, now);
		return;
	}
	judge(e, f, reason, now);
	if (has_other_mark(e, f, old_mark))
		recheck_mark(e, f, now);
}

void admit_destroy(struct engine *e, const struct conn *c, mono_t now)
{
	struct flow *f = flowtab_find(&e->flows, &c->orig);

	/* The end of an earlier connection can be reported after the start of the next one. */
	if (!f || !is_same_conn(f, c))
		return;
	flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
}
