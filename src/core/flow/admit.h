/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admit - from conntrack's reports to flows: new ones, changed ones, ended ones.
 */
#pragma once

#include "base/mono.h"

struct conn;
struct engine;
struct event;

/* A connection as an event, a dump or an answer shows it (EVENT_CONN). */
void admit_conn(struct engine *e, const struct event *ev, mono_t now);

/* Conntrack has destroyed the connection. The end of another connection that had the same tuple
 * before changes nothing. */
void admit_destroy(struct engine *e, const struct conn *c, mono_t now);
