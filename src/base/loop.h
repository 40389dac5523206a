/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - event loop: a thin layer over libev that names every callback and measures its
 * run time.
 *
 * Names must live as long as the loop; string constants do. Sources with equal names
 * share one line of statistics. A callback may delete any source, including its own.
 *
 * A loop belongs to the thread that runs it; other threads must not call any function
 * here (use a ring).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;

#define LOOP_READ 1u
#define LOOP_WRITE 2u

/*
 * fd is ready for events, a mask of LOOP_READ and LOOP_WRITE. An error or hang-up sets
 * all watched bits.
 */
typedef void (*loop_fd_fn)(void *ctx, int fd, unsigned int events);
typedef void (*loop_timer_fn)(void *ctx);
typedef void (*loop_defer_fn)(void *ctx);
typedef void (*loop_signal_fn)(void *ctx, int signo);
/* A callback took us microseconds. Called after it; its own time is not included. */
typedef void (*loop_slow_fn)(void *ctx, const char *name, int64_t us);

/* Returns a new loop, or NULL if there is no memory or no descriptor. */
MUST_CHECK struct loop *loop_new(void);

/*
 * Frees the loop and every source still in it. Descriptors stay open, and no callback is
 * called. NULL is fine. Must not be called from a callback.
 */
void loop_free(struct loop *loop);

/* Runs until loop_stop(). Returns at once if loop_stop() was called before. */
void loop_run(struct loop *loop);

/* Runs one round: waits for events if may_block is set, then runs the callbacks that are ready. */
void loop_run_once(struct loop *loop, bool may_block);

/* Makes loop_run() return after the callbacks of the current round. */
void loop_stop(struct loop *loop);

/* Time at which the current round woke up. */
mono_t loop_now(const struct loop *loop);

/*
 * Watches fd for events. The descriptor is borrowed: the caller closes it after
 * loop_fd_del(). Returns NULL if there is no memory.
 */
MUST_CHECK struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned int events,
				       const char *name, loop_fd_fn fn, void *ctx);

/* Changes the events that are watched; 0 pauses the source. */
void loop_fd_mod(struct loop_fd *source, unsigned int events);

/* Stops watching and frees the source. NULL is fine. */
void loop_fd_del(struct loop_fd *source);

/* Returns a new timer, which is stopped, or NULL if there is no memory. */
MUST_CHECK struct loop_timer *loop_timer_add(struct loop *loop, const char *name, loop_timer_fn fn,
					     void *ctx);

/*
 * (Re)starts the timer: it fires delay_ms from now, then every repeat_ms; only once if
 * repeat_ms is 0.
 */
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_active(struct loop_timer *timer);

/* Stops and frees the timer. NULL is fine. */
void loop_timer_del(struct loop_timer *timer);

/*
 * Runs fn(ctx) once, in the next round before it waits. If deferred work defers more
 * work, that runs one round later, so that descriptors are served in between: long jobs
 * run in slices this way. If the same fn and ctx are already queued, they are not queued
 * again. Returns 0 or -ENOMEM; memory is kept and reused.
 */
MUST_CHECK int loop_defer(struct loop *loop, const char *name, loop_defer_fn fn, void *ctx);

/* Cancels deferred work. Returns true if it was queued. */
bool loop_defer_cancel(struct loop *loop, loop_defer_fn fn, void *ctx);

/*
 * Catches a signal through signalfd. The signal is blocked for this thread and for
 * threads started later. A signal can have one source per process. Returns NULL if there
 * is no memory or the signal has a source already.
 */
MUST_CHECK struct loop_signal *loop_signal_add(struct loop *loop, int signo, const char *name,
					       loop_signal_fn fn, void *ctx);
void loop_signal_del(struct loop_signal *source);

/* Time spent in the callbacks of one name. */
struct loop_stats {
	const char *name;
	uint64_t count;    /* calls */
	uint64_t total_us; /* all calls together */
	uint64_t max_us;   /* longest call */
	uint64_t slow;     /* calls above the threshold */
};

/*
 * Iterates over the statistics: returns the entry after prev, or the first entry if prev is
 * NULL. Returns NULL after the last. Entries live as long as the loop.
 */
const struct loop_stats *loop_stats_next(const struct loop *loop, const struct loop_stats *prev);

/*
 * Calls fn for every callback that takes longer than threshold_us; fn NULL or threshold 0
 * turns it off.
 */
void loop_set_slow_threshold(struct loop *loop, uint64_t threshold_us, loop_slow_fn fn, void *ctx);
