/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingest - reads kernel events about conntrack, links, neighbours and routes, and feeds them
 * to the engine.
 *
 * Events can be missing: a socket overruns, or conntrack created an entry before anyone
 * listened and never sends events for it. There is one remedy for all of this: dump, compare,
 * repair. At start the same dump fills the tables.
 *
 * A conntrack dump is read in slices between events. It runs at start; after an overrun,
 * delayed at random so that a short burst of events is over first (further overruns do not
 * delay it more); every two seconds while the engine wants dumps, for example for offloaded
 * flows whose end no event would report; after ingest_follow(); and every few minutes in any
 * case.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct ingest;

/*
 * Subscribes, then reads links and neighbours, and starts the first conntrack dump.
 * event_buffer_bytes is the receive buffer for conntrack events. Returns 0 or -errno, logged.
 */
int ingest_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
	       uint32_t event_buffer_bytes, struct ingest **ret) MUST_CHECK;
void ingest_free(struct ingest *ingest);

/*
 * Calls fn once everything that conntrack has reported until now has been fed to the engine:
 * all queued events have been read, and a running dump has ended. fn is never called before
 * this returns. Returns 0, or -ENOMEM if fn will not be called.
 */
int ingest_fence(struct ingest *ingest, void (*fn)(void *ctx), void *ctx) MUST_CHECK;

/*
 * To be called when connections begin to get new marks. Dumps conntrack at growing intervals,
 * to find the new marks that no event reports. Does nothing if no known flow lacks events,
 * except in the first call.
 */
void ingest_follow(struct ingest *ingest);

/* True once a conntrack dump has been read to its end. */
bool ingest_is_complete(const struct ingest *ingest);
