/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/worker.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/ds/ring.h"
#include "base/thread.h"
#include "base/util.h"
#include "daemon/work/pace.h"
#include "daemon/work/portwork.h"
#include "daemon/work/probework.h"
#include "kern/ct/ctnl.h"
#include "kern/tc/flower.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

LOG_TAG("worker");

COUNTER(rules_added, "rules added to the kernel");
COUNTER(rules_removed, "rules removed from the kernel");
COUNTER(rules_rolled_back, "rules removed because the other direction was refused");
COUNTER(rules_replaced, "rules replaced in place by another rule of the same flow");
COUNTER(acks_lost, "requests whose answer never came");

/* Flows per batch at most, with two requests each. Larger batches are slower: 64 requests per
 * call were the fastest in measurements. Slow NICs get smaller batches, see pace. */
#define BATCH_FLOWS	32
#define ACK_TIMEOUT_MS	5000
/* Checks that must find a worker in the same call before it counts as stuck. */
#define STUCK_LOOKS	4
#define RCVBUF_BYTES	(4 * 1024 * 1024)

static_assert(NLERR_EXTACK_SIZE == EXTACK_SIZE, "the kernel's message is copied as is");

struct worker {
	pthread_t thread;
	unsigned int number;
	struct ring installs, removals; /* incoming: struct order */
	struct ring answers;		/* outgoing: struct event */
	/* Time that flows take. Written here, also read by the main thread. */
	struct pace install_pace, removal_pace;
	unsigned int n_under_way; /* orders without an answer; main thread only */
	/* The call in which the watchdog found the worker, and how often. Main thread only. */
	mono_t seen_since;
	unsigned int n_seen;
	int stop_fd, end_fd;
	atomic_bool stopping;
	/* Ports of the rules in the current batch; 0 = no more. For the watchdog's message. */
	atomic_uint device[WORKER_DEVICES];
	/* Used by the worker thread only. */
	struct nlsock rt_sock, ct_sock;
	struct nlbatch rt, ct;
	struct order order[BATCH_FLOWS];
	struct event answer[BATCH_FLOWS];
};

static void answer(struct worker *w, const struct event *ev)
{
	/* The ring cannot be full, see the header. */
	BUG_ON(!ring_push(&w->answers, ev));
}

/* -- removals ------------------------------------------------------------- */

struct remove_ctx {
	struct worker *worker;
	unsigned int n;
};

/* A rule that does not exist counts as removed: the rule or its prio (-ENOENT), the clsact
 * below it (-EINVAL, __tcf_qdisc_find) or the device (-ENODEV) is gone. */
static bool is_gone(int err)
{
	return err == 0 || err == -ENOENT || err == -ENODEV || err == -EINVAL;
}

static void on_removed(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct remove_ctx *rc = ctx;
	struct event_remove *r = &rc->worker->answer[index / DIR__COUNT].remove;
	unsigned int dir = index % DIR__COUNT;
	struct flower_info info;

	if (index / DIR__COUNT >= rc->n || flower_get(nlh, &info) || !info.has_stats)
		return;
	r->has_stats[dir] = true;
	r->stats[dir] = info.stats;
}

static void put_removals(struct worker *w, unsigned int n)
{
	nlbatch_reset(&w->rt);
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int d = 0; d < DIR__COUNT; d++) {
			struct nlput *p = nlbatch_next(&w->rt);

			if (BUG_ON(!p))
				return;
			if (BUG_ON(flower_put_del(p, &w->order[i].remove.where[d], true) ||
				   nlbatch_commit(&w->rt, true) < 0))
				return;
		}
	}
}

/* Replaces an earlier error and its text. */
static void set_failure(struct event_remove *r, const struct nlerr *err)
{
	r->err = err->err;
	memcpy(r->extack, err->extack, sizeof(r->extack));
}

/* True if an answer is missing. */
static bool read_removal(struct worker *w, unsigned int i)
{
	const struct nlerr none = { 0 }, no_answer = nlerr_make(-ETIMEDOUT);
	struct event_remove *r = &w->answer[i].remove;
	bool lost = false;

	set_failure(r, &none);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct nlbatch_result *res = nlbatch_result(&w->rt, DIR__COUNT * i + d);

		if (res->state == NLBATCH_LOST) {
			lost = true;
			set_failure(r, &no_answer);
			counter_inc(&acks_lost);
		} else if (!is_gone(res->err.err)) {
			set_failure(r, &res->err);
		} else if (res->err.err == 0) {
			counter_inc(&rules_removed);
		}
	}
	return lost;
}

