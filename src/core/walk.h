/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk - visits every flow of the table, a slice at a time.
 *
 * A change that may concern many flows starts a walk. engine_tick() continues every walk by one
 * slice, so a table of a million flows never holds up the loop. Starting a walk that is already
 * under way makes it go round once more, because the change may concern flows behind its cursor.
 */
#pragma once

#include "base/mono.h"

struct engine;
struct flow;

enum walk_id {
	WALK_EPOCH,   /* flows whose mark has an epoch that no longer counts */
	WALK_SUSPECT, /* flows whose mark may be wrong since an element or rule changed */
	WALK_FLUSH,   /* flows that the operator, or a stop, takes out of the offload */
	WALK_PATH,    /* flows whose path may have changed */
	WALK_UNSEEN,  /* flows that a conntrack dump did not show */
	WALK_LOST,    /* flows whose rules a round of samples did not show */
	WALK_HIDDEN,  /* flows whose packets a barrier sent to the CPU */
	WALK_ADOPTED, /* flows of an earlier life that were not recognised in time */
	WALK__COUNT,
};

struct walk {
	bool is_running;
	bool again; /* go round once more */
	uint32_t cursor;
	uint32_t generation; /* of the topology when this round began */
};

/* Starts the walk, or makes one that is under way go round once more. */
void walk_start(struct engine *e, enum walk_id id);

bool walk_is_running(const struct engine *e, enum walk_id id);
bool walk_any_is_running(const struct engine *e);

/*
 * Visits the next slice of flows, if the walk is under way. @visit may change, free or add flows.
 * Returns true when a round has ended; *ret_generation is then the generation of the topology that
 * every flow had been compared with at least.
 */
bool walk_step(struct engine *e, enum walk_id id,
	       void (*visit)(struct engine *e, struct flow *f, mono_t now), mono_t now,
	       uint32_t *ret_generation);
