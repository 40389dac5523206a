/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab - see slab.h.
 *
 * The three arrays are mapped at full length, without memory behind them: the kernel
 * allocates a page when it is first written, and all three start as zeroes. Under
 * AddressSanitizer unused slots are poisoned, so that the first use of a dangling pointer
 * is reported.
 */
#include "base/ds/slab.h"

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "base/ds/reserve.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAVE_ASAN)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#endif

static bool is_live(const struct slab *slab, uint32_t slot)
{
	return slot < slab->high_water && (slab->gens[slot] & 1);
}

static void *object_at(const struct slab *slab, uint32_t slot)
{
	return slab->objects + slot * slab->obj_size;
}

int slab_init(struct slab *slab, size_t obj_size, uint32_t capacity)
{
	struct slab fresh = { .obj_size = (obj_size + 7) & ~(size_t)7, .capacity = capacity };

	if (obj_size == 0 || obj_size > SIZE_MAX / 2 || capacity == 0 ||
	    capacity > SLAB_CAPACITY_MAX)
		return -EINVAL;
	fresh.objects = reserve_new(capacity, fresh.obj_size);
	fresh.gens = reserve_new(capacity, sizeof(*fresh.gens));
	fresh.free_links = reserve_new(capacity, sizeof(*fresh.free_links));
	if (!fresh.objects || !fresh.gens || !fresh.free_links) {
		slab_fini(&fresh);
		return -ENOMEM;
	}
	ASAN_POISON_MEMORY_REGION(fresh.objects, fresh.obj_size * capacity);
	*slab = fresh;
	return 0;
}

void slab_fini(struct slab *slab)
{
	if (slab->objects)
		ASAN_UNPOISON_MEMORY_REGION(slab->objects, slab->obj_size * slab->capacity);
	reserve_free(slab->objects, slab->capacity, slab->obj_size);
	reserve_free(slab->gens, slab->capacity, sizeof(*slab->gens));
	reserve_free(slab->free_links, slab->capacity, sizeof(*slab->free_links));
	*slab = (struct slab){ 0 };
}

static void *occupy(struct slab *slab, uint32_t slot)
{
	void *object = object_at(slab, slot);

	slab->gens[slot]++;
	slab->count++;
	ASAN_UNPOISON_MEMORY_REGION(object, slab->obj_size);
	memset(object, 0, slab->obj_size);
	return object;
}

void *slab_alloc(struct slab *slab, struct slab_ref *ret_ref)
{
	uint32_t slot;
	void *object;

	if (slab->first_free) {
		slot = slab->first_free - 1;
		slab->first_free = slab->free_links[slot];
	} else if (slab->high_water < slab->capacity) {
		slot = slab->high_water++;
	} else {
		return NULL;
	}
	object = occupy(slab, slot);
	if (ret_ref)
		*ret_ref = (struct slab_ref){ .slot = slot, .gen = slab->gens[slot] };
	return object;
}

void *slab_alloc_at(struct slab *slab, uint32_t slot)
{
	if (slot >= slab->capacity || is_live(slab, slot))
		return NULL;
	if (slot >= slab->high_water)
		slab->high_water = slot + 1;
	return occupy(slab, slot);
}

void slab_collect(struct slab *slab)
{
	slab->first_free = 0;
	for (uint32_t slot = slab->high_water; slot-- > 0;) {
		if (is_live(slab, slot))
			continue;
		slab->free_links[slot] = slab->first_free;
		slab->first_free = slot + 1;
	}
}

void slab_free(struct slab *slab, struct slab_ref ref)
{
	if (BUG_ON(!slab_get(slab, ref)))
		return;
	ASAN_POISON_MEMORY_REGION(object_at(slab, ref.slot), slab->obj_size);
	slab->gens[ref.slot]++;
	slab->count--;
	slab->free_links[ref.slot] = slab->first_free;
	slab->first_free = ref.slot + 1;
}

void *slab_get(const struct slab *slab, struct slab_ref ref)
{
	if (!is_live(slab, ref.slot) || slab->gens[ref.slot] != ref.gen)
		return NULL;
	return object_at(slab, ref.slot);
}

void *slab_at(const struct slab *slab, uint32_t slot)
{
	return is_live(slab, slot) ? object_at(slab, slot) : NULL;
}

struct slab_ref slab_ref_of(const struct slab *slab, const void *object)
{
	uintptr_t offset = (uintptr_t)object - (uintptr_t)slab->objects;
	size_t slot = offset / slab->obj_size;

	if (BUG_ON((uintptr_t)object < (uintptr_t)slab->objects || slot >= slab->capacity ||
		   offset % slab->obj_size != 0 || !is_live(slab, (uint32_t)slot)))
		return SLAB_REF_NONE;
	return (struct slab_ref){ .slot = (uint32_t)slot, .gen = slab->gens[slot] };
}

uint32_t slab_count(const struct slab *slab)
{
	return slab->count;
}

uint32_t slab_capacity(const struct slab *slab)
{
	return slab->capacity;
}

uint32_t slab_next(const struct slab *slab, uint32_t slot)
{
	for (; slot < slab->high_water; slot++) {
		if (slab->gens[slot] & 1)
			return slot;
	}
	return SLAB_END;
}
