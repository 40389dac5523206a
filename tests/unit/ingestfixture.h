/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingestfixture - ingest with the real engine, dispatcher and workers, against a kernel that is
 * made up: fakenet for conntrack and rules, fakert for links and neighbours, fakeloop for the
 * time.
 *
 * Everything that ingest feeds is recorded (enginespy). A dump of conntrack is answered by the
 * test, or at once with all entries of fakenet (xf_answers_dumps). While the test answers one,
 * ingest asks for it in every round, so the loop never comes to rest: use xf_go(). Include it
 * after unit/unit.h.
 */
#pragma once

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "daemon/watch/ingest.h"
#include "fake/fakegate.h"
#include "fake/fakeloop.h"
#include "fake/fakenet.h"
#include "fake/fakert.h"
#include "unit/enginespy.h"

#define XF_BUFFER (1024 * 1024)
#define XF_MAX_DUMPS 64
/* The events that a conntrack socket may bring: enum nfnetlink_groups. */
#define XF_GROUP NFNLGRP_CONNTRACK_NEW

static struct loop *xf_loop;
static struct engine *xf_engine;
static struct dispatch *xf_dispatch;
static struct ingest *xf_ingest;
/* Dumps are answered at once; each takes xf_dump_us. */
static bool xf_answers_dumps;
static int64_t xf_dump_us;
static mono_t xf_dump_at[XF_MAX_DUMPS];
static unsigned int xf_n_dumps;
static struct fakesock *xf_dump_sock; /* of the last request for a dump */

static inline void xf_swallow(void *ctx UNUSED, enum log_level level UNUSED, const char *tag UNUSED,
			      const char *text UNUSED)
{
}

static inline uint64_t xf_count(const char *name)
{
	const struct counter *c = counter_find(name);

	assert_non_null(c);
	return counter_read(c);
}

static inline struct conn xf_conn(unsigned int n)
{
	struct conn c = {
		.orig = { .family = FAMILY_IP4,
			  .proto = L4_UDP,
			  .src = { { 10, 0, 2, 1 } },
			  .dst = { { 10, 0, 3, 1 } },
			  .sport = (uint16_t)n,
			  .dport = 53 },
		.has = CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT | CONN_HAS_MARK,
		.id = n,
		.status = CONN_ASSURED | CONN_SEEN_REPLY | CONN_CONFIRMED,
		.timeout_s = 1000,
	};

	c.reply = tuple_inverse(&c.orig);
	return c;
}

/* -- the kernel ----------------------------------------------------------- */

static inline void xf_kernel(void *ctx UNUSED, struct fakesock *sock,
			     const struct nlmsghdr *request, struct fakesock_answer *ret)
{
	if (request->nlmsg_type != FAKENET_CT_GET || !(request->nlmsg_flags & NLM_F_DUMP)) {
		fakenet_kernel(NULL, sock, request, ret);
		return;
	}
	if (xf_n_dumps == XF_MAX_DUMPS)
		abort();
	xf_dump_at[xf_n_dumps++] = mono_now();
	xf_dump_sock = sock;
	if (!xf_answers_dumps) {
		ret->fate = FAKESOCK_LEFT;
		return;
	}
	fakeloop_add_us(xf_dump_us);
	fakenet_kernel(NULL, sock, request, ret);
}

/* The last request for a dump. */
static inline const struct fakesock_request *xf_dump_request(void)
{
	for (unsigned int i = fakesock_n_requests(); i-- > 0;) {
		const struct fakesock_request *r = fakesock_request(i);

		if (r->msg->nlmsg_type == FAKENET_CT_GET && (r->msg->nlmsg_flags & NLM_F_DUMP))
			return r;
	}
	fail_msg("no request for a dump");
	return NULL;
}

static inline void xf_go(void)
{
	fakeloop_rounds(xf_loop, 8);
}

static inline struct fakesock *xf_events(void)
{
	return fakesock_of_group(NETLINK_NETFILTER, XF_GROUP);
}

/* Conntrack reports a change of an entry. */
static inline void xf_event(uint16_t type, unsigned int n, uint32_t portid)
{
	struct conn c = xf_conn(n);
	struct fakenet_msg m;

	fakenet_write_conn(&m, type, 0, &c);
	nlput_msg(&m.w)->nlmsg_pid = portid;
	fakesock_tell(xf_events(), nlput_msg(&m.w));
}

static inline void xf_dump_entry(unsigned int n, uint16_t more_flags)
{
	struct conn c = xf_conn(n);
	struct fakenet_msg m;

	fakesock_tell(xf_dump_sock,
		      fakenet_write_conn(&m, FAKENET_CT_NEW, NLM_F_MULTI | more_flags, &c));
}

/* The last message of a dump: of type NLMSG_DONE, or NLMSG_ERROR for none at all. */
static inline void xf_dump_end(uint16_t type, int err)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
	} msg = { .header = { .nlmsg_len = sizeof(msg), .nlmsg_type = type },
		  .body = { .error = err } };

	fakesock_tell(xf_dump_sock, &msg.header);
}

/* A whole dump, that was asked for, with one entry. */
static inline void xf_finish_dump(void)
{
	xf_dump_entry(9999, 0);
	xf_dump_end(NLMSG_DONE, 0);
	xf_go();
}

/* Event number @i about conntrack that was fed. Answers of workers, which come at any time, do
 * not count. */
