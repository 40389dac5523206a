/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/flowact.h"

#include "base/bug.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/leftover.h"
#include "core/flow/policy.h"
#include "core/path/plan.h"
#include "core/port/barrier.h"
#include "core/rules/slot.h"

/* Pause before the n-th new attempt after a refusal. The last one repeats. */
static const uint32_t retry_ms[] = { 1000, 4000, 16000, 60000, 300000 };

/* The same if the device was only busy. */
static const uint32_t busy_ms[] = { 250, 500, 1000, 2000, 4000, 8000, 16000, 60000, 300000 };
/* Attempts after which no further one is scheduled. */
#define ATTEMPTS_MAX 12

/* How long a flushed flow stays on the CPU. */
#define FLUSH_HOLD_MS 10000
/* How long a flow without admission waits for a new mark, which its next packet sets. After that a
 * new mark makes a new flow. */
#define MARK_MS	      30000
/* No event reports the new mark of a silent flow after its mark was cleared, so the daemon looks for it.
 * Pause before the first look; doubled before each further one. */
#define MARK_LOOK_MS  1000
#define LOOKS_MAX     3 /* as many as the bits of flow.mark_looks can count */
/* How long after the removal a closing connection has to finish by itself. */
#define LAST_ACK_MS   1000

static uint32_t slot_of(const struct engine *e, const struct flow *f)
{
	return flowtab_slot(&e->flows, f);
}

static void count_silent(struct engine *e, const struct flow *f, int sign)
{
	if (f->is_silent && flow_has_rules(f))
		e->n_silent += (uint32_t)sign;
}

static void set_state(struct engine *e, struct flow *f, enum flow_state next)
{
	count_silent(e, f, -1);
	e->n_state[f->state]--;
	if (f->state == FLOW_REFUSED)
		e->n_reason[f->reason]--;
	f->state = (uint8_t)next;
	e->n_state[next]++;
	if (next == FLOW_REFUSED)
		e->n_reason[f->reason]++;
	count_silent(e, f, 1);
}

static void set_reason(struct engine *e, struct flow *f, enum reason reason)
{
	if (f->state == FLOW_REFUSED) {
		e->n_reason[f->reason]--;
		e->n_reason[reason]++;
	}
	f->reason = (uint8_t)reason;
}

void flowact_set_silent(struct engine *e, struct flow *f, bool is_silent)
{
	count_silent(e, f, -1);
	e->n_silent_known += (uint32_t)is_silent - f->is_silent;
	f->is_silent = is_silent;
	count_silent(e, f, 1);
}

static void drop_path(struct engine *e, struct flow *f)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		topology_unref_neigh(&e->paths, f->next_hop[d]);
		f->next_hop[d] = FLOW_NONE;
		topology_unref_port(&e->paths, f->port[d]);
		f->port[d] = 0;
	}
}

static void arm(struct engine *e, struct flow *f, uint32_t ms, mono_t now)
{
	wheel_arm(&e->timers, slot_of(e, f), mono_add_ms(now, ms));
}

static uint32_t pause_of(const uint32_t ms[], size_t n, const struct flow *f)
{
	return ms[MIN((size_t)f->attempts, n - 1)];
}

static void arm_retry(struct engine *e, struct flow *f, mono_t now)
{
	if (f->attempts >= ATTEMPTS_MAX) {
		wheel_cancel(&e->timers, slot_of(e, f));
		return;
	}
	/* A device that was busy says nothing about a failed look-up. */
	arm(e, f,
	    f->is_busy && f->reason == REASON_RULE_REFUSED ?
		    pause_of(busy_ms, array_size(busy_ms), f) :
		    pause_of(retry_ms, array_size(retry_ms), f),
	    now);
	f->attempts++;
}

static bool looks_for_mark(const struct flow *f)
{
	return f->is_silent && f->has_asked_way && f->mark_looks < LOOKS_MAX;
}

