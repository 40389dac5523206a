/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wheel - timers by the hundred thousand: one timer per slab slot, arming and
 * cancelling in constant time, 12 bytes each.
 *
 * A timer is named by a number below the capacity; there is nothing to create
 * or to free. No clock inside: time comes in with wheel_advance(). A timer
 * never fires early; it fires up to one tick late, plus what the caller is late
 * with wheel_advance().
 *
 * Memory for the full capacity is reserved at wheel_init(); numbers that were
 * never armed cost none.
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
	struct wheel_timer *timers; /* one per number */
	uint64_t cur;               /* the tick being worked on; earlier ones are done */
	int64_t base_us;            /* time of tick 0 */
	int64_t tick_us;            /* length of a tick */
	uint32_t capacity;
	uint32_t count;                                /* armed timers */
	uint32_t heads[WHEEL_LEVELS][WHEEL_SLOTS];     /* number + 1 of the first timer; 0: none */
	uint64_t busy[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* bit set: slot is not empty */
};

/* Called when the timer is due; it is no longer armed by then. */
typedef void (*wheel_fn)(void *ctx, uint32_t id);

/*
 * Makes a wheel for the numbers 0 to capacity - 1 with ticks of tick_ms (1 to
 * 1000, 10 to 100 is sensible). now is where it starts. 0, -EINVAL or -ENOMEM.
 */
MUST_CHECK int wheel_init(struct wheel *wheel, uint32_t capacity, uint32_t tick_ms, mono_t now);

/* Frees the wheel. A zeroed struct is fine. */
void wheel_fini(struct wheel *wheel);

/*
 * Arms timer id, which may be armed already, for the time when. A time that has
 * passed is due with the next tick; MONO_NEVER cancels. A time more than 2^31
 * ticks ahead (248 days at 10 ms) fires then: who arms that far ahead looks at
 * the clock in the callback.
 */
void wheel_arm(struct wheel *wheel, uint32_t id, mono_t when);

/* Cancels timer id. Not being armed is fine. */
void wheel_cancel(struct wheel *wheel, uint32_t id);

bool wheel_is_armed(const struct wheel *wheel, uint32_t id);

/* When timer id is due, rounded up to a tick; MONO_NEVER when it is not armed. */
mono_t wheel_due(const struct wheel *wheel, uint32_t id);

/*
 * Calls fn(ctx, id) for the timers that are due at now, earlier ticks first,
 * unordered within a tick. Does at most budget steps, a step being one callback
 * or one timer moved to a finer level. Returns true when the budget ended it
 * and more is due: call again soon, with the same or a later time. A now that
 * runs back is ignored.
 */
bool wheel_advance(struct wheel *wheel, mono_t now, uint32_t budget, wheel_fn fn, void *ctx);

/*
 * When wheel_advance() next has something to do; MONO_NEVER when nothing is
 * armed. It may lie before the first timer (timers must be moved), never after.
 */
mono_t wheel_next_due(const struct wheel *wheel);

/* Number of armed timers. */
uint32_t wheel_count(const struct wheel *wheel);
