/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter - the list of all counters, sorted by name.
 *
 * Counters are registered before main() and before any thread starts. After that the list
 * is only read, so it needs no lock. One atomic add per count is cheap as long as several
 * threads do not count every event in the same counter; none do.
 */
#include "base/counter.h"

#include <string.h>

#include "base/bug.h"

static struct counter *all;

void counter_register(struct counter *counter)
{
	struct counter **pos = &all;

	while (*pos && strcmp((*pos)->name, counter->name) < 0)
		pos = &(*pos)->next;
	if (BUG_ON(*pos == counter))
		return;
	counter->next = *pos;
	*pos = counter;
}

const struct counter *counter_next(const struct counter *prev)
{
	return prev ? prev->next : all;
}

const struct counter *counter_find(const char *name)
{
	for (const struct counter *counter = all; counter; counter = counter->next) {
		if (strcmp(counter->name, name) == 0)
			return counter;
	}
	return NULL;
}