/* Sets the timer of a refused flow, if its reason calls for one. */
static void arm_for_reason(struct engine *e, struct flow *f, mono_t now)
{
	switch ((enum reason)f->reason) {
	case REASON_RULE_REFUSED:
	case REASON_RULE_LOST:
	case REASON_CONNTRACK_REFUSED:
	case REASON_WAY_UNKNOWN:
	case REASON_ROUTED_OTHERWISE:
	case REASON_ASYMMETRIC_ROUTE:
	case REASON_NOT_HIT:
	case REASON_ROUTE_LOOKUP_FAILED:
		arm_retry(e, f, now);
		break;
	case REASON_FLUSHED:
		arm(e, f, FLUSH_HOLD_MS, now);
		break;
	case REASON_TCP_CLOSING:
		arm(e, f, LAST_ACK_MS, now);
		break;
	case REASON_NOT_ADMITTED:
	case REASON_RULESET_CHANGED:
		arm(e, f, looks_for_mark(f) ? MARK_LOOK_MS << f->mark_looks : MARK_MS, now);
		break;
	default:
		wheel_cancel(&e->timers, slot_of(e, f));
		break;
	}
}

static void forget(struct engine *e, struct flow *f)
{
	wheel_cancel(&e->timers, slot_of(e, f));
	drop_path(e, f);
	set_state(e, f, FLOW_REFUSED);
	e->n_reason[f->reason]--;
	e->n_state[FLOW_REFUSED]--;
	if (f->is_asking)
		e->n_asking--;
	e->n_silent_known -= f->is_silent;
	flowact_set_revoked(e, f, false);
	flowtab_del(&e->flows, f);
}

/* Keeps the flow in FLOW_Q_ASK while it has a question, unless a worker's queue has it. */
void flowact_requeue_ask(struct engine *e, struct flow *f)
{
	if (f->queue == FLOW_Q_INSTALL || f->queue == FLOW_Q_REMOVE)
		return;
	if (f->ask_path || flow_asks_conntrack(f)) {
		if (f->queue != FLOW_Q_ASK)
			flowtab_enqueue(&e->flows, f, FLOW_Q_ASK);
	} else {
		flowtab_enqueue(&e->flows, f, FLOW_Q_NONE);
	}
}

static void ask_path(struct engine *e, struct flow *f)
{
	f->ask_path = true;
	flowact_requeue_ask(e, f);
}

void flowact_ask_care(struct engine *e, struct flow *f)
{
	f->ask_care = true;
	flowact_requeue_ask(e, f);
}

void flowact_ask_way(struct engine *e, struct flow *f)
{
	f->has_asked_way = true;
	f->mark_looks = 0;
	f->ask_unmark = true;
	flowact_requeue_ask(e, f);
}

void flowact_distrust_notes(struct flow *f, mono_t now)
{
	f->has_asked_way = true;
	f->way_asked_ms = (uint16_t)(now.us / 1000);
}

void flowact_ask_way_again(struct engine *e, struct flow *f, mono_t now)
{
	flowact_ask_way(e, f);
	arm_for_reason(e, f, now);
}

void flowact_set_revoked(struct engine *e, struct flow *f, bool is_revoked)
{
	e->n_revoked += (uint32_t)is_revoked - f->is_revoked;
	f->is_revoked = is_revoked;
}

/* A silent flow is not dropped: only dumps and refreshes of a known flow reveal its end. Nor is one
 * with a revoked mark: it may have a new mark that has been reported already. */
void flowact_wait_no_more(struct engine *e, struct flow *f, mono_t now)
{
	if (looks_for_mark(f)) {
		f->mark_looks++;
		flowact_ask_care(e, f);
	}
	if (f->is_silent || f->is_asking || f->is_revoked)
		arm_for_reason(e, f, now);
	else
		flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
}

static void enter_refused(struct engine *e, struct flow *f, enum reason reason, mono_t now)
{
	f->ask_path = false;
	f->is_chosen = false;
	f->reason = (uint8_t)reason;
	/* Its notes may expire before there is room. */
	if (reason == REASON_HARDWARE_FULL)
		f->has_asked_way = false;
	flowtab_enqueue(&e->flows, f, FLOW_Q_NONE);
	set_state(e, f, FLOW_REFUSED);
	drop_path(e, f);
	arm_for_reason(e, f, now);
	flowact_requeue_ask(e, f);
}

static void enter_resolve(struct engine *e, struct flow *f)
{
	wheel_cancel(&e->timers, slot_of(e, f));
	flowtab_enqueue(&e->flows, f, FLOW_Q_NONE);
	drop_path(e, f);
	set_state(e, f, FLOW_RESOLVE);
	ask_path(e, f);
}

