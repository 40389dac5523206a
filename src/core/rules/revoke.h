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
 * - If a change concerns only some flows, or if marks have no epoch (ADMIT_MARK), the ct mark is
 *   cleared flow by flow. The event that clearing causes is a fence: reports that are read after it
 *   are newer. Connections without a flow may have an old mark, too. They are suspect until every
 *   event queued before the change has been processed, and a dump that began after the change has
 *   shown the connections that no event reported.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"
#include "model/setelem.h"

struct engine;
struct event;
struct event_refresh;

/* Limit of changed elements that are remembered until they are settled. If there are more, the
 * whole ruleset counts as changed. */
#define SUSPECTS_MAX 256
/* Limit of strays: connections without a flow whose mark must be cleared. */
#define STRAYS_MAX 1024

/* Changes of the ruleset that are not settled: older marks that they concern do not count. */
struct suspects {
	bool is_settled;     /* every event queued before the last change has been processed */
	bool is_dumping;     /* a dump that began after the last change is under way */
	bool is_dumped;	     /* such a dump has been read completely */
	uint32_t change;     /* number of the last change; the first is 1 */
	uint32_t everything; /* number of the last change that may concern every flow; 0 = none */
	unsigned int n; /* elements that came or went, in some[] */
	struct {
		uint32_t change; /* number of the change */
		struct setelem elem;
	} some[SUSPECTS_MAX];
	unsigned int n_strays, n_strays_asked; /* marks to be cleared; orders under way */
	struct {
		struct tuple orig;
		uint32_t ct_id;
	} stray[STRAYS_MAX];
};

/* Processes EVENT_EPOCH, EVENT_RULESET and EVENT_RULESET_SETTLED. */
void revoke_event(struct engine *e, const struct event *ev);
/* A conntrack dump begins, is complete or is aborted (EVENT_RESYNC_*). */
void revoke_dump(struct engine *e, enum event_type type);
/* Forgets changes that are settled. */
void revoke_step(struct engine *e);

/* -- flows ----------------------------------------------------------------- */

/* Has the flow's mark cleared if it may be older than a change that concerns it. Returns true if
 * the mark does not count until it has been set again. */
bool revoke_if_suspect(struct engine *e, struct flow *f, mono_t now);
/* A report of the connection came: if it is a fence, the flow's mark counts again. */
void revoke_report(struct engine *e, struct flow *f, const struct event *ev);
/* For WALK_EPOCH, and for WALK_SUSPECT after a change of elements or rules. */
void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now);
void revoke_visit_suspect(struct engine *e, struct flow *f, mono_t now);
/* With ADMIT_MARK: the mark has some, but not all of our bits. Rules may add the rest later. */
bool revoke_is_part(const struct engine *e, uint32_t mark);

/* -- connections without a flow -------------------------------------------- */

/* The connection has a mark that may be older than a change that concerns it. */
bool revoke_doubts_newcomer(const struct engine *e, const struct conn *c);
/* Has the mark of a connection cleared that finds no room in the flow table. */
void revoke_add_stray(struct engine *e, const struct conn *c);
bool revoke_next_stray(struct engine *e, struct order *ret);
void revoke_stray_done(struct engine *e, const struct event_refresh *done);

/* -- questions ------------------------------------------------------------- */

/* Some flows have not been checked since the last change. */
bool revoke_is_walking(const struct engine *e);
bool revoke_wants_dump(const struct engine *e);
/* All work that changes require is done: the rules in the kernel agree with the ruleset. */
bool revoke_is_done(const struct engine *e);
