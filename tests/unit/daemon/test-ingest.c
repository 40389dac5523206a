/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ingest makes of conntrack: events, lost events, dumps, and who waits for them.
 * test-ingestdue has the times of dumps; test-ingestrt has links, neighbours and routes.
 */
#include "unit/unit.h"

#include "unit/ingestfixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include "daemon/work/questions.h"
#include "kern/ct/ctnl.h"

#define EVENT_BUDGET 512
#define DRAIN (16 * EVENT_BUDGET) /* events that are read before a dump begins */
#define SILENT_MS 2000
#define RETRY_MS 500
#define RESYNC_MS 100

/* -- start ---------------------------------------------------------------- */

static void it_subscribes_before_it_dumps(void **state UNUSED)
{
	static const unsigned int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE,
					       NFNLGRP_CONNTRACK_DESTROY };

	for (unsigned int i = 0; i < array_size(groups); i++)
		assert_ptr_equal(fakesock_of_group(NETLINK_NETFILTER, groups[i]), xf_events());
	assert_int_equal(fakesock_rcvbuf(xf_events()), XF_BUFFER);
	assert_int_equal(xf_n_dumps, 0);
	assert_false(ingest_is_complete(xf_ingest));
	/* At once: nothing is known of what was there before. */
	xf_go();
	assert_int_equal(xf_n_dumps, 1);
	assert_int_equal(mono_diff_us(xf_dump_at[0], mono_now()), 0);
	assert_ptr_not_equal(xf_dump_sock, xf_events());
	assert_false(ingest_is_complete(xf_ingest));
	xf_finish_dump();
	assert_true(ingest_is_complete(xf_ingest));
}

/* Entries that are not assured are never offloaded, so they are not asked for. */
static void the_dump_is_of_assured_entries(void **state UNUSED)
{
	const struct nlmsghdr *got;
	struct fakenet_msg m;

	xf_go();
	got = xf_dump_request()->msg;
	nlput_init(&m.w, m.buf, sizeof(m.buf), got->nlmsg_seq);
	assert_int_equal(ctnl_put_dump(&m.w, FAMILY_NONE, true), 0);
	assert_int_equal(got->nlmsg_len, nlput_msg(&m.w)->nlmsg_len);
	assert_memory_equal(got, m.buf, got->nlmsg_len);
	xf_finish_dump();
}

static void assert_filter(uint32_t mark_bits)
{
	unsigned char program[2][4096];
	socklen_t n[2] = { sizeof(program[0]) / 8, sizeof(program[1]) / 8 };
	int pair[2];

	memset(program, 0, sizeof(program));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(ctnl_filter_attach(pair[0], mark_bits), 0);
	assert_int_equal(getsockopt(pair[0], SOL_SOCKET, SO_GET_FILTER, program[0], &n[0]), 0);
	assert_int_equal(
		getsockopt(fakesock_fd(xf_events()), SOL_SOCKET, SO_GET_FILTER, program[1], &n[1]),
		0);
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(program[0], program[1], sizeof(program[0]));
	close(pair[0]);
	close(pair[1]);
}

static void the_kernel_filters_by_the_mark_that_counts(void **state UNUSED)
{
	struct settings s = xf_settings();

	assert_int_equal(xf_start(&s), 0);
	assert_filter(0);
	xf_teardown(state);
	s.admit = ADMIT_MARK;
	s.mark = 0x60;
	assert_int_equal(xf_start(&s), 0);
	assert_filter(0x60);
	xf_teardown(state);
	/* Only the second of two steps sets the lowest bit. */
	s.admit = ADMIT_NFT;
	assert_int_equal(xf_start(&s), 0);
	assert_filter(0x20);
	xf_teardown(state);
}

static void a_failed_start_leaves_nothing(void **state UNUSED)
{
	struct settings s = xf_settings();
	unsigned int n;

	xf_prepare(&s);
	n = fakesock_n_open();
	fakesock_fail_open(1, -EPERM);
	assert_int_equal(ingest_new(xf_loop, xf_engine, xf_dispatch, XF_BUFFER, &xf_ingest),
			 -EPERM);
	assert_null(xf_ingest);
	assert_int_equal(fakesock_n_open(), n);
	assert_int_equal(fakert.n_open, 0);
	ingest_free(NULL);
	xf_teardown(state);
}

