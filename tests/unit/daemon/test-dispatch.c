/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher with the real engine, questions and workers, against fakenet. Networks 10.0.2.0
 * and 10.0.3.0 are on the devices 2 and 3; flow n is a TCP connection from 10.0.2.1, port n.
 */
#include "unit/unit.h"

#include "unit/enginespy.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "core/view.h"
#include "daemon/work/dispatch.h"
#include "daemon/work/questions.h"
#include "fake/fakegate.h"
#include "fake/fakeloop.h"
#include "fake/fakenet.h"

#define N_WORKERS 2
#define N_SOCKETS (3 + 2 * (N_WORKERS + 1)) /* of the questions, and of each worker */
#define IN 2
#define OUT 3
#define FIRST 4 /* flows in the first batch of a worker, and twice as many may wait (pace) */
#define WATCH_MS 500
#define STUCK_MS 10000

static struct loop *loop;
static struct engine *engine;
static struct dispatch *dispatch;
static enum offload_mode offload;
static bool is_left_behind; /* a worker of an earlier test */
static unsigned int n_lines[LOG_LEVEL__COUNT];

static void count_line(void *ctx UNUSED, enum log_level level, const char *tag UNUSED,
		       const char *text UNUSED)
{
	n_lines[level]++;
}

static void start_engine(void)
{
	struct engine_params p = {
		.settings = { .offload = offload,
			      .mark = 1,
			      .max_flows = 1024,
			      .auto_devices = true,
			      .tc_priority = 100,
			      .sample_ms = 1000,
			      .n_allowed = 1,
			      .allowed = { { .name = "fake" } },
			      .tcp_timeout_s = 432000,
			      .tcp_unacked_s = 300,
			      .udp_timeout_s = 120,
			      .tcp_time_wait_s = 120 },
		.n_workers = N_WORKERS,
		.instance = 7,
		.hash_key = { 1, 2 },
		.now = mono_now(),
	};

	assert_int_equal(engine_new(&p, &engine), 0);
}

static int start(enum offload_mode mode)
{
	offload = mode;
	fakegate_watch();
	log_set_hook(count_line, NULL);
	fakeloop_reset();
	fakenet_start();
	spy_forget();
	memset(n_lines, 0, sizeof(n_lines));
	loop = loop_new();
	start_engine();
	return dispatch_new(loop, engine, N_WORKERS, &dispatch);
}

static int setup(void **state UNUSED)
{
	return start(OFFLOAD_SOFTWARE);
}

static int setup_hardware(void **state UNUSED)
{
	return start(OFFLOAD_HARDWARE);
}

static int teardown(void **state UNUSED)
{
	fakesock_release();
	assert_true(dispatch_free(dispatch));
	dispatch = NULL;
	engine_free(engine);
	loop_free(loop);
	assert_int_equal(fakesock_n_open(), is_left_behind ? 2 : 0);
	assert_int_equal(bug_count(), 0);
	fakenet_end();
	return 0;
}

static uint64_t count(const char *name)
{
	const struct counter *c = counter_find(name);

	assert_non_null(c);
	return counter_read(c);
}

/* -- the world ------------------------------------------------------------ */

static void feed_link(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK };

	ev.link = (struct link){ .ifindex = ifindex,
				 .mtu = 1500,
				 .is_up = true,
				 .is_ether = true,
				 .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };
	snprintf(ev.link.name, sizeof(ev.link.name), "net%u", ifindex);
	if (offload == OFFLOAD_HARDWARE)
		ev.link.hw = (struct link_hw){
			.driver = "fake", .switch_id = { 1 }, .switch_id_len = 1, .tc = LINK_TC_ON
		};
	dispatch_feed(dispatch, &ev);
	ev = (struct event){ .type = EVENT_BYPASS };
	ev.bypass = (struct event_bypass){ .ifindex = ifindex, .mask = BYPASS_ALL };
	dispatch_feed(dispatch, &ev);
	ev = (struct event){ .type = EVENT_NEIGH };
	ev.neigh = (struct neigh){ .ifindex = ifindex,
				   .family = FAMILY_IP4,
				   .addr = { { 10, 0, (uint8_t)ifindex, 1 } },
				   .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 1, (uint8_t)ifindex } } };
	dispatch_feed(dispatch, &ev);
}

