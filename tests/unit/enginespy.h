/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * enginespy - records what the engine is fed, and feeds it. For tests that are linked with
 * --wrap=engine_feed. Include it after unit/unit.h.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "core/engine.h"

#define SPY_MAX 32768

struct spy_entry {
	struct event event;
	mono_t at;
};

static struct spy_entry spy_log[SPY_MAX];
static unsigned int spy_n;

void __real_engine_feed(struct engine *engine, const struct event *event, mono_t now);
void __wrap_engine_feed(struct engine *engine, const struct event *event, mono_t now);

void __wrap_engine_feed(struct engine *engine, const struct event *event, mono_t now)
{
	assert_true(spy_n < SPY_MAX);
	spy_log[spy_n++] = (struct spy_entry){ *event, now };
	__real_engine_feed(engine, event, now);
}

static inline void spy_forget(void)
{
	spy_n = 0;
}

static inline unsigned int spy_count(enum event_type type)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spy_n; i++)
		n += spy_log[i].event.type == type;
	return n;
}

/* The last event of this type; NULL if there was none. */
static inline const struct event *spy_last(enum event_type type)
{
	for (unsigned int i = spy_n; i-- > 0;) {
		if (spy_log[i].event.type == type)
			return &spy_log[i].event;
	}
	return NULL;
}
