/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/admit.h"
#include "core/flow/adopt.h"
#include "core/flow/age.h"
#include "core/flow/flowact.h"
#include "core/flow/kernfwd.h"
#include "core/flow/leftover.h"
#include "core/flow/pathanswer.h"
#include "core/flow/policy.h"
#include "core/path/plan.h"
#include "core/port/barrier.h"
#include "core/port/portfsm.h"
#include "core/port/proof.h"
#include "core/port/rank.h"
#include "core/port/topofeed.h"
#include "core/resync.h"
#include "core/rules/revoke.h"
#include "core/rules/slot.h"
#include "core/walk.h"

COUNTER(installs_ok, "flows with both rules confirmed");
COUNTER(installs_refused, "installs that conntrack, the kernel or the driver refused");
COUNTER(installs_uncertain, "installs whose answer was lost");
COUNTER(removals_ok, "flows whose rules were removed");
COUNTER(removals_failed, "removals that failed; the daemon repeats them");
COUNTER(moves_ok, "flows whose rules were replaced in place because the path changed");
COUNTER(moves_failed,
	"replacements in place that failed; the rules are removed and installed again");
COUNTER(refreshes, "times that the daemon read or updated the conntrack entry of a flow");

/* Timers fired per tick. */
#define TIMER_BUDGET 1024
#define TIMER_TICK_MS 50
/* The default of the first prio. Some NICs accept only prio 1, or none above 16. Software rules
 * leave the low prios to other programs. */
#define PRIO_HARDWARE 1
#define PRIO_SOFTWARE 100

static int init_hardware(struct engine *e, mono_t now)
{
	topology_set_nic(&e->paths, nic_new(&e->settings, e->instance));
	if (!e->paths.nic)
		return -ENOMEM;
	return rank_new(&e->settings, now, &e->rank);
}

int engine_new(const struct engine_params *params, struct engine **ret_engine)
{
	struct engine *e;
	int err;

	if (params->n_workers < 1 || params->n_workers > FLOWTAB_MAX_WORKERS ||
	    params->settings.max_flows < 1)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->settings = params->settings;
	if (!e->settings.tc_priority)
		e->settings.tc_priority = e->settings.offload == OFFLOAD_HARDWARE ?
						  PRIO_HARDWARE :
						  PRIO_SOFTWARE;
	settings_choose_mark(&e->settings);
	e->instance = params->instance;
	e->started = params->now;
	e->adopt_due = MONO_NEVER;
	e->kernel_due = MONO_NEVER;
	e->lift_due = MONO_NEVER;
	err = flowtab_init(&e->flows, params->settings.max_flows, params->n_workers,
			   params->hash_key);
	if (!err)
		err = topology_init(&e->paths, params->hash_key);
	if (!err)
		err = proof_new(&e->settings, &e->proof);
	if (!err && e->settings.offload == OFFLOAD_HARDWARE && settings_use_flower(&e->settings))
		err = init_hardware(e, params->now);
	if (!err)
		err = wheel_init(&e->timers, params->settings.max_flows, TIMER_TICK_MS,
				 params->now);
	if (err) {
		engine_free(e);
		return err;
	}
	*ret_engine = e;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	leftover_free(engine);
	rank_free(engine->rank);
	proof_free(engine->proof);
	wheel_fini(&engine->timers);
	topology_fini(&engine->paths);
	flowtab_fini(&engine->flows);
	free(engine);
}

const struct settings *engine_settings(const struct engine *engine)
{
	return &engine->settings;
}

/* Connections that found the table full may never cause another event: a dump must find them. */
static bool has_room_again(const struct engine *e)
{
	uint32_t max = slab_capacity(&e->flows.flows);

	return e->has_turned_away && slab_count(&e->flows.flows) <= max - MAX(max / 16, 1u);
}

bool engine_wants_dumps(const struct engine *engine)
{
	return engine->n_silent || has_room_again(engine) ||
	       engine->n_reason[REASON_HARDWARE_FULL] ||
	       engine->wants_kernel_dump;
}

bool engine_has_silent(const struct engine *engine)
{
	return engine->n_silent_known;
}

bool engine_next_notice(struct engine *engine, struct notice *ret)
{
	return notice_pop(&engine->notices, ret) ||
	       (engine->paths.nic && notice_pop(&engine->paths.nic->notices, ret));
}