static struct conn conn_of(unsigned int n, uint8_t net)
{
	struct conn c = {
		.orig = { .family = FAMILY_IP4,
			  .proto = L4_TCP,
			  .src = { { 10, 0, IN, 1 } },
			  .dst = { { 10, 0, net, 1 } },
			  .sport = (uint16_t)n,
			  .dport = 80 },
		.has = CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT | CONN_HAS_TCP_STATE,
		.id = n,
		.status = CONN_ASSURED | CONN_SEEN_REPLY | CONN_CONFIRMED,
		.timeout_s = 432000,
		.tcp_state = CONN_TCP_ESTABLISHED,
	};

	c.reply = tuple_inverse(&c.orig);
	return c;
}

static void feed_conn(enum event_type type, unsigned int n)
{
	struct event ev = { .type = (uint8_t)type, .conn = conn_of(n, OUT) };

	if (type == EVENT_CONN)
		fakenet_put_conn(&ev.conn);
	else
		fakenet_del_conn((uint16_t)n);
	dispatch_feed(dispatch, &ev);
}

static void feed_conns(unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++)
		feed_conn(EVENT_CONN, i);
}

static void feed_type(enum event_type type)
{
	struct event ev = { .type = (uint8_t)type };

	dispatch_feed(dispatch, &ev);
}

static void flush_all(void)
{
	struct event ev = { .type = EVENT_FLUSH };

	ev.flush.all = true;
	dispatch_feed(dispatch, &ev);
}

/* -- waiting -------------------------------------------------------------- */

static unsigned int n_in(enum flow_state state)
{
	struct view_totals t;

	view_totals(engine, &t);
	return t.n_state[state];
}

struct wish {
	enum flow_state state;
	unsigned int n;
};

static bool is_so(void *ctx)
{
	const struct wish *w = ctx;

	return n_in(w->state) == w->n;
}

/* Runs the loop until so many flows are in this state; no time passes. */
static void until(enum flow_state state, unsigned int n)
{
	fakeloop_until(loop, is_so, &(struct wish){ state, n });
}

static const struct link_rec *link_rec(uint32_t ifindex)
{
	return topology_find_link(view_paths(engine), ifindex);
}

static bool are_open(void *ctx UNUSED)
{
	return link_rec(IN)->port == PORT_OPEN && link_rec(OUT)->port == PORT_OPEN;
}

static void bring_up(void)
{
	feed_link(IN);
	feed_link(OUT);
	fakeloop_until(loop, are_open, NULL);
}

static bool has_rules(void *ctx)
{
	return fakenet_n_rules() == *(unsigned int *)ctx;
}

static void until_rules(unsigned int n)
{
	fakeloop_until(loop, has_rules, &n);
}

static bool has_seen(void *ctx)
{
	const struct wish *w = ctx;

	return spy_count((enum event_type)w->state) >= w->n;
}

static void until_fed(enum event_type type, unsigned int n)
{
	fakeloop_until(loop, has_seen, &(struct wish){ (enum flow_state)type, n });
}

static enum reason reason_of(unsigned int n)
{
	struct conn c = conn_of(n, OUT);
	struct view_flow f;

	assert_true(view_flow(engine, &c.orig, n, &f));
	return f.reason;
}

/* Guards of both ports: rules that are there before any flow. */
#define GUARDS 4

/* -- orders and answers --------------------------------------------------- */

static void ports_are_opened_and_flows_get_their_rules(void **state UNUSED)
{
	bring_up();
	assert_int_equal(fakenet_n_rules(), GUARDS);
	feed_conns(1, 10);
	until(FLOW_ACTIVE, 10);
	assert_int_equal(fakenet_n_rules(), GUARDS + 20);
	assert_int_equal(spy_count(EVENT_INSTALL_DONE), 10);
	feed_conn(EVENT_CONN_DESTROY, 4);
	until(FLOW_ACTIVE, 9);
	until_rules(GUARDS + 18);
}

