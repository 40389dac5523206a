/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/plan.h"
#include "core/policy.h"

COUNTER(installs_ok, "flows whose both rules were confirmed");
COUNTER(installs_refused, "flows of which the kernel or driver refused a rule");
COUNTER(installs_uncertain, "installs whose answer was lost");
COUNTER(removals_ok, "flows whose rules were taken out");
COUNTER(removals_failed, "removals that failed and are repeated");
COUNTER(refreshes, "conntrack entries read or prolonged for offloaded flows");

/* Timers fired per tick. */
#define TIMER_BUDGET 1024
#define TIMER_TICK_MS 50

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
	e->instance = params->instance;
	e->epoch = params->now;
	err = flowtab_init(&e->flows, params->settings.max_flows, params->n_workers,
			   params->hash_key);
	if (!err)
		err = pathtab_init(&e->paths, params->hash_key);
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
	wheel_fini(&engine->timers);
	pathtab_fini(&engine->paths);
	flowtab_fini(&engine->flows);
	free(engine);
}

const struct settings *engine_settings(const struct engine *engine)
{
	return &engine->settings;
}

uint32_t engine_silent_flows(const struct engine *engine)
{
	return engine->n_silent;
}

/* -- links and ports ----------------------------------------------------- */

static bool can_be_port(const struct link_rec *rec)
{
	return rec->is_named && rec->link.is_ether && !rec->link.master &&
	       (rec->link.kind[0] == '\0' || strcmp(rec->link.kind, "veth") == 0);
}

static void feed_link(struct engine *e, const struct link *link)
{
	uint32_t before = e->paths.generation;
	struct link_rec *rec = pathtab_put_link(&e->paths, &e->settings, link);

	if (!rec)
		return;
	if (e->settings.offload != OFFLOAD_OBSERVE && !e->stopping && can_be_port(rec) &&
	    (rec->port == PORT_NONE || rec->port == PORT_CLOSED ||
	     (rec->port == PORT_FAILED && e->paths.generation != before)))
		rec->port = PORT_WANTED;
	if (rec->port == PORT_UNGUARDED && e->paths.generation != before)
		rec->port = PORT_CLSACT;
	if (e->paths.generation != before)
		resync_start_path_walk(e);
}

static void feed_link_gone(struct engine *e, uint32_t ifindex)
{
	pathtab_del_link(&e->paths, ifindex);
	resync_start_path_walk(e);
}

static void feed_neigh(struct engine *e, const struct neigh *neigh)
{
	uint32_t before = e->paths.generation;

	pathtab_put_neigh(&e->paths, neigh);
	if (e->paths.generation != before)
		resync_start_path_walk(e);
}

#define BOTH_GUARDS 3

/* A driver need not be able to; the plain rules still can. */
static bool is_guarded(const struct engine *e, const struct link_rec *rec)
{
	return e->settings.offload == OFFLOAD_HARDWARE || rec->guards == BOTH_GUARDS;
}

static void feed_port(struct engine *e, const struct event_port *done)
{
	struct link_rec *rec = pathtab_find_link(&e->paths, done->ifindex);

	if (!rec)
		return;
	/* The answer for another device that had this number before. */
	if (rec->port == PORT_NONE || rec->port == PORT_WANTED)
		return;
	rec->err = done->err;
	memcpy(rec->extack, done->extack, sizeof(rec->extack));
	switch ((enum order_type)done->order) {
	case ORDER_PORT_OPEN:
		rec->port = done->err ? PORT_FAILED : PORT_CLSACT;
		rec->made_clsact = done->made_clsact;
		break;
	case ORDER_PORT_GUARD:
		rec->guards = done->guards;
		rec->port = PORT_OPEN;
		/* One guard is as good as none. */
		if (!is_guarded(e, rec))
			rec->port = PORT_UNGUARDED;
		break;
	default:
		rec->port = PORT_CLOSED;
		break;
	}
	pathtab_touch_link(&e->paths, rec);
	resync_start_path_walk(e);
}

static void make_port_order(const struct engine *e, const struct link_rec *rec,
			    enum order_type type, struct order *ret)
{
	struct order_port *o = &ret->port;

	*ret = (struct order){ .type = (uint8_t)type };
	o->ifindex = rec->link.ifindex;
	o->instance = e->instance;
	o->keep_clsact = !rec->made_clsact;
	o->n_guards = 2;
	plan_guard(&e->settings, rec, FAMILY_IP4, e->instance, &o->guard[0]);
	plan_guard(&e->settings, rec, FAMILY_IP6, e->instance, &o->guard[1]);
}

