/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bug - reports the hits of BUG_ON().
 */
#include "base/bug.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"

LOG_TAG("bug");
COUNTER(ct_bugs, "impossible states found (BUG_ON); each is a defect of this program");

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool bug_report(struct bug_site *site)
{
	counter_inc(&ct_bugs);
	if (atomic_fetch_add_explicit(&site->hits, 1, memory_order_relaxed) == 0)
		log_error("impossible state at %s:%d: %s", base_name(site->file), site->line,
			  site->cond);
	if (BUG_ABORTS)
		abort();
	return true;
}

unsigned int bug_count(void)
{
	return (unsigned int)counter_read(&ct_bugs);
}