/* -- answers ------------------------------------------------------------- */

/* A rule was refused: updates the card, the pair and the flow. Returns the flow's reason. */
static enum reason judge_refusal(struct engine *e, struct flow *f, const struct event_install *done,
				 mono_t now)
{
	uint32_t in = f->port[done->dir];
	struct nic *nic = e->paths.nic;
	struct card *card = nic ? nic_card_at(nic, f->card) : NULL;
	const struct nic_port *port = nic ? nic_find_port(nic, in) : NULL;
	enum refusal refusal =
		driver_refusal(port ? port->driver : NULL, done->err, done->extack);
	struct nic_want want;
	struct path path;

	counter_inc(&installs_refused);
	f->is_busy = refusal == REFUSAL_BUSY;
	if (!card)
		return REASON_RULE_REFUSED;
	if (card_refused(card, port ? port->driver : NULL, done, in, now, &nic->notices))
		return REASON_HARDWARE_FULL;
	if (refusal == REFUSAL_UNSUPPORTED && flowact_path_of(e, f, &path)) {
		want = path_want(&path, &f->orig, &f->reply, done->dir);
		/* A station may have moved since. */
		want.in = in;
		want.out = f->port[dir_other(done->dir)];
		nic_drop_class(nic, &want, done);
	}
	return REASON_RULE_REFUSED;
}

static void count_answer(struct engine *e, struct flow *f, bool is_installed)
{
	struct card *card = e->paths.nic && f->is_counted ? nic_card_at(e->paths.nic, f->card) :
							     NULL;

	if (card && is_installed)
		card_installed(card, f->worker);
	else if (card)
		card_not_installed(card, f->worker);
}

static void feed_install(struct engine *e, struct flow *f, const struct event_install *done,
			 mono_t now)
{
	enum reason reason = REASON_NONE;

	f->is_busy = false;
	if (done->status == INSTALL_REFUSED)
		reason = judge_refusal(e, f, done, now);
	count_answer(e, f, done->status == INSTALL_OK);
	switch ((enum install_status)done->status) {
	case INSTALL_OK:
		counter_inc(&installs_ok);
		f->in_hw = done->in_hw;
		proof_rules_are_in(e, f, FLOW_IN_INSTALLED, now);
		break;
	case INSTALL_NO_CONN:
		flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
		flowact_input(e, f, FLOW_IN_NOT_INSTALLED, REASON_NONE, now);
		break;
	case INSTALL_CT_REFUSED:
		counter_inc(&installs_refused);
		flowact_input(e, f, FLOW_IN_NOT_INSTALLED, REASON_CONNTRACK_REFUSED, now);
		break;
	case INSTALL_REFUSED:
		flowact_input(e, f, FLOW_IN_NOT_INSTALLED, reason, now);
		break;
	case INSTALL_UNCERTAIN:
		counter_inc(&installs_uncertain);
		flowact_input(e, f, FLOW_IN_UNCERTAIN, REASON_RULE_LOST, now);
		break;
	}
}

/* Adds the last counters of rules that were removed or replaced. */
static void count_last(struct engine *e, struct flow *f, const struct event_remove *done, mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (done->has_stats[d])
			age_count(e, f, d, &done->stats[d], clock_ds(e, now));
	}
}

static void feed_remove(struct engine *e, struct flow *f, const struct event_remove *done,
			mono_t now)
{
	count_last(e, f, done, now);
	if (done->err) {
		counter_inc(&removals_failed);
		flowact_input(e, f, FLOW_IN_NOT_REMOVED, REASON_NONE, now);
	} else {
		counter_inc(&removals_ok);
		flowact_input(e, f, FLOW_IN_REMOVED, REASON_NONE, now);
	}
}

static void feed_move(struct engine *e, struct flow *f, const struct event_remove *done, mono_t now)
{
	e->n_moves++;
	count_last(e, f, done, now);
	if (done->err) {
		counter_inc(&moves_failed);
		flowact_input(e, f, FLOW_IN_NOT_MOVED, REASON_NONE, now);
		return;
	}
	counter_inc(&moves_ok);
	/* The new rules count from 0. */
	memset(f->rule_pkts, 0, sizeof(f->rule_pkts));
	memset(f->rule_bytes, 0, sizeof(f->rule_bytes));
	proof_rules_are_in(e, f, FLOW_IN_MOVED, now);
}

