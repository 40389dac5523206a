/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routeset - which destinations have other routes now, and since when.
 *
 * A router with a full table of routes hears of changes all the time, and most of them
 * concern no connection that crosses it. What is asked here is whether an address was in
 * one of the prefixes that changed after a certain generation (topology.h): as many
 * look-ups in a hash table as there are lengths of prefixes.
 *
 * Bounded: ROUTESET_MAX prefixes. The same prefix again takes no more room, and what all
 * flows account for is forgotten.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "model/link.h"

#define ROUTESET_MAX 4096

struct routeset {
	struct slab entries;
	struct htab index;
	uint64_t key[2];
	uint32_t n_of_len[2][129]; /* prefixes of IPv4 and of IPv6, by their length */
};

MUST_CHECK int routeset_init(struct routeset *set, const uint64_t key[2]);
void routeset_fini(struct routeset *set);

/* Routes to this prefix changed, whatever the device. False when there is no room for it. */
MUST_CHECK bool routeset_add(struct routeset *set, const struct route_change *change,
			     uint32_t generation);
/* One of the prefixes that @addr is in changed after @generation. */
bool routeset_touches(const struct routeset *set, enum family family, const struct addr *addr,
		      uint32_t generation);
/* Forgets what changed at @generation or before. */
void routeset_forget(struct routeset *set, uint32_t generation);
