/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit - included by every unit test: cmocka, and random numbers that are the
 * same in every run.
 *
 * UNIT_SEED in the environment replaces the seed; each random test begins with
 * unit_random_start(), which prints the seed it uses.
 *
 * Do not use cmocka's skip(): in TAP it prints "not ok". A test that does not
 * apply to this build returns. If it does not apply to this machine, it uses
 * unit_return_because().
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* cmocka.h needs the four above. */
#include <cmocka.h>

struct unit_random {
	uint64_t state;
};

static inline struct unit_random unit_random_start(uint64_t seed)
{
	const char *given = getenv("UNIT_SEED");

	if (given)
		seed = strtoull(given, NULL, 0);
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return (struct unit_random){ seed };
}

/* splitmix64 */
static inline uint64_t unit_random_u64(struct unit_random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* A number from 0 to n - 1; n is not 0. */
static inline uint32_t unit_random_below(struct unit_random *random, uint32_t n)
{
	return (uint32_t)((unit_random_u64(random) >> 32) * n >> 32);
}

/* Ends the test that calls it: it does not apply to this machine. */
#define unit_return_because(text)                                                                  \
	do {                                                                                       \
		printf("# not tested: %s\n", text);                                                \
		fflush(stdout);                                                                    \
		return;                                                                            \
	} while (0)
