/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rank - the busiest flows get into a full NIC.
 *
 * While flows wait for room, a walk goes over the table once a second. It brings the rate of every
 * flow up to date, and keeps, for one card at a time, the busiest flows that wait and the least busy
 * ones that are in. Free room then goes to the former. After that the best of them take the places of
 * the worst of the latter: only where the difference is large, because flows of equal rate would swap
 * for ever; only from flows that have been in for a while; and at most max-swaps a second.
 *
 * The rate of a flow on the CPU is conntrack's own count, which needs nf_conntrack_acct. Without it
 * all that is known is whether a flow is alive.
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

/* The flow is new: what conntrack has counted so far is no rate. */
void rank_began(struct engine *e, const struct flow *f, const struct conn *c);
/* A rule has forwarded so many bytes. */
void rank_count(struct engine *e, const struct flow *f, uint64_t bytes);
/* Takes in conntrack's count. */
void rank_count_cpu(struct engine *e, const struct flow *f, const struct conn *c);

/* The flow may go in now: the card has room for any flow, or this one was chosen. */
bool rank_admits(const struct flow *f, const struct card *card);
/* The flow was chosen, but others took the place. */
bool rank_is_overdue(const struct engine *e, const struct flow *f, mono_t now);

/* Continues by one slice. Returns true when there is more to do. */
bool rank_step(struct engine *e, mono_t now);
mono_t rank_next_due(const struct engine *e);
