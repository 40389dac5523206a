/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When ingest dumps conntrack: after a failure or a loss of events, while the engine wants dumps,
 * and after ingest_follow().
 */
#include "unit/unit.h"

#include "unit/ingestfixture.h"

#define SILENT_MS 2000
#define RECONCILE_MS (5 * 60 * 1000)
#define RETRY_MS 500
#define RESYNC_MS 100

/* Milliseconds between two requests for a dump. */
static int64_t gap_ms(unsigned int later)
{
	assert_true(later < xf_n_dumps);
	return mono_diff_ms(xf_dump_at[later], xf_dump_at[later - 1]);
}

static void failed_dumps_are_repeated_ever_more_slowly(void **state UNUSED)
{
	uint64_t failed = xf_count("ct_dumps_failed");

	xf_go();
	for (unsigned int i = 1; i <= 22; i++) {
		xf_dump_end(NLMSG_DONE, -EIO);
		xf_go();
		assert_int_equal(xf_n_dumps, i);
		/* One millisecond too early, and in time. */
		fakeloop_add_us(RETRY_MS * 1000 * MIN(i, 20u) - 1000);
		xf_go();
		assert_int_equal(xf_n_dumps, i);
		fakeloop_add_us(1000);
		xf_go();
		assert_int_equal(xf_n_dumps, i + 1);
	}
	assert_int_equal(xf_count("ct_dumps_failed") - failed, 22);
	xf_finish_dump();
	/* After a success they begin anew. */
	fakesock_break(xf_events(), -ENOBUFS);
	xf_go();
	fakeloop_add_us(2 * RESYNC_MS * 1000);
	xf_go();
	xf_dump_end(NLMSG_DONE, -EIO);
	xf_go();
	fakeloop_add_us(RETRY_MS * 1000);
	xf_go();
	assert_int_equal(gap_ms(xf_n_dumps - 1), RETRY_MS);
	xf_finish_dump();
}

/* Events are lost again before each dump could begin: the first loss sets its time. */
static void losses_that_follow_each_other_do_not_delay_the_dump(void **state UNUSED)
{
	mono_t start = mono_now();

	xf_answers_dumps = true;
	for (unsigned int i = 0; i < 50; i++) {
		fakesock_break(xf_events(), -ENOBUFS);
		fakeloop_pass(xf_loop, RESYNC_MS - 1);
	}
	assert_true(xf_n_dumps > 2);
	assert_in_range(mono_diff_ms(xf_dump_at[1], start), RESYNC_MS, 2 * RESYNC_MS);
	for (unsigned int i = 2; i < xf_n_dumps; i++)
		assert_in_range(gap_ms(i), RESYNC_MS, 3 * RESYNC_MS);
}

/* Nor do they change when a failed dump is repeated. */
static void losses_do_not_move_the_repetition_of_a_failed_dump(void **state UNUSED)
{
	for (unsigned int i = 1; i <= 4; i++) {
		xf_go();
		assert_int_equal(xf_n_dumps, i);
		xf_dump_end(NLMSG_DONE, -EIO);
		xf_go();
		for (unsigned int ms = 0; ms < RETRY_MS * i; ms += 50) {
			assert_int_equal(xf_n_dumps, i);
			fakesock_break(xf_events(), -ENOBUFS);
			xf_go();
			fakeloop_add_us(50 * 1000);
		}
		xf_go();
		assert_int_equal(xf_n_dumps, i + 1);
		assert_int_equal(gap_ms(i), RETRY_MS * i);
	}
	xf_finish_dump();
}

/* Dumps take at most half of the time, even if events are lost in the pause after one. */
static void losses_do_not_shorten_the_pause_after_a_dump(void **state UNUSED)
{
	xf_go();
	fakesock_break(xf_events(), -ENOBUFS);
	xf_go();
	fakeloop_add_us(1000 * 1000);
	xf_finish_dump();
	fakesock_break(xf_events(), -ENOBUFS);
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, 999);
	assert_int_equal(xf_n_dumps, 1);
	fakeloop_pass(xf_loop, 1);
	assert_int_equal(xf_n_dumps, 2);
}

