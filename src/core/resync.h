/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resync - what the walks over the flow table do, and what starts them from outside: a conntrack
 * dump, the operator's flush, and the stop.
 *
 * A dump marks the flows that it shows (flow.seen_gen). What it did not show is asked for one by
 * one, because a dump can miss an entry that moves in conntrack's table meanwhile.
 */
#pragma once

#include <stdbool.h>

#include "base/mono.h"

struct engine;
struct event;

/* Takes in EVENT_RESYNC_BEGIN, _END and _ABORT, EVENT_FLUSH and EVENT_STOP. */
void resync_event(struct engine *e, const struct event *ev);

/* Continues every walk by one slice. Returns true when there is more to do. */
bool resync_step(struct engine *e, mono_t now);