static void enter_drain(struct engine *e, struct flow *f)
{
	f->ask_path = false;
	set_state(e, f, FLOW_DRAIN);
	flowtab_enqueue(&e->flows, f, FLOW_Q_REMOVE);
}

/* The kernel has no rule of the flow any more: do what the goal says. */
static void after_rules(struct engine *e, struct flow *f, enum reason reason, mono_t now)
{
	enum flow_goal goal = f->goal;

	f->goal = FLOW_GOAL_KEEP;
	f->in_hw = false;
	barrier_unbar(e, f);
	leftover_drop(e, f);
	if (e->paths.nic && f->is_counted)
		card_released(nic_card_at(e->paths.nic, f->card));
	f->is_counted = false;
	memset(f->rule_pkts, 0, sizeof(f->rule_pkts));
	memset(f->rule_bytes, 0, sizeof(f->rule_bytes));
	switch (goal) {
	case FLOW_GOAL_GONE:
		forget(e, f);
		return;
	case FLOW_GOAL_RESOLVE:
		/* Rules hid packets from conntrack: correct the entry's timeout. */
		f->ask_care = true;
		enter_resolve(e, f);
		return;
	case FLOW_GOAL_SOFTWARE:
		/* A closing connection keeps the timeout from its last packet on the CPU. It is
		 * checked after it had time to finish (LAST_ACK_MS). */
		if (f->reason != REASON_TCP_CLOSING)
			f->ask_care = true;
		enter_refused(e, f, f->reason, now);
		/* The path may have changed again while the rules were being removed. */
		if (flowact_may_be_lifted(e, f))
			enter_resolve(e, f);
		return;
	case FLOW_GOAL_KEEP:
		enter_refused(e, f, reason, now);
		return;
	}
}

/* The strongest goal wins: the end of the connection is final, and a reason to stay on the CPU
 * beats a new path. Only conntrack lifts a reason that conntrack gave, so it must not be replaced
 * by a reason that time or another change lifts. */
static void set_goal(struct engine *e, struct flow *f, enum flow_input input, enum reason reason)
{
	if (f->goal == FLOW_GOAL_GONE)
		return;
	switch (input) {
	case FLOW_IN_END:
		f->goal = FLOW_GOAL_GONE;
		/* A new connection may have the same tuple, and even the same id (nf_ct_get_id
		 * hashes the entry's address). */
		flowtab_unindex(&e->flows, f);
		break;
	case FLOW_IN_UNCERTAIN:
		if (f->goal == FLOW_GOAL_SOFTWARE)
			break;
		/* fall through */
	case FLOW_IN_LEAVE:
	case FLOW_IN_PATH_BAD:
		if (f->goal == FLOW_GOAL_SOFTWARE && policy_is_conn_reason(f->reason) &&
		    !policy_is_conn_reason(reason))
			break;
		f->goal = FLOW_GOAL_SOFTWARE;
		f->reason = (uint8_t)reason;
		break;
	case FLOW_IN_RECHECK:
	case FLOW_IN_PATH_NEW:
	case FLOW_IN_LOST:
	case FLOW_IN_NOT_MOVED:
		if (f->goal == FLOW_GOAL_KEEP)
			f->goal = FLOW_GOAL_RESOLVE;
		break;
	case FLOW_IN_ADMIT:
		if (f->goal == FLOW_GOAL_SOFTWARE && policy_is_conn_reason(f->reason))
			f->goal = FLOW_GOAL_RESOLVE;
		break;
	default:
		break;
	}
}

static void settle(struct engine *e, struct flow *f)
{
	if (f->goal != FLOW_GOAL_KEEP) {
		enter_drain(e, f);
		return;
	}
	f->reason = REASON_NONE;
	barrier_unbar(e, f);
	/* If earlier rules were lost or never hit, a successful install proves nothing yet. */
	if (!f->is_doubted)
		f->attempts = 0;
	set_state(e, f, FLOW_ACTIVE);
	flowact_requeue_ask(e, f);
}

static void queue_install(struct engine *e, struct flow *f, mono_t now)
{
	if (!settings_use_flower(&e->settings)) {
		enter_refused(e, f,
			      e->settings.offload == OFFLOAD_OBSERVE ? REASON_OBSERVE_ONLY :
								      REASON_KERNEL_BACKEND,
			      now);
		return;
	}
	f->goal = FLOW_GOAL_KEEP;
	f->ask_path = false;
	set_state(e, f, FLOW_WAIT);
	flowtab_enqueue(&e->flows, f, FLOW_Q_INSTALL);
}

