/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring - see ring.h.
 *
 * Positions count up freely, and the mask turns them into indices. Their difference is
 * the number of elements. Each side keeps a copy of the other's position and reads the
 * real one only if the copy says full or empty.
 *
 * The hard part is the sleeping reader. The writer publishes elements, then checks whether
 * the reader is armed. The reader sets the flag, then checks whether there is an element.
 * Neither may miss the other's store, so both need a sequentially consistent fence between
 * store and load. The writer writes the eventfd only if it was the one to reset the flag,
 * so one sleep costs one write.
 */
#include "base/ds/ring.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/util.h"

struct ring_shared {
	/* Written by the writer. */
	alignas(CACHE_LINE_BYTES) _Atomic uint32_t tail; /* next position to fill */
	uint32_t head_copy;                              /* private to the writer */

	/* Written by the reader. */
	alignas(CACHE_LINE_BYTES) _Atomic uint32_t head; /* next position to empty */
	uint32_t tail_copy;                              /* private to the reader */

	/* Set by the reader, reset by either; rarely written. */
	alignas(CACHE_LINE_BYTES) atomic_bool is_armed;
};

/*
 * ThreadSanitizer does not support fences; it does support a read-modify-write, which
 * does the same.
 */
static void full_fence(struct ring_shared *shared)
{
#if defined(__SANITIZE_THREAD__)
	atomic_fetch_add_explicit(&shared->tail, 0, memory_order_seq_cst);
#else
	(void)shared;
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

static unsigned char *elem_at(const struct ring *ring, uint32_t pos)
{
	return ring->elems + (pos & ring->mask) * ring->elem_size;
}

int ring_init(struct ring *ring, size_t elem_size, uint32_t capacity)
{
	struct ring fresh = { .elem_size = elem_size, .capacity = capacity, .fd = -1 };
	uint32_t slots = 1;
	size_t size;

	if (elem_size == 0 || capacity == 0 || capacity > RING_CAPACITY_MAX)
		return -EINVAL;
	while (slots < capacity)
		slots *= 2;
	fresh.mask = slots - 1;
	if (__builtin_mul_overflow(elem_size, (size_t)slots, &size))
		return -ENOMEM;
	fresh.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fresh.fd < 0)
		return -errno;
	fresh.shared = aligned_alloc(CACHE_LINE_BYTES, sizeof(*fresh.shared));
	fresh.elems = malloc(size);
	if (!fresh.shared || !fresh.elems) {
		ring_fini(&fresh);
		return -ENOMEM;
	}
	memset(fresh.shared, 0, sizeof(*fresh.shared));
	*ring = fresh;
	return 0;
}

void ring_fini(struct ring *ring)
{
	/* In a zeroed struct fd is 0, which must not be closed. */
	if (ring->capacity != 0 && ring->fd >= 0)
		close(ring->fd);
	free(ring->shared);
	free(ring->elems);
	*ring = (struct ring){ .fd = -1 };
}

/* Resets the flag. Returns true if it was set. */
static bool take_armed(struct ring_shared *shared)
{
	return atomic_load_explicit(&shared->is_armed, memory_order_relaxed) &&
	       atomic_exchange_explicit(&shared->is_armed, false, memory_order_seq_cst);
}

bool ring_push(struct ring *ring, const void *elem)
{
	struct ring_shared *shared = ring->shared;
	uint32_t tail = atomic_load_explicit(&shared->tail, memory_order_relaxed);

	if (tail - shared->head_copy >= ring->capacity) {
		shared->head_copy = atomic_load_explicit(&shared->head, memory_order_acquire);
		if (tail - shared->head_copy >= ring->capacity)
			return false;
	}
	memcpy(elem_at(ring, tail), elem, ring->elem_size);
	atomic_store_explicit(&shared->tail, tail + 1, memory_order_release);
	return true;
}

void ring_wake(struct ring *ring)
{
	static const uint64_t one = 1;

	full_fence(ring->shared);
	if (ring_peek_count(ring) == 0 || !take_armed(ring->shared))
		return;
	/*
	 * Fails only if the counter is about to overflow; the descriptor is readable then
	 * anyway.
	 */
	IGNORE_RESULT(write(ring->fd, &one, sizeof(one)));
}

bool ring_pop(struct ring *ring, void *ret_elem)
{
	struct ring_shared *shared = ring->shared;
	uint32_t head = atomic_load_explicit(&shared->head, memory_order_relaxed);

	if (head == shared->tail_copy) {
		shared->tail_copy = atomic_load_explicit(&shared->tail, memory_order_acquire);
		if (head == shared->tail_copy)
			return false;
	}
	memcpy(ret_elem, elem_at(ring, head), ring->elem_size);
	atomic_store_explicit(&shared->head, head + 1, memory_order_release);
	return true;
}

uint32_t ring_peek_count(const struct ring *ring)
{
	/* Read head first: tail only grows, so the difference is never negative. */
	uint32_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);

	return MIN(tail - head, ring->capacity);
}

uint32_t ring_capacity(const struct ring *ring)
{
	return ring->capacity;
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

bool ring_arm(struct ring *ring)
{
	struct ring_shared *shared = ring->shared;

	atomic_store_explicit(&shared->is_armed, true, memory_order_seq_cst);
	full_fence(shared);
	if (ring_peek_count(ring) == 0)
		return true;
	/* If the writer has reset the flag already, the reader gets a wake-up for nothing. */
	(void)take_armed(shared);
	return false;
}

void ring_disarm(struct ring *ring)
{
	uint64_t count;

	atomic_store_explicit(&ring->shared->is_armed, false, memory_order_seq_cst);
	/* It is fine if there is nothing to read: the reader may have woken for another reason. */
	IGNORE_RESULT(read(ring->fd, &count, sizeof(count)));
}
