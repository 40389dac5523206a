/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revoke - takes flows out of offload when a change of the nft ruleset may no longer let them pass.
 *
 * A flow's mark proves that the ruleset let the connection pass when the mark was set. After a
 * change that may concern the flow, its rules are removed, and the flow is offloaded again only
 * with a mark that is newer than the change:
 *
 * - With our own nft table (ADMIT_NFT), setting the epoch to 0 revokes the admission of all flows
 *   at once. Afterwards only marks with the next epoch count. No older mark or report can have that
 *   epoch.
 * - If a change concerns only some flows, or if marks have no epoch (ADMIT_MARK), the caller clears
 *   the marks of all connections that the change can concern. Until that is done and all older
 *   reports have been fed (EVENT_RULESET_SETTLED), the change is pending: no mark of a flow that it
 *   can concern counts.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"
#include "model/setelem.h"

struct engine;
struct event;

/* Limit of changed elements that are pending. If there are more, the whole ruleset counts as
 * changed. */
#define PENDING_MAX 256

/* Changes of the ruleset that are pending. Their numbers are those of EVENT_RULESET. */
struct pending_changes {
	uint32_t settled;    /* number of the last change that is settled */
	uint32_t everything; /* number of the last change that may concern every flow; 0 = none */
	unsigned int n; /* elements that came or went, in some[] */
	struct {
		uint32_t change; /* number of the change */
		struct setelem elem;
	} some[PENDING_MAX];
};

/* Processes EVENT_EPOCH, EVENT_RULESET and EVENT_RULESET_SETTLED. */
void revoke_event(struct engine *e, const struct event *ev);
/* Forgets changes that are settled. */
void revoke_step(struct engine *e);

/* Revokes the flow's mark if it may be older than a pending change that can concern the flow.
 * Returns true if the mark does not count now. */
bool revoke_if_older(struct engine *e, struct flow *f, mono_t now);
/* For WALK_EPOCH, and for WALK_CHANGE. */
void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now);
void revoke_visit_change(struct engine *e, struct flow *f, mono_t now);

/* Some flows have not been checked since the last change. */
bool revoke_is_walking(const struct engine *e);
/* All work that changes require is done: the rules in the kernel agree with the ruleset. */
bool revoke_is_done(const struct engine *e);