/* The next port in a state: an order for it, and it goes on to the next state. */
static bool next_port(struct engine *e, enum port_state from, enum port_state to,
		      enum order_type type, struct order *ret)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = pathtab_next_link(&e->paths, &slot)); slot++) {
		if (rec->port != from)
			continue;
		rec->port = (uint8_t)to;
		make_port_order(e, rec, type, ret);
		return true;
	}
	return false;
}

/* -- answers ------------------------------------------------------------- */

static uint32_t routing_mark(const struct engine *e, const struct flow *f)
{
	return e->settings.admit == ADMIT_MARK ? f->mark & ~e->settings.mark : f->mark;
}

/* A neighbour that changed keeps its slot, but the rules have its old MAC. */
static bool is_same_path(const struct engine *e, const struct flow *f, const struct path *path)
{
	return f->next_hop[DIR_ORIG] == path->next_hop[DIR_ORIG] &&
	       f->next_hop[DIR_REPLY] == path->next_hop[DIR_REPLY] && !drive_hops_changed(e, f);
}

static void take_path(struct engine *e, struct flow *f, const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		pathtab_ref_neigh(&e->paths, path->next_hop[d]);
		pathtab_unref_neigh(&e->paths, f->next_hop[d]);
		f->next_hop[d] = path->next_hop[d];
	}
}

static void feed_lookup(struct engine *e, struct flow *f, struct path_query *q, mono_t now)
{
	enum reason reason = REASON_NO_ROUTE;
	struct path path;

	if (f->state != FLOW_RESOLVE && f->state != FLOW_ACTIVE)
		return;
	if (q->ask.mark != routing_mark(e, f)) {
		drive_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		return;
	}
	if (path_advance(q, &reason) == PATH_FOUND)
		reason = path_resolve(&e->paths, &e->settings, q, &path);
	/* Facts that changed during the walk are looked at by another one. */
	if (q->generation != e->paths.generation)
		resync_start_path_walk(e);
	if (reason != REASON_NONE) {
		f->path_gen = q->generation;
		drive_input(e, f, FLOW_IN_PATH_BAD, reason, now);
	} else if (f->state == FLOW_RESOLVE) {
		f->path_gen = q->generation;
		take_path(e, f, &path);
		drive_input(e, f, FLOW_IN_PATH_NEW, REASON_NONE, now);
	} else if (is_same_path(e, f, &path)) {
		f->path_gen = q->generation;
		drive_input(e, f, FLOW_IN_PATH_SAME, REASON_NONE, now);
	} else {
		drive_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	}
}

static void feed_install(struct engine *e, struct flow *f, const struct event_install *done,
			 mono_t now)
{
	switch ((enum install_status)done->status) {
	case INSTALL_OK:
		counter_inc(&installs_ok);
		f->in_hw = done->in_hw;
		drive_input(e, f, FLOW_IN_INSTALLED, REASON_NONE, now);
		break;
	case INSTALL_NO_CONN:
		drive_input(e, f, FLOW_IN_END, REASON_NONE, now);
		drive_input(e, f, FLOW_IN_NOT_INSTALLED, REASON_NONE, now);
		break;
	case INSTALL_CT_REFUSED:
		counter_inc(&installs_refused);
		drive_input(e, f, FLOW_IN_NOT_INSTALLED, REASON_CONNTRACK_REFUSED, now);
		break;
	case INSTALL_REFUSED:
		counter_inc(&installs_refused);
		drive_input(e, f, FLOW_IN_NOT_INSTALLED, REASON_RULE_REFUSED, now);
		break;
	case INSTALL_UNCERTAIN:
		counter_inc(&installs_uncertain);
		drive_input(e, f, FLOW_IN_UNCERTAIN, REASON_RULE_LOST, now);
		break;
	}
}

static void feed_remove(struct engine *e, struct flow *f, const struct event_remove *done,
			mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (done->has_stats[d])
			age_count(e, f, d, &done->stats[d], age_now(e, now));
	}
	if (done->err) {
		counter_inc(&removals_failed);
		drive_input(e, f, FLOW_IN_NOT_REMOVED, REASON_NONE, now);
	} else {
		counter_inc(&removals_ok);
		drive_input(e, f, FLOW_IN_REMOVED, REASON_NONE, now);
	}
}

