/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * workerfixture - a worker's thread against fakenet: real requests and answers, a clock of the
 * test, and calls that do not return from the kernel until the test lets them.
 *
 * Flows have numbers. The rules of flow n are on the devices WF_IN and WF_OUT, and have the
 * handles 2n + 1 and 2n + 2; its connection has the source port n. Include it after
 * unit/unit.h.
 */
#pragma once

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "daemon/work/worker.h"
#include "fake/fakegate.h"
#include "fake/fakeloop.h"
#include "fake/fakenet.h"
#include "kern/tc/flower.h"

#define WF_NUMBER 3
#define WF_IN 2
#define WF_OUT 3
#define WF_OTHER 30000 /* a flow that keeps the worker busy */
#define WF_PRIO 100
#define WF_FIRST 4 /* flows in the first batch (pace) */

/* A worker that was left behind stays here, so that it is no leak. */
static struct worker *wf_worker, *wf_left_behind;

static inline void wf_swallow(void *ctx UNUSED, enum log_level level UNUSED, const char *tag UNUSED,
			      const char *text UNUSED)
{
}

static inline int wf_setup(void **state UNUSED)
{
	fakegate_watch();
	log_set_hook(wf_swallow, NULL);
	fakeloop_reset();
	fakenet_start();
	return worker_start(WF_NUMBER, &wf_worker);
}

static inline int wf_teardown(void **state UNUSED)
{
	fakesock_release();
	assert_true(worker_stop(wf_worker, -1));
	wf_worker = NULL;
	assert_int_equal(fakesock_n_open(), wf_left_behind ? 2 : 0);
	assert_int_equal(bug_count(), 0);
	fakenet_end();
	return 0;
}

static inline uint64_t wf_count(const char *name)
{
	const struct counter *c = counter_find(name);

	assert_non_null(c);
	return counter_read(c);
}

/* -- orders --------------------------------------------------------------- */

static inline uint32_t wf_handle_of(unsigned int n, enum dir dir)
{
	return 2 * n + dir + 1;
}

static inline struct rule wf_rule_of(unsigned int n, enum dir dir)
{
	struct tuple orig = { .family = FAMILY_IP4,
			      .proto = L4_TCP,
			      .src = { { 10, 0, WF_IN, 1 } },
			      .dst = { { 10, 0, WF_OUT, 1 } },
			      .sport = (uint16_t)n,
			      .dport = 80 };

	return (struct rule){
		.ifindex = dir == DIR_ORIG ? WF_IN : WF_OUT,
		.prio = WF_PRIO,
		.handle = wf_handle_of(n, dir),
		.family = FAMILY_IP4,
		.match = dir == DIR_ORIG ? orig : tuple_inverse(&orig),
		.rewrite = RULE_SET_MACS | RULE_DEC_TTL,
		.eth_src = { { 2, 0, 0, 0, 0, 1 } },
		.eth_dst = { { 2, 0, 0, 0, 0, 2 } },
		.out_ifindex = dir == DIR_ORIG ? WF_OUT : WF_IN,
		.cookie = { .instance = 7, .ct_id = n, .dir = (uint8_t)dir },
	};
}

static inline struct slab_ref wf_ref_of(unsigned int n)
{
	return (struct slab_ref){ n, 2 * n + 1 };
}

static inline struct order wf_install_of(unsigned int n)
{
	struct order o = { .type = ORDER_INSTALL, .flow = wf_ref_of(n) };

	o.install.be_liberal = true;
	o.install.timeout_s = 86400;
	o.install.rule[DIR_ORIG] = wf_rule_of(n, DIR_ORIG);
	o.install.rule[DIR_REPLY] = wf_rule_of(n, DIR_REPLY);
	o.install.orig = o.install.rule[DIR_ORIG].match;
	return o;
}

static inline struct order wf_removal_of(unsigned int n)
{
	struct order o = { .type = ORDER_REMOVE, .flow = wf_ref_of(n) };

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule r = wf_rule_of(n, d);

		o.remove.where[d] = rule_where(&r);
	}
	return o;
}

