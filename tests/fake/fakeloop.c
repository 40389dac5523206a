/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fakeloop.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ds/list.h"
#include "base/util.h"

#define START_US INT64_C(1000000000)
/* More rounds than any test needs. */
#define MANY_ROUNDS 1000000
#define MAX_FDS 64

struct loop_fd {
	struct list link;
	int fd;
	unsigned int events;
	loop_fd_fn fn;
	void *ctx;
	bool is_dead; /* deleted; freed when no callback is running */
};

struct loop_timer {
	struct list link;
	struct loop *loop;
	mono_t due; /* MONO_NEVER: stopped */
	uint64_t repeat_ms;
	loop_timer_fn fn;
	void *ctx;
	bool is_dead;
};

struct deferred {
	struct list link;
	loop_defer_fn fn;
	void *ctx;
};

struct loop {
	struct list fds, timers;
	struct list deferred, running; /* for the next round; of this round, not run yet */
	mono_t now;
	bool is_stopped;
};

static _Atomic int64_t clock_us = START_US;

mono_t mono_now(void)
{
	return (mono_t){ atomic_load(&clock_us) };
}

void fakeloop_reset(void)
{
	atomic_store(&clock_us, START_US);
}

void fakeloop_add_us(int64_t us)
{
	atomic_fetch_add(&clock_us, us);
}

static NORETURN void give_up(const char *what)
{
	fprintf(stderr, "fakeloop: %s\n", what);
	abort();
}

/* -- sources -------------------------------------------------------------- */

struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned int events, const char *name UNUSED,
			    loop_fd_fn fn, void *ctx)
{
	struct loop_fd *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct loop_fd){ .fd = fd, .events = events, .fn = fn, .ctx = ctx };
	list_init(&s->link);
	list_add_tail(&s->link, &loop->fds);
	return s;
}

void loop_fd_mod(struct loop_fd *source, unsigned int events)
{
	source->events = events;
}

void loop_fd_del(struct loop_fd *source)
{
	if (source)
		source->is_dead = true;
}

struct loop_timer *loop_timer_add(struct loop *loop, const char *name UNUSED, loop_timer_fn fn,
				  void *ctx)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct loop_timer){ .loop = loop, .due = MONO_NEVER, .fn = fn, .ctx = ctx };
	list_init(&t->link);
	list_add_tail(&t->link, &loop->timers);
	return t;
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
	timer->due = mono_add_ms(mono_now(), (int64_t)delay_ms);
	timer->repeat_ms = repeat_ms;
}

void loop_timer_stop(struct loop_timer *timer)
{
	timer->due = MONO_NEVER;
}

bool loop_timer_is_active(struct loop_timer *timer)
{
	return !mono_is_never(timer->due);
}

void loop_timer_del(struct loop_timer *timer)
{
	if (timer)
		timer->is_dead = true;
}

static struct deferred *find_deferred(struct list *head, loop_defer_fn fn, const void *ctx)
{
	LIST_FOR_EACH(struct deferred, work, head, link) {
		if (work->fn == fn && work->ctx == ctx)
			return work;
	}
	return NULL;
}

int loop_defer(struct loop *loop, const char *name UNUSED, loop_defer_fn fn, void *ctx)
{
	struct deferred *work;

	if (find_deferred(&loop->deferred, fn, ctx) || find_deferred(&loop->running, fn, ctx))
		return 0;
	work = calloc(1, sizeof(*work));
	if (!work)
		return -ENOMEM;
	work->fn = fn;
	work->ctx = ctx;
	list_init(&work->link);
	list_add_tail(&work->link, &loop->deferred);
	return 0;
}

bool loop_defer_cancel(struct loop *loop, loop_defer_fn fn, void *ctx)
{
	struct deferred *work = find_deferred(&loop->deferred, fn, ctx);

	if (!work)
		work = find_deferred(&loop->running, fn, ctx);
	if (!work)
		return false;
	list_del(&work->link);
	free(work);
	return true;
}

struct loop_signal *loop_signal_add(struct loop *loop UNUSED, int signo UNUSED,
				    const char *name UNUSED, loop_signal_fn fn UNUSED,
				    void *ctx UNUSED)
{
	return NULL;
}

void loop_signal_del(struct loop_signal *source UNUSED)
{
}

const struct loop_stats *loop_stats_next(const struct loop *loop UNUSED,
					 const struct loop_stats *prev UNUSED)
{
	return NULL;
}

void loop_set_slow_threshold(struct loop *loop UNUSED, uint64_t threshold_us UNUSED,
			     loop_slow_fn fn UNUSED, void *ctx UNUSED)
{
}

/* -- the loop ------------------------------------------------------------- */

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	list_init(&loop->fds);
	list_init(&loop->timers);
	list_init(&loop->deferred);
	list_init(&loop->running);
	loop->now = mono_now();
	return loop;
}