/* -- events --------------------------------------------------------------- */

static void events_are_fed_in_their_order(void **state UNUSED)
{
	uint64_t events = xf_count("ct_events");
	static const enum event_type types[] = { EVENT_CONN, EVENT_CONN, EVENT_CONN_DESTROY };

	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_event(FAKENET_CT_NEW, 2, 0);
	xf_event(FAKENET_CT_DELETE, 1, 0);
	xf_go();
	assert_int_equal(xf_count("ct_events") - events, 3);
	for (unsigned int i = 0; i < 3; i++) {
		const struct event *ev = &xf_fed(i)->event;
		struct conn c = xf_conn(i == 1 ? 2 : 1);

		assert_int_equal(ev->type, types[i]);
		assert_false(ev->is_dump);
		assert_false(ev->is_own);
		assert_true(tuple_is_equal(&ev->conn.orig, &c.orig));
		assert_int_equal(ev->conn.id, c.id);
		assert_int_equal(mono_diff_us(xf_fed(i)->at, mono_now()), 0);
	}
}

static void events_of_our_own_changes_are_marked(void **state UNUSED)
{
	uint32_t ours = questions_portid(dispatch_questions(xf_dispatch));

	xf_event(FAKENET_CT_NEW, 1, ours);
	xf_event(FAKENET_CT_NEW, 1, 77777);
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), 2);
	assert_true(xf_fed(0)->event.is_own);
	assert_false(spy_last(EVENT_CONN)->is_own);
}

static void what_is_no_entry_is_skipped(void **state UNUSED)
{
	uint64_t events = xf_count("ct_events");
	struct nlmsghdr empty = { .nlmsg_len = sizeof(empty), .nlmsg_type = FAKENET_CT_NEW };
	struct nlmsghdr done = { .nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_DONE };

	fakesock_tell(xf_events(), &empty);
	fakesock_tell(xf_events(), &done);
	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_go();
	assert_int_equal(xf_count("ct_events") - events, 1);
	assert_int_equal(spy_count(EVENT_CONN), 1);
}

static void count_round(void *ctx)
{
	++*(unsigned int *)ctx;
}

/* What the engine orders because of them is carried out at once. */
static void events_and_slices_of_dumps_cause_rounds(void **state UNUSED)
{
	unsigned int n = 0;

	xf_go();
	dispatch_set_idle_hook(xf_dispatch, count_round, &n);
	xf_go();
	n = 0;
	loop_run_once(xf_loop, false);
	assert_true(n > 0);
	xf_finish_dump();
	fakeloop_settle(xf_loop);
	n = 0;
	xf_event(FAKENET_CT_NEW, 1, 0);
	fakeloop_settle(xf_loop);
	assert_true(n > 0);
}

/* Other sources get their turn in between. */
static void one_wake_up_reads_a_limited_number(void **state UNUSED)
{
	for (unsigned int n = 1; n <= EVENT_BUDGET + 10; n++)
		xf_event(FAKENET_CT_NEW, n, 0);
	loop_run_once(xf_loop, false);
	assert_int_equal(spy_count(EVENT_CONN), EVENT_BUDGET);
	loop_run_once(xf_loop, false);
	assert_int_equal(spy_count(EVENT_CONN), EVENT_BUDGET + 10);
}

static void a_failed_read_is_no_loss(void **state UNUSED)
{
	uint64_t overruns = xf_count("ct_overruns");

	fakesock_break(xf_events(), -ENOMEM);
	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), 1);
	assert_int_equal(xf_count("ct_overruns"), overruns);
	fakeloop_pass(xf_loop, SILENT_MS);
	assert_int_equal(xf_n_dumps, 1);
}

/* -- lost events ---------------------------------------------------------- */

