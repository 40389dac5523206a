/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/pace.h"

#include "base/util.h"

#define BATCH_FIRST 4
/* Callers pass their own, smaller limits. */
#define BATCH_MAX 1024
#define GROW_BELOW_US 100000
#define SHRINK_ABOVE_US 150000
#define ROOM_US 400000
#define US_PER_FLOW_MAX (1000 * 1000)
/* A call that takes at least this long and as long as this many flows is not slow but stuck. */
#define STUCK_US (2000 * 1000)
#define STUCK_FLOWS 10
/* The first rule also loads modules (tcf_proto_lookup_ops, tc_action_load_ops). */
#define STUCK_FIRST_US (10 * 1000 * 1000)

static unsigned int load(const atomic_uint *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void store(atomic_uint *value, uint64_t now)
{
	atomic_store_explicit(value, (unsigned int)now, memory_order_relaxed);
}

void pace_init(struct pace *pace)
{
	atomic_init(&pace->batch, BATCH_FIRST);
	atomic_init(&pace->us_per_flow, 0);
}

bool pace_is_known(const struct pace *pace)
{
	return load(&pace->us_per_flow) != 0;
}

/* The last batch has a weight of one half. The first rule of a port may take a second
 * (mlx5_hairpin_create); after ten more batches that no longer matters. */
static void note_flows(struct pace *pace, unsigned int n_flows, uint64_t us)
{
	uint64_t now = MIN_T(uint64_t, us / n_flows, US_PER_FLOW_MAX);

	if (pace_is_known(pace))
		now = (load(&pace->us_per_flow) + now) / 2;
	store(&pace->us_per_flow, MAX_T(uint64_t, now, 1));
}

void pace_note(struct pace *pace, unsigned int n_flows, int64_t us)
{
	unsigned int batch = load(&pace->batch);
	uint64_t fits;

	if (n_flows == 0 || us < 0)
		return;
	note_flows(pace, n_flows, (uint64_t)us);
	/* As many flows as would have taken the desired time. */
	fits = (uint64_t)n_flows * GROW_BELOW_US / MAX_T(uint64_t, (uint64_t)us, 1);
	if (us > SHRINK_ABOVE_US)
		store(&pace->batch, MIN_T(uint64_t, batch, MAX_T(uint64_t, fits, 1)));
	else if (us < GROW_BELOW_US && n_flows >= batch)
		store(&pace->batch,
		      MIN_T(uint64_t, MIN_T(uint64_t, fits, 2 * (uint64_t)batch), BATCH_MAX));
}

unsigned int pace_batch(const struct pace *pace, unsigned int max)
{
	return MIN(load(&pace->batch), max);
}

unsigned int pace_room(const struct pace *pace, unsigned int max)
{
	unsigned int us = load(&pace->us_per_flow);
	unsigned int room = us ? ROOM_US / us : 0;

	return MIN(MAX(room, 2 * load(&pace->batch)), max);
}

int64_t pace_stuck_us(const struct pace *pace)
{
	if (!pace_is_known(pace))
		return STUCK_FIRST_US;
	return MAX((int64_t)STUCK_FLOWS * load(&pace->us_per_flow), (int64_t)STUCK_US);
}
