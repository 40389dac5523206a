/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admit - adds, updates and ends flows as conntrack reports connections.
 */
#pragma once

#include "base/mono.h"

struct conn;
struct engine;
struct event;

/* Processes a report (EVENT_CONN): an event, an entry of a dump, or the answer to a refresh. */
void admit_conn(struct engine *e, const struct event *ev, mono_t now);

/* Conntrack has destroyed the connection. A late report about an earlier connection with the same
 * tuple changes nothing. */
void admit_destroy(struct engine *e, const struct conn *c, mono_t now);