static void feed_refresh(struct engine *e, struct flow *f, const struct event *ev, mono_t now)
{
	struct event conn = { .type = EVENT_CONN, .is_dump = true };

	if (f->is_asking)
		e->n_asking--;
	f->is_asking = false;
	/* If a newer flow has the tuple by now, the answer is not about this flow. */
	if (ev->refresh.found && flowtab_find(&e->flows, &f->orig) == f) {
		conn.conn = ev->refresh.conn;
		conn.conn.mark &= ~ev->refresh.cleared;
		admit_conn(e, &conn, now);
	} else if (!ev->refresh.found && ev->refresh.err == 0) {
		flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
	}
	f = flowtab_get(&e->flows, ev->flow);
	if (f && ev->refresh.timeout_s)
		age_prolonged(e, f, ev->refresh.timeout_s, now);
	/* A refresh was requested while this one was under way. */
	if (f)
		flowact_requeue_ask(e, f);
}

static void feed_sample(struct engine *e, const struct event_sample *s, mono_t now)
{
	struct flow *f = flowtab_at(&e->flows, slot_from_handle(s->handle));
	uint32_t now_ds = clock_ds(e, now);
	bool moved;

	/* The slot may belong to another flow by now. Rules forward, and count, from before they
	 * are confirmed until they are removed. */
	if (!f || !flow_has_rules(f) || s->cookie.ct_id != f->ct_id ||
	    s->cookie.instance != e->instance)
		return;
	/* The answer to ORDER_MOVE brings the last counters of replaced rules. */
	if (f->state == FLOW_MOVING || s->is_old) {
		proof_seen(e, f, slot_dir(s->handle));
		return;
	}
	moved = age_count(e, f, slot_dir(s->handle), &s->stats, now_ds);
	if (s->has_age && !moved)
		moved = age_note_use(e, f, s->age_ds, now_ds);
	proof_sampled(e, f, slot_dir(s->handle), moved, now);
	if (age_needs_refresh(e, f, now_ds) && !f->is_asking)
		flowact_ask_care(e, f);
}

/* A stuck worker keeps the orders that it has. Flows that wait for it go to other workers
 * (first_for()), but nothing is installed on a card that a worker is stuck in. */
static void feed_worker(struct engine *e, const struct event_worker *w)
{
	if (w->worker >= FLOWTAB_MAX_WORKERS)
		return;
	e->is_stuck[w->worker] = w->is_stuck;
	for (unsigned int i = 0; e->paths.nic && i < NIC_MAX_CARDS; i++) {
		struct card *c = nic_card_at(e->paths.nic, (uint8_t)i);

		if (w->is_stuck && c->in_flight[w->worker])
			c->stuck |= (uint8_t)(1u << w->worker);
		else
			c->stuck &= (uint8_t)~(1u << w->worker);
	}
	portfsm_touch_ways(e);
}

static void feed_answer(struct engine *e, const struct event *ev, mono_t now)
{
	struct flow *f = flowtab_get(&e->flows, ev->flow);

	if (!f)
		return;
	switch ((enum event_type)ev->type) {
	case EVENT_LOOKUP_DONE: {
		struct path_query q = ev->lookup;

		pathanswer_feed(e, f, &q, now);
		break;
	}
	case EVENT_INSTALL_DONE:
		feed_install(e, f, &ev->install, now);
		break;
	case EVENT_REMOVE_DONE:
		feed_remove(e, f, &ev->remove, now);
		break;
	case EVENT_MOVE_DONE:
		feed_move(e, f, &ev->remove, now);
		break;
	case EVENT_REFRESH_DONE:
		feed_refresh(e, f, ev, now);
		break;
	default:
		BUG_ON(true);
		break;
	}
}

