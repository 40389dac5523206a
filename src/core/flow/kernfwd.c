/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/kernfwd.h"

#include "core/engine_priv.h"

/* Interval of dumps. Dumping a large table is much work, and these flows are only displayed. */
#define DUMP_MS 10000

bool kernfwd_is_one(const struct flow *f)
{
	return f->state == FLOW_REFUSED && f->reason == REASON_KERNEL_FLOWTABLE;
}

void kernfwd_dump_begins(struct engine *e)
{
	e->kernel_due = MONO_NEVER;
	e->wants_kernel_dump = false;
}

void kernfwd_step(struct engine *e, mono_t now)
{
	if (!e->n_reason[REASON_KERNEL_FLOWTABLE])
		kernfwd_dump_begins(e);
	else if (mono_is_never(e->kernel_due))
		e->kernel_due = mono_add_ms(now, DUMP_MS);
	else if (!mono_before(now, e->kernel_due))
		e->wants_kernel_dump = true;
}

mono_t kernfwd_next_due(const struct engine *e)
{
	return e->wants_kernel_dump ? MONO_NEVER : e->kernel_due;
}
