/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - takes over rules of an earlier run: right ones stay in the kernel, others are removed.
 *
 * Each pair of rules becomes a flow in FLOW_ADOPTED, at the slot that its handles name
 * (engine_adopt). Conntrack then shows whether the connection is alive and may be offloaded, and
 * the path lookup shows which rules it would get now. Rules that equal these stay untouched. All
 * others are drained like those of any flow, and so are rules for which conntrack or the path
 * lookup gives no result in time.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct path;

/* The flow's rules are those that it would get over this path. */
bool adopt_is_right(const struct engine *e, const struct flow *f, const struct path *path);
/* The flow has no path because of @reason. True if it should wait, because that may soon change. */
bool adopt_waits(struct engine *e, const struct flow *f, enum reason reason);
/* The rules are right: from now on the flow is treated like any other. */
void adopt_confirm(struct engine *e, struct flow *f, mono_t now);

/* For WALK_ADOPTED, when the time limit is over: drains the flow if it is still unconfirmed. */
void adopt_visit(struct engine *e, struct flow *f, mono_t now);
/* Starts WALK_ADOPTED when the time limit is over. */
void adopt_step(struct engine *e, mono_t now);
mono_t adopt_next_due(const struct engine *e);
