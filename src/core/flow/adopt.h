/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - rules of an earlier life: those that are right stay, the others go.
 *
 * Each pair of rules becomes a flow at the slot that its handles name, before anything else is known
 * about it (engine_adopt). Conntrack then shows whether the connection is alive and may be offloaded,
 * and the look-up of its path shows which rules it would get now. If those are the rules that are
 * there, nobody touches them. Other rules are drained like those of any flow, and so are the rules
 * of a flow of which nothing was heard in time.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct path;

/* The rules are those that the flow would get over this path. */
bool adopt_is_right(const struct engine *e, const struct flow *f, const struct path *path);
/* The flow has no path for @reason. True when that may change any moment, and the flow waits. */
bool adopt_waits(struct engine *e, const struct flow *f, enum reason reason);
/* The rules are right: from now on the flow is like any other. */
void adopt_confirm(struct engine *e, struct flow *f, mono_t now);

/* Drains the flow if it still waits; for a walk that starts when the time to wait is over. */
void adopt_visit(struct engine *e, struct flow *f, mono_t now);
void adopt_step(struct engine *e, mono_t now);
mono_t adopt_next_due(const struct engine *e);
