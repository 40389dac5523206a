/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holdoff - how long admission stays closed after commits, losses of our table and failures.
 *
 * Closing admission costs the removal of all flows, and opening it a look through conntrack. So
 * after a burst of commits admission waits until the burst is over, and after a loss or failure
 * that repeats it waits longer each time.
 */
#pragma once

#include <stdint.h>

#include "base/mono.h"

struct holdoff {
	mono_t last_commit, last_loss;
	mono_t quiet_until;  /* set by commits */
	mono_t paused_until; /* set by losses and failures */
	unsigned int burst;  /* commits of the current burst, without the first */
	unsigned int losses; /* losses in quick succession, without the first */
	unsigned int failures; /* since the last success */
};

void holdoff_init(struct holdoff *h, mono_t now);
/* Another process has committed a change. @closed_ms: how long admission has been closed; 0 = it
 * is open. */
void holdoff_commit(struct holdoff *h, mono_t now, int64_t closed_ms);
/* Our table was lost. The first loss in a while costs no time. */
void holdoff_loss(struct holdoff *h, mono_t now);
void holdoff_failure(struct holdoff *h, mono_t now);
void holdoff_success(struct holdoff *h);
/* When admission may open; a time in the past if it may now. */
mono_t holdoff_end(const struct holdoff *h);
