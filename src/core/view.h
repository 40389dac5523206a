/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view - read-only looks into the engine, for the commands that show.
 */
#pragma once

#include "core/engine.h"
#include "core/flow/flow.h"
#include "core/path/path.h"

struct view_totals {
	uint32_t n_flows, max_flows;
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT]; /* of flows that are on the CPU */
	struct rule_stats forwarded[DIR__COUNT]; /* by rules, since the start */
};

void view_totals(const struct engine *engine, struct view_totals *ret);

struct view_flow {
	enum flow_state state;
	enum reason reason;
	bool in_hw;
	uint32_t egress[DIR__COUNT]; /* ifindex; 0 = no path */
	struct rule_stats forwarded[DIR__COUNT]; /* by rules, over all re-installs */
};

/* The flow of a connection; false when the engine does not know it. @ct_id
 * tells it from one that had the same tuple before. */
bool view_flow(const struct engine *engine, const struct tuple *orig, uint32_t ct_id,
	       struct view_flow *ret);

/* Devices on which the flow has rules, by the direction that leaves there; 0 where
 * none is known. False when there is no such flow. */
bool view_flow_devices(const struct engine *engine, struct slab_ref flow,
		       uint32_t ret[DIR__COUNT]);

/* Rules that the flow has, or would get over @path. For `why`. */
void view_rules(const struct engine *engine, const struct conn *conn, const struct path *path,
		struct rule ret[DIR__COUNT]);

/* What policy_conn() is to be asked with. */
uint32_t view_epoch(const struct engine *engine);

/* Links, neighbours and ports, valid until the next engine_feed. */
const struct topology *view_paths(const struct engine *engine);

/* What the hardware can do; NULL unless rules go there. */
const struct nic *view_nic(const struct engine *engine);
/* Its driver counts nothing, and only tells when a rule was used last. */
bool view_wants_ages(const struct engine *engine, uint32_t ifindex);
/* Every port and pair that can be used can be used now. */
bool view_is_settled(const struct engine *engine);

/* What is in the kernel is right by the nft ruleset as it was told: nothing that a change
 * of it asks for is still to be done. */
bool view_is_lawful(const struct engine *engine);
/* Rules of an earlier life are still being checked, or on their way out. */
bool view_is_adopting(const struct engine *engine);

/* The kernel may hold rules of the flow with this original tuple. */
bool view_has_rules(const struct engine *engine, const struct tuple *orig);

/* Grows when rules were replaced by others in their places: what was read of rules before may
 * be of one that is no more. */
uint32_t view_moves(const struct engine *engine);
