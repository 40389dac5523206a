/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/util.h"

struct fixture {
	struct loop *loop;
	struct loop_fd *source;
	struct loop_timer *timer;
	int pipe[2];
	unsigned int calls;
	unsigned int events;
	unsigned int rounds;
	const char *slow_name;
	int64_t slow_us;
	char order[16];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = loop_new();
	assert_non_null(f->loop);
	assert_int_equal(pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	close(f->pipe[0]);
	close(f->pipe[1]);
	free(f);
	return 0;
}

static void put_byte(const struct fixture *f)
{
	assert_int_equal(write(f->pipe[1], "x", 1), 1);
}

static void read_and_stop(void *ctx, int fd, unsigned int events)
{
	struct fixture *f = ctx;
	char byte;

	f->calls++;
	f->events = events;
	assert_int_equal(read(fd, &byte, 1), 1);
	loop_stop(f->loop);
}

static void reports_readable_descriptors(void **state)
{
	struct fixture *f = *state;

	f->source = loop_fd_add(f->loop, f->pipe[0], LOOP_READ, "pipe", read_and_stop, f);
	assert_non_null(f->source);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 0);
	put_byte(f);
	loop_run(f->loop);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->events, LOOP_READ);

	/* A paused source is not called; once resumed, it is. */
	loop_fd_mod(f->source, 0);
	put_byte(f);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 1);
	loop_fd_mod(f->source, LOOP_READ);
	loop_run(f->loop);
	assert_int_equal(f->calls, 2);
	loop_fd_del(f->source);
	put_byte(f);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 2);
	loop_fd_del(NULL);
}

static void note_events(void *ctx, int fd UNUSED, unsigned int events)
{
	struct fixture *f = ctx;

	f->calls++;
	f->events = events;
}

static void reports_writable_descriptors(void **state)
{
	struct fixture *f = *state;

	f->source = loop_fd_add(f->loop, f->pipe[1], 0, "pipe", note_events, f);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 0);
	loop_fd_mod(f->source, LOOP_WRITE);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->events, LOOP_WRITE);
}

static void delete_yourself(void *ctx, int fd UNUSED, unsigned int events UNUSED)
{
	struct fixture *f = ctx;

	f->calls++;
	loop_fd_del(f->source);
	loop_timer_del(f->timer);
}

static void never(void *ctx UNUSED)
{
	fail_msg("the callback of a source that was deleted or never due has run");
}

static void callbacks_may_delete_sources(void **state)
{
	struct fixture *f = *state;

	f->source = loop_fd_add(f->loop, f->pipe[0], LOOP_READ, "pipe", delete_yourself, f);
	f->timer = loop_timer_add(f->loop, "timer", never, f);
	assert_non_null(f->timer);
	loop_timer_set(f->timer, 100000, 0);
	put_byte(f);
	loop_run_once(f->loop, true);
	loop_run_once(f->loop, false);
	assert_int_equal(f->calls, 1);
}

static void count_to_three(void *ctx)
{
	struct fixture *f = ctx;

	if (++f->calls == 3)
		loop_stop(f->loop);
}

static void timers_fire_and_repeat(void **state)
{
	struct fixture *f = *state;
	mono_t before = mono_now();

	f->timer = loop_timer_add(f->loop, "timer", count_to_three, f);
	assert_false(loop_timer_is_active(f->timer));
	loop_timer_set(f->timer, 5, 2);
	assert_true(loop_timer_is_active(f->timer));
	loop_run(f->loop);
	assert_int_equal(f->calls, 3);
	assert_true(mono_diff_us(mono_now(), before) >= 8000);
	assert_true(mono_diff_us(loop_now(f->loop), before) >= 8000);
	assert_true(loop_timer_is_active(f->timer));
	loop_timer_stop(f->timer);
	assert_false(loop_timer_is_active(f->timer));

	/* Without an interval the timer fires only once. */
	f->calls = 2;
	loop_timer_set(f->timer, 1, 0);
	loop_run(f->loop);
	assert_int_equal(f->calls, 3);
	assert_false(loop_timer_is_active(f->timer));
	loop_timer_del(NULL);
}

static void note_a(void *ctx)
{
	strcat(((struct fixture *)ctx)->order, "a");
}

static void note_b(void *ctx)
{
	strcat(((struct fixture *)ctx)->order, "b");
}

static void again(void *ctx)
{
	struct fixture *f = ctx;

	strcat(f->order, "r");
	if (++f->rounds < 3)
		assert_int_equal(loop_defer(f->loop, "again", again, f), 0);
	else
		loop_stop(f->loop);
}

static void deferred_work_runs_once_in_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_defer(f->loop, "a", note_a, f), 0);
	assert_int_equal(loop_defer(f->loop, "b", note_b, f), 0);
	assert_int_equal(loop_defer(f->loop, "a", note_a, f), 0);
	assert_string_equal(f->order, "");
	loop_run_once(f->loop, false);
	assert_string_equal(f->order, "ab");
	loop_run_once(f->loop, false);
	assert_string_equal(f->order, "ab");
}

static void note_io(void *ctx, int fd, unsigned int events UNUSED)
{
	struct fixture *f = ctx;
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	strcat(f->order, "i");
}

/* Between two slices of a long job, the loop serves descriptors and does not wait for events. */
static void long_jobs_leave_room_for_others(void **state)
{
	struct fixture *f = *state;
	mono_t start = mono_now();

	f->source = loop_fd_add(f->loop, f->pipe[0], LOOP_READ, "pipe", note_io, f);
	put_byte(f);
	assert_int_equal(loop_defer(f->loop, "again", again, f), 0);
	loop_run(f->loop);
	assert_string_equal(f->order, "rirr");
	/* libev waits at most a minute, so a loop that waits wrongly gets here, too. */
	assert_true(mono_diff_ms(mono_now(), start) < 30000);
}

