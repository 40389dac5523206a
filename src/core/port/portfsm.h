/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portfsm - what becomes of a link that is one of our ports.
 *
 * Takes in facts about links, neighbours and routing, and answers about ports, and hands out the
 * orders that open, guard, probe and close them. A port of software rules is opened, then guarded. In
 * hardware the recipe decides where guards can sit, so the port's pairs are probed in between; a port
 * of which no pair has a recipe keeps its clsact and waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

struct engine;
struct event;
struct event_round;
struct order;

void portfsm_feed(struct engine *e, const struct event *event, mono_t now);
void portfsm_feed_round(struct engine *e, const struct event_round *round);
/* Something about the hardware changed that flows may be waiting for. */
void portfsm_touch_ways(struct engine *e);

/* -- guards ---------------------------------------------------------------- */

/* The NIC behind this port seems to have lost rules, and perhaps its guards. */
void portfsm_renew_guards(struct engine *e, uint32_t ifindex);
void portfsm_renew_all_guards(struct engine *e);
/* A rule of the port that has been in since @since counted a packet at @counted or later (both
 * clock_ds): so the NIC still had what was in before @since. */
void portfsm_note_hit(struct engine *e, uint32_t ifindex, uint32_t since, uint32_t counted,
		      uint32_t now_ds);
/* False when the port's guards must be put in again before rules go in beside them. That is then
 * ordered. */
bool portfsm_trust_guards(struct engine *e, uint32_t ifindex, mono_t now);

/* -- orders ---------------------------------------------------------------- */

bool portfsm_next_order(struct engine *e, mono_t now, struct order *ret);
/* To close a port that no longer is one, when no flow uses it any more. */
bool portfsm_next_unwanted(struct engine *e, struct order *ret);
/* To close a port at the stop. */
bool portfsm_next_closing(struct engine *e, struct order *ret);
/* The stop tries once more to close ports that could not be closed before. */
void portfsm_close_again(struct engine *e);

/* Ports that have something of ours, or are about to. */
uint32_t portfsm_count_ours(const struct engine *e);
/* No order is out or due: every port and pair that can be used can be used now. */
bool portfsm_are_settled(const struct engine *e);
