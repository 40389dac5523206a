/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring - bounded queue of fixed-size elements from one writer thread to one reader
 * thread, with an eventfd that wakes the reader.
 *
 * Writer and reader share no lock. A push to a full ring fails; it never blocks and never
 * drops an element. Elements are copied in and out, so they contain values and handles,
 * not pointers to memory that another thread may free.
 *
 * Wake-ups. The reader polls the descriptor of ring_fd(). The writer wakes only a reader
 * that has announced with ring_arm() that it is going to sleep, so a busy ring makes no
 * system call. The complete reader side:
 *
 *	on readable:	ring_disarm(ring);
 *	work:		while (budget left && ring_pop(ring, &elem))
 *				use elem;
 *			if (budget used up || !ring_arm(ring))
 *				come back to "work" without sleeping;
 *			sleep in poll
 *
 * The reader also calls ring_arm() before its first sleep. ring_arm() sets the flag and
 * then checks the ring again: whenever an element is pushed, it is either seen there or
 * makes the descriptor readable. A wake-up with nothing to pop is possible and harmless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Largest capacity. */
#define RING_CAPACITY_MAX (UINT32_C(1) << 24)

struct ring_shared;

/* Embedded by the owner. Constant after ring_init(); all members are private to ring.c. */
struct ring {
	struct ring_shared *shared; /* positions and flag, on separate cache lines */
	unsigned char *elems;       /* mask + 1 elements */
	size_t elem_size;           /* bytes */
	uint32_t capacity;          /* elements */
	uint32_t mask;
	int fd; /* eventfd, non-blocking */
};

/*
 * Makes an empty ring for capacity elements of elem_size bytes. Call it before the second
 * thread exists. Returns 0, -EINVAL, -ENOMEM, or the error of eventfd().
 */
MUST_CHECK int ring_init(struct ring *ring, size_t elem_size, uint32_t capacity);

/*
 * Frees the ring and the elements in it. Call it after the second thread has ended.
 * Accepts a zeroed struct.
 */
void ring_fini(struct ring *ring);

/*
 * Writer: copies one element in and wakes the reader if it sleeps. Returns false if the
 * ring is full.
 */
MUST_CHECK bool ring_push(struct ring *ring, const void *elem);

/* Reader: copies the oldest element out. Returns false if the ring is empty. */
MUST_CHECK bool ring_pop(struct ring *ring, void *ret_elem);

/*
 * Number of elements in the ring. For either side, or for a third thread that displays
 * it. The writer may get a number that is too high but never one that is too low; the
 * reader the opposite.
 */
uint32_t ring_peek_count(const struct ring *ring);

uint32_t ring_capacity(const struct ring *ring);

/* Descriptor to poll for reading; the ring owns it. */
int ring_fd(const struct ring *ring);

/*
 * Reader: asks for a wake-up. Returns true if the ring is empty: sleep now. Returns false
 * if there is an element to pop: do not sleep.
 */
MUST_CHECK bool ring_arm(struct ring *ring);

/* Reader: withdraws the request for a wake-up and makes the descriptor unreadable. */
void ring_disarm(struct ring *ring);
