/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk - visits every flow of the table, a slice at a time.
 *
 * A change that may concern many flows starts a walk. engine_tick() continues every walk by one
 * slice, so a table of a million flows does not block the event loop. Starting a walk that is
 * already running adds one more round, because the change may concern flows behind the cursor.
 */
#pragma once

#include "base/mono.h"

struct engine;
struct flow;

enum walk_id {
	WALK_EPOCH,   /* flows whose mark no longer has the current epoch */
	WALK_CHANGE,  /* flows whose mark may predate a change of an element or rule */
	WALK_FLUSH,   /* flows that a flush or the stop takes out of offload */
	WALK_PATH,    /* flows whose path may have changed */
	WALK_UNSEEN,  /* flows that a conntrack dump did not show */
	WALK_LOST,    /* flows whose rules a round of samples did not show */
	WALK_HIDDEN,  /* flows whose packets a barrier sent to the CPU */
	WALK_ADOPTED, /* flows of an earlier run that were not confirmed in time */
	WALK__COUNT,
};

struct walk {
	bool is_running;
	bool again; /* another round follows */
	uint32_t cursor;
	uint32_t generation; /* topology generation when this round began */
};

/* Starts the walk. If it is running, adds one more round. */
void walk_start(struct engine *e, enum walk_id id);

bool walk_is_running(const struct engine *e, enum walk_id id);
bool walk_any_is_running(const struct engine *e);

/*
 * Visits the next slice of flows if the walk is running. @visit may change, free or add flows.
 * Returns true when a round has ended. *ret_generation is then the topology generation at the start
 * of that round: every flow has been compared with at least that generation.
 */
bool walk_step(struct engine *e, enum walk_id id,
	       void (*visit)(struct engine *e, struct flow *f, mono_t now), mono_t now,
	       uint32_t *ret_generation);