static void feed_refresh(struct engine *e, struct flow *f, const struct event *ev, mono_t now)
{
	struct event conn = { .type = EVENT_CONN, .is_dump = true };

	if (f->is_asking)
		e->n_asking--;
	f->is_asking = false;
	/* A successor that has the tuple by now speaks for itself. */
	if (ev->refresh.found && flowtab_find(&e->flows, &f->orig) == f) {
		conn.conn = ev->refresh.conn;
		admit_conn(e, &conn, now);
	} else if (!ev->refresh.found && ev->refresh.err == 0) {
		drive_input(e, f, FLOW_IN_END, REASON_NONE, now);
	}
	/* What was to be asked while this question was out. */
	f = flowtab_get(&e->flows, ev->flow);
	if (f && f->ask_care)
		drive_ask_care(e, f);
}

static void feed_sample(struct engine *e, const struct event_sample *s, mono_t now)
{
	struct flow *f = flowtab_at(&e->flows, plan_slot(s->handle));
	uint32_t now_ds = age_now(e, now);

	/* The slot may belong to another flow by now, whose rules are new. Rules
	 * forward from before they are confirmed until they are removed. */
	if (!f || !flow_has_rules(f) || s->cookie.ct_id != f->ct_id ||
	    s->cookie.instance != e->instance)
		return;
	age_count(e, f, plan_dir(s->handle), &s->stats, now_ds);
	if (age_needs_refresh(e, f, now_ds) && !f->is_asking)
		drive_ask_care(e, f);
}

static void feed_answer(struct engine *e, const struct event *ev, mono_t now)
{
	struct flow *f = flowtab_get(&e->flows, ev->flow);

	if (!f)
		return;
	switch ((enum event_type)ev->type) {
	case EVENT_LOOKUP_DONE: {
		struct path_query q = ev->lookup;

		feed_lookup(e, f, &q, now);
		break;
	}
	case EVENT_INSTALL_DONE:
		feed_install(e, f, &ev->install, now);
		break;
	case EVENT_REMOVE_DONE:
		feed_remove(e, f, &ev->remove, now);
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
	case EVENT_LINK:
		feed_link(e, &ev->link);
		break;
	case EVENT_LINK_GONE:
		feed_link_gone(e, ev->link.ifindex);
		break;
	case EVENT_NEIGH:
		feed_neigh(e, &ev->neigh);
		break;
	case EVENT_ROUTES_CHANGED:
		pathtab_touch_routes(&e->paths);
		resync_start_path_walk(e);
		break;
	case EVENT_PORT_DONE:
		feed_port(e, &ev->port);
		break;
	case EVENT_PROBE_DONE:
	case EVENT_ROUND_BEGIN:
	case EVENT_ROUND_PORT:
	case EVENT_ROUND_END:
	case EVENT_WORKER:
		break;
	case EVENT_SAMPLE:
		feed_sample(e, &ev->sample, now);
		break;
	case EVENT_LOOKUP_DONE:
	case EVENT_INSTALL_DONE:
	case EVENT_REMOVE_DONE:
	case EVENT_REFRESH_DONE:
		feed_answer(e, ev, now);
		break;
	case EVENT__COUNT:
		BUG_ON(true);
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
			drive_ask_care(e, f);
	} else if (f->state == FLOW_REFUSED && !e->stopping) {
		drive_input(e, f, FLOW_IN_RECHECK, REASON_NONE, t->now);
	}
}

bool engine_tick(struct engine *e, mono_t now)
{
	struct timer_ctx ctx = { e, now };
	bool more = wheel_advance(&e->timers, now, TIMER_BUDGET, on_timer, &ctx);

	return resync_step(e, now) || more;
}

mono_t engine_next_due(const struct engine *e)
{
	return wheel_next_due(&e->timers);
}

/* -- orders -------------------------------------------------------------- */

/* Its timeout is the one of a closing state, and right as it is. */
static bool is_closing(const struct flow *f)
{
	return f->orig.proto == L4_TCP && f->tcp_state != CONN_TCP_ESTABLISHED;
}

/* It had its time to finish by itself (LAST_ACK_MS), and rules may have hidden
 * its last packet. */
static bool can_finish(const struct engine *e, const struct flow *f)
{
	return f->state == FLOW_REFUSED && f->reason == REASON_TCP_CLOSING &&
	       !(f->status & CONN_FIXED_TIMEOUT) &&
	       !wheel_is_armed(&e->timers, flowtab_slot(&e->flows, f));
}

