/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random - many random worlds, each made from a seed.
 *
 *	NFO_RANDOM_SEED=n	run only this seed
 *	NFO_RANDOM_SEEDS=n	number of seeds (default 200)
 *	NFO_RANDOM_STEPS=n	steps of each world (default 2000)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/util.h"
#include "random/world.h"

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static bool is_bad(const struct world *w, uint64_t seed, uint64_t step, const char *when)
{
	if (!w->rig.kernel.n_complaints)
		return false;
	printf("# NFO_RANDOM_SEED=%llu, %s %llu: %s\n", (unsigned long long)seed, when,
	       (unsigned long long)step, w->rig.kernel.complaints);
	return true;
}

static bool play(struct world *w, uint64_t seed, uint64_t n_steps)
{
	for (uint64_t i = 0; i < n_steps; i++) {
		world_step(w);
		world_check(w);
		if (is_bad(w, seed, i, "step"))
			return false;
	}
	/* Some worlds are stopped without coming to rest first. */
	if (seed % 4) {
		world_rest(w);
		world_check_rest(w);
		if (is_bad(w, seed, n_steps, "at rest after step"))
			return false;
	}
	world_stop(w);
	return !is_bad(w, seed, n_steps, "at the stop after step");
}

/* If this never happens in any world, the test has shown little. */
static bool has_happened(const char *name)
{
	uint64_t n = counter_read(counter_find(name));

	printf("# %s %llu\n", name, (unsigned long long)n);
	return n > 0;
}

static bool has_seen_all(void)
{
	static const char *const names[] = { "installs_ok",    "epochs_closed",	   "marks_revoked",
					     "barriers_raised", "barriers_refused", "flows_no_room" };
	bool all = true;

	for (unsigned int i = 0; i < array_size(names); i++)
		all &= has_happened(names[i]);
	return all;
}

int main(void)
{
	static struct world world;
	uint64_t n_steps = number_from("NFO_RANDOM_STEPS", 2000);
	uint64_t n_seeds = number_from("NFO_RANDOM_SEEDS", 200);
	uint64_t first = 1, n_bad = 0;

	if (getenv("NFO_RANDOM_SEED")) {
		first = number_from("NFO_RANDOM_SEED", 1);
		n_seeds = 1;
	}
	printf("1..1\n");
	for (uint64_t seed = first; seed < first + n_seeds; seed++) {
		/* If the process dies, this shows the seed. */
		printf("# seed %llu\n", (unsigned long long)seed);
		fflush(stdout);
		world_init(&world, seed);
		n_bad += !play(&world, seed, n_steps);
		world_fini(&world);
	}
	if (!has_seen_all() && n_seeds > 100)
		n_bad++;
	printf("%sok 1 - %llu seeds of %llu steps\n", n_bad ? "not " : "",
	       (unsigned long long)n_seeds, (unsigned long long)n_steps);
	return n_bad != 0;
}