static void run_removals(struct worker *w, unsigned int n)
{
	struct remove_ctx ctx = { w, n };
	bool lost = false;

	for (unsigned int i = 0; i < n; i++)
		w->answer[i] = (struct event){ .type = EVENT_REMOVE_DONE,
					       .flow = w->order[i].flow };
	/* Removing a rule twice does no harm, so a lost answer is requested again. */
	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		put_removals(w, n);
		IGNORE_RESULT(nlbatch_run(&w->rt, ACK_TIMEOUT_MS, on_removed, &ctx));
		lost = false;
		for (unsigned int i = 0; i < n; i++)
			lost |= read_removal(w, i);
		if (!lost)
			break;
	}
	for (unsigned int i = 0; i < n; i++)
		answer(w, &w->answer[i]);
}

/* -- moves ---------------------------------------------------------------- */

/* Requests per rule: read the last counters of the old rule, and replace it. */
#define MOVE_REQUESTS 2

static void on_moved(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	on_removed(index / MOVE_REQUESTS, nlh, ctx);
}

static void put_moves(struct worker *w, unsigned int n)
{
	nlbatch_reset(&w->rt);
	for (unsigned int i = 0; i < DIR__COUNT * n; i++) {
		const struct rule *rule = &w->order[i / DIR__COUNT].move.rule[i % DIR__COUNT];
		struct rule_where where = rule_where(rule);
		struct nlput *p = nlbatch_next(&w->rt);

		if (BUG_ON(!p || flower_put_get(p, &where) || nlbatch_commit(&w->rt, true) < 0))
			return;
		p = nlbatch_next(&w->rt);
		if (BUG_ON(!p || flower_put_add(p, rule, 0) || nlbatch_commit(&w->rt, true) < 0))
			return;
	}
}

/* If the new rule is refused, the old one stays in its place (fl_change). */
static void read_move(struct worker *w, unsigned int i)
{
	const struct nlerr no_answer = nlerr_make(-ETIMEDOUT);
	struct event_remove *r = &w->answer[i].remove;

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct nlbatch_result *res =
			nlbatch_result(&w->rt, MOVE_REQUESTS * (DIR__COUNT * i + d) + 1);

		if (res->state == NLBATCH_LOST) {
			set_failure(r, &no_answer);
			counter_inc(&acks_lost);
		} else if (res->err.err) {
			set_failure(r, &res->err);
		} else {
			counter_inc(&rules_replaced);
		}
	}
}

static void run_moves(struct worker *w, unsigned int n)
{
	struct remove_ctx ctx = { w, n };

	for (unsigned int i = 0; i < n; i++)
		w->answer[i] = (struct event){ .type = EVENT_MOVE_DONE, .flow = w->order[i].flow };
	put_moves(w, n);
	IGNORE_RESULT(nlbatch_run(&w->rt, ACK_TIMEOUT_MS, on_moved, &ctx));
	for (unsigned int i = 0; i < n; i++) {
		read_move(w, i);
		answer(w, &w->answer[i]);
	}
}

/* -- installs ------------------------------------------------------------- */

static void set_refusal(struct event_install *r, enum install_status status,
			const struct nlerr *err)
{
	r->status = (uint8_t)status;
	r->err = err->err;
	memcpy(r->extack, err->extack, sizeof(r->extack));
}

/*
 * Prepares the conntrack entries before the first rule. Without be-liberal the window check
 * sees acknowledgements of data that it has never seen, and the connection fails
 * (tcp_in_window). An update that changes nothing still shows whether the entry exists, and
 * causes an event if the entry sends events.
 */