void engine_feed(struct engine *e, const struct event *ev, mono_t now)
{
	switch ((enum event_type)ev->type) {
	case EVENT_CONN:
		admit_conn(e, ev, now);
		break;
	case EVENT_CONN_DESTROY:
		admit_destroy(e, &ev->conn, now);
		break;
	case EVENT_RESYNC_BEGIN:
	case EVENT_RESYNC_END:
	case EVENT_RESYNC_ABORT:
	case EVENT_FLUSH:
	case EVENT_STOP:
		resync_event(e, ev);
		break;
	case EVENT_PORT_DONE:
	case EVENT_PROBE_DONE:
		portfsm_feed(e, ev, now);
		break;
	case EVENT_BARRIER_DONE:
		barrier_done(e, &ev->barrier, now);
		break;
	case EVENT_EPOCH:
	case EVENT_RULESET:
	case EVENT_RULESET_SETTLED:
		revoke_event(e, ev);
		break;
	case EVENT_ROUND_BEGIN:
	case EVENT_ROUND_PORT:
	case EVENT_ROUND_END:
		proof_round(e, ev, now);
		break;
	case EVENT_WORKER:
		feed_worker(e, &ev->worker);
		break;
	case EVENT_SAMPLE:
		feed_sample(e, &ev->sample, now);
		break;
	case EVENT_LOOKUP_DONE:
	case EVENT_INSTALL_DONE:
	case EVENT_REMOVE_DONE:
	case EVENT_MOVE_DONE:
	case EVENT_REFRESH_DONE:
		feed_answer(e, ev, now);
		break;
	default:
		BUG_ON(!topofeed(e, ev, now));
		break;
	}
}

/* -- time ---------------------------------------------------------------- */

struct timer_ctx {
	struct engine *engine;
	mono_t now;
};

static void on_timer(void *ctx, uint32_t slot)
{
	struct timer_ctx *t = ctx;
	struct engine *e = t->engine;
	struct flow *f = flowtab_at(&e->flows, slot);

	if (!f)
		return;
	if (f->state == FLOW_DRAIN) {
		flowtab_enqueue(&e->flows, f, FLOW_Q_REMOVE);
	} else if (f->state == FLOW_REFUSED && f->reason == REASON_TCP_CLOSING) {
		if (f->had_rules)
			flowact_ask_care(e, f);
	} else if (f->state == FLOW_REFUSED && !e->stopping &&
		   (f->reason == REASON_NOT_ADMITTED || f->reason == REASON_RULESET_CHANGED)) {
		flowact_wait_no_more(e, f, t->now);
	} else if (f->state == FLOW_REFUSED && !e->stopping && f->reason == REASON_WAY_UNKNOWN) {
		flowact_ask_way_again(e, f, t->now);
	} else if (f->state == FLOW_REFUSED && !e->stopping) {
		/* Its packets may be asked again. Elsewhere, notes may have been distrusted. */
		if (f->reason == REASON_ROUTED_OTHERWISE || f->reason == REASON_ASYMMETRIC_ROUTE)
			f->has_asked_way = false;
		flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, t->now);
	}
}

bool engine_tick(struct engine *e, mono_t now)
{
	struct timer_ctx ctx = { e, now };
	bool more = wheel_advance(&e->timers, now, TIMER_BUDGET, on_timer, &ctx);

	/* Hardware that is used again after a pause may have been reset meanwhile. */
	if (e->paths.nic && nic_tick(e->paths.nic, now)) {
		portfsm_touch_ways(e);
		portfsm_renew_all_guards(e);
	}
	topofeed_tick(e, now);
	more |= rank_step(e, now);
	kernfwd_step(e, now);
	adopt_step(e, now);
	return resync_step(e, now) || more;
}

mono_t engine_next_due(const struct engine *e)
{
	mono_t due = mono_min(mono_min(wheel_next_due(&e->timers), rank_next_due(e)),
			      mono_min(barrier_next_due(e), kernfwd_next_due(e)));

	due = mono_min(mono_min(due, adopt_next_due(e)), e->lift_due);
	return e->paths.nic ? mono_min(due, nic_next_due(e->paths.nic)) : due;
}

/* -- orders -------------------------------------------------------------- */

/* The entry has the timeout of a closing state, which must not change. */
static bool is_closing(const struct flow *f)
{
	return f->orig.proto == L4_TCP && f->tcp_state != CONN_TCP_ESTABLISHED;
}

/* The connection had time to finish by itself (LAST_ACK_MS). If it has not, rules may have hidden
 * its last packet from conntrack. */
