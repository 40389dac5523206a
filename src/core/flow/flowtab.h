/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtab - the flow table: flow records, their index, and the queues that flows wait in.
 *
 * Owns all flow records (a slab), the index by original tuple, one queue for questions, and an
 * install and a removal queue for each worker. A flow is in at most one queue. The queues are
 * linked lists through the records, so queueing allocates nothing and cannot overflow.
 *
 * Few NICs need rules that match a TTL, so TTLs have an array of their own. It uses memory only
 * where a TTL was stored.
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
	uint32_t max_flows;
	uint8_t (*ttl)[DIR__COUNT]; /* of each slot; see flowtab_ttl() */
	struct flow_list ask;
	struct flow_list install[FLOWTAB_MAX_WORKERS];
	struct flow_list remove[FLOWTAB_MAX_WORKERS];
};

int flowtab_init(struct flowtab *tab, uint32_t max_flows, unsigned int n_workers,
		 const uint64_t key[2]) MUST_CHECK;
void flowtab_fini(struct flowtab *tab);

/* Adds a record for this tuple, otherwise zeroed except for its links. NULL if the table is full or
 * the index cannot grow. */
struct flow *flowtab_add(struct flowtab *tab, const struct tuple *orig);
/* Adds a record at this slot, without a tuple and not in the index. NULL if the slot is not free.
 * Until flowtab_collect() no other function may add or delete records. */
struct flow *flowtab_add_at(struct flowtab *tab, uint32_t slot);
/* Ends a series of flowtab_add_at(). */
void flowtab_collect(struct flowtab *tab);
/* Adds a flow to the index that is not in it. 0 or -ENOMEM. */
int flowtab_index(struct flowtab *tab, struct flow *flow) MUST_CHECK;
/* Removes the flow from its queue and the index, and frees it. */
void flowtab_del(struct flowtab *tab, struct flow *flow);
/* Removes the flow from the index only: its tuple may belong to a new connection while its rules
 * are being removed. */
void flowtab_unindex(struct flowtab *tab, struct flow *flow);

/* NULL if there is none. */
struct flow *flowtab_find(const struct flowtab *tab, const struct tuple *orig);
struct flow *flowtab_get(const struct flowtab *tab, struct slab_ref ref);
struct flow *flowtab_at(const struct flowtab *tab, uint32_t slot);
struct slab_ref flowtab_ref(const struct flowtab *tab, const struct flow *flow);
uint32_t flowtab_slot(const struct flowtab *tab, const struct flow *flow);

/* The TTL that its rule of @dir matches; 0 = any. */
uint8_t flowtab_ttl(const struct flowtab *tab, const struct flow *flow, enum dir dir);
void flowtab_set_ttl(struct flowtab *tab, const struct flow *flow, enum dir dir, uint8_t ttl);

/* The worker whose queues the flow uses. It executes all orders of the flow, and so in sequence,
 * unless it is stuck. */
unsigned int flowtab_worker(const struct flowtab *tab, const struct flow *flow);

/* Moves the flow to the end of a queue; FLOW_Q_NONE only takes it out of its queue. */
void flowtab_enqueue(struct flowtab *tab, struct flow *flow, enum flow_queue queue);
/* The first flow of the queue, which it stays in; NULL if the queue is empty. @worker is ignored
 * for FLOW_Q_ASK. */
struct flow *flowtab_first(const struct flowtab *tab, enum flow_queue queue, unsigned int worker);