static void make_refresh(struct engine *e, struct flow *f, mono_t now, struct order *ret)
{
	*ret = (struct order){ .type = ORDER_REFRESH, .flow = flowtab_ref(&e->flows, f) };
	ret->refresh.orig = f->orig;
	ret->refresh.ct_id = f->ct_id;
	if (f->had_rules && !is_closing(f)) {
		ret->refresh.timeout_s = age_wanted_timeout(f, age_now(e, now));
	} else if (f->had_rules && can_finish(e, f)) {
		ret->refresh.finish_last_ack = true;
		ret->refresh.timeout_s = e->settings.tcp_time_wait_s;
	}
	f->ask_care = false;
	f->is_asking = true;
	e->n_asking++;
	counter_inc(&refreshes);
}

static bool next_question(struct engine *e, mono_t now, struct order *ret)
{
	struct flow *f;

	while (ret->type == ORDER_NONE && (f = flowtab_first(&e->flows, FLOW_Q_ASK, 0))) {
		if (f->ask_care && !f->is_asking) {
			make_refresh(e, f, now, ret);
		} else if (f->ask_path) {
			*ret = (struct order){ .type = ORDER_LOOKUP,
					       .flow = flowtab_ref(&e->flows, f) };
			path_begin(&ret->lookup, &f->orig, &f->reply, routing_mark(e, f),
				   e->paths.generation);
			f->ask_path = false;
		}
		/* To the end of the queue if it has another question, else out of
		 * it; what must wait for an answer comes back with the answer. */
		flowtab_enqueue(&e->flows, f,
				f->ask_path || (f->ask_care && !f->is_asking) ? FLOW_Q_ASK :
										FLOW_Q_NONE);
	}
	return ret->type != ORDER_NONE;
}

static bool next_removal(struct engine *e, unsigned int worker, mono_t now, struct order *ret)
{
	struct flow *f = flowtab_first(&e->flows, FLOW_Q_REMOVE, worker);

	if (f) {
		drive_input(e, f, FLOW_IN_TAKEN, REASON_NONE, now);
		drive_make_remove(e, f, ret);
		return true;
	}
	/* Ports go last, when no flow needs them. */
	if (worker != 0 || !e->stopping || e->flush_walk.is_running ||
	    e->n_state[FLOW_INSTALL] + e->n_state[FLOW_ACTIVE] + e->n_state[FLOW_DRAIN] +
		    e->n_state[FLOW_REMOVE])
		return false;
	return next_port(e, PORT_OPEN, PORT_CLOSING, ORDER_PORT_CLOSE, ret) ||
	       next_port(e, PORT_UNGUARDED, PORT_CLOSING, ORDER_PORT_CLOSE, ret) ||
	       next_port(e, PORT_CLSACT, PORT_CLOSING, ORDER_PORT_CLOSE, ret);
}

static bool next_install(struct engine *e, unsigned int worker, mono_t now, struct order *ret)
{
	struct flow *f;

	if (e->stopping)
		return false;
	if (worker == 0 &&
	    (next_port(e, PORT_CLSACT, PORT_GUARDING, ORDER_PORT_GUARD, ret) ||
	     next_port(e, PORT_WANTED, PORT_OPENING, ORDER_PORT_OPEN, ret)))
		return true;
	while ((f = flowtab_first(&e->flows, FLOW_Q_INSTALL, worker))) {
		if (!drive_path_is_stale(e, f)) {
			drive_input(e, f, FLOW_IN_TAKEN, REASON_NONE, now);
			f->had_rules = true;
			drive_make_install(e, f, ret);
			return true;
		}
		/* Something changed since it was planned: plan it again. */
		drive_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
	}
	return false;
}

bool engine_next_order(struct engine *e, enum order_class class, unsigned int worker, mono_t now,
		       struct order *ret_order)
{
	ret_order->type = ORDER_NONE;
	switch (class) {
	case ORDERS_ASK:
		return next_question(e, now, ret_order);
	case ORDERS_REMOVE:
		return next_removal(e, worker, now, ret_order);
	case ORDERS_INSTALL:
		return next_install(e, worker, now, ret_order);
	}
	return false;
}

bool engine_is_stopped(const struct engine *e)
{
	struct link_rec *rec;

	if (!e->stopping || e->flush_walk.is_running || e->n_asking || e->flows.ask.count ||
	    e->n_state[FLOW_INSTALL] + e->n_state[FLOW_ACTIVE] + e->n_state[FLOW_DRAIN] +
		    e->n_state[FLOW_REMOVE])
		return false;
	for (uint32_t slot = 0; (rec = pathtab_next_link(&e->paths, &slot)); slot++) {
		if (port_is_ours(rec->port))
			return false;
	}
	return true;
}
