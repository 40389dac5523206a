/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routelog - the newest changes of routes and policy rules, each with its time.
 *
 * A packet notes its way (struct seen_way) some time before the daemon reads the note. The log
 * tells whether routes have changed in between. Bounded: it forgets all but the newest
 * ROUTELOG_MAX changes, and then assumes that an older one concerns any address.
 */
#pragma once

#include "base/mono.h"
#include "model/link.h"

#define ROUTELOG_MAX 512

struct routelog_entry {
	mono_t at;
	struct route_change change;
};

struct routelog {
	struct routelog_entry entry[ROUTELOG_MAX]; /* a ring */
	uint64_t n; /* changes ever added */
};

/* Changes are added in the order of their times. */
void routelog_add(struct routelog *log, const struct route_change *change, mono_t at);
/* True if a change at @since or later may concern packets to @addr. only_hidden: ignore changes
 * that look-ups show. */
bool routelog_touches(const struct routelog *log, enum family family, const struct addr *addr,
		      mono_t since, bool only_hidden);
