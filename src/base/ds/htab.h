/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * htab - hash index: finds the slab slot of an object by the hash of its key.
 *
 * Open addressing over pairs {hash, value} of 8 bytes. The value is a slab
 * slot; objects and keys stay outside, the caller's match function compares
 * them. Equal hashes, and even equal pairs, may be in the table several times.
 *
 * The table is at most three quarters full and grows by doubling. Growth is
 * spread over the following htab_add() and htab_del() calls: no call moves more
 * than a few dozen entries. It never shrinks. Memory: 8 bytes per bucket, 10.7
 * bytes per entry when presized, 10.7 to 21.3 when grown, half as much again
 * while it grows.
 *
 * The hash must be keyed (siphash.h) when keys come from outside. One thread at
 * a time; htab_find() does not modify.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* "Not found". */
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
	struct htab_array cur; /* where new entries go */
	struct htab_array old; /* being emptied into cur, if it has buckets */
	uint32_t moved;        /* buckets of old before this one are empty */
};

/* Does the object in this slot have the key that ctx describes? */
typedef bool (*htab_match_fn)(uint32_t value, const void *ctx);

/*
 * Makes an empty table that takes capacity entries before it has to grow.
 * 0, -ENOMEM, or -EINVAL when capacity is beyond what 32 bits can index.
 */
MUST_CHECK int htab_init(struct htab *tab, uint32_t capacity);

/* Frees the table. A zeroed struct is fine. */
void htab_fini(struct htab *tab);

/*
 * Adds value under hash; does not look for an existing one. Value is at most
 * HTAB_VALUE_MAX. 0, or -ENOMEM when the table had to grow and could not; it is
 * unchanged then. Memory is asked for when a quarter of the room is still left,
 * so this fails only when every earlier attempt failed too.
 */
MUST_CHECK int htab_add(struct htab *tab, uint32_t hash, uint32_t value);

/* Removes one entry {hash, value}. True when there was one. */
bool htab_del(struct htab *tab, uint32_t hash, uint32_t value);

/*
 * Returns the first value under hash for which match says yes, or HTAB_NONE.
 * match is called only for entries whose full 32-bit hash is equal. NULL as
 * match takes the first of them.
 */
uint32_t htab_find(const struct htab *tab, uint32_t hash, htab_match_fn match, const void *ctx);

/* Number of entries. */
uint32_t htab_count(const struct htab *tab);

/* Bytes of memory reserved for buckets. */
size_t htab_memory_bytes(const struct htab *tab);
