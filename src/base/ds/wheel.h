/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wheel - timer wheel for hundreds of thousands of timers: one timer per slab slot, armed
 * and cancelled in constant time, 12 bytes each.
 *
 * A timer is identified by a number below the capacity; there is nothing to create or to
 * free. The wheel reads no clock: the caller passes the time to wheel_advance(). A timer
 * never fires early. It fires up to one tick late, plus the delay of the caller's
 * wheel_advance().
 *
 * wheel_init() reserves memory for the full capacity; timers that were never armed cost
 * none.
 *
 * One thread at a time. The callback may arm and cancel any timer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"

#define WHEEL_LEVELS 4
#define WHEEL_SLOTS 256
/* Largest capacity. */
#define WHEEL_CAPACITY_MAX (UINT32_C(1) << 30)

struct wheel_timer;

/* Embedded by the owner; all members are private to wheel.c. */
struct wheel {
	struct wheel_timer *timers; /* one per timer id */
	uint64_t cur;               /* current tick; earlier ones are done */
	int64_t base_us;            /* time of tick 0 */
	int64_t tick_us;            /* length of a tick */
	uint32_t capacity;
	uint32_t count;                                /* armed timers */
	uint32_t heads[WHEEL_LEVELS][WHEEL_SLOTS];     /* id + 1 of the slot's first timer; 0:
						        * none */
	uint64_t busy[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* bit set: slot is not empty */
};

/* Called when the timer is due. The timer is not armed any more at that point. */
typedef void (*wheel_fn)(void *ctx, uint32_t id);

/*
 * Makes a wheel for timers 0 to capacity - 1 with ticks of tick_ms (1 to 1000; 10 to 100
 * is sensible). now is the time of tick 0. Returns 0, -EINVAL or -ENOMEM.
 */
MUST_CHECK int wheel_init(struct wheel *wheel, uint32_t capacity, uint32_t tick_ms, mono_t now);

/* Frees the wheel. Accepts a zeroed struct. */
void wheel_fini(struct wheel *wheel);

/*
 * Arms timer id for the time when; it may be armed already. A time in the past is due at
 * the next tick; MONO_NEVER cancels the timer. A timer more than 2^31 ticks ahead (248
 * days at 10 ms) fires after 2^31 ticks: callers that arm so far ahead must check the
 * clock in the callback.
 */
void wheel_arm(struct wheel *wheel, uint32_t id, mono_t when);

/* Cancels timer id. Does nothing if it is not armed. */
void wheel_cancel(struct wheel *wheel, uint32_t id);

bool wheel_is_armed(const struct wheel *wheel, uint32_t id);

/* Returns when timer id is due, rounded up to a tick; MONO_NEVER if it is not armed. */
mono_t wheel_due(const struct wheel *wheel, uint32_t id);

/*
 * Calls fn(ctx, id) for the timers that are due at now: tick by tick, in no particular
 * order within a tick. Does at most budget steps; a step is one callback, or one timer
 * moved to a finer level. Returns true if the budget is used up and more is due: call
 * again soon, with the same or a later time. A now that goes backwards is ignored.
 */
bool wheel_advance(struct wheel *wheel, mono_t now, uint32_t budget, wheel_fn fn, void *ctx);

/*
 * Returns when wheel_advance() next has something to do; MONO_NEVER if no timer is armed.
 * This may be earlier than the first timer (timers must be moved), but never later.
 */
mono_t wheel_next_due(const struct wheel *wheel);

/* Number of armed timers. */
uint32_t wheel_count(const struct wheel *wheel);
