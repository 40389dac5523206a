/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wheel - see wheel.h.
 *
 * Four levels of 256 slots, one level for each byte of a 32-bit tick. A timer is on the
 * level of the highest byte in which its tick differs from the current one, in the slot
 * given by the value of that byte. So level 0 holds the timers that are due within the
 * current run of 256 ticks, level 1 those that are due within the current run of 65536,
 * and so on. Everything on a level is due before anything on the next one.
 *
 * When the current tick reaches a slot of a higher level, the timers in it are moved to
 * finer levels. No timer is ever put into the current slot of a higher level, so the
 * timers found there are those still to be moved. This lets the move stop when the budget
 * is used up, and continue later.
 *
 * A timer stores the lower 32 bits of its 64-bit tick. No timer is more than 2^31 ticks
 * ahead, so the difference to the current tick is never ambiguous, and the wheel may run
 * forever. For the same reason the top level is circular.
 */
#include "base/ds/wheel.h"

#include <errno.h>

#include "base/bug.h"
#include "base/ds/reserve.h"
#include "base/util.h"

#define TOP_LEVEL (WHEEL_LEVELS - 1)
#define HORIZON_TICKS (UINT64_C(1) << 31)

/* All zero: not armed. */
struct wheel_timer {
	uint32_t prev; /* id + 1 of the previous timer, or PREV_IS_HEAD and the slot */
	uint32_t next; /* id + 1 of the next timer; 0: last */
	uint32_t due;  /* lower 32 bits of the tick */
};

#define PREV_IS_HEAD (UINT32_C(1) << 31)

/* Slot of tick on this level: the value of the byte that belongs to the level. */
static unsigned int slot_of(uint64_t tick, unsigned int level)
{
	return (unsigned int)(tick >> (8 * level)) & (WHEEL_SLOTS - 1);
}

static mono_t time_of(const struct wheel *wheel, uint64_t tick)
{
	return (mono_t){ wheel->base_us + (int64_t)tick * wheel->tick_us };
}

static void set_busy(struct wheel *wheel, unsigned int level, unsigned int slot, bool is_busy)
{
	uint64_t bit = UINT64_C(1) << (slot % 64);

	if (is_busy)
		wheel->busy[level][slot / 64] |= bit;
	else
		wheel->busy[level][slot / 64] &= ~bit;
}

/* Returns the first busy slot at or after from on this level, or WHEEL_SLOTS. */
static unsigned int next_busy(const struct wheel *wheel, unsigned int level, unsigned int from)
{
	for (unsigned int word = from / 64; word < WHEEL_SLOTS / 64; word++) {
		uint64_t bits = wheel->busy[level][word];

		if (word == from / 64)
			bits &= UINT64_MAX << (from % 64);
		if (bits)
			return word * 64 + (unsigned int)__builtin_ctzll(bits);
	}
	return WHEEL_SLOTS;
}

/* Puts a timer whose due is set into its slot, relative to the current tick. */
static void link_timer(struct wheel *wheel, uint32_t id)
{
	struct wheel_timer *timer = &wheel->timers[id];
	uint32_t differs = timer->due ^ (uint32_t)wheel->cur;
	unsigned int level = differs ? (31 - (unsigned int)__builtin_clz(differs)) / 8 : 0;
	unsigned int slot = slot_of(timer->due, level);
	uint32_t *head = &wheel->heads[level][slot];

	timer->prev = PREV_IS_HEAD | (level * WHEEL_SLOTS + slot);
	timer->next = *head;
	if (*head)
		wheel->timers[*head - 1].prev = id + 1;
	*head = id + 1;
	set_busy(wheel, level, slot, true);
}

static void unlink_timer(struct wheel *wheel, uint32_t id)
{
	struct wheel_timer *timer = &wheel->timers[id];

	if (timer->next)
		wheel->timers[timer->next - 1].prev = timer->prev;
	if (timer->prev & PREV_IS_HEAD) {
		unsigned int level = (timer->prev & ~PREV_IS_HEAD) / WHEEL_SLOTS;
		unsigned int slot = timer->prev % WHEEL_SLOTS;

		wheel->heads[level][slot] = timer->next;
		if (!timer->next)
			set_busy(wheel, level, slot, false);
	} else {
		wheel->timers[timer->prev - 1].next = timer->next;
	}
	timer->prev = 0;
	timer->next = 0;
}

int wheel_init(struct wheel *wheel, uint32_t capacity, uint32_t tick_ms, mono_t now)
{
	struct wheel_timer *timers;

	if (capacity == 0 || capacity > WHEEL_CAPACITY_MAX || tick_ms == 0 || tick_ms > 1000)
		return -EINVAL;
	timers = reserve_new(capacity, sizeof(*timers));
	if (!timers)
		return -ENOMEM;
	*wheel = (struct wheel){
		.timers = timers,
		.capacity = capacity,
		.base_us = now.us,
		.tick_us = (int64_t)tick_ms * 1000,
	};
	return 0;
}

