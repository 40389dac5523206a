/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch - carries orders from the engine to who executes them, and answers
 * back.
 *
 * Questions (routes, conntrack entries) are answered on the main thread, at once (see
 * questions.h). Rules and ports go to the workers. An order is
 * made only when there is room for it, so nothing waits outside the engine. A
 * worker that does not come back from the kernel is noticed, told to the engine,
 * and left behind when it comes to that.
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
 * Stops the workers. False when one does not come back from the kernel: its thread
 * is still there, and the process must end by _exit. NULL is fine.
 */
bool dispatch_free(struct dispatch *dispatch) MUST_CHECK;

/* Feeds one event and lets its orders go. */
void dispatch_feed(struct dispatch *dispatch, const struct event *event);
/* Lets waiting orders go later in this round of the loop; cheap to repeat. */
void dispatch_kick(struct dispatch *dispatch);

/* So is what this socket does. */
void dispatch_set_own(struct dispatch *dispatch, uint32_t portid);
/* The conntrack event with this netlink address was caused by us. */
bool dispatch_is_own(const struct dispatch *dispatch, uint32_t portid);

/* Called after every round of orders, for who waits for a state of the engine. */
void dispatch_set_idle_hook(struct dispatch *dispatch, void (*fn)(void *ctx), void *ctx);

/* Lent, for who has questions of its own. */
struct questions *dispatch_questions(struct dispatch *dispatch);
