/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bug - BUG_ON(), a check for states that cannot occur.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

/*
 * BUG_ON(cond) - asserts that cond is false, and evaluates to cond, so that a release
 * build can recover:
 *
 *	if (BUG_ON(!flow))
 *		return -EINVAL;
 *
 * If cond is true, a build with --enable-debug or sanitizers aborts. Any other build
 * counts it, logs an error the first time a place in the source is hit, and continues.
 * Every build evaluates cond exactly once.
 */
#define BUG_ON(cond)                                                                               \
	({                                                                                         \
		static struct bug_site site_ = { __FILE__, #cond, __LINE__, 0 };          \
		unlikely(cond) && bug_report(&site_);                                     \
	})

struct bug_site {
	const char *file;
	const char *cond;
	int line;
	atomic_uint hits;
};

/* Called by BUG_ON(). Returns true. */
bool bug_report(struct bug_site *site);

/* Number of BUG_ON() hits since start, in all places of the source. */
unsigned int bug_count(void);
