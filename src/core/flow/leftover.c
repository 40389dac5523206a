/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/leftover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/ds/reserve.h"
#include "core/engine_priv.h"

COUNTER(flows_not_adopted,
	"flows whose rules from an earlier run were wrong or not needed any more and were removed");

struct leftovers {
	struct leftover *at; /* by slot */
	uint32_t n_slots;
	uint32_t n_left; /* flows with leftover rules */
};

int leftover_open(struct engine *e)
{
	struct leftovers *l;

	if (e->leftovers)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->n_slots = e->settings.max_flows;
	l->at = reserve_new(l->n_slots, sizeof(*l->at));
	if (!l->at) {
		free(l);
		return -ENOMEM;
	}
	e->leftovers = l;
	return 0;
}

void leftover_free(struct engine *e)
{
	if (!e->leftovers)
		return;
	reserve_free(e->leftovers->at, e->leftovers->n_slots, sizeof(*e->leftovers->at));
	free(e->leftovers);
	e->leftovers = NULL;
}

bool leftover_is_any(const struct engine *e)
{
	return e->leftovers;
}

struct leftover *leftover_at(const struct engine *e, uint32_t slot)
{
	return &e->leftovers->at[slot];
}

struct leftover *leftover_of(const struct engine *e, const struct flow *f)
{
	return leftover_at(e, flowtab_slot(&e->flows, f));
}

void leftover_count(struct engine *e)
{
	e->leftovers->n_left++;
}

void leftover_forget(struct engine *e, struct flow *f)
{
	*leftover_of(e, f) = (struct leftover){ 0 };
	if (--e->leftovers->n_left == 0)
		leftover_free(e);
}

void leftover_drop(struct engine *e, struct flow *f)
{
	if (!leftover_has(e, f))
		return;
	counter_inc(&flows_not_adopted);
	leftover_forget(e, f);
}

bool leftover_is_recognised(const struct flow *f)
{
	return f->reason == REASON_NONE;
}

bool leftover_has(const struct engine *e, const struct flow *f)
{
	return e->leftovers && (leftover_of(e, f)->ifindex[DIR_ORIG] ||
				leftover_of(e, f)->ifindex[DIR_REPLY]);
}

uint32_t leftover_ingress(const struct engine *e, const struct flow *f, enum dir dir)
{
	return leftover_of(e, f)->ifindex[dir];
}