static void care(struct worker *w, unsigned int n)
{
	nlbatch_reset(&w->ct);
	for (unsigned int i = 0; i < n; i++) {
		const struct order_install *o = &w->order[i].install;
		struct nlput *p = nlbatch_next(&w->ct);

		if (BUG_ON(!p || ctnl_put_care(p, &o->orig, o->be_liberal, o->timeout_s) ||
			   nlbatch_commit(&w->ct, true) < 0))
			return;
	}
	IGNORE_RESULT(nlbatch_run(&w->ct, ACK_TIMEOUT_MS, NULL, NULL));
	for (unsigned int i = 0; i < n; i++) {
		const struct nlbatch_result *res = nlbatch_result(&w->ct, i);
		struct event_install *r = &w->answer[i].install;

		if (res->state == NLBATCH_LOST)
			counter_inc(&acks_lost);
		if (res->state == NLBATCH_DONE && res->err.err == 0)
			r->status = INSTALL_OK;
		else if (res->state == NLBATCH_DONE && res->err.err == -ENOENT)
			set_refusal(r, INSTALL_NO_CONN, &res->err);
		else
			set_refusal(r, INSTALL_CT_REFUSED, &res->err);
	}
}

/* Puts both rules of every flow that passed care() into one batch. first[i] is the index of
 * the first request of flow i. */
static void put_installs(struct worker *w, unsigned int n, unsigned int first[])
{
	nlbatch_reset(&w->rt);
	for (unsigned int i = 0; i < n; i++) {
		first[i] = nlbatch_count(&w->rt);
		if (w->answer[i].install.status != INSTALL_OK)
			continue;
		for (unsigned int d = 0; d < DIR__COUNT; d++) {
			struct nlput *p = nlbatch_next(&w->rt);

			if (BUG_ON(!p || flower_put_add(p, &w->order[i].install.rule[d],
							FLOWER_EXCL) ||
				   nlbatch_commit(&w->rt, true) < 0))
				return;
		}
	}
}

/* Removes the one rule of a pair that was accepted. */
static void roll_back(struct worker *w, const struct rule *rule, struct event_install *r)
{
	struct rule_where where = rule_where(rule);
	const struct nlbatch_result *res;
	struct nlput *p;

	nlbatch_reset(&w->rt);
	p = nlbatch_next(&w->rt);
	if (BUG_ON(!p || flower_put_del(p, &where, false) || nlbatch_commit(&w->rt, true) < 0)) {
		r->status = INSTALL_UNCERTAIN;
		return;
	}
	IGNORE_RESULT(nlbatch_run(&w->rt, ACK_TIMEOUT_MS, NULL, NULL));
	res = nlbatch_result(&w->rt, 0);
	if (res->state == NLBATCH_LOST)
		counter_inc(&acks_lost);
	if (res->state != NLBATCH_DONE || !is_gone(res->err.err))
		r->status = INSTALL_UNCERTAIN;
	else if (res->err.err == 0)
		counter_inc(&rules_rolled_back);
}

/* Evaluates the answers of one pair. Returns the direction of the rule that must be removed,
 * or DIR__COUNT. */
static unsigned int read_install(struct worker *w, unsigned int i, unsigned int first)
{
	struct event_install *r = &w->answer[i].install;
	unsigned int n_in = 0, in_dir = DIR__COUNT;
	bool lost = false;

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct nlbatch_result *res = nlbatch_result(&w->rt, first + d);

		if (res->state == NLBATCH_LOST) {
			lost = true;
			counter_inc(&acks_lost);
		} else if (res->err.err == 0) {
			counter_inc(&rules_added);
			n_in++;
			in_dir = d;
		} else {
			set_refusal(r, INSTALL_REFUSED, &res->err);
			r->dir = (uint8_t)d;
		}
	}
	if (lost)
		r->status = INSTALL_UNCERTAIN;
	if (lost || n_in == DIR__COUNT)
		in_dir = DIR__COUNT;
	/* The kernel refuses a skip_sw rule that no driver accepts (fl_hw_replace_filter), so
	 * an accepted rule is in hardware. */
	r->in_hw = r->status == INSTALL_OK && w->order[i].install.rule[0].place == RULE_HARDWARE;
	return in_dir;
}

