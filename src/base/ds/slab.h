/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab - fixed-capacity store of objects of one size, addressed by slot number
 * or by handle.
 *
 * A handle {slot, generation} is what others keep instead of a pointer: once
 * the object is freed, its handle resolves to NULL, also after the slot has
 * been given to another object. Handles are plain values; they may travel
 * through other threads and through the kernel.
 *
 * Memory for the full capacity is reserved at slab_init() and never moves:
 * a pointer stays valid until its object is freed. Slots that were never used
 * cost no memory; freed slots are reused last in, first out, so slots stay
 * dense. Beside the object 8 bytes per used slot.
 *
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Handle of an object. The generation of a live object is odd; {0, 0} is never
 * valid. Generations repeat after 2^31 reuses of the same slot.
 */
struct slab_ref {
	uint32_t slot;
	uint32_t gen;
};

#define SLAB_REF_NONE ((struct slab_ref){ 0, 0 })
/* What slab_next() returns behind the last object. */
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
 * Makes an empty store. Capacity is 1 to SLAB_CAPACITY_MAX. 0, -EINVAL or
 * -ENOMEM (no address space).
 */
MUST_CHECK int slab_init(struct slab *slab, size_t obj_size, uint32_t capacity);

/* Frees the store with all objects in it. A zeroed struct is fine. */
void slab_fini(struct slab *slab);

/*
 * Takes a slot. Returns the object, zeroed, and its handle through ret_ref
 * (which may be NULL); NULL when the store is full, which is normal.
 */
MUST_CHECK void *slab_alloc(struct slab *slab, struct slab_ref *ret_ref);

/*
 * Takes this very slot, for what is known by its number from elsewhere. NULL when it is
 * in use or out of range. Until slab_collect() nothing else may be called that takes a
 * slot or frees one.
 */
MUST_CHECK void *slab_alloc_at(struct slab *slab, uint32_t slot);
/* Ends a series of slab_alloc_at(): makes all other slots available, the lowest first. */
void slab_collect(struct slab *slab);

/* Frees the object. A stale handle is a bug of the caller and changes nothing. */
void slab_free(struct slab *slab, struct slab_ref ref);

/* The object of this handle, or NULL when it is stale (or never was one). */
void *slab_get(const struct slab *slab, struct slab_ref ref);

/* The object in this slot, or NULL when the slot is free or out of range. */
void *slab_at(const struct slab *slab, uint32_t slot);

/*
 * The handle of a live object of this store. Any other pointer is a bug of the
 * caller and gives SLAB_REF_NONE.
 */
struct slab_ref slab_ref_of(const struct slab *slab, const void *object);

/* The slot of a live object: slab_ref_of() for those who need the number only. */
static inline uint32_t slab_slot_of(const struct slab *slab, const void *object)
{
	return slab_ref_of(slab, object).slot;
}

/* Number of objects in use, and how many fit. */
uint32_t slab_count(const struct slab *slab);
uint32_t slab_capacity(const struct slab *slab);

/*
 * The first live slot at or after slot, or SLAB_END. Resumable: the slot number
 * is the whole cursor, and objects may come and go between two calls. Cost: one
 * word read per free slot skipped.
 */
uint32_t slab_next(const struct slab *slab, uint32_t slot);

/* Walks the live slots from the first one; the body may free the current object. */
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