static inline const struct spy_entry *xf_fed(unsigned int i)
{
	for (unsigned int k = 0; k < spy_n; k++) {
		if (spy_log[k].event.type <= EVENT_RESYNC_ABORT && i-- == 0)
			return &spy_log[k];
	}
	fail_msg("not so many events");
	return NULL;
}

/* -- the links ------------------------------------------------------------ */

static inline struct link xf_link(uint32_t ifindex, const char *name)
{
	struct link l = { .ifindex = ifindex,
			  .mtu = 1500,
			  .is_up = true,
			  .is_ether = true,
			  .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };

	snprintf(l.name, sizeof(l.name), "%s", name);
	return l;
}

static inline struct neigh xf_neigh(uint32_t ifindex)
{
	return (struct neigh){ .ifindex = ifindex,
			       .family = FAMILY_IP4,
			       .addr = { { 10, 0, (uint8_t)ifindex, 1 } },
			       .is_valid = true,
			       .mac = { { 2, 0, 0, 0, 1, (uint8_t)ifindex } } };
}

static inline bool xf_knows_link(uint32_t ifindex)
{
	return topology_find_link(view_paths(xf_engine), ifindex);
}

static inline bool xf_knows_neigh(uint32_t ifindex)
{
	struct neigh n = xf_neigh(ifindex);
	const struct topology *t = view_paths(xf_engine);
	const struct neigh_rec *rec =
		topology_get_neigh(t, topology_find_neigh(t, ifindex, FAMILY_IP4, &n.addr));

	return rec && rec->neigh.is_valid;
}

/* -- flows -------------------------------------------------------------- */

static inline bool xf_is_active(void *ctx UNUSED)
{
	struct view_totals t;

	view_totals(xf_engine, &t);
	return t.n_state[FLOW_ACTIVE] == 1;
}

/* Conntrack may send no events for an entry that was there before anybody listened. */
static inline void xf_make_silent_flow(void)
{
	struct conn c = xf_conn(1);
	struct event ev = { .type = EVENT_BYPASS };

	for (uint32_t ifindex = 2; ifindex <= 3; ifindex++) {
		ev.bypass = (struct event_bypass){ .ifindex = ifindex, .mask = BYPASS_ALL };
		dispatch_feed(xf_dispatch, &ev);
	}
	fakenet_put_conn(&c);
	xf_go();
	xf_dump_entry(1, 0);
	xf_dump_end(NLMSG_DONE, 0);
	xf_go();
	fakeloop_until(xf_loop, xf_is_active, NULL);
	assert_true(engine_wants_dumps(xf_engine));
	xf_answers_dumps = true;
}

/* -- start and end -------------------------------------------------------- */

static inline struct settings xf_settings(void)
{
	return (struct settings){ .offload = OFFLOAD_SOFTWARE,
				  .mark = 1,
				  .max_flows = 64,
				  .auto_devices = true,
				  .tc_priority = 100,
				  .sample_ms = 1000,
				  .tcp_timeout_s = 432000,
				  .tcp_unacked_s = 300,
				  .udp_timeout_s = 120,
				  .tcp_time_wait_s = 120 };
}

/* All but ingest. */
static inline void xf_prepare(const struct settings *settings)
{
	struct engine_params p = {
		.settings = *settings, .n_workers = 1, .instance = 7, .hash_key = { 1, 2 }
	};

	fakegate_watch();
	log_set_hook(xf_swallow, NULL);
	fakeloop_reset();
	fakert_start();
	fakenet_start();
	fakesock_start(xf_kernel, NULL);
	spy_forget();
	xf_answers_dumps = false;
	xf_dump_us = 0;
	xf_n_dumps = 0;
	fakert.link[fakert.n_links++] = xf_link(2, "net2");
	fakert.link[fakert.n_links++] = xf_link(3, "net3");
	fakert.neigh[fakert.n_neighs++] = xf_neigh(2);
	fakert.neigh[fakert.n_neighs++] = xf_neigh(3);
	p.now = mono_now();
	xf_loop = loop_new();
	assert_int_equal(engine_new(&p, &xf_engine), 0);
	assert_int_equal(dispatch_new(xf_loop, xf_engine, 1, &xf_dispatch), 0);
}

static inline int xf_start(const struct settings *settings)
{
	xf_prepare(settings);
	return ingest_new(xf_loop, xf_engine, xf_dispatch, XF_BUFFER, &xf_ingest);
}

static inline int xf_setup(void **state UNUSED)
{
	struct settings s = xf_settings();

	return xf_start(&s);
}

/* Started, and the first dump is over. */
static inline int xf_setup_ready(void **state)
{
	int err = xf_setup(state);

	xf_go();
	if (err || xf_n_dumps != 1)
		return -1;
	xf_finish_dump();
	spy_forget();
	return 0;
}

static inline int xf_teardown(void **state UNUSED)
{
	fakesock_release();
	ingest_free(xf_ingest);
	xf_ingest = NULL;
	assert_true(dispatch_free(xf_dispatch));
	engine_free(xf_engine);
	loop_free(xf_loop);
	assert_int_equal(fakesock_n_open(), 0);
	assert_int_equal(fakert.n_open, 0);
	assert_int_equal(bug_count(), 0);
	fakenet_end();
	return 0;
}

#define XF_TEST(name) cmocka_unit_test_setup_teardown(name, xf_setup, xf_teardown)
#define XF_TEST_READY(name) cmocka_unit_test_setup_teardown(name, xf_setup_ready, xf_teardown)
