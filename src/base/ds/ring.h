/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring - bounded queue of fixed-size elements from one writer thread to one reader
 * thread, with an eventfd that wakes the reader.
 *
 * Writer and reader share no lock. A push to a full ring fails; it never blocks and never
 * drops an element. Elements are copied in and out, so they contain values and handles,
 * not pointers to memory that another thread may free.
 *
 * Wake-ups. The reader polls the descriptor of ring_fd(). After its last push the writer
 * calls ring_wake(), which wakes only a reader that has announced with ring_arm() that it is
 * going to sleep. So a busy ring makes no system call, and many elements cost one. If the
 * writer woke the reader with each push, the scheduler would often run the reader at once,
 * which would find one element at a time. The complete reader side:
 *
 *	on readable:	ring_disarm(ring);
 *	work:		while (budget left && ring_pop(ring, &elem))
 *				use elem;
 *			if (budget used up || !ring_arm(ring))
 *				come back to "work" without sleeping;
 *			sleep in poll
 *
 * The reader also calls ring_arm() before its first sleep. ring_arm() sets the flag and
 * then checks the ring again: an element is either seen there, or ring_wake() makes the
 * descriptor readable. A wake-up with nothing to pop is possible and harmless.
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
 * Writer: copies one element in. A reader that sleeps sees it only after ring_wake(). Returns
 * false if the ring is full.
 */
MUST_CHECK bool ring_push(struct ring *ring, const void *elem);

/* Writer: wakes the reader if it sleeps and the ring is not empty. */
void ring_wake(struct ring *ring);

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
