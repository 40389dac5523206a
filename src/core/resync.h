/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resync - runs the walks over the flow table, and starts those for a conntrack dump, a flush and
 * the stop.
 *
 * A dump marks the flows that it shows (flow.seen_gen). Conntrack is then asked about each flow
 * that the dump did not show, because a dump misses an entry that conntrack moves in its table
 * meanwhile.
 */
#pragma once

#include <stdbool.h>

#include "base/mono.h"

struct engine;
struct event;

/* Processes EVENT_RESYNC_BEGIN, _END and _ABORT, EVENT_FLUSH and EVENT_STOP. */
void resync_event(struct engine *e, const struct event *ev);

/* Continues every walk by one slice. Returns true if there is more to do. */
bool resync_step(struct engine *e, mono_t now);
