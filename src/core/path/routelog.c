/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/routelog.h"

#include "base/util.h"

void routelog_add(struct routelog *log, const struct route_change *change, mono_t at)
{
	log->entry[log->n++ % ROUTELOG_MAX] = (struct routelog_entry){ at, *change };
}

static bool concerns(const struct route_change *c, enum family family, const struct addr *addr)
{
	struct addr prefix = addr_prefix(addr, c->len);

	return c->family == FAMILY_NONE || (c->family == family && addr_is_equal(&prefix, &c->prefix));
}

bool routelog_touches(const struct routelog *log, enum family family, const struct addr *addr,
		      mono_t since, bool only_hidden)
{
	uint64_t n = MIN_T(uint64_t, log->n, ROUTELOG_MAX);

	for (uint64_t i = 1; i <= n; i++) {
		const struct routelog_entry *e = &log->entry[(log->n - i) % ROUTELOG_MAX];

		if (mono_before(e->at, since))
			return false;
		if ((e->change.is_hidden || !only_hidden) && concerns(&e->change, family, addr))
			return true;
	}
	return log->n > ROUTELOG_MAX;
}
