/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch - carries orders from the engine to the code that executes them, and the answers
 * back.
 *
 * Questions (routes, conntrack entries) are answered at once on the main thread
 * (questions.h). Orders about rules and ports go to the workers. An order is taken from the
 * engine only when a worker has room for it, so nothing queues up outside the engine. A
 * worker that does not return from the kernel is detected and reported to the engine; if
 * necessary the daemon stops without it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "core/engine.h"

struct dispatch;
struct questions;

int dispatch_new(struct loop *loop, struct engine *engine, unsigned int n_workers,
		 struct dispatch **ret) MUST_CHECK;
/*
 * Stops the workers. Returns false if one does not return from the kernel: its thread still
 * exists, and the process must end with _exit(). NULL is fine.
 */
bool dispatch_free(struct dispatch *dispatch) MUST_CHECK;

/* Feeds one event to the engine and schedules a round of orders. */
void dispatch_feed(struct dispatch *dispatch, const struct event *event);
/* The same for an event that is only a type. */
static inline void dispatch_feed_type(struct dispatch *dispatch, enum event_type type)
{
	const struct event event = { .type = (uint8_t)type };

	dispatch_feed(dispatch, &event);
}
/* Schedules a round of orders later in this iteration of the loop. Cheap to repeat. */
void dispatch_kick(struct dispatch *dispatch);

/* Makes dispatch_is_own() include conntrack events caused by this netlink socket. */
void dispatch_set_own(struct dispatch *dispatch, uint32_t portid);
/* True if the conntrack event with this netlink address was caused by one of our sockets. */
bool dispatch_is_own(const struct dispatch *dispatch, uint32_t portid);

/* fn is called after every round of orders, for code that waits for a state of the engine. */
void dispatch_set_idle_hook(struct dispatch *dispatch, void (*fn)(void *ctx), void *ctx);

/* Borrowed, for code that has questions of its own. */
struct questions *dispatch_questions(struct dispatch *dispatch);
