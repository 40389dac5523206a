/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * barrier - sends all packets of a port to the CPU while many rules are being removed.
 *
 * Removing thousands of rules takes seconds, in which packets would still be forwarded by rules that
 * the ruleset no longer allows, or along a path that the routing table no longer has. One rule per
 * port and family in front of all flows, in the prio of the guards, stops that at once. Then the
 * rules go, then the barrier. A NIC that refuses the barrier just has its rules removed. Nothing is
 * installed while a barrier is up.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct event_barrier;
struct link_rec;

/* From now on no packet may be forwarded by the flow's rules. */
void barrier_bar(struct engine *e, struct flow *f);
/* The flow's rules are out, or right again. */
void barrier_unbar(struct engine *e, struct flow *f);
/* So many flows are about to lose their rules; a few need no barrier. */
void barrier_consider(struct engine *e, uint32_t n_flows);
bool barrier_next_order(struct engine *e, mono_t now, struct order *ret);
void barrier_done(struct engine *e, const struct event_barrier *done, mono_t now);
/* A packet on the CPU says nothing about the rules: a barrier may have sent it there. */
bool barrier_hides(const struct engine *e);
mono_t barrier_next_due(const struct engine *e);
/* The device is gone, with everything on it. */
void barrier_forget(struct engine *e, struct link_rec *rec);
