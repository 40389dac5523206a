/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring - bounded queue of fixed-size elements from exactly one thread to
 * exactly one other, with an eventfd that wakes the reader.
 *
 * Writer and reader share no lock. A full ring refuses; it never blocks and
 * never drops. Elements are copied in and out, so they hold values and
 * handles, not pointers to what somebody may free.
 *
 * Wake-ups. The descriptor of ring_fd() is in the reader's poll set. Only a
 * reader that has said it is going to sleep is woken, so a busy ring makes no
 * system call. The reader's side, complete:
 *
 *	on readable:	ring_disarm(ring);
 *	work:		while (budget left && ring_pop(ring, &elem))
 *				use elem;
 *			if (budget used up || !ring_arm(ring))
 *				come back to "work" without sleeping;
 *			sleep in poll
 *
 * Before the first sleep the reader calls ring_arm() as well. ring_arm()
 * looks once more after raising the flag: an element pushed at any moment is
 * either seen there or makes the descriptor readable. A wake-up with nothing to
 * pop is possible and harmless.
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
	struct ring_shared *shared; /* positions and flag, each side on its own cache line */
	unsigned char *elems;       /* mask + 1 elements */
	size_t elem_size;           /* bytes */
	uint32_t capacity;          /* elements */
	uint32_t mask;
	int fd; /* eventfd, non-blocking */
};

/*
 * Makes an empty ring for capacity elements of elem_size bytes, before the
 * second thread exists. 0, -EINVAL, -ENOMEM, or what eventfd() says.
 */
MUST_CHECK int ring_init(struct ring *ring, size_t elem_size, uint32_t capacity);

/* Frees the ring with what is in it, after the second thread has ended. A zeroed struct is fine. */
void ring_fini(struct ring *ring);

/* Writer: copies one element in and wakes the reader if it sleeps. False when full. */
MUST_CHECK bool ring_push(struct ring *ring, const void *elem);

/* Reader: copies the oldest element out. False when empty. */
MUST_CHECK bool ring_pop(struct ring *ring, void *ret_elem);

/*
 * Elements in the ring. Either side, or a third thread for display. For the
 * writer it is never less, for the reader never more than what is true now.
 */
uint32_t ring_peek_count(const struct ring *ring);

uint32_t ring_capacity(const struct ring *ring);

/* Descriptor to poll for reading; the ring owns it. */
int ring_fd(const struct ring *ring);

/*
 * Reader: asks for a wake-up. True: the ring is empty, sleep now. False: there
 * is something to pop, do not sleep.
 */
MUST_CHECK bool ring_arm(struct ring *ring);

/* Reader: takes the request back and makes the descriptor unreadable. */
void ring_disarm(struct ring *ring);