/* Moves wait with the removals: packets take the old path until the rules are replaced. */
static void queue_move(struct engine *e, struct flow *f)
{
	f->goal = FLOW_GOAL_KEEP;
	f->ask_path = false;
	set_state(e, f, FLOW_MOVE);
	flowtab_enqueue(&e->flows, f, FLOW_Q_REMOVE);
}

static void take(struct engine *e, struct flow *f, enum flow_state next)
{
	flowtab_enqueue(&e->flows, f, FLOW_Q_NONE);
	set_state(e, f, next);
	/* A question that came while the flow was in the worker's queue does not wait for the
	 * answer: the removal may fail again and again. */
	if (next == FLOW_REMOVE)
		flowact_requeue_ask(e, f);
}

static void drain(struct engine *e, struct flow *f, enum flow_input input, enum reason reason)
{
	/* Conntrack has not shown the connection yet: use a reason that only conntrack lifts. */
	if (f->state == FLOW_ADOPTED && !leftover_is_recognised(f) && !policy_is_conn_reason(reason))
		reason = REASON_INCOMPLETE;
	set_goal(e, f, input, reason);
	enter_drain(e, f);
}

void flowact_input(struct engine *e, struct flow *f, enum flow_input input, enum reason reason,
		 mono_t now)
{
	const struct flow_cell *cell = flow_step(f->state, input);

	switch ((enum flow_action)cell->action) {
	case FLOW_ACT_BUG:
		BUG_ON(true);
		break;
	case FLOW_ACT_IGNORE:
	case FLOW_ACT__COUNT:
		break;
	case FLOW_ACT_STAY_REFUSED:
		set_reason(e, f, reason);
		arm_for_reason(e, f, now);
		break;
	case FLOW_ACT_ASK_PATH:
		if (cell->next == FLOW_RESOLVE)
			enter_resolve(e, f);
		else
			ask_path(e, f);
		break;
	case FLOW_ACT_RECOGNISE:
		f->reason = REASON_NONE;
		ask_path(e, f);
		break;
	case FLOW_ACT_QUEUE:
		queue_install(e, f, now);
		break;
	case FLOW_ACT_REFUSE:
		enter_refused(e, f, reason, now);
		break;
	case FLOW_ACT_TAKE:
		take(e, f, cell->next);
		break;
	case FLOW_ACT_GOAL:
		set_goal(e, f, input, reason);
		break;
	case FLOW_ACT_SETTLE:
		settle(e, f);
		break;
	case FLOW_ACT_ACTIVATE:
		barrier_unbar(e, f);
		flowact_requeue_ask(e, f);
		break;
	case FLOW_ACT_DRAIN:
		drain(e, f, input, reason);
		break;
	case FLOW_ACT_AFTER:
		after_rules(e, f, reason, now);
		break;
	case FLOW_ACT_RETRY_DRAIN:
		set_state(e, f, FLOW_DRAIN);
		arm(e, f, retry_ms[0], now);
		break;
	case FLOW_ACT_FREE:
		forget(e, f);
		break;
	case FLOW_ACT_MOVE:
		queue_move(e, f);
		break;
	}
}

bool flowact_path_of(const struct engine *e, const struct flow *f, struct path *ret)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct neigh_rec *n = topology_get_neigh(&e->paths, f->next_hop[d]);
		struct leg leg;

		if (!n || legs_find(&e->paths.legs, n->neigh.ifindex, &n->neigh.mac, &leg) != REASON_NONE)
			return false;
		path_set_hop(ret, d, (enum family)f->orig.family, &leg, f->next_hop[d], n, f->route_mtu[d]);
		ret->ttl[d] = flowtab_ttl(&e->flows, f, d);
	}
	return path_find_recipes(&e->paths, &f->orig, &f->reply, ret) == REASON_NONE &&
	       path_check_mtu(ret, &f->orig, &f->reply) == REASON_NONE && path_check_ttl(ret) == REASON_NONE;
}

bool flowact_checks_size(const struct engine *e, const struct flow *f)
{
	struct path path;

	return flowact_path_of(e, f, &path) &&
	       (path_checks_size(&path, DIR_ORIG) || path_checks_size(&path, DIR_REPLY));
}

