/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "core/path/plan.h"
#include "core/rules/slot.h"
#include "core/view.h"
#include "daemon/work/questions.h"
#include "daemon/report.h"
#include "daemon/work/worker.h"

LOG_TAG("dispatch");

COUNTER(workers_stuck, "times that a worker was stuck in the kernel for seconds");

#define WATCH_MS 500
/* How long to wait at stop for running batches. A worker that takes longer is stuck. */
#define WORKER_STOP_MS 2000

/* The last worker, in addition to those that the engine knows, executes urgent orders only. */
#define DISPATCH_WORKERS_MAX 9

struct dispatch {
	struct loop *loop;
	struct engine *engine;
	struct questions *questions;
	uint32_t own_portid; /* netlink address of a further socket of ours; 0 = none */
	unsigned int n_workers; /* including the one for urgent orders, which is the last */
	struct worker *worker[DISPATCH_WORKERS_MAX];
	struct loop_fd *worker_fd[DISPATCH_WORKERS_MAX];
	bool is_stuck[DISPATCH_WORKERS_MAX];
	struct loop_timer *tick, *watch;
	void (*idle_hook)(void *ctx);
	void *idle_ctx;
	/* Whether a removal failed, and the first flow for which it did, until it succeeds. */
	bool removals_fail;
	struct slab_ref failed_flow;
};

/* -- workers -------------------------------------------------------------- */

static void feed_worker(struct dispatch *d, enum order_class class, unsigned int w)
{
	struct order o;

	while (worker_has_room(d->worker[w], class == ORDERS_REMOVE) &&
	       engine_next_order(d->engine, class, w, loop_now(d->loop), &o))
		worker_push(d->worker[w], &o);
	worker_wake(d->worker[w]);
}

static void feed_workers(struct dispatch *d)
{
	static const enum order_class classes[] = { ORDERS_REMOVE, ORDERS_INSTALL };

	for (unsigned int c = 0; c < array_size(classes); c++) {
		/* Worker 0 comes last: it also executes orders about ports, and flows of the
		 * other workers may just have requested some. */
		for (unsigned int w = d->n_workers - 1; w-- > 0;)
			feed_worker(d, classes[c], w);
	}
}

static const char *device_name(const struct dispatch *d, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(view_paths(d->engine), ifindex);

	return rec ? rec->link.name : "a device that is gone";
}

static void report_port(const struct dispatch *d, const struct event_port *p)
{
	const char *name = device_name(d, p->ifindex);
	const char *text = p->extack[0] ? p->extack : "no kernel message";
	unsigned int prio = engine_settings(d->engine)->tc_priority;

	if (p->err && p->order == ORDER_PORT_OPEN)
		log_warning("%s: cannot be prepared; its flows stay in software: %s (%s)", name,
			    text, strerror(-p->err));
	else if (p->err && p->order == ORDER_PORT_GUARD)
		log_notice("%s: no guard for packets about to expire: %s (%s)", name, text,
			   strerror(-p->err));
	else if (p->err)
		log_error("%s: cannot be cleaned up; start and stop the daemon once more, or run "
			  "\"tc filter del dev %s ingress prio N\" for N from %u to %u: %s",
			  name, name, prio, prio + SLOT_PRIO__COUNT - 1, strerror(-p->err));
	else if (p->order != ORDER_PORT_OPEN)
		log_info("%s: %s", name, p->order == ORDER_PORT_GUARD ? "ready" : "cleaned up");
}

static void report_barrier(const struct dispatch *d, const struct event_barrier *b)
{
	const char *name = device_name(d, b->ifindex);
	const char *text = b->extack[0] ? b->extack : "no kernel message";

	if (b->err && b->raise)
		log_notice("%s: refuses the barrier, a rule that sends all packets to the CPU "
			   "while rules are removed: %s (%s)", name, text, strerror(-b->err));
	else if (b->err)
		log_warning("%s: cannot remove the barrier, so packets still go to the CPU; "
			    "trying again every second: %s (%s)", name, text,
			    strerror(-b->err));
	else
		log_debug("%s: barrier %s", name, b->raise ? "up" : "down");
}

