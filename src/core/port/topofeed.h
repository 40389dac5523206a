/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topofeed - passes what the kernel reports about links, bridges, neighbours and routing on to the
 * topology, to the ports that this concerns, and to the walk that checks the paths of flows.
 */
#pragma once

#include <stdbool.h>

#include "base/mono.h"

struct engine;
struct event;

/* Returns false for an event about something else. */
bool topofeed(struct engine *e, const struct event *event, mono_t now);
/* Has flows checked that were refused because of a port that may not be theirs any more. On a LAN, hosts come
 * and go all the time, so it waits some seconds after a change. */
void topofeed_tick(struct engine *e, mono_t now);