static void lost_events_are_made_up_for_by_a_dump(void **state UNUSED)
{
	uint64_t overruns = xf_count("ct_overruns");

	fakesock_break(xf_events(), -ENOBUFS);
	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_go();
	assert_int_equal(xf_count("ct_overruns") - overruns, 1);
	assert_int_equal(fakesock_rcvbuf(xf_events()), 2 * XF_BUFFER);
	/* What was not lost counts. */
	assert_int_equal(spy_count(EVENT_CONN), 1);
	/* The burst shall be over first. */
	fakeloop_pass(xf_loop, RESYNC_MS - 1);
	assert_int_equal(xf_n_dumps, 1);
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, RESYNC_MS + 1);
	assert_int_equal(xf_n_dumps, 2);
	assert_int_equal(spy_count(EVENT_RESYNC_END), 1);
	/* Once is enough. */
	fakeloop_pass(xf_loop, 10 * SILENT_MS);
	assert_int_equal(xf_n_dumps, 2);
}

static void the_buffer_grows_to_its_limit(void **state UNUSED)
{
	for (unsigned int i = 0; i < 12; i++) {
		fakesock_break(xf_events(), -ENOBUFS);
		xf_go();
	}
	assert_int_equal(fakesock_rcvbuf(xf_events()), 256 * 1024 * 1024);
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, 2 * RESYNC_MS);
	assert_int_equal(xf_n_dumps, 2);
}

/* The dump may have passed the entries whose events were lost. */
static void events_lost_during_a_dump_need_another(void **state UNUSED)
{
	xf_go();
	xf_dump_entry(1, 0);
	xf_go();
	fakesock_break(xf_events(), -ENOBUFS);
	xf_go();
	/* The one that is running is read to its end. */
	fakeloop_add_us(1000 * 1000);
	xf_go();
	assert_int_equal(xf_n_dumps, 1);
	xf_finish_dump();
	assert_int_equal(spy_count(EVENT_RESYNC_END), 1);
	xf_answers_dumps = true;
	/* It has taken a second; dumps take at most half of the time. */
	fakeloop_pass(xf_loop, 999);
	assert_int_equal(xf_n_dumps, 1);
	fakeloop_pass(xf_loop, 2);
	assert_int_equal(xf_n_dumps, 2);
	fakeloop_pass(xf_loop, 2 * SILENT_MS);
	assert_int_equal(xf_n_dumps, 2);
}

/* Events that are lost just before a dump begins are in it. */
static void a_dump_makes_up_for_what_was_lost_before(void **state UNUSED)
{
	uint64_t overruns = xf_count("ct_overruns");

	xf_answers_dumps = true;
	xf_event(FAKENET_CT_NEW, 1, 0);
	fakesock_break(xf_events(), -ENOBUFS);
	/* Both the timer of the first dump and the socket are due in this round. The socket comes first. */
	fakeloop_settle(xf_loop);
	fakeloop_pass(xf_loop, 2 * RESYNC_MS);
	assert_int_equal(xf_count("ct_overruns") - overruns, 1);
	assert_int_equal(xf_n_dumps, 1);
	assert_true(ingest_is_complete(xf_ingest));
	fakeloop_pass(xf_loop, 10 * SILENT_MS);
	assert_int_equal(xf_n_dumps, 1);
}

/* -- dumps ---------------------------------------------------------------- */

static void a_dump_is_read_in_slices(void **state UNUSED)
{
	uint64_t dumps = xf_count("ct_dumps");

	xf_go();
	for (unsigned int n = 1; n <= 3; n++)
		xf_dump_entry(n, 0);
	/* An event comes meanwhile, and does not wait for the end of the dump. */
	xf_event(FAKENET_CT_NEW, 50, 0);
	xf_dump_end(NLMSG_DONE, 0);
	spy_forget();
	loop_run_once(xf_loop, false);
	assert_int_equal(spy_count(EVENT_CONN), 2);
	assert_int_equal(fakesock_unread(xf_dump_sock), 3);
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), 4);
	for (unsigned int i = 0; i < spy_n; i++) {
		const struct event *ev = &spy_log[i].event;

		if (ev->type == EVENT_CONN)
			assert_int_equal(ev->is_dump, ev->conn.id != 50);
	}
	assert_int_equal(spy_last(EVENT_RESYNC_END)->type, EVENT_RESYNC_END);
	assert_int_equal(xf_count("ct_dumps") - dumps, 1);
}

