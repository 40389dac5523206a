/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mono - monotonic time in microseconds, wrapped in a struct so that a time
 * cannot be mixed up with a count or a duration.
 *
 * All but mono_now() is pure arithmetic. mono_now() is the one place that
 * reads the clock; core/ and model/ get their time as an argument and never
 * call it (tests/lint/symbols checks that).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A point in time since an unspecified start (in practice: boot). Never negative. */
typedef struct {
	int64_t us;
} mono_t;

/* Later than every time: "not armed", "no deadline". Survives mono_add_ms() unchanged. */
#define MONO_NEVER ((mono_t){ INT64_MAX })
#define MONO_ZERO ((mono_t){ 0 })

/* Reads CLOCK_MONOTONIC. About 25 ns; take it once per wake-up and hand it on. */
mono_t mono_now(void);

static inline bool mono_is_never(mono_t t)
{
	return t.us == INT64_MAX;
}

/* t plus us microseconds (may be negative); saturates at MONO_NEVER and at MONO_ZERO. */
static inline mono_t mono_add_us(mono_t t, int64_t us)
{
	mono_t sum;

	if (mono_is_never(t))
		return t;
	if (__builtin_add_overflow(t.us, us, &sum.us))
		return MONO_NEVER;
	return sum.us < 0 ? MONO_ZERO : sum;
}

/* t plus ms milliseconds (may be negative); saturates like mono_add_us(). */
static inline mono_t mono_add_ms(mono_t t, int64_t ms)
{
	int64_t us;

	if (__builtin_mul_overflow(ms, (int64_t)1000, &us))
		us = ms < 0 ? INT64_MIN : INT64_MAX;
	return mono_add_us(t, us);
}

/* The pause before try number tries (from 0): first_ms, doubled each time, max_ms at most. */
static inline int64_t mono_backoff_ms(int64_t first_ms, int64_t max_ms, unsigned int tries)
{
	int64_t ms = first_ms;

	for (unsigned int i = 0; i < tries && ms < max_ms; i++)
		ms *= 2;
	return ms < max_ms ? ms : max_ms;
}

/* a minus b: positive when a is the later one. With MONO_NEVER it is a very large number. */
static inline int64_t mono_diff_us(mono_t a, mono_t b)
{
	return a.us - b.us;
}

/* a minus b in milliseconds, rounded towards zero. */
static inline int64_t mono_diff_ms(mono_t a, mono_t b)
{
	return mono_diff_us(a, b) / 1000;
}

/* True when a is strictly earlier than b. */
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