/* To another neighbour. */
static inline struct order wf_move_of(unsigned int n)
{
	struct order o = { .type = ORDER_MOVE, .flow = wf_ref_of(n) };

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		o.move.rule[d] = wf_rule_of(n, d);
		o.move.rule[d].eth_dst.b[5] = 0x99;
	}
	return o;
}

static inline struct order wf_port_order(enum order_type type)
{
	struct order o = { .type = (uint8_t)type };

	o.port.ifindex = WF_IN;
	o.port.instance = 7;
	return o;
}

static inline void wf_push(struct order o)
{
	worker_push(wf_worker, &o);
	worker_wake(wf_worker);
}

/* Waits for the next answer. */
static inline struct event wf_pop(void)
{
	struct pollfd pfd = { .fd = worker_fd(wf_worker), .events = POLLIN };
	struct event ev;

	while (!worker_pop(wf_worker, &ev)) {
		assert_int_equal(poll(&pfd, 1, -1), 1);
		worker_woken(wf_worker);
	}
	return ev;
}

static inline struct event wf_pop_of(unsigned int n, enum event_type type)
{
	struct event ev = wf_pop();

	assert_int_equal(ev.type, type);
	assert_true(slab_ref_is_equal(ev.flow, wf_ref_of(n)));
	return ev;
}

/* A wake-up may be left over from answers that were found without it (base/ds/ring.h). */
static inline void wf_assert_no_answer(void)
{
	struct pollfd pfd = { .fd = worker_fd(wf_worker), .events = POLLIN };
	struct event ev;

	worker_woken(wf_worker);
	assert_false(worker_pop(wf_worker, &ev));
	assert_int_equal(poll(&pfd, 1, 0), 0);
}

/* Pushes orders so that the worker finds all of them at once and takes as many as fit into a batch. */
static inline void wf_push_batch(struct order (*order_of)(unsigned int n), unsigned int first,
				 unsigned int n)
{
	/* The worker is in the kernel with a removal, so it finds all of them at once. */
	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 1);
	wf_push(wf_removal_of(WF_OTHER));
	fakesock_wait_held(1);
	for (unsigned int i = first; i < first + n; i++)
		wf_push(order_of(i));
	fakesock_release();
	assert_int_equal(wf_pop_of(WF_OTHER, EVENT_REMOVE_DONE).remove.err, 0);
}

static inline void wf_put_both(unsigned int n, uint64_t pkts)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule r = wf_rule_of(n, d);

		fakenet_put_rule(&r, (struct rule_stats){ pkts + d, 100 * (pkts + d) });
	}
}

static inline bool wf_has_rule(unsigned int n, enum dir dir)
{
	return fakenet_find_rule(dir == DIR_ORIG ? WF_IN : WF_OUT, wf_handle_of(n, dir), NULL);
}

static inline void wf_assert_rules(unsigned int n, bool orig, bool reply)
{
	assert_int_equal(wf_has_rule(n, DIR_ORIG), orig);
	assert_int_equal(wf_has_rule(n, DIR_REPLY), reply);
}

/* Refuses a request about a rule or an entry. */
static inline void wf_refuse(uint16_t type, uint32_t key, int err, const char *text)
{
	struct fakenet_fault f = { .type = type, .key = key, .err = nlerr_make(err), .times = 1 };

	snprintf(f.err.extack, sizeof(f.err.extack), "%s", text);
	fakenet_fail(&f);
}

static inline void wf_lose(uint16_t type, uint32_t key, enum fakesock_fate fate, bool is_dropped)
{
	fakenet_fail(&(struct fakenet_fault){
		.type = type, .key = key, .fate = fate, .is_dropped = is_dropped, .times = 1 });
}

/* Holds the worker in the kernel, so that nothing leaves a ring. */
static inline void wf_occupy(void)
{
	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 1);
	wf_push(wf_removal_of(WF_OTHER));
	fakesock_wait_held(1);
}
