/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pace.h"

#include "base/util.h"

/* Four flows per batch at first: a mistake in either direction is over soon. */
#define US_PER_FLOW_FIRST (PACE_BATCH_US / 4)
#define US_PER_FLOW_MAX (1000 * 1000)
/* A call that takes so much longer than a flow does is not slow, it is stuck. */
#define STUCK_US (2000 * 1000)
#define STUCK_FLOWS 10
/* The first rule loads modules (tcf_proto_lookup_ops, tc_action_load_ops). */
#define STUCK_FIRST_US (10 * 1000 * 1000)

void pace_init(struct pace *pace)
{
	atomic_init(&pace->us_per_flow, 0);
}

static unsigned int learnt(const struct pace *pace)
{
	return atomic_load_explicit(&pace->us_per_flow, memory_order_relaxed);
}

bool pace_is_known(const struct pace *pace)
{
	return learnt(pace) != 0;
}

static unsigned int us_per_flow(const struct pace *pace)
{
	unsigned int us = learnt(pace);

	return us ? us : US_PER_FLOW_FIRST;
}

/* The last batch counts half: the first rule of a port may take a second
 * (mlx5_hairpin_create), and ten batches later that is forgotten. */
void pace_note(struct pace *pace, unsigned int n_flows, int64_t us)
{
	uint64_t now;

	if (n_flows == 0 || us < 0)
		return;
	now = MIN_T(uint64_t, (uint64_t)us / n_flows, US_PER_FLOW_MAX);
	now = (us_per_flow(pace) + now) / 2;
	atomic_store_explicit(&pace->us_per_flow, (unsigned int)MAX_T(uint64_t, now, 1),
			      memory_order_relaxed);
}

static unsigned int flows_in(const struct pace *pace, unsigned int us, unsigned int min,
			     unsigned int max)
{
	return MIN(MAX(us / us_per_flow(pace), min), max);
}

unsigned int pace_batch(const struct pace *pace, unsigned int max)
{
	return flows_in(pace, PACE_BATCH_US, 1, max);
}

unsigned int pace_room(const struct pace *pace, unsigned int max)
{
	return flows_in(pace, 2 * PACE_BATCH_US, 2, max);
}

int64_t pace_stuck_us(const struct pace *pace)
{
	if (!pace_is_known(pace))
		return STUCK_FIRST_US;
	return MAX((int64_t)STUCK_FLOWS * us_per_flow(pace), (int64_t)STUCK_US);
}