/* Frees sources that were deleted, or all. */
static void bury(struct loop *loop, bool all)
{
	LIST_FOR_EACH_SAFE(struct loop_fd, s, &loop->fds, link) {
		if (s->is_dead || all) {
			list_del(&s->link);
			free(s);
		}
	}
	LIST_FOR_EACH_SAFE(struct loop_timer, t, &loop->timers, link) {
		if (t->is_dead || all) {
			list_del(&t->link);
			free(t);
		}
	}
}

void loop_free(struct loop *loop)
{
	struct deferred *work;

	if (!loop)
		return;
	bury(loop, true);
	while ((work = list_pop_entry(&loop->deferred, struct deferred, link)))
		free(work);
	free(loop);
}

static bool run_deferred(struct loop *loop)
{
	struct deferred *work;
	bool any = false;

	list_splice_tail(&loop->deferred, &loop->running);
	while ((work = list_pop_entry(&loop->running, struct deferred, link))) {
		struct deferred copy = *work;

		free(work);
		copy.fn(copy.ctx);
		any = true;
	}
	return any;
}

static short to_poll(unsigned int events)
{
	return (short)((events & LOOP_READ ? POLLIN : 0) | (events & LOOP_WRITE ? POLLOUT : 0));
}

static bool run_fds(struct loop *loop, int timeout_ms)
{
	struct pollfd pfd[MAX_FDS];
	struct loop_fd *source[MAX_FDS];
	nfds_t n = 0;
	bool any = false;

	LIST_FOR_EACH(struct loop_fd, s, &loop->fds, link) {
		if (n == MAX_FDS)
			give_up("too many descriptors");
		if (s->is_dead || !s->events)
			continue;
		source[n] = s;
		pfd[n++] = (struct pollfd){ .fd = s->fd, .events = to_poll(s->events) };
	}
	if (poll(pfd, n, timeout_ms) < 0 && errno != EINTR)
		give_up("cannot poll");
	loop->now = mono_now();
	for (nfds_t i = 0; i < n; i++) {
		if (!pfd[i].revents || source[i]->is_dead)
			continue;
		source[i]->fn(source[i]->ctx, source[i]->fd, source[i]->events);
		any = true;
	}
	return any;
}

static bool is_due(const struct loop_timer *t)
{
	return !t->is_dead && !mono_is_never(t->due) && !mono_before(mono_now(), t->due);
}

static bool run_timers(struct loop *loop)
{
	bool any = false;

	LIST_FOR_EACH(struct loop_timer, t, &loop->timers, link) {
		if (!is_due(t))
			continue;
		t->due = t->repeat_ms ? mono_add_ms(mono_now(), (int64_t)t->repeat_ms) : MONO_NEVER;
		t->fn(t->ctx);
		any = true;
	}
	return any;
}

static bool has_due(struct loop *loop)
{
	LIST_FOR_EACH(struct loop_timer, t, &loop->timers, link) {
		if (is_due(t))
			return true;
	}
	return false;
}

/* True if anything was done. */
static bool run_round(struct loop *loop, bool may_block)
{
	bool any = run_deferred(loop);

	any |= run_fds(loop, may_block && !any && list_is_empty(&loop->deferred) && !has_due(loop)
				     ? -1
				     : 0);
	any |= run_timers(loop);
	bury(loop, false);
	return any;
}

void loop_run_once(struct loop *loop, bool may_block)
{
	run_round(loop, may_block);
}

void loop_run(struct loop *loop)
{
	while (!loop->is_stopped)
		run_round(loop, true);
	loop->is_stopped = false;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

mono_t loop_now(const struct loop *loop)
{
	return loop->now;
}

/* -- for the test --------------------------------------------------------- */

void fakeloop_rounds(struct loop *loop, unsigned int n)
{
	while (n--)
		run_round(loop, false);
}

void fakeloop_settle(struct loop *loop)
{
	for (unsigned int i = 0; run_round(loop, false) || !list_is_empty(&loop->deferred); i++) {
		if (i == MANY_ROUNDS)
			give_up("never comes to rest");
	}
}

static mono_t next_due(struct loop *loop)
{
	mono_t due = MONO_NEVER;

	LIST_FOR_EACH(struct loop_timer, t, &loop->timers, link) {
		if (!t->is_dead)
			due = mono_min(due, t->due);
	}
	return due;
}

void fakeloop_pass(struct loop *loop, int64_t ms)
{
	mono_t end = mono_add_ms(mono_now(), ms);

	fakeloop_settle(loop);
	while (mono_before(mono_now(), end)) {
		mono_t next = mono_min(end, mono_max(next_due(loop), mono_add_us(mono_now(), 1)));

		fakeloop_add_us(mono_diff_us(next, mono_now()));
		fakeloop_settle(loop);
	}
}

void fakeloop_until(struct loop *loop, bool (*fn)(void *ctx), void *ctx)
{
	fakeloop_settle(loop);
	while (!fn(ctx))
		run_round(loop, true);
}