static void run_installs(struct worker *w, unsigned int n)
{
	unsigned int first[BATCH_FLOWS], to_undo[BATCH_FLOWS];

	for (unsigned int i = 0; i < n; i++) {
		w->answer[i] = (struct event){ .type = EVENT_INSTALL_DONE,
					       .flow = w->order[i].flow };
		w->answer[i].install.status = INSTALL_CT_REFUSED;
	}
	care(w, n);
	put_installs(w, n, first);
	if (nlbatch_count(&w->rt))
		IGNORE_RESULT(nlbatch_run(&w->rt, ACK_TIMEOUT_MS, NULL, NULL));
	for (unsigned int i = 0; i < n; i++)
		to_undo[i] = w->answer[i].install.status == INSTALL_OK ?
				     read_install(w, i, first[i]) :
				     DIR__COUNT;
	for (unsigned int i = 0; i < n; i++) {
		if (to_undo[i] != DIR__COUNT)
			roll_back(w, &w->order[i].install.rule[to_undo[i]],
				  &w->answer[i].install);
		answer(w, &w->answer[i]);
	}
}

/* -- the thread ----------------------------------------------------------- */

/* Devices that an order affects; 0 = none. */
static void devices_of(const struct order *o, uint32_t ret[2])
{
	ret[0] = o->port.ifindex;
	ret[1] = 0;
	if (o->type == ORDER_INSTALL) {
		ret[0] = o->install.rule[0].ifindex;
		ret[1] = o->install.rule[1].ifindex;
	} else if (o->type == ORDER_REMOVE) {
		ret[0] = o->remove.where[0].ifindex;
		ret[1] = o->remove.where[1].ifindex;
	} else if (o->type == ORDER_MOVE) {
		ret[0] = o->move.rule[0].ifindex;
		ret[1] = o->move.rule[1].ifindex;
	} else if (o->type == ORDER_PROBE) {
		ret[0] = o->probe.in;
	} else if (o->type == ORDER_BARRIER) {
		ret[0] = o->barrier.ifindex;
	}
}

/* Publishes the first few different devices of a batch. */
static void publish_devices(struct worker *w, const struct order *orders, unsigned int n)
{
	uint32_t known[WORKER_DEVICES] = { 0 }, own[2];
	unsigned int n_known = 0;

	for (unsigned int i = 0; i < 2 * n && n_known < WORKER_DEVICES; i++) {
		unsigned int k = 0;

		devices_of(&orders[i / 2], own);
		while (k < n_known && known[k] != own[i % 2])
			k++;
		if (k == n_known && own[i % 2])
			known[n_known++] = own[i % 2];
	}
	for (unsigned int k = 0; k < WORKER_DEVICES; k++)
		atomic_store_explicit(&w->device[k], known[k], memory_order_relaxed);
}

/* Orders about ports are rare and are executed one at a time. */
static void run_single(struct worker *w, const struct order *o)
{
	struct event ev = { .type = EVENT_PORT_DONE };

	publish_devices(w, o, 1);
	switch ((enum order_type)o->type) {
	case ORDER_PORT_OPEN: portwork_open(&w->rt_sock, &o->port, &ev.port); break;
	case ORDER_PORT_GUARD: portwork_guard(&w->rt_sock, &o->port, &ev.port); break;
	case ORDER_PORT_CLOSE: portwork_close(&w->rt_sock, &o->port, &ev.port); break;
	case ORDER_BARRIER:
		ev.type = EVENT_BARRIER_DONE;
		portwork_barrier(&w->rt_sock, &o->barrier, &ev.barrier);
		break;
	case ORDER_PROBE:
		ev.type = EVENT_PROBE_DONE;
		probework_run(&w->rt_sock, &o->probe, &ev.probe);
		break;
	case ORDER_NONE:
	case ORDER_LOOKUP:
	case ORDER_INSTALL:
	case ORDER_REMOVE:
	case ORDER_MOVE:
	case ORDER_REFRESH:
	case ORDER__COUNT: BUG_ON(true); break;
	}
	answer(w, &ev);
}

/* One ring and its pace. Installs, or removals and moves; both also carry orders about ports. */
struct lane {
	struct ring *ring;
	struct pace *pace;
	/* An order that was taken from the ring but did not fit in the batch before it. */
	struct order next;
	bool has_next;
};

static bool take_order(struct lane *lane, struct order *ret)
{
	if (!lane->has_next)
		return ring_pop(lane->ring, ret);
	*ret = lane->next;
	lane->has_next = false;
	return true;
}

