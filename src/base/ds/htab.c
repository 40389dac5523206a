/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * htab - see htab.h.
 *
 * A bucket stores value + 1, so zero pages fresh from the kernel are an empty array:
 * growing a table of a million entries must not begin with writing 16 MB. The home bucket
 * of a hash is hash * size / 2^32, which works for sizes that are not powers of two.
 *
 * Growth: the current array becomes "old", and a new one of twice the size becomes "cur".
 * Every later add and delete moves the entries of the next few old buckets. An entry that
 * leaves old leaves a tombstone, so that probing for other entries continues past it. Old
 * gets no new entries and is freed soon, so tombstones do not pile up. A delete in cur
 * closes the gap instead (backward shift), so cur has no tombstones.
 *
 * Moving 16 buckets per call empties old long before cur is full: cur takes three
 * quarters of the old size in new entries before it has to grow, and in that time up to
 * twelve times the old size can be moved.
 */
#include "base/ds/htab.h"

#include <errno.h>

#include "base/bug.h"
#include "base/ds/reserve.h"
#include "base/util.h"

#define BUCKETS_MIN 16u
#define BUCKETS_MAX (UINT32_C(1) << 31)
#define MOVE_PER_CALL 16u

struct htab_bucket {
	uint32_t hash;
	uint32_t stored; /* value + 1, EMPTY or TOMBSTONE */
};

#define EMPTY 0u
#define TOMBSTONE UINT32_MAX

