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

#include "splitmix.h"

static inline struct splitmix unit_random_start(uint64_t seed)
{
	const char *given = getenv("UNIT_SEED");

	if (given)
		seed = strtoull(given, NULL, 0);
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return (struct splitmix){ seed };
}

/* Ends the test that calls it: it does not apply to this machine. */
#define unit_return_because(text)                                                                  \
	do {                                                                                       \
		printf("# not tested: %s\n", text);                                                \
		fflush(stdout);                                                                    \
		return;                                                                            \
	} while (0)
