/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace - how many flows one batch may hold, learnt from how long flows take.
 *
 * A NIC may take 20 ms for a rule or 20 us. A batch runs inside one system call
 * and cannot be called back, and what waits in a ring can no longer be changed
 * by the engine. So both are measured in time: a batch is what takes about 50
 * ms, and about twice that may wait. Fast ones are bounded by what fits.
 *
 * One thread notes, another one may ask at the same time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PACE_BATCH_US 50000

struct pace {
	atomic_uint us_per_flow; /* moving average; 0 = nothing was noted yet */
};

/* Assumes a rather slow NIC, until it is known. */
void pace_init(struct pace *pace);
/* @n_flows together took @us. */
void pace_note(struct pace *pace, unsigned int n_flows, int64_t us);
bool pace_is_known(const struct pace *pace);

/* Flows of the next batch: 1 to @max. */
unsigned int pace_batch(const struct pace *pace, unsigned int max);
/* Flows that may wait for it: 2 to @max, and at least two batches unless @max is less. */
unsigned int pace_room(const struct pace *pace, unsigned int max);

/* A call into the kernel that lasts longer than this is stuck: 2 s, and ten times
 * what it should take; 10 s as long as nothing is known. */
int64_t pace_stuck_us(const struct pace *pace);
