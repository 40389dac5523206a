/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - see loop.h.
 *
 * All sources of a loop are in one list, so that loop_free() finds them. A callback may
 * delete its own source, so everything that is needed after the callback is copied out of
 * the source before. Statistics entries live as long as the loop.
 *
 * Deferred work runs from libev's prepare watcher, which is called right before the wait.
 * If deferred work defers more work, that must wait for the next round, but the current
 * round must not block. An idle watcher makes libev poll without waiting; it is active
 * exactly while there is such work.
 */
#include "base/loop.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/ds/list.h"
#include "base/util.h"

struct stats_entry {
	struct loop_stats stats; /* must be first: public part of this entry */
	struct list link;
};

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_SIGNAL,
};

/* Common to all sources. */
struct source {
	struct list link;
	struct loop *loop;
	struct stats_entry *entry;
	void *ctx;
	enum source_kind kind;
};

struct loop_fd {
	struct source source; /* must be first: the source is freed through it */
	ev_io io;
	loop_fd_fn fn;
	unsigned int events; /* events that are watched */
};

struct loop_timer {
	struct source source; /* must be first */
	ev_timer timer;
	loop_timer_fn fn;
};

struct loop_signal {
	struct source source; /* must be first */
	ev_signal signal;
	loop_signal_fn fn;
};

struct deferred {
	struct list link;
	struct stats_entry *entry;
	loop_defer_fn fn;
	void *ctx;
};

struct loop {
	struct ev_loop *ev;
	ev_prepare prepare;
	ev_check check;
	ev_idle idle;
	mono_t now;
	bool is_stopped;
	struct list sources;
	struct list stats;
	struct list deferred; /* for the next round */
	struct list running;  /* of the current round, not run yet */
	struct list spare;    /* memory of deferred work, for reuse */
	uint64_t slow_us;     /* UINT64_MAX: no callback is reported */
	loop_slow_fn slow_fn;
	void *slow_ctx;
};

/* libev allows one watcher per signal in the whole process, and aborts on the second. */
static atomic_bool signal_taken[NSIG];

/* ---- time accounting ---- */

static struct stats_entry *find_or_add_stats(struct loop *loop, const char *name)
{
	struct stats_entry *fresh;

