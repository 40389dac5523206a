/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace - how many flows one batch may hold, learnt from how long batches take.
 *
 * A NIC may take 20 ms for a rule or 20 us. A batch runs inside one system call
 * and cannot be called back, and what waits in a ring can no longer be changed
 * by the engine. So both are measured in time: a batch grows while it takes less
 * than 100 ms and shrinks when it takes more than 150 ms; what may wait is
 * about 400 ms, and two batches at least.
 *
 * It is the whole batch that is judged, not its share for each flow: on a busy
 * machine most of the time is spent waiting for a processor, which has nothing
 * to do with the number of flows, and smaller batches would only make it worse.
 *
 * One thread notes, another one may ask at the same time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pace {
	atomic_uint batch;
	atomic_uint us_per_flow; /* moving average; 0 = nothing was noted yet */
};

/* Assumes a rather slow NIC, until it is known. */
void pace_init(struct pace *pace);
/* A batch of @n_flows took @us. */
void pace_note(struct pace *pace, unsigned int n_flows, int64_t us);
bool pace_is_known(const struct pace *pace);

/* Flows of the next batch: 1 to @max. */
unsigned int pace_batch(const struct pace *pace, unsigned int max);
/* Flows that may wait for it: 2 to @max. */
unsigned int pace_room(const struct pace *pace, unsigned int max);

/* A call into the kernel that lasts longer than this is stuck: 2 s, and ten times
 * what a flow should take; 10 s as long as nothing is known. */
int64_t pace_stuck_us(const struct pace *pace);