static void a_stop_takes_out_all_that_is_ours(void **state UNUSED)
{
	bring_up();
	feed_conns(1, 10);
	until(FLOW_ACTIVE, 10);
	feed_type(EVENT_STOP);
	until_rules(0);
	/* The ports are closed after the last rule. */
	until_fed(EVENT_PORT_DONE, 6);
	assert_int_equal(link_rec(IN)->port, PORT_CLOSED);
	assert_int_equal(link_rec(OUT)->port, PORT_CLOSED);
	assert_true(engine_is_stopped(engine));
}

/* Each worker is in the kernel with the install of one connection. */
static void occupy_workers(void)
{
	fakesock_hold(NETLINK_NETFILTER, 0, N_WORKERS);
	feed_conns(1, N_WORKERS);
	fakeloop_settle(loop);
	fakesock_wait_held(N_WORKERS);
}

/* The main thread asks for routes, whatever the workers are doing. */
static void questions_do_not_wait_for_workers(void **state UNUSED)
{
	bring_up();
	occupy_workers();
	feed_conns(100, 50);
	fakeloop_settle(loop);
	assert_int_equal(spy_count(EVENT_LOOKUP_DONE), N_WORKERS + 50);
	assert_int_equal(n_in(FLOW_RESOLVE), 0);
	fakesock_release();
	until(FLOW_ACTIVE, N_WORKERS + 50);
}

/* A worker takes one batch and what may wait for it; the rest stays where it can be changed. */
static void nothing_queues_up_outside_the_engine(void **state UNUSED)
{
	unsigned int most = N_WORKERS * (1 + 2 * FIRST);
	unsigned int asked;

	bring_up();
	occupy_workers();
	feed_conns(100, 50);
	fakeloop_settle(loop);
	assert_int_equal(n_in(FLOW_INSTALL), most);
	assert_int_equal(n_in(FLOW_WAIT), N_WORKERS + 50 - most);
	/* Those that end meanwhile cost nothing. */
	for (unsigned int n = 140; n < 150; n++)
		feed_conn(EVENT_CONN_DESTROY, n);
	fakeloop_settle(loop);
	assert_int_equal(n_in(FLOW_WAIT), N_WORKERS + 40 - most);
	fakesock_release();
	until(FLOW_ACTIVE, N_WORKERS + 40);
	asked = 0;
	for (unsigned int i = 0; i < fakesock_n_requests(); i++)
		asked += fakesock_request(i)->msg->nlmsg_type == FAKENET_CT_NEW;
	assert_int_equal(asked, N_WORKERS + 40);
}

static void a_flow_that_ends_while_its_rules_go_in_is_removed(void **state UNUSED)
{
	bring_up();
	fakesock_hold(NETLINK_ROUTE, RTM_NEWTFILTER, 1);
	feed_conn(EVENT_CONN, 1);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	feed_conn(EVENT_CONN_DESTROY, 1);
	fakeloop_settle(loop);
	assert_int_equal(n_in(FLOW_INSTALL), 1);
	fakesock_release();
	until(FLOW_INSTALL, 0);
	until(FLOW_REMOVE, 0);
	until_rules(GUARDS);
	assert_int_equal(spy_count(EVENT_REMOVE_DONE), 1);
}

static void a_refused_rule_leaves_the_flow_on_the_cpu(void **state UNUSED)
{
	bring_up();
	fakenet_fail(&(struct fakenet_fault){
		.type = RTM_NEWTFILTER, .key = 2, .err = nlerr_make(-EOPNOTSUPP), .times = 1 });
	feed_conns(1, 2);
	until(FLOW_ACTIVE, 1);
	until(FLOW_REFUSED, 1);
	assert_int_equal(reason_of(1), REASON_RULE_REFUSED);
	assert_int_equal(fakenet_n_rules(), GUARDS + 2);
}