	LIST_FOR_EACH(struct stats_entry, entry, &loop->stats, link) {
		if (strcmp(entry->stats.name, name) == 0)
			return entry;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return NULL;
	fresh->stats.name = name;
	list_add_tail(&fresh->link, &loop->stats);
	return fresh;
}

static void account(struct loop *loop, struct stats_entry *entry, mono_t start)
{
	struct loop_stats *stats = &entry->stats;
	uint64_t us = (uint64_t)mono_diff_us(mono_now(), start);

	stats->count++;
	stats->total_us += us;
	stats->max_us = MAX(stats->max_us, us);
	if (us <= loop->slow_us)
		return;
	stats->slow++;
	loop->slow_fn(loop->slow_ctx, stats->name, (int64_t)us);
}

const struct loop_stats *loop_stats_next(const struct loop *loop, const struct loop_stats *prev)
{
	const struct list *next =
		prev ? ((const struct stats_entry *)prev)->link.next : loop->stats.next;

	if (next == &loop->stats)
		return NULL;
	return &((const struct stats_entry *)((const char *)next -
					      offsetof(struct stats_entry, link)))
			->stats;
}

void loop_set_slow_threshold(struct loop *loop, uint64_t threshold_us, loop_slow_fn fn, void *ctx)
{
	loop->slow_us = fn && threshold_us ? threshold_us : UINT64_MAX;
	loop->slow_fn = fn;
	loop->slow_ctx = ctx;
}

/* ---- deferred work ---- */

static struct deferred *find_deferred(struct list *head, loop_defer_fn fn, const void *ctx)
{
	LIST_FOR_EACH(struct deferred, work, head, link) {
		if (work->fn == fn && work->ctx == ctx)
			return work;
	}
	return NULL;
}

static void run_deferred(struct loop *loop)
{
	struct deferred *work;

	list_splice_tail(&loop->deferred, &loop->running);
	while ((work = list_pop_entry(&loop->running, struct deferred, link))) {
		struct stats_entry *entry = work->entry;
		mono_t start = mono_now();

		list_add_front(&work->link, &loop->spare);
		work->fn(work->ctx);
		account(loop, entry, start);
	}
	if (list_is_empty(&loop->deferred))
		ev_idle_stop(loop->ev, &loop->idle);
	else
		ev_idle_start(loop->ev, &loop->idle);
}

int loop_defer(struct loop *loop, const char *name, loop_defer_fn fn, void *ctx)
{
	struct stats_entry *entry = find_or_add_stats(loop, name);
	struct deferred *work;

	if (find_deferred(&loop->deferred, fn, ctx) || find_deferred(&loop->running, fn, ctx))
		return 0;
	work = list_pop_entry(&loop->spare, struct deferred, link);
	if (!work) {
		work = calloc(1, sizeof(*work));
		if (work)
			list_init(&work->link);
	}
	if (!entry || !work) {
		free(work);
		return -ENOMEM;
	}
	work->entry = entry;
	work->fn = fn;
	work->ctx = ctx;
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
	list_add_front(&work->link, &loop->spare);
	return true;
}

/* ---- the loop itself ---- */

static void on_prepare(struct ev_loop *ev UNUSED, ev_prepare *watcher, int revents UNUSED)
{
	run_deferred(watcher->data);
}

static void on_check(struct ev_loop *ev UNUSED, ev_check *watcher, int revents UNUSED)
{
	struct loop *loop = watcher->data;

	loop->now = mono_now();
}

static void on_idle(struct ev_loop *ev UNUSED, ev_idle *watcher UNUSED, int revents UNUSED)
{
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->ev = ev_loop_new(EVFLAG_NOENV | EVFLAG_SIGNALFD);
	if (!loop->ev) {
		free(loop);
		return NULL;
	}
	list_init(&loop->sources);
	list_init(&loop->stats);
	list_init(&loop->deferred);
	list_init(&loop->running);
	list_init(&loop->spare);
	loop->now = mono_now();
	loop->slow_us = UINT64_MAX;

	ev_prepare_init(&loop->prepare, on_prepare);
	loop->prepare.data = loop;
	ev_prepare_start(loop->ev, &loop->prepare);
	ev_check_init(&loop->check, on_check);
	ev_set_priority(&loop->check, EV_MAXPRI);
	loop->check.data = loop;
	ev_check_start(loop->ev, &loop->check);
	ev_idle_init(&loop->idle, on_idle);
	return loop;
}

static void source_del(struct source *source)
{
	struct ev_loop *ev = source->loop->ev;

	switch (source->kind) {
	case SOURCE_FD: ev_io_stop(ev, &((struct loop_fd *)source)->io); break;
	case SOURCE_TIMER: ev_timer_stop(ev, &((struct loop_timer *)source)->timer); break;
	case SOURCE_SIGNAL: {
		ev_signal *watcher = &((struct loop_signal *)source)->signal;

		ev_signal_stop(ev, watcher);
		atomic_store(&signal_taken[watcher->signum], false);
		break;
	}
	}
	list_del(&source->link);
	free(source);
}

static void free_deferred(struct list *head)
{
	struct deferred *work;

	while ((work = list_pop_entry(head, struct deferred, link)))
		free(work);
}

void loop_free(struct loop *loop)
{
	struct stats_entry *entry;

	if (!loop)
		return;
	LIST_FOR_EACH_SAFE(struct source, source, &loop->sources, link)
		source_del(source);
	free_deferred(&loop->deferred);
	free_deferred(&loop->running);
	free_deferred(&loop->spare);
	while ((entry = list_pop_entry(&loop->stats, struct stats_entry, link)))
		free(entry);
	ev_idle_stop(loop->ev, &loop->idle);
	ev_check_stop(loop->ev, &loop->check);
	ev_prepare_stop(loop->ev, &loop->prepare);
	ev_loop_destroy(loop->ev);
	free(loop);
}

void loop_run(struct loop *loop)
{
	if (!loop->is_stopped)
		ev_run(loop->ev, 0);
	loop->is_stopped = false;
}

void loop_run_once(struct loop *loop, bool may_block)
{
	ev_run(loop->ev, may_block ? EVRUN_ONCE : EVRUN_NOWAIT);
}

void loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
	ev_break(loop->ev, EVBREAK_ONE);
}

mono_t loop_now(const struct loop *loop)
{
	return loop->now;
}

/* ---- sources ---- */

/* Returns a zeroed source of size bytes, which begins with a struct source, or NULL. */
static void *source_new(struct loop *loop, enum source_kind kind, size_t size, const char *name,
			void *ctx)
{
	struct stats_entry *entry = find_or_add_stats(loop, name);
	struct source *source = entry ? calloc(1, size) : NULL;

	if (!source)
		return NULL;
	source->loop = loop;
	source->kind = kind;
	source->entry = entry;
	source->ctx = ctx;
	list_init(&source->link);
	list_add_tail(&source->link, &loop->sources);
	return source;
}