static void queued_events_are_older_than_the_dump(void **state UNUSED)
{
	for (unsigned int n = 1; n <= 3; n++)
		xf_event(FAKENET_CT_NEW, n, 0);
	spy_forget();
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(xf_fed(i)->event.type, EVENT_CONN);
	assert_int_equal(xf_fed(3)->event.type, EVENT_RESYNC_BEGIN);
	xf_finish_dump();
}

/* More than can be read at once: the dump does not wait for them. */
static void a_dump_does_not_wait_for_too_many_events(void **state UNUSED)
{
	for (unsigned int n = 0; n < DRAIN + EVENT_BUDGET + 100; n++)
		xf_event(FAKENET_CT_NEW, 1 + n % 50, 0);
	spy_forget();
	loop_run_once(xf_loop, false);
	assert_int_equal(xf_n_dumps, 1);
	/* The event socket had its own turn in this round. */
	assert_int_equal(spy_count(EVENT_CONN), EVENT_BUDGET + DRAIN);
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), EVENT_BUDGET + DRAIN + 100);
	xf_finish_dump();
}

static void an_interrupted_dump_does_not_count(void **state UNUSED)
{
	uint64_t failed = xf_count("ct_dumps_failed"), dumps = xf_count("ct_dumps");

	xf_go();
	xf_dump_entry(1, 0);
	xf_dump_entry(2, NLM_F_DUMP_INTR);
	xf_dump_entry(3, 0);
	xf_dump_end(NLMSG_DONE, 0);
	xf_go();
	assert_int_equal(spy_count(EVENT_CONN), 3);
	assert_int_equal(spy_count(EVENT_RESYNC_ABORT), 1);
	assert_int_equal(spy_count(EVENT_RESYNC_END), 0);
	assert_false(ingest_is_complete(xf_ingest));
	assert_int_equal(xf_count("ct_dumps_failed") - failed, 1);
	assert_int_equal(xf_count("ct_dumps"), dumps);
	/* The interruption of one is not held against the next. */
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_int_equal(xf_n_dumps, 2);
	assert_true(ingest_is_complete(xf_ingest));
}

static void a_dump_that_ends_with_an_error_does_not_count(void **state UNUSED)
{
	static const uint16_t types[] = { NLMSG_DONE, NLMSG_ERROR };

	for (unsigned int i = 0; i < array_size(types); i++) {
		xf_go();
		assert_int_equal(xf_n_dumps, i + 1);
		xf_dump_end(types[i], -EIO);
		xf_go();
		assert_int_equal(spy_count(EVENT_RESYNC_ABORT), i + 1);
		assert_int_equal(spy_count(EVENT_RESYNC_END), 0);
		fakeloop_add_us(10 * RETRY_MS * 1000);
	}
	xf_answers_dumps = true;
	fakeloop_settle(xf_loop);
	assert_true(ingest_is_complete(xf_ingest));
}

static void an_overrun_of_the_dump_ends_it(void **state UNUSED)
{
	struct fakesock *first;
	uint32_t first_portid;
	unsigned int n;

	xf_go();
	first = xf_dump_sock;
	first_portid = xf_dump_request()->portid;
	n = fakesock_n_open();
	xf_dump_entry(1, 0);
	fakesock_break(first, -ENOBUFS);
	xf_go();
	assert_int_equal(spy_count(EVENT_RESYNC_ABORT), 1);
	assert_int_equal(xf_n_dumps, 1);
	/* What is left in that socket is not taken for a part of the next dump. */
	spy_forget();
	fakeloop_add_us(RETRY_MS * 1000);
	xf_go();
	assert_int_equal(xf_n_dumps, 2);
	assert_int_not_equal(xf_dump_request()->portid, first_portid);
	assert_int_equal(fakesock_n_open(), n);
	assert_int_equal(spy_count(EVENT_CONN), 0);
	xf_finish_dump();
	assert_int_equal(spy_count(EVENT_CONN), 1);
	assert_true(ingest_is_complete(xf_ingest));
}

