/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rank - gives the room in a full NIC to the busiest flows.
 *
 * While flows wait for room, a walk visits the flow table once a second. It updates the rate of
 * every flow. For one card at a time it collects the busiest flows that wait (candidates) and the
 * least busy flows that are in (victims). Candidates first get the free room. Then the busiest of
 * the rest take the places of victims, at most max-swaps a second. A candidate must be much busier
 * than its victim, because flows of equal rate would swap for ever, and the victim must have been
 * in for a while.
 *
 * The rate of a flow on the CPU comes from conntrack's counters, which need nf_conntrack_acct.
 * Without them rank only knows whether such a flow is alive.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct card;
struct engine;
struct rank;
struct settings;

int rank_new(const struct settings *settings, mono_t now, struct rank **ret) MUST_CHECK;
void rank_free(struct rank *rank);

/* The flow is new. Conntrack's counters so far are the base from which its rate is measured. */
void rank_began(struct engine *e, const struct flow *f, const struct conn *c);
/* A rule of the flow has forwarded @bytes since the last call. */
void rank_count(struct engine *e, const struct flow *f, uint64_t bytes);
/* Updates the flow's rate from a conntrack report. */
void rank_count_cpu(struct engine *e, const struct flow *f, const struct conn *c);

/* True when the flow may go in now: the card has room for any flow, or has room and rank has
 * chosen this flow. */
bool rank_admits(const struct flow *f, const struct card *card);
/* True when the flow was chosen too long ago: others have taken its place. */
bool rank_is_overdue(const struct engine *e, const struct flow *f, mono_t now);

/* Continues by one slice. Returns true when there is more to do. */
bool rank_step(struct engine *e, mono_t now);
mono_t rank_next_due(const struct engine *e);
