/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter - named event counters, declared next to the code they count.
 *
 *	COUNTER(ct_events_lost, "conntrack event socket overruns");
 *	...
 *	counter_inc(&ct_events_lost);
 *
 * The declaration registers the counter before main(). Status output and metrics show it
 * under its C name, which must be unique in the program (tests/lint/names checks that).
 * Counters only grow.
 *
 * Any thread may increment and read. A read is not ordered with anything else.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/compiler.h"

struct counter {
	const char *name;
	const char *help; /* one-line description */
	_Atomic uint64_t value;
	struct counter *next; /* private to counter.c */
};

#define COUNTER(ident, help_text)                                                                  \
	static struct counter ident = { #ident, help_text, 0, NULL };                              \
	__attribute__((constructor)) static void ident##_register_(void)                           \
	{                                                                                          \
		counter_register(&ident);                                                          \
	}                                                                                          \
	static_assert(sizeof(help_text) > 1, "a counter has a help text")

/*
 * Registers a counter that COUNTER did not declare, for arrays of counters. Before
 * threads start.
 */
void counter_register(struct counter *counter);

static inline void counter_add(struct counter *counter, uint64_t n)
{
	atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

static inline void counter_inc(struct counter *counter)
{
	counter_add(counter, 1);
}

static inline uint64_t counter_read(const struct counter *counter)
{
	return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/*
 * Returns the counter after prev, or the first one if prev is NULL; NULL at the end.
 * Counters are sorted by name.
 */
const struct counter *counter_next(const struct counter *prev);

/* Returns the counter with this name, or NULL. */
const struct counter *counter_find(const char *name);