/* Nobody knows whether the rules are in, so they are taken out. */
static void a_lost_answer_is_followed_by_a_removal(void **state UNUSED)
{
	bring_up();
	fakenet_fail(&(struct fakenet_fault){
		.type = RTM_NEWTFILTER, .key = 2, .fate = FAKESOCK_LOST, .times = 1 });
	feed_conn(EVENT_CONN, 1);
	until_fed(EVENT_REMOVE_DONE, 1);
	assert_int_equal(fakenet_n_rules(), GUARDS);
	assert_int_equal(n_in(FLOW_REFUSED), 1);
	assert_int_equal(reason_of(1), REASON_RULE_LOST);
}

static void a_port_that_cannot_be_prepared_is_told(void **state UNUSED)
{
	struct nlerr err = { -EOPNOTSUPP, "no qdisc" };

	fakenet_fail(&(struct fakenet_fault){ .type = RTM_NEWQDISC, .key = OUT, .err = err });
	feed_link(IN);
	feed_link(OUT);
	until_fed(EVENT_PORT_DONE, 3);
	assert_int_equal(link_rec(IN)->port, PORT_OPEN);
	assert_int_equal(link_rec(OUT)->port, PORT_FAILED);
	assert_int_equal(link_rec(OUT)->err, -EOPNOTSUPP);
	assert_string_equal(link_rec(OUT)->extack, "no qdisc");
	assert_int_equal(n_lines[LOG_LEVEL_WARNING], 1);
}

static void fail_removal(uint32_t handle)
{
	fakenet_fail(&(struct fakenet_fault){
		.type = RTM_DELTFILTER, .key = handle, .err = nlerr_make(-EBUSY) });
}

/* It is logged when removals begin to fail, and when the first one that failed succeeds. The
 * flows 1 and 3 have the same worker, so 1 is the first. */
static void a_failed_removal_is_tried_again_in_time(void **state UNUSED)
{
	uint64_t failed = count("removals_failed");
	unsigned int *warnings = &n_lines[LOG_LEVEL_WARNING], *notices = &n_lines[LOG_LEVEL_NOTICE];

	bring_up();
	feed_conns(1, 3);
	until(FLOW_ACTIVE, 3);
	*warnings = *notices = 0;
	fail_removal(1);
	fail_removal(5);
	flush_all();
	until_fed(EVENT_REMOVE_DONE, 3);
	assert_int_equal(count("removals_failed") - failed, 2);
	/* Not before its time. */
	fakeloop_pass(loop, 500);
	assert_int_equal(spy_count(EVENT_REMOVE_DONE), 3);
	fakeloop_pass(loop, 1000);
	until_fed(EVENT_REMOVE_DONE, 5);
	assert_int_equal(*warnings, 1);
	/* The other one succeeds. */
	fakenet_mend();
	fail_removal(1);
	fakeloop_pass(loop, 1500);
	until_fed(EVENT_REMOVE_DONE, 7);
	assert_int_equal(*notices, 0);
	fakenet_mend();
	fakeloop_pass(loop, 1500);
	until_fed(EVENT_REMOVE_DONE, 8);
	assert_int_equal(fakenet_n_rules(), GUARDS);
	assert_int_equal(*warnings, 1);
	assert_int_equal(*notices, 1);
	/* The next failure is a new one. */
	feed_conn(EVENT_CONN, 4);
	until(FLOW_ACTIVE, 1);
	fail_removal(0);
	flush_all();
	until_fed(EVENT_REMOVE_DONE, 9);
	assert_int_equal(*warnings, 2);
}

/* A walk over more flows than one slice goes on without an event. */
static void unfinished_work_goes_on_by_itself(void **state UNUSED)
{
	struct event ev = { .type = EVENT_CONN };

	bring_up();
	/* No such device, so they stay on the CPU. */
	for (unsigned int n = 1000; n < 1700; n++) {
		ev.conn = conn_of(n, 9);
		dispatch_feed(dispatch, &ev);
	}
	fakeloop_settle(loop);
	feed_conn(EVENT_CONN, 1);
	until(FLOW_ACTIVE, 1);
	ev = (struct event){ .type = EVENT_FLUSH };
	ev.flush.tuple = conn_of(1, OUT).orig;
	dispatch_feed(dispatch, &ev);
	until(FLOW_ACTIVE, 0);
	until_rules(GUARDS);
}

