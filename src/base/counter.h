/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter - named event counters, declared beside the branch they count.
 *
 *	COUNTER(ct_events_lost, "conntrack event socket overruns");
 *	...
 *	counter_inc(&ct_events_lost);
 *
 * The declaration registers the counter before main(), under its C name, which
 * is unique in the program (tests/lint/names checks that) and is the name in
 * status output and metrics. Counters only grow.
 *
 * Any thread may increment and read. A read is not ordered with anything else.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/compiler.h"

struct counter {
	const char *name;
	const char *help; /* one line for people */
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

/* Adds a counter that was not declared with COUNTER, for tables of them. Before threads start. */
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
 * The counter after prev, or the first when prev is NULL; NULL at the end. The
 * order is that of the names.
 */
const struct counter *counter_next(const struct counter *prev);

/* The counter of this name, or NULL. */
const struct counter *counter_find(const char *name);