static void report_refusal(const struct event_install *r)
{
	if (r->status == INSTALL_REFUSED)
		log_notice("rule refused; the flow stays in software: %s (%s)",
			   r->extack[0] ? r->extack : "no kernel message", strerror(-r->err));
	else if (r->status == INSTALL_UNCERTAIN)
		log_warning("no answer to the install of a flow; its rules are removed again");
}

/* Logs when removals begin to fail, and when the first failed one succeeds. The counter
 * removals_failed has all. */
static void report_removal(struct dispatch *d, const struct event *ev)
{
	const struct event_remove *r = &ev->remove;
	uint32_t dev[DIR__COUNT];

	if (!r->err && d->removals_fail && slab_ref_is_equal(ev->flow, d->failed_flow)) {
		d->removals_fail = false;
		log_notice("the rules that could not be removed are removed now");
	}
	if (!r->err || d->removals_fail || !view_flow_devices(d->engine, ev->flow, dev))
		return;
	d->removals_fail = true;
	d->failed_flow = ev->flow;
	log_warning("%s, %s: rules cannot be removed and keep forwarding; "
		    "trying again every second: %s (%s)",
		    device_name(d, dev[DIR_REPLY]), device_name(d, dev[DIR_ORIG]),
		    r->extack[0] ? r->extack : "no kernel message", strerror(-r->err));
}

static void on_worker(void *ctx, int fd, unsigned int events)
{
	struct dispatch *d = ctx;
	struct event ev;

	(void)events;
	for (unsigned int w = 0; w < d->n_workers; w++) {
		if (worker_fd(d->worker[w]) != fd)
			continue;
		worker_woken(d->worker[w]);
		while (worker_pop(d->worker[w], &ev)) {
			if (ev.type == EVENT_PORT_DONE)
				report_port(d, &ev.port);
			else if (ev.type == EVENT_INSTALL_DONE)
				report_refusal(&ev.install);
			else if (ev.type == EVENT_REMOVE_DONE)
				report_removal(d, &ev);
			else if (ev.type == EVENT_BARRIER_DONE)
				report_barrier(d, &ev.barrier);
			engine_feed(d->engine, &ev, loop_now(d->loop));
		}
	}
	dispatch_kick(d);
}

/* -- watchdog for the workers ---------------------------------------------- */

