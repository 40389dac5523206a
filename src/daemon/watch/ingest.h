/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingest - kernel events to the engine: conntrack, links, neighbours, routes.
 *
 * Events get lost: sockets overrun, and entries that conntrack made before
 * somebody listened send none at all. One remedy for all of it: dump, compare,
 * repair. At start the same dump fills the tables.
 *
 * A conntrack dump is read in slices between events. It runs at start, after
 * an overrun (delayed, with jitter, so that a burst is over first), every two
 * seconds while flows are offloaded whose end no event would tell, and every
 * few minutes anyway.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct ingest;

/*
 * Subscribes, then reads links and neighbours, and starts the first conntrack
 * dump. event_buffer_bytes is for conntrack events. 0 or -errno, logged.
 */
int ingest_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
	       uint32_t event_buffer_bytes, struct ingest **ret) MUST_CHECK;
void ingest_free(struct ingest *ingest);

/*
 * Calls fn once all that conntrack has reported up to now has been fed: its events
 * are read to their end, and a dump that runs is over. Not before this returns. 0, or
 * -ENOMEM: it is never called.
 */
int ingest_fence(struct ingest *ingest, void (*fn)(void *ctx), void *ctx) MUST_CHECK;

/*
 * Connections get new marks from now on: dumps conntrack at growing intervals, to
 * find those that tell it by no event, if there may be any.
 */
void ingest_follow(struct ingest *ingest);

/* The first conntrack dump has been read to its end. */
bool ingest_is_complete(const struct ingest *ingest);
