/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * barrier - sends all packets of a port to the CPU while many rules are being removed.
 *
 * Removing thousands of rules takes seconds. Until they are out, they forward packets that the
 * ruleset no longer allows, or along a path that the routing table no longer has. The barrier stops
 * that at once: one rule per port and family, or outer VLAN tag, in the prio of the guards and so in
 * front of all flows. Then the flows' rules are removed, then the barrier. Where the driver refuses
 * the barrier, the rules are removed without one. Nothing is installed while a barrier is up.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct event_barrier;
struct link_rec;

/* The flow's rules must not forward any more packets. The barrier stays until barrier_unbar(). */
void barrier_bar(struct engine *e, struct flow *f);
/* The flow's rules are out, or right again. */
void barrier_unbar(struct engine *e, struct flow *f);
/* @n_flows flows are about to lose their rules. Wants a barrier unless they are few. */
void barrier_consider(struct engine *e, uint32_t n_flows);
/* Makes the next order to add or remove the barrier of a port. False when there is none. */
bool barrier_next_order(struct engine *e, mono_t now, struct order *ret);
void barrier_done(struct engine *e, const struct event_barrier *done, mono_t now);
/* True when packets on the CPU prove nothing about rules, because a barrier may have sent them
 * there. */
bool barrier_hides(const struct engine *e);
mono_t barrier_next_due(const struct engine *e);
/* The device is gone, and the barrier with it. */
void barrier_forget(struct engine *e, struct link_rec *rec);
