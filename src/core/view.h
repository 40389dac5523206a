/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view - read-only access to the engine's state, for commands and other parts of the daemon.
 */
#pragma once

#include "core/engine.h"
#include "core/flow/flow.h"
#include "core/path/path.h"

struct view_totals {
	uint32_t n_flows, max_flows;
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT]; /* flows in REFUSED, by reason */
	struct rule_stats forwarded[DIR__COUNT]; /* by rules, since the daemon started */
};

void view_totals(const struct engine *engine, struct view_totals *ret);

struct view_flow {
	enum flow_state state;
	enum reason reason;
	bool in_hw;
	uint32_t egress[DIR__COUNT]; /* ifindex; 0 = no path */
	uint32_t port[DIR__COUNT];   /* on which the direction arrives, with its rule; 0 = no path */
	struct rule_stats forwarded[DIR__COUNT]; /* by all rules that the flow has had */
};

/* Describes the flow of a connection. Returns false if the engine does not know it. @ct_id rules
 * out another connection with the same tuple. */
bool view_flow(const struct engine *engine, const struct tuple *orig, uint32_t ct_id,
	       struct view_flow *ret);

/* Gets the devices through which each direction of the flow leaves; 0 where none is known. Returns
 * false if there is no such flow. */
bool view_flow_devices(const struct engine *engine, struct slab_ref flow,
		       uint32_t ret[DIR__COUNT]);

/* Begins the walk that finds the path of the connection, as the engine does it: with the packet marks
 * for which its path was found, or with asks_seen. */
void view_begin_path(const struct engine *engine, const struct conn *conn, struct path_query *ret);

/* Builds the rules that the connection has or would get over @path, for the command `why`. */
void view_rules(const struct engine *engine, const struct conn *conn, const struct path *path,
		struct rule ret[DIR__COUNT]);

/* The epoch to pass to policy_conn(). */
uint32_t view_epoch(const struct engine *engine);

/* Links, neighbours and ports; valid until the next engine_feed(). */
const struct topology *view_paths(const struct engine *engine);

/* What the hardware can do; NULL without hardware offload. */
const struct nic *view_nic(const struct engine *engine);
/* The port's driver counts no packets; it only tells when a rule was last used. */
bool view_wants_ages(const struct engine *engine, uint32_t ifindex);
/* Every usable port and pair is ready: none is still being opened, guarded or probed. */
bool view_is_settled(const struct engine *engine);

/* Everything that changes of the nft ruleset require is done: the rules in the kernel agree with
 * the ruleset as far as the engine has been told. */
bool view_is_lawful(const struct engine *engine);
/* Rules of an earlier run are still being checked or removed. */
bool view_is_adopting(const struct engine *engine);

/* The kernel may hold rules of the flow with this original tuple. */
bool view_has_rules(const struct engine *engine, const struct tuple *orig);

/* A count that grows whenever rules are replaced in place. Counters that were read before it grew
 * may belong to a rule that no longer exists. */
uint32_t view_moves(const struct engine *engine);