static void report_worker(const struct dispatch *d, unsigned int w, int64_t us)
{
	uint32_t ifindex[WORKER_DEVICES];
	unsigned int n = worker_devices(d->worker[w], ifindex);
	STRBUF_ON_STACK(names, WORKER_DEVICES * 24);

	if (!d->is_stuck[w]) {
		log_notice("worker %u: back from the kernel", w);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		strbuf_printf(&names, "%s%s", i ? ", " : "", device_name(d, ifindex[i]));
	log_warning("worker %u: stuck in the kernel for %u s with rules for %s (the driver may "
		    "be looping); its flows stay in software, other workers continue",
		    w, (unsigned int)(us / 1000000), strbuf_str(&names));
}

static void on_watch(void *ctx)
{
	struct dispatch *d = ctx;

	for (unsigned int w = 0; w < d->n_workers; w++) {
		int64_t us = 0;
		bool is_stuck = worker_check_stuck(d->worker[w], loop_now(d->loop), &us);
		struct event ev = { .type = EVENT_WORKER,
				    .worker = { .worker = (uint8_t)w, .is_stuck = is_stuck } };

		if (is_stuck == d->is_stuck[w])
			continue;
		d->is_stuck[w] = is_stuck;
		if (is_stuck)
			counter_inc(&workers_stuck);
		report_worker(d, w, us);
		if (w + 1 < d->n_workers)
			dispatch_feed(d, &ev);
	}
}

/* -- rounds of orders ----------------------------------------------------- */

static void round_of_orders(void *ctx)
{
	struct dispatch *d = ctx;
	mono_t now = loop_now(d->loop), due;
	bool more = engine_tick(d->engine, now);

	feed_worker(d, ORDERS_URGENT, d->n_workers - 1);
	more |= questions_answer(d->questions, d->engine, loop_now(d->loop));
	feed_workers(d);
	if (more)
		dispatch_kick(d);
	due = engine_next_due(d->engine);
	if (mono_is_never(due))
		loop_timer_stop(d->tick);
	else
		loop_timer_set(d->tick, (uint64_t)MAX(mono_diff_ms(due, now), (int64_t)0) + 1, 0);
	report_notices(d->engine);
	if (d->idle_hook)
		d->idle_hook(d->idle_ctx);
}

void dispatch_kick(struct dispatch *d)
{
	if (loop_defer(d->loop, "orders", round_of_orders, d))
		log_error("out of memory: orders wait for the next event");
}

static void on_tick(void *ctx)
{
	dispatch_kick(ctx);
}

void dispatch_feed(struct dispatch *d, const struct event *event)
{
	engine_feed(d->engine, event, loop_now(d->loop));
	dispatch_kick(d);
}

void dispatch_set_idle_hook(struct dispatch *d, void (*fn)(void *ctx), void *ctx)
{
	d->idle_hook = fn;
	d->idle_ctx = ctx;
}

struct questions *dispatch_questions(struct dispatch *d)
{
	return d->questions;
}

void dispatch_set_own(struct dispatch *d, uint32_t portid)
{
	d->own_portid = portid;
}

bool dispatch_is_own(const struct dispatch *d, uint32_t portid)
{
	if (portid == 0)
		return false;
	if (portid == questions_portid(d->questions) || portid == d->own_portid)
		return true;
	for (unsigned int w = 0; w < d->n_workers; w++) {
		if (portid == worker_ct_portid(d->worker[w]))
			return true;
	}
	return false;
}

static int start_workers(struct dispatch *d, unsigned int n)
{
	for (unsigned int w = 0; w < n; w++) {
		int err = worker_start(w, &d->worker[w]);

		if (err)
			return err;
		d->n_workers = w + 1;
		d->worker_fd[w] = loop_fd_add(d->loop, worker_fd(d->worker[w]), LOOP_READ,
					      "worker answers", on_worker, d);
		if (!d->worker_fd[w])
			return -ENOMEM;
	}
	return 0;
}

int dispatch_new(struct loop *loop, struct engine *engine, unsigned int n_workers,
		 struct dispatch **ret)
{
	struct dispatch *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->loop = loop;
	d->engine = engine;
	err = questions_new(&d->questions);
	if (!err) {
		d->tick = loop_timer_add(loop, "engine timer", on_tick, d);
		d->watch = loop_timer_add(loop, "watch over workers", on_watch, d);
		err = d->tick && d->watch ? start_workers(d, n_workers + 1) : -ENOMEM;
	}
	if (err) {
		/* The workers have just started and are idle, so they end. */
		IGNORE_RESULT(dispatch_free(d));
		return err;
	}
	loop_timer_set(d->watch, WATCH_MS, WATCH_MS);
	*ret = d;
	return 0;
}

static bool stop_workers(struct dispatch *d)
{
	mono_t deadline = mono_add_ms(mono_now(), WORKER_STOP_MS);
	bool all_ended = true;

	for (unsigned int w = 0; w < d->n_workers; w++)
		worker_ask_to_stop(d->worker[w]);
	for (unsigned int w = 0; w < d->n_workers; w++) {
		int64_t left_ms = mono_diff_ms(deadline, mono_now());

		loop_fd_del(d->worker_fd[w]);
		if (worker_stop(d->worker[w], (int)MAX(left_ms, (int64_t)0)))
			continue;
		all_ended = false;
		log_error("worker %u: does not return from the kernel, and this process cannot "
			  "exit before it does: reset the NIC or unload its driver, then remove "
			  "the rules with \"nft-offload cleanup\", or start the daemon again",
			  w);
	}
	return all_ended;
}

bool dispatch_free(struct dispatch *d)
{
	bool all_ended;

	if (!d)
		return true;
	all_ended = stop_workers(d);
	IGNORE_RESULT(loop_defer_cancel(d->loop, round_of_orders, d));
	loop_timer_del(d->watch);
	loop_timer_del(d->tick);
	questions_free(d->questions);
	free(d);
	return all_ended;
}