static int array_open(struct htab_array *array, uint32_t size)
{
	struct htab_bucket *buckets = reserve_new(size, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	*array = (struct htab_array){ .buckets = buckets, .size = size };
	return 0;
}

static void array_close(struct htab_array *array)
{
	reserve_free(array->buckets, array->size, sizeof(*array->buckets));
	*array = (struct htab_array){ 0 };
}

/* Number of entries that the array holds before it has to grow. */
static uint32_t array_limit(const struct htab_array *array)
{
	return array->size - array->size / 4;
}

static uint32_t home_of(const struct htab_array *array, uint32_t hash)
{
	return (uint32_t)((uint64_t)hash * array->size >> 32);
}

static uint32_t next_bucket(const struct htab_array *array, uint32_t i)
{
	return i + 1 == array->size ? 0 : i + 1;
}

/* Number of steps from bucket a forward to b, wrapping around at the end. */
static uint32_t distance(const struct htab_array *array, uint32_t a, uint32_t b)
{
	return b >= a ? b - a : b + (array->size - a);
}

static void array_put(struct htab_array *array, struct htab_bucket entry)
{
	uint32_t i = home_of(array, entry.hash);

	while (array->buckets[i].stored != EMPTY)
		i = next_bucket(array, i);
	array->buckets[i] = entry;
	array->used++;
}

/* Returns the index of the entry {hash, stored}, or array->size if there is none. */
static uint32_t array_index(const struct htab_array *array, uint32_t hash, uint32_t stored)
{
	for (uint32_t i = home_of(array, hash); array->buckets[i].stored != EMPTY;
	     i = next_bucket(array, i)) {
		if (array->buckets[i].stored == stored && array->buckets[i].hash == hash)
			return i;
	}
	return array->size;
}

/* Empties bucket hole and moves later entries of the same run back to close the gap. */
static void close_gap(struct htab_array *array, uint32_t hole)
{
	for (uint32_t i = next_bucket(array, hole); array->buckets[i].stored != EMPTY;
	     i = next_bucket(array, i)) {
		uint32_t home = home_of(array, array->buckets[i].hash);

		/* The entry may move to the hole unless its home bucket lies behind the hole. */
		if (distance(array, home, i) >= distance(array, hole, i)) {
			array->buckets[hole] = array->buckets[i];
			hole = i;
		}
	}
	array->buckets[hole].stored = EMPTY;
}

/* Moves the entries of the next few buckets of old. Frees old after the last one. */
static void move_some(struct htab *tab)
{
	struct htab_array *old = &tab->old;
	uint32_t end;

	if (!old->buckets)
		return;
	end = tab->moved + MIN(MOVE_PER_CALL, old->size - tab->moved);
	for (; tab->moved < end; tab->moved++) {
		struct htab_bucket *bucket = &old->buckets[tab->moved];

		if (bucket->stored == EMPTY || bucket->stored == TOMBSTONE)
			continue;
		array_put(&tab->cur, *bucket);
		bucket->stored = TOMBSTONE;
		old->used--;
	}
	if (tab->moved == old->size || old->used == 0)
		array_close(old);
}

static int grow(struct htab *tab)
{
	struct htab_array bigger;
	int err;

	if (tab->cur.size > BUCKETS_MAX / 2)
		return -ENOMEM;
	err = array_open(&bigger, tab->cur.size * 2);
	if (err)
		return err;
	tab->old = tab->cur;
	tab->cur = bigger;
	tab->moved = 0;
	return 0;
}

int htab_init(struct htab *tab, uint32_t capacity)
{
	struct htab fresh = { 0 };
	uint64_t size = (uint64_t)capacity + capacity / 3 + 2;
	int err;

	if (size > BUCKETS_MAX)
		return -EINVAL;
	err = array_open(&fresh.cur, MAX((uint32_t)size, BUCKETS_MIN));
	if (err)
		return err;
	*tab = fresh;
	return 0;
}

void htab_fini(struct htab *tab)
{
	array_close(&tab->cur);
	array_close(&tab->old);
	*tab = (struct htab){ 0 };
}

int htab_add(struct htab *tab, uint32_t hash, uint32_t value)
{
	if (BUG_ON(value > HTAB_VALUE_MAX))
		return -EINVAL;
	move_some(tab);
	/* If the array cannot grow, fill all of it but one bucket: probing ends at an empty one. */
	if (tab->cur.used >= array_limit(&tab->cur) && !tab->old.buckets && grow(tab) != 0 &&
	    tab->cur.used >= tab->cur.size - 1)
		return -ENOMEM;
	array_put(&tab->cur, (struct htab_bucket){ .hash = hash, .stored = value + 1 });
	return 0;
}

bool htab_del(struct htab *tab, uint32_t hash, uint32_t value)
{
	uint32_t i;

	if (value > HTAB_VALUE_MAX)
		return false;
	move_some(tab);
	i = array_index(&tab->cur, hash, value + 1);
	if (i != tab->cur.size) {
		close_gap(&tab->cur, i);
		tab->cur.used--;
		return true;
	}
	if (!tab->old.buckets)
		return false;
	i = array_index(&tab->old, hash, value + 1);
	if (i == tab->old.size)
		return false;
	tab->old.buckets[i].stored = TOMBSTONE;
	tab->old.used--;
	return true;
}

static uint32_t array_find(const struct htab_array *array, uint32_t hash, htab_match_fn match,
			   const void *ctx)
{
	for (uint32_t i = home_of(array, hash); array->buckets[i].stored != EMPTY;
	     i = next_bucket(array, i)) {
		const struct htab_bucket *bucket = &array->buckets[i];

		if (bucket->hash == hash && bucket->stored != TOMBSTONE &&
		    (!match || match(bucket->stored - 1, ctx)))
			return bucket->stored - 1;
	}
	return HTAB_NONE;
}

uint32_t htab_find(const struct htab *tab, uint32_t hash, htab_match_fn match, const void *ctx)
{
	uint32_t value = array_find(&tab->cur, hash, match, ctx);

	if (value == HTAB_NONE && tab->old.buckets)
		value = array_find(&tab->old, hash, match, ctx);
	return value;
}

uint32_t htab_count(const struct htab *tab)
{
	return tab->cur.used + tab->old.used;
}

size_t htab_memory_bytes(const struct htab *tab)
{
	return ((size_t)tab->cur.size + tab->old.size) * sizeof(struct htab_bucket);
}