static void cancel_b(void *ctx)
{
	struct fixture *f = ctx;

	assert_true(loop_defer_cancel(f->loop, note_b, f));
	assert_false(loop_defer_cancel(f->loop, note_b, f));
	strcat(f->order, "c");
}

static void deferred_work_can_be_cancelled(void **state)
{
	struct fixture *f = *state;

	assert_false(loop_defer_cancel(f->loop, note_a, f));
	assert_int_equal(loop_defer(f->loop, "a", note_a, f), 0);
	assert_true(loop_defer_cancel(f->loop, note_a, f));
	/* Deferred work can also cancel other work of the same round. */
	assert_int_equal(loop_defer(f->loop, "c", cancel_b, f), 0);
	assert_int_equal(loop_defer(f->loop, "b", note_b, f), 0);
	loop_run_once(f->loop, false);
	loop_run_once(f->loop, false);
	assert_string_equal(f->order, "c");
}

static void stop_from_deferred(void *ctx)
{
	struct fixture *f = ctx;

	f->calls++;
	loop_stop(f->loop);
}

static void stop_works_from_anywhere(void **state)
{
	struct fixture *f = *state;

	loop_stop(f->loop);
	loop_run(f->loop);
	assert_int_equal(loop_defer(f->loop, "stop", stop_from_deferred, f), 0);
	loop_run(f->loop);
	assert_int_equal(f->calls, 1);
	assert_int_equal(loop_defer(f->loop, "stop", stop_from_deferred, f), 0);
	loop_run(f->loop);
	assert_int_equal(f->calls, 2);
}

static void note_signal(void *ctx, int signo)
{
	struct fixture *f = ctx;

	f->calls++;
	f->events = (unsigned int)signo;
	loop_stop(f->loop);
}

static void catches_signals(void **state)
{
	struct fixture *f = *state;
	struct loop_signal *source = loop_signal_add(f->loop, SIGUSR1, "usr1", note_signal, f);
	struct loop *other = loop_new();

	assert_non_null(source);
	assert_non_null(other);
	assert_null(loop_signal_add(f->loop, SIGUSR1, "usr1", note_signal, f));
	assert_null(loop_signal_add(other, SIGUSR1, "usr1", note_signal, f));
	loop_free(other);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	loop_run(f->loop);
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->events, SIGUSR1);
	loop_signal_del(source);
	loop_signal_del(NULL);
	source = loop_signal_add(f->loop, SIGUSR1, "usr1", note_signal, f);
	assert_non_null(source);
}

static const struct loop_stats *find_stats(const struct loop *loop, const char *name)
{
	const struct loop_stats *stats = loop_stats_next(loop, NULL);

	while (stats && strcmp(stats->name, name) != 0)
		stats = loop_stats_next(loop, stats);
	return stats;
}

static void be_slow(void *ctx UNUSED)
{
	mono_t start = mono_now();

	while (mono_diff_us(mono_now(), start) < 3000)
		;
}

static void note_slow(void *ctx, const char *name, int64_t us)
{
	struct fixture *f = ctx;

	f->slow_name = name;
	f->slow_us = us;
}

static void measures_callbacks(void **state)
{
	struct fixture *f = *state;
	const struct loop_stats *stats;

	assert_null(loop_stats_next(f->loop, NULL));
	loop_set_slow_threshold(f->loop, 2000, note_slow, f);
	assert_int_equal(loop_defer(f->loop, "slow", be_slow, f), 0);
	loop_run_once(f->loop, false);
	assert_string_equal(f->slow_name, "slow");
	assert_true(f->slow_us >= 3000);
	loop_set_slow_threshold(f->loop, 0, NULL, NULL);
	f->slow_name = NULL;
	assert_int_equal(loop_defer(f->loop, "slow", be_slow, f), 0);
	assert_int_equal(loop_defer(f->loop, "a", note_a, f), 0);
	loop_run_once(f->loop, false);
	assert_null(f->slow_name);
	stats = find_stats(f->loop, "slow");
	assert_non_null(stats);
	assert_int_equal(stats->count, 2);
	assert_int_equal(stats->slow, 1);
	assert_true(stats->max_us >= 3000);
	assert_true(stats->total_us >= stats->max_us + 3000);
	stats = find_stats(f->loop, "a");
	assert_non_null(stats);
	assert_int_equal(stats->count, 1);
	assert_null(find_stats(f->loop, "b"));
}

/* loop_free() in tear_down() must free these sources; only a leak checker can tell. */
static void free_takes_what_is_left(void **state)
{
	struct fixture *f = *state;

	assert_non_null(loop_fd_add(f->loop, f->pipe[0], LOOP_READ, "pipe", note_events, f));
	assert_non_null(loop_timer_add(f->loop, "timer", never, f));
	assert_non_null(loop_signal_add(f->loop, SIGUSR2, "usr2", note_signal, f));
	assert_int_equal(loop_defer(f->loop, "never", never, f), 0);
	loop_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reports_readable_descriptors),
		TEST(reports_writable_descriptors),
		TEST(callbacks_may_delete_sources),
		TEST(timers_fire_and_repeat),
		TEST(deferred_work_runs_once_in_order),
		TEST(long_jobs_leave_room_for_others),
		TEST(deferred_work_can_be_cancelled),
		TEST(stop_works_from_anywhere),
		TEST(catches_signals),
		TEST(measures_callbacks),
		TEST(free_takes_what_is_left),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