/* The guards are doubtful, so worker 1 must not install before worker 0 has put them in again:
 * its order comes in the same round. */
static void a_port_is_mended_in_the_round_that_needs_it(void **state UNUSED)
{
	bring_up();
	until_rules(GUARDS);
	feed_conn(EVENT_CONN, 1);
	until(FLOW_ACTIVE, 1);
	fakeloop_pass(loop, 60 * 1000);
	spy_forget();
	feed_conn(EVENT_CONN, 2);
	until(FLOW_ACTIVE, 2);
	assert_int_equal(spy_count(EVENT_PORT_DONE), 2);
	assert_int_equal(spy_last(EVENT_PORT_DONE)->port.order, ORDER_PORT_GUARD);
	assert_int_equal(fakenet_n_rules(), GUARDS + 4);
}

/* -- rounds --------------------------------------------------------------- */

static void count_call(void *ctx)
{
	++*(unsigned int *)ctx;
}

static void kicks_of_one_iteration_are_one_round(void **state UNUSED)
{
	unsigned int n = 0;

	fakeloop_settle(loop);
	dispatch_set_idle_hook(dispatch, count_call, &n);
	for (unsigned int i = 0; i < 5; i++)
		dispatch_kick(dispatch);
	feed_type(EVENT_RESYNC_BEGIN);
	feed_type(EVENT_RESYNC_ABORT);
	assert_int_equal(n, 0);
	assert_int_equal(spy_count(EVENT_RESYNC_BEGIN), 1);
	loop_run_once(loop, false);
	assert_int_equal(n, 1);
	fakeloop_settle(loop);
	assert_int_equal(n, 1);
}

/* The engine was to be called when a flushed flow may be offloaded again; that flow is gone. */
static void without_a_reason_there_is_no_round(void **state UNUSED)
{
	unsigned int n = 0;

	bring_up();
	feed_conn(EVENT_CONN, 1);
	until(FLOW_ACTIVE, 1);
	flush_all();
	until_rules(GUARDS);
	until(FLOW_REFUSED, 1);
	assert_false(mono_is_never(engine_next_due(engine)));
	feed_conn(EVENT_CONN_DESTROY, 1);
	fakeloop_settle(loop);
	assert_true(mono_is_never(engine_next_due(engine)));
	dispatch_set_idle_hook(dispatch, count_call, &n);
	fakeloop_pass(loop, 3600 * 1000);
	assert_int_equal(n, 0);
}

static void answers_cause_a_round(void **state UNUSED)
{
	unsigned int n = 0;

	fakesock_hold(NETLINK_ROUTE, 0, 1);
	feed_link(IN);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	dispatch_set_idle_hook(dispatch, count_call, &n);
	fakeloop_settle(loop);
	assert_int_equal(n, 0);
	fakesock_release();
	/* The guards are ordered when the port has its clsact. */
	until_fed(EVENT_PORT_DONE, 2);
	assert_true(n >= 1);
	assert_int_equal(link_rec(IN)->port, PORT_OPEN);
}

static void own_events_are_recognised(void **state UNUSED)
{
	unsigned int n = 0, n_own = 0;

	/* Every socket has a number of its own; those of conntrack are ours. */
	for (uint32_t portid = 1; portid < 2000; portid++)
		n_own += dispatch_is_own(dispatch, portid);
	assert_int_equal(n_own, N_WORKERS + 1 + 1);
	assert_true(dispatch_is_own(dispatch, questions_portid(dispatch_questions(dispatch))));
	assert_false(dispatch_is_own(dispatch, 0));
	assert_false(dispatch_is_own(dispatch, 5000));
	dispatch_set_own(dispatch, 5000);
	assert_true(dispatch_is_own(dispatch, 5000));
	assert_false(dispatch_is_own(dispatch, 0));
	/* What workers send to conntrack comes from such a number. */
	bring_up();
	feed_conns(1, 4);
	until(FLOW_ACTIVE, 4);
	for (unsigned int i = 0; i < fakesock_n_requests(); i++) {
		const struct fakesock_request *r = fakesock_request(i);

		n += r->bus == NETLINK_NETFILTER;
		assert_int_equal(dispatch_is_own(dispatch, r->portid), r->bus == NETLINK_NETFILTER);
	}
	assert_int_equal(n, 4);
}