static void without_a_reason_a_dump_comes_every_few_minutes(void **state UNUSED)
{
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, RECONCILE_MS - SILENT_MS);
	assert_int_equal(xf_n_dumps, 1);
	fakeloop_pass(xf_loop, 2 * SILENT_MS);
	assert_int_equal(xf_n_dumps, 2);
	fakeloop_pass(xf_loop, RECONCILE_MS + SILENT_MS);
	assert_int_equal(xf_n_dumps, 3);
}

static void silent_flows_are_looked_for_all_the_time(void **state UNUSED)
{
	xf_make_silent_flow();
	fakeloop_pass(xf_loop, 5 * SILENT_MS + SILENT_MS / 2);
	assert_int_equal(xf_n_dumps, 6);
	for (unsigned int i = 1; i < 6; i++)
		assert_int_equal(gap_ms(i), SILENT_MS);
	/* The first event ends that. */
	xf_event(FAKENET_CT_NEW, 1, 0);
	fakeloop_pass(xf_loop, 10 * SILENT_MS);
	assert_int_equal(xf_n_dumps, 6);
}

static void wanted_dumps_take_a_tenth_of_the_time(void **state UNUSED)
{
	xf_make_silent_flow();
	/* A dump of several slices: its end is in a later round than its beginning. */
	for (unsigned int n = 2; n <= 5; n++) {
		struct conn c = xf_conn(n);

		fakenet_put_conn(&c);
	}
	xf_dump_us = 1000 * 1000;
	fakeloop_pass(xf_loop, 40 * 1000);
	assert_in_range(xf_n_dumps, 4, 5);
	for (unsigned int i = 2; i < xf_n_dumps; i++)
		assert_in_range(gap_ms(i), 11000, 11010);
}

static void after_a_follow_dumps_come_at_growing_intervals(void **state UNUSED)
{
	mono_t start = mono_now();
	int64_t due = 500;

	xf_answers_dumps = true;
	ingest_follow(xf_ingest);
	fakeloop_pass(xf_loop, 270 * 1000);
	/* 0.5, 1, 2, 4, ... s after it, the last before five minutes. */
	assert_int_equal(xf_n_dumps, 1 + 10);
	for (unsigned int i = 1; i < xf_n_dumps; i++, due *= 2) {
		int64_t at = mono_diff_ms(xf_dump_at[i], start);

		assert_in_range(at, due, due + SILENT_MS);
	}
	assert_int_equal(mono_diff_ms(xf_dump_at[1], start), 500);
	/* Later calls are for flows that no event reports; there are none. */
	ingest_follow(xf_ingest);
	fakeloop_pass(xf_loop, 60 * 1000);
	assert_int_equal(xf_n_dumps, 1 + 10);
	/* From then on they come as rarely as without it. */
	fakeloop_pass(xf_loop, RECONCILE_MS);
	assert_int_equal(xf_n_dumps, 1 + 11);
	assert_in_range(gap_ms(11), RECONCILE_MS, RECONCILE_MS + SILENT_MS);
}

/* The dumps for new marks do not make those for silent flows more frequent. */
static void a_follow_leaves_the_interval_of_wanted_dumps(void **state UNUSED)
{
	mono_t start;

	xf_make_silent_flow();
	start = mono_now();
	xf_n_dumps = 0;
	ingest_follow(xf_ingest);
	fakeloop_pass(xf_loop, 20 * 1000);
	/* 0.5 and 1 s after it, and then every two seconds. */
	assert_int_equal(xf_n_dumps, 2 + 10);
	assert_int_equal(mono_diff_ms(xf_dump_at[0], start), 500);
	assert_int_equal(gap_ms(1), 500);
	assert_int_equal(gap_ms(2), 1000);
	for (unsigned int i = 3; i < xf_n_dumps; i++)
		assert_int_equal(gap_ms(i), SILENT_MS);
}