static bool can_finish(const struct engine *e, const struct flow *f)
{
	return f->state == FLOW_REFUSED && f->reason == REASON_TCP_CLOSING &&
	       !(f->status & CONN_FIXED_TIMEOUT) &&
	       !wheel_is_armed(&e->timers, flowtab_slot(&e->flows, f));
}

/* Adds the changes that the refresh shall make to the conntrack entry. */
static void add_care(const struct engine *e, const struct flow *f, uint32_t now_ds,
		     struct order_refresh *ret)
{
	/* No timeout to set: conntrack saw every packet, or will not expire the entry too early. */
	if (!f->had_rules || (f->state == FLOW_ACTIVE && !age_needs_refresh(e, f, now_ds)))
		return;
	if (!is_closing(f)) {
		ret->timeout_s = age_wanted_timeout(f, now_ds);
	} else if (can_finish(e, f)) {
		ret->finish_last_ack = true;
		ret->timeout_s = e->settings.tcp_time_wait_s;
	}
}

static void make_refresh(struct engine *e, struct flow *f, mono_t now, struct order *ret)
{
	*ret = (struct order){ .type = ORDER_REFRESH, .flow = flowtab_ref(&e->flows, f) };
	ret->refresh.orig = f->orig;
	ret->refresh.ct_id = f->ct_id;
	if (f->ask_unmark) {
		ret->refresh.clear_mark = settings_mark_bits(&e->settings);
		f->ask_unmark = false;
		flowact_distrust_notes(f, now);
	} else {
		add_care(e, f, clock_ds(e, now), &ret->refresh);
		f->ask_care = false;
	}
	f->is_asking = true;
	e->n_asking++;
	counter_inc(&refreshes);
}

static bool next_question(struct engine *e, mono_t now, struct order *ret)
{
	struct flow *f;

	while (ret->type == ORDER_NONE && (f = flowtab_first(&e->flows, FLOW_Q_ASK, 0))) {
		if (flow_asks_conntrack(f) && !f->is_asking) {
			make_refresh(e, f, now, ret);
		} else if (f->ask_path) {
			pathanswer_ask(e, f, ret);
			f->ask_path = false;
		}
		/* Requeue the flow if it has another question that can be asked now. A refresh that
		 * must wait for an answer is queued when the answer comes. */
		flowtab_enqueue(&e->flows, f,
				f->ask_path || (flow_asks_conntrack(f) && !f->is_asking) ?
					FLOW_Q_ASK :
					FLOW_Q_NONE);
	}
	return ret->type != ORDER_NONE;
}

/* The first flow of the worker's own queue, else of the queue of a stuck worker. */
static struct flow *first_for(const struct engine *e, enum flow_queue queue, unsigned int worker)
{
	struct flow *f = flowtab_first(&e->flows, queue, worker);

	for (unsigned int w = 0; !f && w < e->flows.n_workers; w++) {
		if (e->is_stuck[w] && w != worker)
			f = flowtab_first(&e->flows, queue, w);
	}
	return f;
}

static uint32_t n_with_rules(const struct engine *e)
{
	return e->n_state[FLOW_INSTALL] + e->n_state[FLOW_ACTIVE] + e->n_state[FLOW_DRAIN] +
	       e->n_state[FLOW_REMOVE] + e->n_state[FLOW_ADOPTED] + e->n_state[FLOW_MOVE] +
	       e->n_state[FLOW_MOVING];
}

static bool next_removal(struct engine *e, unsigned int worker, mono_t now, struct order *ret)
{
	struct flow *f = first_for(e, FLOW_Q_REMOVE, worker);

	if (f) {
		/* If the rules can no longer be replaced in place, remove them. */
		if (f->state == FLOW_MOVE && !flowact_make_move(e, f, ret))
			flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		if (f->state == FLOW_DRAIN)
			flowact_make_remove(e, f, ret);
		flowact_input(e, f, FLOW_IN_TAKEN, REASON_NONE, now);
		return true;
	}
	/* Ports are closed last, when no flow needs them. */
	if (worker != 0)
		return false;
	if (portfsm_next_unwanted(e, ret))
		return true;
	if (!e->stopping || walk_is_running(e, WALK_FLUSH) || n_with_rules(e))
		return false;
	return portfsm_next_closing(e, ret);
}

