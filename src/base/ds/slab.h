/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab - fixed-capacity store of objects of one size, addressed by slot number or by
 * handle.
 *
 * Other modules keep a handle {slot, generation} instead of a pointer. Once the object is
 * freed, its handle resolves to NULL, even after the slot has been given to another
 * object. Handles are plain values; they may be passed through other threads and through
 * the kernel.
 *
 * slab_init() reserves memory for the full capacity, which never moves: a pointer stays
 * valid until its object is freed. Slots that were never used cost no memory. Freed slots
 * are reused last in, first out, so the used slots stay dense. Overhead: 8 bytes per used
 * slot.
 *
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Handle of an object. The generation of a live object is odd; {0, 0} is never valid. The
 * generations of a slot repeat after it has been reused 2^31 times.
 */
struct slab_ref {
	uint32_t slot;
	uint32_t gen;
};

#define SLAB_REF_NONE ((struct slab_ref){ 0, 0 })
/* Returned by slab_next() after the last object. */
#define SLAB_END UINT32_MAX
/* Largest capacity. */
#define SLAB_CAPACITY_MAX (UINT32_MAX - 2)

/* Embedded by the owner; all members are private to slab.c. */
struct slab {
	unsigned char *objects; /* capacity * obj_size bytes */
	uint32_t *gens;         /* generation of each slot; odd: in use */
	uint32_t *free_links;   /* slot + 1 of the next free slot; 0: last */
	size_t obj_size;        /* bytes, rounded up to a multiple of 8 */
	uint32_t capacity;
	uint32_t count;      /* objects in use */
	uint32_t high_water; /* slots from here on were never used */
	uint32_t first_free; /* slot + 1 of the slot freed last; 0: none */
};

/*
 * Makes an empty store. capacity is 1 to SLAB_CAPACITY_MAX. Returns 0, -EINVAL, or
 * -ENOMEM if there is no address space.
 */
MUST_CHECK int slab_init(struct slab *slab, size_t obj_size, uint32_t capacity);

/* Frees the store and all objects in it. Accepts a zeroed struct. */
void slab_fini(struct slab *slab);

/*
 * Allocates an object. Returns it zeroed, and stores its handle in *ret_ref (ret_ref may
 * be NULL). Returns NULL if the store is full, which is a normal condition.
 */
MUST_CHECK void *slab_alloc(struct slab *slab, struct slab_ref *ret_ref);

/*
 * Allocates the object of this slot, if its number is already fixed elsewhere. Returns
 * NULL if the slot is in use or out of range. Between the first such call and
 * slab_collect(), no other call may allocate or free a slot.
 */
MUST_CHECK void *slab_alloc_at(struct slab *slab, uint32_t slot);
/* Ends a series of slab_alloc_at() calls: makes all other slots available, the lowest first. */
void slab_collect(struct slab *slab);

/* Frees the object. Passing a stale handle is a bug in the caller; nothing changes then. */
void slab_free(struct slab *slab, struct slab_ref ref);

/* Returns the object of this handle, or NULL if the handle is stale or was never valid. */
void *slab_get(const struct slab *slab, struct slab_ref ref);

/* Returns the object in this slot, or NULL if the slot is free or out of range. */
void *slab_at(const struct slab *slab, uint32_t slot);

/*
 * Returns the handle of a live object of this store. Passing any other pointer is a bug
 * in the caller and returns SLAB_REF_NONE.
 */
struct slab_ref slab_ref_of(const struct slab *slab, const void *object);

/* Returns the slot of a live object, for callers that do not need the generation. */
static inline uint32_t slab_slot_of(const struct slab *slab, const void *object)
{
	return slab_ref_of(slab, object).slot;
}

/* Number of objects in use, and the capacity. */
uint32_t slab_count(const struct slab *slab);
uint32_t slab_capacity(const struct slab *slab);

/*
 * Returns the first live slot at or after slot, or SLAB_END. A walk can be resumed: the
 * slot number is its whole state, and objects may be allocated and freed between two
 * calls. Cost: one word read per free slot skipped.
 */
uint32_t slab_next(const struct slab *slab, uint32_t slot);

/* Visits all live slots in order; the body may free the current object. */
#define SLAB_FOR_EACH(slab, slot)                                                                  \
	for (uint32_t slot = slab_next(slab, 0); slot != SLAB_END; slot = slab_next(slab, slot + 1))

static inline bool slab_ref_is_none(struct slab_ref ref)
{
	return ref.gen == 0;
}

static inline bool slab_ref_is_equal(struct slab_ref a, struct slab_ref b)
{
	return a.slot == b.slot && a.gen == b.gen;
}