/* A ruleset that changes all the time does not keep them away. */
static void follows_in_a_row_delay_no_dump(void **state UNUSED)
{
	mono_t start;

	xf_make_silent_flow();
	start = mono_now();
	xf_n_dumps = 0;
	for (unsigned int i = 0; i < 100; i++) {
		ingest_follow(xf_ingest);
		fakeloop_pass(xf_loop, 100);
	}
	assert_int_equal(mono_diff_ms(xf_dump_at[0], start), 500);
	for (unsigned int i = 1; i < xf_n_dumps; i++)
		assert_in_range(gap_ms(i), 500, 700);
}

static void a_follow_during_a_dump_waits_for_its_end(void **state UNUSED)
{
	xf_go();
	ingest_follow(xf_ingest);
	fakeloop_add_us(600 * 1000);
	xf_go();
	assert_int_equal(xf_n_dumps, 1);
	xf_finish_dump();
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, 5999);
	assert_int_equal(xf_n_dumps, 1);
	/* Ten times as long as the dump has taken. */
	fakeloop_pass(xf_loop, 2);
	assert_int_equal(xf_n_dumps, 2);
}

static void a_follow_does_not_hasten_a_failed_dump(void **state UNUSED)
{
	for (unsigned int i = 0; i < 2; i++) {
		fakeloop_add_us(RETRY_MS * 1000);
		xf_go();
		assert_int_equal(xf_n_dumps, i + 1);
		xf_dump_end(NLMSG_DONE, -EIO);
		xf_go();
	}
	ingest_follow(xf_ingest);
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, 2 * RETRY_MS - 1);
	assert_int_equal(xf_n_dumps, 2);
	fakeloop_pass(xf_loop, 1);
	assert_int_equal(xf_n_dumps, 3);
}

static void silent_flows_are_followed_again(void **state UNUSED)
{
	struct conn c = xf_conn(1);

	xf_answers_dumps = true;
	ingest_follow(xf_ingest);
	fakeloop_pass(xf_loop, RECONCILE_MS + 10 * SILENT_MS);
	xf_n_dumps = 0;
	/* The engine learns of it by a dump, and leaves it on the CPU: no port is usable. */
	fakenet_put_conn(&c);
	dispatch_feed(xf_dispatch,
		      &(struct event){ .type = EVENT_CONN, .is_dump = true, .conn = c });
	fakeloop_settle(xf_loop);
	assert_true(engine_has_silent(xf_engine));
	assert_false(engine_wants_dumps(xf_engine));
	ingest_follow(xf_ingest);
	fakeloop_pass(xf_loop, 499);
	assert_int_equal(xf_n_dumps, 0);
	fakeloop_pass(xf_loop, 1);
	assert_int_equal(xf_n_dumps, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		XF_TEST(failed_dumps_are_repeated_ever_more_slowly),
		XF_TEST_READY(losses_that_follow_each_other_do_not_delay_the_dump),
		XF_TEST(losses_do_not_move_the_repetition_of_a_failed_dump),
		XF_TEST(losses_do_not_shorten_the_pause_after_a_dump),
		XF_TEST(without_a_reason_a_dump_comes_every_few_minutes),
		XF_TEST(silent_flows_are_looked_for_all_the_time),
		XF_TEST(wanted_dumps_take_a_tenth_of_the_time),
		XF_TEST_READY(after_a_follow_dumps_come_at_growing_intervals),
		XF_TEST(a_follow_leaves_the_interval_of_wanted_dumps),
		XF_TEST(follows_in_a_row_delay_no_dump),
		XF_TEST(a_follow_during_a_dump_waits_for_its_end),
		XF_TEST(a_follow_does_not_hasten_a_failed_dump),
		XF_TEST_READY(silent_flows_are_followed_again),
	};

	return cmocka_run_group_tests_name("ingestdue", tests, NULL, NULL);
}
