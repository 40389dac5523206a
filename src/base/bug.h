/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bug - BUG_ON(), for states that cannot be.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

/*
 * BUG_ON(cond) - says that cond is impossible, and yields whether it was true
 * all the same, so that a release build can turn away:
 *
 *	if (BUG_ON(!flow))
 *		return -EINVAL;
 *
 * With --enable-debug or sanitizers it aborts. Otherwise it counts, logs an
 * error once for each place in the source, and continues. cond is evaluated
 * once, in every build.
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

/* What BUG_ON() calls; always true. */
bool bug_report(struct bug_site *site);

/* Number of BUG_ON() hits since start, in all places together. */
unsigned int bug_count(void);