/* The card for the flow's rules. One card has both, because a redirect cannot leave its card. */
static struct card *card_of(struct engine *e, struct flow *f)
{
	if (!e->paths.nic)
		return NULL;
	f->card = nic_card_index(e->paths.nic, f->port[DIR_ORIG]);
	return nic_card_at(e->paths.nic, f->card);
}

/* Flows that one call skips in the install queue because they wait for room or guards. */
#define PASS_OVER 64

/* The guards on both ports of the rules can be relied on. */
static bool trusts_guards(struct engine *e, const struct order_install *o, mono_t now)
{
	bool is_trusted = true;

	for (unsigned int d = 0; d < DIR__COUNT; d++)
		is_trusted &= portfsm_trust_guards(e, o->rule[d].ifindex, now);
	return is_trusted;
}

/* Makes the order if everything is still as planned. False: the flow still waits, or has left the
 * queue. */
static bool take_install(struct engine *e, struct flow *f, unsigned int worker, mono_t now,
			 struct order *ret)
{
	struct card *card = card_of(e, f);

	/* Something changed since the path was found: look it up again. */
	if (flowact_path_is_stale(e, f) || !flowact_make_install(e, f, ret)) {
		flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		return false;
	}
	ret->type = ORDER_NONE;
	if (card && !card_works(card)) {
		flowact_input(e, f, FLOW_IN_LEAVE, REASON_DEVICE_FAILING, now);
		return false;
	}
	if (card && !rank_admits(f, card)) {
		/* A chosen flow gets its place as soon as a victim is out. */
		if (f->is_chosen && !rank_is_overdue(e, f, now))
			flowtab_enqueue(&e->flows, f, FLOW_Q_INSTALL);
		else
			flowact_input(e, f, FLOW_IN_LEAVE, REASON_HARDWARE_FULL, now);
		return false;
	}
	if (!trusts_guards(e, &ret->install, now)) {
		flowtab_enqueue(&e->flows, f, FLOW_Q_INSTALL);
		return false;
	}
	flowact_input(e, f, FLOW_IN_TAKEN, REASON_NONE, now);
	f->had_rules = true;
	f->is_chosen = false;
	f->worker = (uint8_t)worker;
	if (card) {
		card_take(card, worker);
		f->is_counted = true;
	}
	ret->type = ORDER_INSTALL;
	return true;
}

static bool next_install(struct engine *e, unsigned int worker, mono_t now, struct order *ret)
{
	unsigned int passed_over = 0;
	struct flow *f;

	if (e->stopping)
		return false;
	if (worker == 0 && portfsm_next_order(e, now, ret))
		return true;
	if (e->n_barriers || revoke_is_walking(e))
		return false;
	while ((f = first_for(e, FLOW_Q_INSTALL, worker)) && passed_over < PASS_OVER) {
		if (take_install(e, f, worker, now, ret))
			return true;
		passed_over += f->state == FLOW_WAIT;
	}
	/* The skipped flows may wait for guards, which are due now. */
	return worker == 0 && passed_over && portfsm_next_order(e, now, ret);
}

bool engine_next_order(struct engine *e, enum order_class class, unsigned int worker, mono_t now,
		       struct order *ret_order)
{
	ret_order->type = ORDER_NONE;
	/* The order would only wait in the worker's ring. */
	if (class != ORDERS_ASK && class != ORDERS_URGENT && e->is_stuck[worker])
		return false;
	switch (class) {
	case ORDERS_ASK:
		return next_question(e, now, ret_order);
	case ORDERS_URGENT:
		return barrier_next_order(e, now, ret_order);
	case ORDERS_REMOVE:
		return next_removal(e, worker, now, ret_order);
	case ORDERS_INSTALL:
		return next_install(e, worker, now, ret_order);
	}
	return false;
}

/* A flow with rules counts twice, because a refresh follows the removal. */
uint32_t engine_left(const struct engine *e)
{
	return n_with_rules(e) * 2 + e->n_asking + e->flows.ask.count + portfsm_count_ours(e);
}

bool engine_is_closed(const struct engine *e)
{
	return !e->mark_epoch && !walk_is_running(e, WALK_EPOCH);
}

bool engine_is_stopped(const struct engine *e)
{
	return e->stopping && !walk_is_running(e, WALK_FLUSH) && !e->n_barriers && engine_left(e) == 0;
}
