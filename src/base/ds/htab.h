/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * htab - hash index: finds the slab slot of an object by the hash of its key.
 *
 * Open addressing over pairs {hash, value} of 8 bytes. The value is a slab slot. Objects
 * and keys are stored elsewhere, and the caller's match function compares them. The table
 * may hold several entries with the same hash, or even with the same pair.
 *
 * The table is at most three quarters full and grows by doubling. Growth is spread over
 * the following htab_add() and htab_del() calls: no call moves more than a few dozen
 * entries. The table never shrinks. Memory: 8 bytes per bucket, which is 10.7 bytes per
 * entry when presized, 10.7 to 21.3 when grown, and half as much again while it grows.
 *
 * If keys come from outside, the hash must be keyed (siphash.h). One thread at a time;
 * htab_find() does not modify the table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Returned by htab_find() if there is no match. */
#define HTAB_NONE UINT32_MAX
/* Largest value that can be stored. */
#define HTAB_VALUE_MAX (UINT32_MAX - 2)

struct htab_bucket;

/* One array of buckets. Private to htab.c. */
struct htab_array {
	struct htab_bucket *buckets; /* NULL: no array */
	uint32_t size;               /* number of buckets */
	uint32_t used;               /* number of entries */
};

/* Embedded by the owner; all members are private to htab.c. */
struct htab {
	struct htab_array cur; /* array that new entries go to */
	struct htab_array old; /* while growing: array whose entries are being moved to cur */
	uint32_t moved;        /* buckets of old below this index are empty */
};

/* Returns true if the object in this slot has the key that ctx describes. */
typedef bool (*htab_match_fn)(uint32_t value, const void *ctx);

/*
 * Makes an empty table that holds capacity entries before it has to grow. Returns 0,
 * -ENOMEM, or -EINVAL if capacity is too large for 32-bit indices.
 */
MUST_CHECK int htab_init(struct htab *tab, uint32_t capacity);

/* Frees the table. Accepts a zeroed struct. */
void htab_fini(struct htab *tab);

/*
 * Adds value under hash, without looking for an existing entry. value is at most
 * HTAB_VALUE_MAX. Returns 0, or -ENOMEM if the table is full and could not grow; the
 * table is then unchanged. The table first tries to grow when a quarter of the buckets is
 * still free, so this fails only if every attempt since then has failed.
 */
MUST_CHECK int htab_add(struct htab *tab, uint32_t hash, uint32_t value);

/* Removes one entry {hash, value}. Returns true if there was one. */
bool htab_del(struct htab *tab, uint32_t hash, uint32_t value);

/*
 * Returns the first value under hash for which match returns true, or HTAB_NONE. match is
 * called only for entries whose full 32-bit hash is equal. If match is NULL, returns the
 * first of these.
 */
uint32_t htab_find(const struct htab *tab, uint32_t hash, htab_match_fn match, const void *ctx);

/* Number of entries. */
uint32_t htab_count(const struct htab *tab);

/* Bytes of memory reserved for buckets. */
size_t htab_memory_bytes(const struct htab *tab);