static bool is_of_flow(const struct order *o)
{
	return o->type == ORDER_INSTALL || o->type == ORDER_REMOVE || o->type == ORDER_MOVE;
}

/* Executes the first n orders, which are of the same type. */
static void run_batch(struct worker *w, const struct lane *lane, unsigned int n)
{
	mono_t start = mono_now();

	if (n == 0)
		return;
	publish_devices(w, w->order, n);
	if (w->order[0].type == ORDER_INSTALL)
		run_installs(w, n);
	else if (w->order[0].type == ORDER_MOVE)
		run_moves(w, n);
	else
		run_removals(w, n);
	pace_note(lane->pace, n, mono_diff_us(mono_now(), start));
}

/* Executes one batch of a lane, or one order about a port. True if there was any order. */
static bool run_lane(struct worker *w, struct lane *lane)
{
	unsigned int n = 0, max = pace_batch(lane->pace, BATCH_FLOWS);

	while (n < max && take_order(lane, &w->order[n])) {
		/* An order of another type waits for those before it. */
		if (n && w->order[n].type != w->order[0].type) {
			lane->next = w->order[n];
			lane->has_next = true;
			break;
		}
		if (!is_of_flow(&w->order[n])) {
			run_single(w, &w->order[n]);
			return true;
		}
		n++;
	}
	run_batch(w, lane, n);
	return n > 0;
}

static void sleep_until_work(struct worker *w)
{
	struct pollfd fds[] = {
		{ .fd = ring_fd(&w->removals), .events = POLLIN },
		{ .fd = ring_fd(&w->installs), .events = POLLIN },
		{ .fd = w->stop_fd, .events = POLLIN },
	};

	if (ring_arm(&w->removals) && ring_arm(&w->installs) && !atomic_load(&w->stopping))
		IGNORE_RESULT(poll(fds, array_size(fds), -1));
	ring_disarm(&w->removals);
	ring_disarm(&w->installs);
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	IGNORE_RESULT(write(fd, &one, sizeof(one)));
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct lane removals = { .ring = &w->removals, .pace = &w->removal_pace };
	struct lane installs = { .ring = &w->installs, .pace = &w->install_pace };

	while (!atomic_load(&w->stopping)) {
		/* Removals come first, and are checked again after every batch. */
		if (run_lane(w, &removals) || run_lane(w, &installs))
			ring_wake(&w->answers);
		else
			sleep_until_work(w);
	}
	signal_fd(w->end_fd);
	return NULL;
}

static int open_sockets(struct worker *w)
{
	int err = nlsock_open(&w->rt_sock, NETLINK_ROUTE, RCVBUF_BYTES);

	if (!err)
		err = nlsock_open(&w->ct_sock, NETLINK_NETFILTER, RCVBUF_BYTES);
	if (!err)
		err = nlbatch_init(&w->rt, &w->rt_sock, MOVE_REQUESTS * DIR__COUNT * BATCH_FLOWS);
	if (!err)
		err = nlbatch_init(&w->ct, &w->ct_sock, BATCH_FLOWS);
	return err;
}

static int open_rings(struct worker *w)
{
	int err = ring_init(&w->installs, sizeof(struct order), WORKER_INSTALLS);

	if (!err)
		err = ring_init(&w->removals, sizeof(struct order), WORKER_REMOVALS);
	if (!err)
		err = ring_init(&w->answers, sizeof(struct event),
				WORKER_INSTALLS + WORKER_REMOVALS + 2 * BATCH_FLOWS);
	return err;
}

static void free_worker(struct worker *w)
{
	nlbatch_fini(&w->ct);
	nlbatch_fini(&w->rt);
	nlsock_close(&w->ct_sock);
	nlsock_close(&w->rt_sock);
	ring_fini(&w->answers);
	ring_fini(&w->removals);
	ring_fini(&w->installs);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->end_fd >= 0)
		close(w->end_fd);
	free(w);
}

