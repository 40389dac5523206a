/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portfsm - the state machine that opens, guards, probes and closes ports.
 *
 * Takes links, and the answers to port orders. Makes the orders for ports. With software rules a
 * port is opened and then guarded. In hardware the recipe decides which prio the guards can use, so
 * the port's pairs are probed in between. A port without a recipe for any pair keeps its clsact and
 * waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

struct engine;
struct event;
struct event_round;
struct link;
struct order;

/* Takes EVENT_PORT_DONE and EVENT_PROBE_DONE. */
void portfsm_feed(struct engine *e, const struct event *event, mono_t now);
/* Puts a new or changed link into topology and NIC, and steps its port. Returns false if there is no
 * room. */
bool portfsm_put_link(struct engine *e, const struct link *link);
void portfsm_feed_round(struct engine *e, const struct event_round *round);
/* Something about the hardware changed that flows may wait for: checks their paths again. */
void portfsm_touch_ways(struct engine *e);

/* -- guards ---------------------------------------------------------------- */

/* The NIC of this port may have lost rules, and so its guards. Has the guards added again. */
void portfsm_renew_guards(struct engine *e, uint32_t ifindex);
void portfsm_renew_all_guards(struct engine *e);
/* A rule of the port that was installed at @since counted a packet at @counted or later (both
 * clock_ds). So at @counted the NIC still had all rules that were in at @since. */
void portfsm_note_hit(struct engine *e, uint32_t ifindex, uint32_t since, uint32_t counted,
		      uint32_t now_ds);
/* False when the port's guards must be added again before new rules are installed. The order for
 * that follows by itself. */
bool portfsm_trust_guards(struct engine *e, uint32_t ifindex, mono_t now);

/* -- orders ---------------------------------------------------------------- */

/* These make the next order of a kind, and return false when there is none. First: to open, guard
 * or probe a port. */
bool portfsm_next_order(struct engine *e, mono_t now, struct order *ret);
/* To close a link that is not a port any more, once no flow uses it. */
bool portfsm_next_unwanted(struct engine *e, struct order *ret);
/* To close a port because the daemon stops. */
bool portfsm_next_closing(struct engine *e, struct order *ret);
/* The stop begins: retries ports that could not be closed before. */
void portfsm_close_again(struct engine *e);

/* Number of ports that have, or may have, something of ours. */
uint32_t portfsm_count_ours(const struct engine *e);
/* True when no port is to be opened or guarded and no pair is to be probed, or is with a worker. */
bool portfsm_are_settled(const struct engine *e);
