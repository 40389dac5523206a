/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtab - where flows live, and the queues in which they wait.
 *
 * Owns all flow records (a slab), the index by original tuple, and one queue
 * each for questions, and for installs and removals of every worker. A flow
 * stands in at most one queue; the queues are lists through the records, so
 * nothing is allocated and nothing can overflow.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "core/flow/flow.h"

#define FLOWTAB_MAX_WORKERS 8

struct flow_list {
	uint32_t first, last; /* slots; FLOW_NONE = empty */
	uint32_t count;
};

struct flowtab {
	struct slab flows;
	struct htab index;
	uint64_t key[2];
	unsigned int n_workers;
	struct flow_list ask;
	struct flow_list install[FLOWTAB_MAX_WORKERS];
	struct flow_list remove[FLOWTAB_MAX_WORKERS];
};

int flowtab_init(struct flowtab *tab, uint32_t max_flows, unsigned int n_workers,
		 const uint64_t key[2]) MUST_CHECK;
void flowtab_fini(struct flowtab *tab);

/* A new record for this tuple, zeroed but for tuple and links; NULL = full. */
struct flow *flowtab_add(struct flowtab *tab, const struct tuple *orig);
/* The same at this very slot, without tuple and not in the index; NULL = the slot is not
 * free. Until flowtab_collect() no other record may come or go. */
struct flow *flowtab_add_at(struct flowtab *tab, uint32_t slot);
void flowtab_collect(struct flowtab *tab);
/* Puts one into the index that is not in it. 0 or -ENOMEM. */
int flowtab_index(struct flowtab *tab, struct flow *flow) MUST_CHECK;
/* Takes it out of its queue and the index, and forgets it. */
void flowtab_del(struct flowtab *tab, struct flow *flow);
/* Takes it out of the index only: its tuple belongs to a new connection while
 * its rules are being removed. */
void flowtab_unindex(struct flowtab *tab, struct flow *flow);

struct flow *flowtab_find(const struct flowtab *tab, const struct tuple *orig);
struct flow *flowtab_get(const struct flowtab *tab, struct slab_ref ref);
struct flow *flowtab_at(const struct flowtab *tab, uint32_t slot);
struct slab_ref flowtab_ref(const struct flowtab *tab, const struct flow *flow);
uint32_t flowtab_slot(const struct flowtab *tab, const struct flow *flow);

/* Worker that executes all orders of this flow, so that their order is kept. */
unsigned int flowtab_worker(const struct flowtab *tab, const struct flow *flow);

/* Moves the flow to the end of a queue (FLOW_Q_NONE: out of any). */
void flowtab_enqueue(struct flowtab *tab, struct flow *flow, enum flow_queue queue);
/* First flow of the queue, or NULL; stays in it. @worker is ignored for
 * FLOW_Q_ASK. */
struct flow *flowtab_first(const struct flowtab *tab, enum flow_queue queue, unsigned int worker);
