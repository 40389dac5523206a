/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routeset - prefixes whose routes changed, each with the generation of its last change.
 *
 * On a router with a full routing table routes change all the time, and most changes
 * concern no flow. The set tells whether an address is in a prefix that changed after a
 * given generation (topology.h). That costs one hash look-up for each prefix length
 * in the set.
 *
 * Bounded: ROUTESET_MAX prefixes. A prefix that changes again takes no more room.
 * topology_settle_routes() removes prefixes that every flow accounts for.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "model/link.h"

#define ROUTESET_MAX 65536

struct routeset {
	struct slab entries;
	struct htab index;
	uint64_t key[2];
	uint32_t n_of_len[2][129]; /* number of IPv4 and IPv6 prefixes of each length */
};

MUST_CHECK int routeset_init(struct routeset *set, const uint64_t key[2]);
void routeset_fini(struct routeset *set);

/* Records that routes to this prefix changed; ignores change->ifindex. False when the set
 * is full. */
MUST_CHECK bool routeset_add(struct routeset *set, const struct route_change *change,
			     uint32_t generation);
/* True when a prefix that contains @addr changed after @generation. */
bool routeset_touches(const struct routeset *set, enum family family, const struct addr *addr,
		      uint32_t generation);
/* Removes the prefixes whose last change was at @generation or before. */
void routeset_forget(struct routeset *set, uint32_t generation);