static int to_ev(unsigned int events)
{
	return (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);
}

static void on_fd(struct ev_loop *ev UNUSED, ev_io *watcher, int revents)
{
	struct loop_fd *source = watcher->data;
	struct loop *loop = source->source.loop;
	struct stats_entry *entry = source->source.entry;
	unsigned int ready =
		(revents & EV_READ ? LOOP_READ : 0) | (revents & EV_WRITE ? LOOP_WRITE : 0);
	mono_t start = mono_now();

	source->fn(source->source.ctx, watcher->fd, ready & source->events);
	account(loop, entry, start);
}

struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned int events, const char *name,
			    loop_fd_fn fn, void *ctx)
{
	struct loop_fd *source;

	if (BUG_ON(fd < 0))
		return NULL;
	source = source_new(loop, SOURCE_FD, sizeof(*source), name, ctx);
	if (!source)
		return NULL;
	source->fn = fn;
	source->io.data = source;
	ev_io_init(&source->io, on_fd, fd, to_ev(events));
	source->events = events;
	if (events)
		ev_io_start(loop->ev, &source->io);
	return source;
}

void loop_fd_mod(struct loop_fd *source, unsigned int events)
{
	struct ev_loop *ev = source->source.loop->ev;

	if (events == source->events)
		return;
	ev_io_stop(ev, &source->io);
	ev_io_set(&source->io, source->io.fd, to_ev(events));
	source->events = events;
	if (events)
		ev_io_start(ev, &source->io);
}

void loop_fd_del(struct loop_fd *source)
{
	if (source)
		source_del(&source->source);
}

static void on_timer(struct ev_loop *ev UNUSED, ev_timer *watcher, int revents UNUSED)
{
	struct loop_timer *source = watcher->data;
	struct loop *loop = source->source.loop;
	struct stats_entry *entry = source->source.entry;
	mono_t start = mono_now();

	source->fn(source->source.ctx);
	account(loop, entry, start);
}

struct loop_timer *loop_timer_add(struct loop *loop, const char *name, loop_timer_fn fn, void *ctx)
{
	struct loop_timer *timer = source_new(loop, SOURCE_TIMER, sizeof(*timer), name, ctx);

	if (!timer)
		return NULL;
	timer->fn = fn;
	timer->timer.data = timer;
	ev_init(&timer->timer, on_timer);
	return timer;
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
	struct ev_loop *ev = timer->source.loop->ev;

	ev_timer_stop(ev, &timer->timer);
	ev_timer_set(&timer->timer, (double)delay_ms / 1000, (double)repeat_ms / 1000);
	/* libev counts from the start of the round, which may be long ago. */
	ev_now_update(ev);
	ev_timer_start(ev, &timer->timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
	ev_timer_stop(timer->source.loop->ev, &timer->timer);
}

bool loop_timer_is_active(struct loop_timer *timer)
{
	return ev_is_active(&timer->timer);
}

void loop_timer_del(struct loop_timer *timer)
{
	if (timer)
		source_del(&timer->source);
}

static void on_signal(struct ev_loop *ev UNUSED, ev_signal *watcher, int revents UNUSED)
{
	struct loop_signal *source = watcher->data;
	struct loop *loop = source->source.loop;
	struct stats_entry *entry = source->source.entry;
	mono_t start = mono_now();

	source->fn(source->source.ctx, watcher->signum);
	account(loop, entry, start);
}

struct loop_signal *loop_signal_add(struct loop *loop, int signo, const char *name,
				    loop_signal_fn fn, void *ctx)
{
	struct loop_signal *source;

	if (BUG_ON(signo <= 0 || signo >= NSIG) || atomic_exchange(&signal_taken[signo], true))
		return NULL;
	source = source_new(loop, SOURCE_SIGNAL, sizeof(*source), name, ctx);
	if (!source) {
		atomic_store(&signal_taken[signo], false);
		return NULL;
	}
	source->fn = fn;
	source->signal.data = source;
	ev_signal_init(&source->signal, on_signal, signo);
	ev_signal_start(loop->ev, &source->signal);
	return source;
}

void loop_signal_del(struct loop_signal *source)
{
	if (source)
		source_del(&source->source);
}