/* The rest of the datagram with the end. */
static void what_follows_the_end_of_a_dump_is_ignored(void **state UNUSED)
{
	uint64_t dumps = xf_count("ct_dumps"), failed = xf_count("ct_dumps_failed");
	struct conn c = xf_conn(1);
	struct fakenet_msg m;

	xf_go();
	xf_dump_end(NLMSG_DONE, 0);
	fakenet_write_conn(&m, FAKENET_CT_NEW, NLM_F_MULTI, &c);
	fakesock_tell_more(xf_dump_sock, nlput_msg(&m.w));
	nlput_msg(&m.w)->nlmsg_type = NLMSG_ERROR;
	fakesock_tell_more(xf_dump_sock, nlput_msg(&m.w));
	xf_go();
	assert_int_equal(fakesock_unread(xf_dump_sock), 0);
	assert_int_equal(spy_count(EVENT_CONN), 0);
	assert_int_equal(xf_count("ct_dumps") - dumps, 1);
	assert_int_equal(xf_count("ct_dumps_failed"), failed);
	assert_int_equal(spy_count(EVENT_RESYNC_ABORT), 0);
}

static void a_dump_that_cannot_be_asked_for_is_tried_again(void **state UNUSED)
{
	uint64_t failed = xf_count("ct_dumps_failed");

	fakesock_fail_open(1, -EMFILE);
	xf_go();
	assert_int_equal(xf_n_dumps, 0);
	assert_int_equal(xf_count("ct_dumps_failed") - failed, 1);
	assert_int_equal(spy_count(EVENT_RESYNC_BEGIN), 0);
	fakesock_fail_send(NETLINK_NETFILTER, 1, -ENOBUFS);
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_int_equal(xf_n_dumps, 0);
	assert_int_equal(xf_count("ct_dumps_failed") - failed, 2);
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, 2 * RETRY_MS);
	assert_int_equal(xf_n_dumps, 1);
	assert_true(ingest_is_complete(xf_ingest));
}

/* -- fences --------------------------------------------------------------- */

struct passed {
	unsigned int n;
	unsigned int n_conns; /* events that the engine had by then */
	bool again;           /* asks for another */
};

static void on_passed(void *ctx)
{
	struct passed *p = ctx;

	p->n++;
	p->n_conns = spy_count(EVENT_CONN);
	if (p->again) {
		p->again = false;
		assert_int_equal(ingest_fence(xf_ingest, on_passed, p), 0);
	}
}

static void a_fence_waits_for_the_queue(void **state UNUSED)
{
	struct passed p = { 0 };

	for (unsigned int n = 1; n <= EVENT_BUDGET + 10; n++)
		xf_event(FAKENET_CT_NEW, n, 0);
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &p), 0);
	assert_int_equal(p.n, 0);
	xf_go();
	assert_int_equal(p.n, 1);
	assert_int_equal(p.n_conns, EVENT_BUDGET + 10);
	/* Only once. */
	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_go();
	assert_int_equal(p.n, 1);
}

static void a_fence_at_an_empty_queue_is_passed_soon(void **state UNUSED)
{
	struct passed a = { 0 }, b = { .again = true };

	assert_int_equal(ingest_fence(xf_ingest, on_passed, &a), 0);
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &b), 0);
	assert_int_equal(a.n + b.n, 0);
	loop_run_once(xf_loop, false);
	assert_int_equal(a.n, 1);
	/* A new one that a callback asks for is not passed with the old ones. */
	assert_int_equal(b.n, 1);
	loop_run_once(xf_loop, false);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 2);
}