int worker_start(unsigned int number, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));
	char name[THREAD_NAME_SIZE];
	int err;

	if (!w)
		return -ENOMEM;
	w->number = number;
	snprintf(name, sizeof(name), "worker %u", number % 100);
	pace_init(&w->install_pace);
	pace_init(&w->removal_pace);
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = w->stop_fd < 0 || w->end_fd < 0 ? -errno : open_rings(w);
	if (!err)
		err = open_sockets(w);
	if (!err && !ring_arm(&w->answers))
		err = -EIO;
	if (!err)
		err = thread_start(&w->thread, name, worker_main, w);
	if (err) {
		free_worker(w);
		return err;
	}
	log_debug("worker %u started", number);
	*ret = w;
	return 0;
}

void worker_ask_to_stop(struct worker *worker)
{
	atomic_store(&worker->stopping, true);
	signal_fd(worker->stop_fd);
}

bool worker_stop(struct worker *worker, int wait_ms)
{
	struct pollfd pfd;

	if (!worker)
		return true;
	worker_ask_to_stop(worker);
	pfd = (struct pollfd){ .fd = worker->end_fd, .events = POLLIN };
	/* Inside the kernel nothing reaches the thread, not even a signal. So it may be
	 * impossible to join it, and what it uses must stay. */
	if (poll(&pfd, 1, wait_ms) != 1) {
		pthread_detach(worker->thread);
		return false;
	}
	pthread_join(worker->thread, NULL);
	free_worker(worker);
	return true;
}

bool worker_check_stuck(struct worker *worker, mono_t now, int64_t *ret_us)
{
	int64_t limit_us = pace_stuck_us(&worker->install_pace);
	mono_t since;

	if (!nlsock_is_sending(&worker->rt_sock, &since) &&
	    !nlsock_is_sending(&worker->ct_sock, &since)) {
		worker->n_seen = 0;
		return false;
	}
	if (worker->n_seen == 0 || mono_diff_us(since, worker->seen_since) != 0)
		worker->n_seen = 0;
	worker->seen_since = since;
	/* If the whole machine stood still for a while, no worker is stuck. So it takes
	 * several checks, between which the main thread must have been running. */
	if (++worker->n_seen < STUCK_LOOKS)
		return false;
	if (pace_is_known(&worker->removal_pace))
		limit_us = MAX(limit_us, pace_stuck_us(&worker->removal_pace));
	if (mono_diff_us(now, since) <= limit_us)
		return false;
	*ret_us = mono_diff_us(now, since);
	return true;
}

unsigned int worker_devices(const struct worker *worker, uint32_t ret[WORKER_DEVICES])
{
	unsigned int n = 0;

	for (unsigned int k = 0; k < WORKER_DEVICES; k++) {
		uint32_t ifindex = atomic_load_explicit(&worker->device[k], memory_order_relaxed);

		if (ifindex)
			ret[n++] = ifindex;
	}
	return n;
}

bool worker_has_room(const struct worker *worker, bool for_removal)
{
	const struct ring *ring = for_removal ? &worker->removals : &worker->installs;
	const struct pace *pace = for_removal ? &worker->removal_pace : &worker->install_pace;

	/* Answers that the main thread has not read yet also take room. */
	return worker->n_under_way < ring_capacity(&worker->answers) &&
	       ring_peek_count(ring) < pace_room(pace, ring_capacity(ring));
}

void worker_push(struct worker *worker, const struct order *order)
{
	bool is_removal = order->type == ORDER_REMOVE || order->type == ORDER_MOVE ||
			  order->type == ORDER_PORT_CLOSE;

	worker->n_under_way++;
	BUG_ON(!ring_push(is_removal ? &worker->removals : &worker->installs, order));
}

void worker_wake(struct worker *worker)
{
	ring_wake(&worker->removals);
	ring_wake(&worker->installs);
}

int worker_fd(const struct worker *worker)
{
	return ring_fd(&worker->answers);
}

void worker_woken(struct worker *worker)
{
	ring_disarm(&worker->answers);
}

bool worker_pop(struct worker *worker, struct event *ret)
{
	do {
		if (ring_pop(&worker->answers, ret)) {
			worker->n_under_way--;
			return true;
		}
	} while (!ring_arm(&worker->answers));
	return false;
}

uint32_t worker_ct_portid(const struct worker *worker)
{
	return nlsock_portid(&worker->ct_sock);
}
