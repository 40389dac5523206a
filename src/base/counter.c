/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counter - the list of all counters, sorted by name.
 *
 * Registration runs before main() and before threads, so the list needs no lock:
 * afterwards it is only read. One atomic add per count is cheap as long as no
 * counter sits in the path of every event of several threads at once; none does.
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