/* -- stuck workers -------------------------------------------------------- */

static void flows_of_a_stuck_worker_go_to_others(void **state UNUSED)
{
	uint64_t stuck = count("workers_stuck");
	unsigned int n_kept;

	bring_up();
	fakesock_hold(NETLINK_NETFILTER, 0, 1);
	feed_conns(1, 40);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	until(FLOW_ACTIVE, 20);
	n_kept = n_in(FLOW_INSTALL);
	assert_in_range(n_kept, 1, FIRST + 2 * FIRST);
	assert_int_equal(n_in(FLOW_WAIT), 20 - n_kept);
	/* Slow is not stuck. */
	fakeloop_pass(loop, STUCK_MS);
	assert_int_equal(spy_count(EVENT_WORKER), 0);
	fakeloop_pass(loop, WATCH_MS);
	assert_int_equal(spy_count(EVENT_WORKER), 1);
	assert_true(spy_last(EVENT_WORKER)->worker.is_stuck);
	assert_in_range(spy_last(EVENT_WORKER)->worker.worker, 0, N_WORKERS - 1);
	assert_int_equal(count("workers_stuck") - stuck, 1);
	until(FLOW_ACTIVE, 40 - n_kept);
	/* Told once, and what it has stays its own. */
	fakeloop_pass(loop, 10 * STUCK_MS);
	assert_int_equal(spy_count(EVENT_WORKER), 1);
	assert_int_equal(n_in(FLOW_INSTALL), n_kept);
	assert_int_equal(count("workers_stuck") - stuck, 1);
}

static void a_worker_that_comes_back_gets_orders_again(void **state UNUSED)
{
	uint8_t number;

	bring_up();
	fakesock_hold(NETLINK_NETFILTER, 0, 1);
	feed_conn(EVENT_CONN, 1);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	fakeloop_pass(loop, STUCK_MS + WATCH_MS);
	assert_int_equal(spy_count(EVENT_WORKER), 1);
	number = spy_last(EVENT_WORKER)->worker.worker;
	fakesock_release();
	until(FLOW_ACTIVE, 1);
	fakeloop_pass(loop, WATCH_MS);
	assert_int_equal(spy_count(EVENT_WORKER), 2);
	assert_false(spy_last(EVENT_WORKER)->worker.is_stuck);
	assert_int_equal(spy_last(EVENT_WORKER)->worker.worker, number);
	/* Both are needed for these. */
	fakesock_hold(NETLINK_NETFILTER, 0, N_WORKERS);
	feed_conns(2, 2 * N_WORKERS);
	fakeloop_settle(loop);
	fakesock_wait_held(N_WORKERS);
	fakesock_release();
	until(FLOW_ACTIVE, 1 + 2 * N_WORKERS);
}

/* A barrier must be up at once, also when both workers wait for a NIC. */
static void urgent_orders_have_a_worker_of_their_own(void **state UNUSED)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };

	bring_up();
	feed_conns(1, 20);
	until(FLOW_ACTIVE, 20);
	fakesock_hold(NETLINK_NETFILTER, 0, N_WORKERS);
	feed_conns(100, N_WORKERS);
	fakeloop_settle(loop);
	fakesock_wait_held(N_WORKERS);
	dispatch_feed(dispatch, &ev);
	until_fed(EVENT_BARRIER_DONE, 2);
	assert_int_equal(link_rec(IN)->barrier, BARRIER_UP);
	assert_int_equal(link_rec(OUT)->barrier, BARRIER_UP);
	assert_int_equal(fakenet_n_rules(), GUARDS + 40 + 4);
	/* The flows whose rules are going in are the last that have to be checked. */
	fakesock_release();
	until_fed(EVENT_BARRIER_DONE, 4);
	until(FLOW_ACTIVE, 20 + N_WORKERS);
	assert_int_equal(fakenet_n_rules(), GUARDS + 2 * (20 + N_WORKERS));
}

