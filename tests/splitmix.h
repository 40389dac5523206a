/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * splitmix - random numbers for tests (splitmix64). A seed gives the same numbers on every machine.
 */
#pragma once

#include <stdint.h>

struct splitmix {
	uint64_t state; /* at first the seed */
};

static inline uint64_t splitmix_u64(struct splitmix *s)
{
	uint64_t x = s->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* A number from 0 to n - 1; n is not 0. */
static inline uint32_t splitmix_below(struct splitmix *s, uint32_t n)
{
	return (uint32_t)((splitmix_u64(s) >> 32) * n >> 32);
}
