/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mono - monotonic time in microseconds, wrapped in a struct so that a time cannot be
 * mixed up with a count or a duration.
 *
 * Only mono_now() reads the clock; everything else is pure arithmetic. core/ and model/
 * get their time as an argument and never call mono_now() (tests/lint/symbols checks
 * that).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A point in time since an unspecified start (in practice: boot). Never negative. */
typedef struct {
	int64_t us;
} mono_t;

/* Later than every other time: "not armed", "no deadline". mono_add_ms() leaves it unchanged. */
#define MONO_NEVER ((mono_t){ INT64_MAX })
#define MONO_ZERO ((mono_t){ 0 })

/* Reads CLOCK_MONOTONIC. Takes about 25 ns: read it once per wake-up and pass the value on. */
mono_t mono_now(void);

static inline bool mono_is_never(mono_t t)
{
	return t.us == INT64_MAX;
}

/* t plus us microseconds (may be negative); limited to MONO_ZERO and MONO_NEVER. */
static inline mono_t mono_add_us(mono_t t, int64_t us)
{
	mono_t sum;

	if (mono_is_never(t))
		return t;
	if (__builtin_add_overflow(t.us, us, &sum.us))
		return MONO_NEVER;
	return sum.us < 0 ? MONO_ZERO : sum;
}

/* t plus ms milliseconds (may be negative); limited like mono_add_us(). */
static inline mono_t mono_add_ms(mono_t t, int64_t ms)
{
	int64_t us;

	if (__builtin_mul_overflow(ms, (int64_t)1000, &us))
		us = ms < 0 ? INT64_MIN : INT64_MAX;
	return mono_add_us(t, us);
}

/* Pause before attempt number tries, counted from 0: first_ms, doubled for each, at most max_ms. */
static inline int64_t mono_backoff_ms(int64_t first_ms, int64_t max_ms, unsigned int tries)
{
	int64_t ms = first_ms;

	for (unsigned int i = 0; i < tries && ms < max_ms; i++)
		ms *= 2;
	return ms < max_ms ? ms : max_ms;
}

/* a minus b: positive if a is later. Very large in magnitude if one of them is MONO_NEVER. */
static inline int64_t mono_diff_us(mono_t a, mono_t b)
{
	return a.us - b.us;
}

/* a minus b in milliseconds, rounded towards zero. */
static inline int64_t mono_diff_ms(mono_t a, mono_t b)
{
	return mono_diff_us(a, b) / 1000;
}

/* Returns true if a is earlier than b. */
static inline bool mono_before(mono_t a, mono_t b)
{
	return a.us < b.us;
}

/* The earlier and the later of two times. */
static inline mono_t mono_min(mono_t a, mono_t b)
{
	return mono_before(a, b) ? a : b;
}

static inline mono_t mono_max(mono_t a, mono_t b)
{
	return mono_before(a, b) ? b : a;
}
