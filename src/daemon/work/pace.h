/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace - learns from the duration of batches how many flows one batch may hold.
 *
 * A NIC may take 20 ms for a rule, or 20 us. A batch runs inside one system call and cannot
 * be cancelled, and the engine can no longer change what waits in a ring. So the limits of
 * both are times: a batch grows while it takes less than 100 ms and shrinks if it takes more
 * than 150 ms; about 400 ms of work may wait, but at least two batches.
 *
 * The time of the whole batch counts, not that of a flow: on a busy machine most of the time
 * is spent waiting for a CPU. That does not depend on the number of flows, and smaller
 * batches would only make it worse.
 *
 * One thread calls pace_note(); another may call the other functions at the same time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pace {
	atomic_uint batch;
	atomic_uint us_per_flow; /* moving average; 0 = not known yet */
};

/* Starts with small batches, as for a slow NIC. */
void pace_init(struct pace *pace);
/* Records that a batch of @n_flows took @us. */
void pace_note(struct pace *pace, unsigned int n_flows, int64_t us);
bool pace_is_known(const struct pace *pace);

/* Flows that the next batch may hold: 1 to @max. */
unsigned int pace_batch(const struct pace *pace, unsigned int max);
/* Flows that may wait for the next batch: 2 to @max. */
unsigned int pace_room(const struct pace *pace, unsigned int max);

/* A call into the kernel that takes longer than this counts as stuck: ten times what a flow
 * takes, and at least 2 s; 10 s while nothing is known. */
int64_t pace_stuck_us(const struct pace *pace);
