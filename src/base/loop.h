/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - the event loop: a thin layer over libev that names every callback and
 * measures it.
 *
 * Names are string constants (or live as long as the loop). Sources with equal
 * names share one line of statistics. A callback may delete any source,
 * also its own.
 *
 * A loop belongs to the thread that runs it; no function here may be called
 * from another thread (use a ring).
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

/* Descriptor is ready for events, a mask of LOOP_READ and LOOP_WRITE. An error or hang-up sets both asked for. */
typedef void (*loop_fd_fn)(void *ctx, int fd, unsigned int events);
typedef void (*loop_timer_fn)(void *ctx);
typedef void (*loop_defer_fn)(void *ctx);
typedef void (*loop_signal_fn)(void *ctx, int signo);
/* A callback took us microseconds. Called after it, outside its measurement. */
typedef void (*loop_slow_fn)(void *ctx, const char *name, int64_t us);

/* A new loop, or NULL when there is no memory or no descriptor. */
MUST_CHECK struct loop *loop_new(void);

/*
 * Frees the loop with every source still in it (not the descriptors, and
 * without calling anything). NULL is fine. Not from a callback.
 */
void loop_free(struct loop *loop);

/* Runs until loop_stop(). Returns at once when stopped before. */
void loop_run(struct loop *loop);

/* One round: waits for events when may_block says so, then runs what is ready. */
void loop_run_once(struct loop *loop, bool may_block);

/* Makes loop_run() return after the callbacks of the present round. */
void loop_stop(struct loop *loop);

/* Time at which the present round woke up. */
mono_t loop_now(const struct loop *loop);

/*
 * Watches fd for events. The descriptor is borrowed: the caller closes it, after
 * loop_fd_del(). NULL when there is no memory.
 */
MUST_CHECK struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned int events,
				       const char *name, loop_fd_fn fn, void *ctx);

/* Changes what is watched for; 0 pauses. */
void loop_fd_mod(struct loop_fd *source, unsigned int events);

/* Stops watching and frees the source. NULL is fine. */
void loop_fd_del(struct loop_fd *source);

/* A new timer, not running. NULL when there is no memory. */
MUST_CHECK struct loop_timer *loop_timer_add(struct loop *loop, const char *name, loop_timer_fn fn,
					     void *ctx);

/*
 * (Re)starts the timer: first after delay_ms, counted from now, then every
 * repeat_ms; 0 as repeat_ms means once.
 */
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_active(struct loop_timer *timer);

/* Stops and frees the timer. NULL is fine. */
void loop_timer_del(struct loop_timer *timer);

/*
 * Runs fn(ctx) once, in the next round before it waits. What is deferred while
 * deferred work runs comes one round later, so descriptors get their turn in
 * between: this is how long jobs continue. The same fn and ctx waiting already
 * are not queued twice. 0 or -ENOMEM; memory is kept and reused.
 */
MUST_CHECK int loop_defer(struct loop *loop, const char *name, loop_defer_fn fn, void *ctx);

/* Forgets deferred work. True when it was waiting. */
bool loop_defer_cancel(struct loop *loop, loop_defer_fn fn, void *ctx);

/*
 * Catches a signal, through signalfd: it is blocked for this thread and for
 * those started later. One source per signal and process. NULL when there is no
 * memory or the signal is taken.
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
 * The statistics after prev, or the first when prev is NULL; NULL at the end.
 * Entries live as long as the loop.
 */
const struct loop_stats *loop_stats_next(const struct loop *loop, const struct loop_stats *prev);

/* Reports every callback that takes longer than threshold_us to fn; NULL or 0 turns it off. */
void loop_set_slow_threshold(struct loop *loop, uint64_t threshold_us, loop_slow_fn fn, void *ctx);