bool flowact_is_newer(uint32_t generation, const struct flow *f)
{
	return seq_is_later(generation, f->path_gen);
}

/* Checks the routes towards both ends of the flow. */
bool flowact_has_new_routes(const struct engine *e, const struct flow *f)
{
	return flowact_is_newer(e->paths.routes_changed, f) ||
	       topology_touches(&e->paths, f->orig.family, &f->orig.src, f->path_gen) ||
	       topology_touches(&e->paths, f->orig.family, &f->reply.src, f->path_gen);
}

bool flowact_may_be_lifted(const struct engine *e, const struct flow *f)
{
	if (!policy_is_path_reason(f->reason) && f->reason != REASON_OBSERVE_ONLY &&
	    f->reason != REASON_KERNEL_BACKEND)
		return false;
	if (f->reason == REASON_NEIGHBOUR_UNRESOLVED || f->reason == REASON_STATION_UNKNOWN)
		return flowact_is_newer(e->paths.generation, f);
	return flowact_is_newer(e->paths.ways_changed, f) ||
	       flowact_has_new_routes(e, f);
}

static bool has_leg_changed(const struct engine *e, const struct flow *f, const struct neigh *n)
{
	struct leg leg;

	if (legs_find(&e->paths.legs, n->ifindex, &n->mac, &leg) != REASON_NONE)
		return true;
	for (unsigned int i = 0; i < leg.n; i++) {
		if (flowact_is_newer(leg.rec[i]->changed, f) ||
		    (f->orig.family == FAMILY_IP6 && flowact_is_newer(leg.rec[i]->mtu6_changed, f)))
			return true;
	}
	return false;
}

bool flowact_hops_changed(const struct engine *e, const struct flow *f)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct neigh_rec *n = topology_get_neigh(&e->paths, f->next_hop[d]);

		if (!n || flowact_is_newer(n->changed, f) || has_leg_changed(e, f, &n->neigh))
			return true;
	}
	return false;
}

bool flowact_path_is_stale(const struct engine *e, const struct flow *f)
{
	return flowact_hops_changed(e, f) || flowact_has_new_routes(e, f);
}

bool flowact_path_is_doubted(const struct engine *e, const struct flow *f)
{
	return flowact_is_newer(e->paths.routes_doubted, f);
}

bool flowact_make_install(struct engine *e, struct flow *f, struct order *ret)
{
	struct order_install *o = &ret->install;
	struct path path;

	if (!flowact_path_of(e, f, &path))
		return false;
	ret->type = ORDER_INSTALL;
	ret->flow = flowtab_ref(&e->flows, f);
	*o = (struct order_install){
		.orig = f->orig,
		.ct_id = f->ct_id,
		.be_liberal = f->orig.proto == L4_TCP,
	};
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		flow_set_slot_kind(f, d, path_slot_kind(&path, d));
	plan_build(&e->settings, &f->orig, &f->reply, &path, slot_of(e, f), e->instance, f->ct_id,
		   o->rule);
	return true;
}

bool flowact_is_in_place(const struct engine *e, const struct flow *f, const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (!f->port[d] || f->port[d] != path->hop[dir_other(d)].ifindex ||
		    flow_slot_kind(f, d) != path_slot_kind(path, d))
			return false;
	}
	return !leftover_has(e, f);
}

bool flowact_make_move(struct engine *e, struct flow *f, struct order *ret)
{
	struct path path;

	if (flowact_path_is_stale(e, f) || !flowact_path_of(e, f, &path) ||
	    !flowact_is_in_place(e, f, &path))
		return false;
	*ret = (struct order){ .type = ORDER_MOVE, .flow = flowtab_ref(&e->flows, f) };
	plan_build(&e->settings, &f->orig, &f->reply, &path, slot_of(e, f), e->instance, f->ct_id,
		   ret->move.rule);
	return true;
}

void flowact_make_remove(struct engine *e, struct flow *f, struct order *ret)
{
	ret->type = ORDER_REMOVE;
	ret->flow = flowtab_ref(&e->flows, f);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		uint32_t port = leftover_has(e, f) ? leftover_ingress(e, f, d) : f->port[d];

		ret->remove.where[d] = slot_where(e->settings.tc_priority, flow_slot_kind(f, d), f->orig.family,
						  slot_of(e, f), d, port);
	}
}