static void a_fence_waits_for_a_running_dump(void **state UNUSED)
{
	struct passed good = { 0 }, bad = { 0 };

	xf_go();
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &good), 0);
	xf_dump_entry(1, 0);
	xf_go();
	xf_event(FAKENET_CT_NEW, 2, 0);
	xf_go();
	assert_int_equal(good.n, 0);
	xf_dump_end(NLMSG_DONE, 0);
	xf_go();
	assert_int_equal(good.n, 1);
	assert_int_equal(good.n_conns, 2);
	/* A dump that fails has ended too. */
	fakesock_break(xf_events(), -ENOBUFS);
	xf_go();
	fakeloop_add_us(2 * RESYNC_MS * 1000);
	xf_go();
	assert_int_equal(xf_n_dumps, 2);
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &bad), 0);
	xf_go();
	assert_int_equal(bad.n, 0);
	fakesock_break(xf_dump_sock, -ENOBUFS);
	xf_go();
	assert_int_equal(bad.n, 1);
	assert_int_equal(good.n, 1);
}

static void a_fence_does_not_wait_for_a_later_dump(void **state UNUSED)
{
	struct passed p = { 0 };

	/* The first dump begins in the same round. */
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &p), 0);
	xf_go();
	assert_int_equal(xf_n_dumps, 1);
	assert_int_equal(p.n, 1);
	xf_finish_dump();
}

/* The queue is not empty only because some of it is gone. */
static void a_fence_is_not_passed_by_an_overrun(void **state UNUSED)
{
	struct passed p = { 0 };

	assert_int_equal(ingest_fence(xf_ingest, on_passed, &p), 0);
	fakesock_break(xf_events(), -ENOBUFS);
	xf_event(FAKENET_CT_NEW, 1, 0);
	xf_go();
	assert_int_equal(p.n, 1);
	assert_int_equal(p.n_conns, 1);
}

static void waiters_are_forgotten_at_the_end(void **state UNUSED)
{
	struct passed p = { 0 };

	assert_int_equal(ingest_fence(xf_ingest, on_passed, &p), 0);
	assert_int_equal(ingest_fence(xf_ingest, on_passed, &p), 0);
	ingest_free(xf_ingest);
	xf_ingest = NULL;
	xf_go();
	assert_int_equal(p.n, 0);
}

#define TEST_ALONE(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XF_TEST(it_subscribes_before_it_dumps),
		XF_TEST(the_dump_is_of_assured_entries),
		TEST_ALONE(the_kernel_filters_by_the_mark_that_counts),
		TEST_ALONE(a_failed_start_leaves_nothing),
		XF_TEST_READY(events_are_fed_in_their_order),
		XF_TEST_READY(events_of_our_own_changes_are_marked),
		XF_TEST_READY(what_is_no_entry_is_skipped),
		XF_TEST(events_and_slices_of_dumps_cause_rounds),
		XF_TEST_READY(one_wake_up_reads_a_limited_number),
		XF_TEST_READY(a_failed_read_is_no_loss),
		XF_TEST_READY(lost_events_are_made_up_for_by_a_dump),
		XF_TEST_READY(the_buffer_grows_to_its_limit),
		XF_TEST(events_lost_during_a_dump_need_another),
		XF_TEST(a_dump_makes_up_for_what_was_lost_before),
		XF_TEST(a_dump_is_read_in_slices),
		XF_TEST(queued_events_are_older_than_the_dump),
		XF_TEST(a_dump_does_not_wait_for_too_many_events),
		XF_TEST(an_interrupted_dump_does_not_count),
		XF_TEST(a_dump_that_ends_with_an_error_does_not_count),
		XF_TEST(an_overrun_of_the_dump_ends_it),
		XF_TEST(what_follows_the_end_of_a_dump_is_ignored),
		XF_TEST(a_dump_that_cannot_be_asked_for_is_tried_again),
		XF_TEST_READY(a_fence_waits_for_the_queue),
		XF_TEST_READY(a_fence_at_an_empty_queue_is_passed_soon),
		XF_TEST(a_fence_waits_for_a_running_dump),
		XF_TEST(a_fence_does_not_wait_for_a_later_dump),
		XF_TEST_READY(a_fence_is_not_passed_by_an_overrun),
		XF_TEST_READY(waiters_are_forgotten_at_the_end),
	};

	return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}