void wheel_fini(struct wheel *wheel)
{
	reserve_free(wheel->timers, wheel->capacity, sizeof(*wheel->timers));
	*wheel = (struct wheel){ 0 };
}

/*
 * Returns the tick at which a timer for this time fires: not before that time, and not
 * the current tick.
 */
static uint64_t tick_for(const struct wheel *wheel, mono_t when)
{
	int64_t us = when.us - wheel->base_us;
	uint64_t tick = 0;

	if (us > 0)
		tick = (uint64_t)us / (uint64_t)wheel->tick_us +
		       ((uint64_t)us % (uint64_t)wheel->tick_us != 0);
	tick = MAX(tick, wheel->cur + 1);
	return MIN(tick, wheel->cur + HORIZON_TICKS - 1);
}

void wheel_arm(struct wheel *wheel, uint32_t id, mono_t when)
{
	if (BUG_ON(id >= wheel->capacity))
		return;
	wheel_cancel(wheel, id);
	if (mono_is_never(when))
		return;
	wheel->timers[id].due = (uint32_t)tick_for(wheel, when);
	link_timer(wheel, id);
	wheel->count++;
}

void wheel_cancel(struct wheel *wheel, uint32_t id)
{
	if (!wheel_is_armed(wheel, id))
		return;
	unlink_timer(wheel, id);
	wheel->count--;
}

bool wheel_is_armed(const struct wheel *wheel, uint32_t id)
{
	return id < wheel->capacity && wheel->timers[id].prev != 0;
}

mono_t wheel_due(const struct wheel *wheel, uint32_t id)
{
	if (!wheel_is_armed(wheel, id))
		return MONO_NEVER;
	return time_of(wheel,
		       wheel->cur + (uint32_t)(wheel->timers[id].due - (uint32_t)wheel->cur));
}

/* Returns true if the current tick has timers to move or to fire. */
static bool has_work_now(const struct wheel *wheel)
{
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		if (wheel->heads[level][slot_of(wheel->cur, level)])
			return true;
	}
	return false;
}

/* Returns the first later tick with timers to move or to fire; UINT64_MAX if there is none. */
static uint64_t next_work(const struct wheel *wheel)
{
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		unsigned int slot = next_busy(wheel, level, slot_of(wheel->cur, level) + 1);
		uint64_t run = wheel->cur >> (8 * level + 8);

		if (slot == WHEEL_SLOTS && level == TOP_LEVEL) {
			slot = next_busy(wheel, level, 0);
			run++;
		}
		if (slot < WHEEL_SLOTS)
			return (run << 8 | slot) << (8 * level);
	}
	return UINT64_MAX;
}

/* Moves and fires the timers of the current tick. Returns false if the budget was too small. */
static bool work_now(struct wheel *wheel, uint32_t *budget, wheel_fn fn, void *ctx)
{
	for (unsigned int level = WHEEL_LEVELS; level-- > 0;) {
		const uint32_t *head = &wheel->heads[level][slot_of(wheel->cur, level)];

		while (*head) {
			uint32_t id = *head - 1;

			if (*budget == 0)
				return false;
			--*budget;
			unlink_timer(wheel, id);
			if (level > 0) {
				link_timer(wheel, id);
				continue;
			}
			wheel->count--;
			fn(ctx, id);
		}
	}
	return true;
}

bool wheel_advance(struct wheel *wheel, mono_t now, uint32_t budget, wheel_fn fn, void *ctx)
{
	int64_t us = now.us - wheel->base_us;
	uint64_t target = us > 0 ? (uint64_t)us / (uint64_t)wheel->tick_us : 0;

	if (BUG_ON(mono_is_never(now)))
		return false;
	while (work_now(wheel, &budget, fn, ctx)) {
		uint64_t next = next_work(wheel);

		if (next > target) {
			wheel->cur = MAX(wheel->cur, target);
			return false;
		}
		wheel->cur = next;
	}
	return true;
}

mono_t wheel_next_due(const struct wheel *wheel)
{
	uint64_t tick;

	if (wheel->count == 0)
		return MONO_NEVER;
	tick = has_work_now(wheel) ? wheel->cur : next_work(wheel);
	return BUG_ON(tick == UINT64_MAX) ? MONO_NEVER : time_of(wheel, tick);
}

uint32_t wheel_count(const struct wheel *wheel)
{
	return wheel->count;
}