/* The engine does not know that worker; the log and the counter do. */
static void a_stuck_urgent_worker_is_no_event(void **state UNUSED)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };
	uint64_t stuck = count("workers_stuck");

	bring_up();
	feed_conns(1, 20);
	until(FLOW_ACTIVE, 20);
	/* Only guards and barriers are added from now on, and the ports have their guards. */
	fakesock_hold(NETLINK_ROUTE, RTM_NEWTFILTER, 1);
	dispatch_feed(dispatch, &ev);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	fakeloop_pass(loop, STUCK_MS + WATCH_MS);
	assert_int_equal(count("workers_stuck") - stuck, 1);
	assert_int_equal(spy_count(EVENT_WORKER), 0);
	fakesock_release();
	until_fed(EVENT_BARRIER_DONE, 4);
	/* The others work. */
	feed_conns(100, 4);
	until(FLOW_ACTIVE, 24);
}

/* -- start and end -------------------------------------------------------- */

static void a_failed_start_leaves_nothing(void **state UNUSED)
{
	struct dispatch *other = NULL;

	for (unsigned int i = 1; i <= N_SOCKETS; i++) {
		fakesock_fail_open(i, -EMFILE);
		assert_int_equal(dispatch_new(loop, engine, N_WORKERS, &other), -EMFILE);
		assert_null(other);
		assert_int_equal(fakesock_n_open(), N_SOCKETS);
	}
	/* There is no further one that could fail. */
	fakesock_fail_open(N_SOCKETS + 1, -EMFILE);
	assert_int_equal(dispatch_new(loop, engine, N_WORKERS, &other), 0);
	assert_true(dispatch_free(other));
	assert_true(dispatch_free(NULL));
	fakesock_fail_open(0, 0);
	/* The first one has not suffered. */
	bring_up();
}

/* Takes as long as the daemon waits for a worker at its stop (two seconds). */
static void it_ends_without_a_worker_that_is_stuck(void **state UNUSED)
{
	bring_up();
	fakesock_hold(NETLINK_NETFILTER, 0, 1);
	feed_conn(EVENT_CONN, 1);
	fakeloop_settle(loop);
	fakesock_wait_held(1);
	assert_false(dispatch_free(dispatch));
	/* The others have ended; the one that is left keeps what it uses. */
	assert_int_equal(fakesock_n_open(), 2);
	is_left_behind = true;
	assert_int_equal(dispatch_new(loop, engine, N_WORKERS, &dispatch), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_are_opened_and_flows_get_their_rules),
		TEST(a_stop_takes_out_all_that_is_ours),
		TEST(questions_do_not_wait_for_workers),
		TEST(nothing_queues_up_outside_the_engine),
		TEST(a_flow_that_ends_while_its_rules_go_in_is_removed),
		TEST(a_refused_rule_leaves_the_flow_on_the_cpu),
		TEST(a_lost_answer_is_followed_by_a_removal),
		TEST(a_port_that_cannot_be_prepared_is_told),
		TEST(a_failed_removal_is_tried_again_in_time),
		TEST(unfinished_work_goes_on_by_itself),
		cmocka_unit_test_setup_teardown(a_port_is_mended_in_the_round_that_needs_it,
						setup_hardware, teardown),
		TEST(kicks_of_one_iteration_are_one_round),
		TEST(without_a_reason_there_is_no_round),
		TEST(answers_cause_a_round),
		TEST(own_events_are_recognised),
		TEST(flows_of_a_stuck_worker_go_to_others),
		TEST(a_worker_that_comes_back_gets_orders_again),
		TEST(urgent_orders_have_a_worker_of_their_own),
		TEST(a_stuck_urgent_worker_is_no_event),
		TEST(a_failed_start_leaves_nothing),
		TEST(it_ends_without_a_worker_that_is_stuck),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
