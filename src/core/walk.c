/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/walk.h"

#include "core/engine_priv.h"

/* Flows visited per walk and tick; takes some tens of microseconds. */
#define SLICE 512

void walk_start(struct engine *e, enum walk_id id)
{
	struct walk *w = &e->walk[id];

	w->again = w->is_running;
	if (w->is_running)
		return;
	w->is_running = true;
	w->cursor = 0;
	w->generation = e->paths.generation;
}

bool walk_is_running(const struct engine *e, enum walk_id id)
{
	return e->walk[id].is_running;
}

bool walk_any_is_running(const struct engine *e)
{
	for (unsigned int id = 0; id < WALK__COUNT; id++) {
		if (e->walk[id].is_running)
			return true;
	}
	return false;
}

bool walk_step(struct engine *e, enum walk_id id,
	       void (*visit)(struct engine *e, struct flow *f, mono_t now), mono_t now,
	       uint32_t *ret_generation)
{
	struct walk *w = &e->walk[id];

	for (unsigned int i = 0; w->is_running && i < SLICE; i++) {
		uint32_t slot = slab_next(&e->flows.flows, w->cursor);

		if (slot != SLAB_END) {
			w->cursor = slot + 1;
			visit(e, flowtab_at(&e->flows, slot), now);
			continue;
		}
		*ret_generation = w->generation;
		w->cursor = 0;
		w->generation = e->paths.generation;
		w->is_running = w->again;
		w->again = false;
		return true;
	}
	return false;
}
