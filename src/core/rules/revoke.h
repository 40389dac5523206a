/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revoke - what a change of the nft ruleset takes back.
 *
 * Every flow was let through by the ruleset as it was when the flow's mark was set. When that may have
 * changed, the flow's rules go, and the flow comes back with a mark that is newer than the change:
 *
 * - With our own nft table, setting the epoch to 0 takes all flows back at once. After that a mark
 *   counts again when it has the next epoch. No mark and no report from before can have that.
 * - Where a change concerns only some flows, or where marks have no epoch (ADMIT_MARK), conntrack's
 *   mark is cleared flow by flow. The event that this causes is a fence: what is read after it is
 *   newer. Connections that no flow was known for are suspect, too, until every event queued before
 *   the change has been processed, and a dump has shown the connections that no event reported.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"
#include "model/setelem.h"

struct engine;
struct event;
struct event_refresh;

/* Elements that are remembered until they are settled. More of them count as a change of everything. */
#define SUSPECTS_MAX 256
/* Connections without a flow whose mark has to be cleared, at a time. */
#define STRAYS_MAX 1024

/* Changes of the ruleset after which marks that were set before may be wrong. */
struct suspects {
	bool is_settled;     /* every event queued before the last change has been processed */
	bool is_dumping;     /* a dump is under way that began after the last change */
	bool is_dumped;	     /* such a dump has been read to its end */
	uint32_t change;     /* number of the last change; the first is 1 */
	uint32_t everything; /* number of the last change that may concern every flow; 0 = none */
	unsigned int n;
	struct {
		uint32_t change;
		struct setelem elem;
	} some[SUSPECTS_MAX];
	unsigned int n_strays, n_strays_asked; /* to be cleared; orders out for them */
	struct {
		struct tuple orig;
		uint32_t ct_id;
	} stray[STRAYS_MAX];
};

/* EVENT_EPOCH, EVENT_RULESET and EVENT_RULESET_SETTLED. */
void revoke_event(struct engine *e, const struct event *ev);
/* A conntrack dump begins, ends or is given up. */
void revoke_dump(struct engine *e, enum event_type type);
/* Forgets changes that are settled. */
void revoke_step(struct engine *e);

/* -- flows ----------------------------------------------------------------- */

/* Clears the flow's mark if a change may have made it wrong. Returns true when the mark does not
 * count, now or until it has been set anew. */
bool revoke_if_suspect(struct engine *e, struct flow *f, mono_t now);
/* A report of the connection came: does the flow's mark count again? */
void revoke_report(struct engine *e, struct flow *f, const struct event *ev);
/* For walks after a change of the epoch, of an element or of a rule. */
void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now);
void revoke_visit_suspect(struct engine *e, struct flow *f, mono_t now);
/* With ADMIT_MARK: the mark has some of the bits that admit, and rules may add the rest. */
bool revoke_is_part(const struct engine *e, uint32_t mark);

/* -- connections without a flow -------------------------------------------- */

bool revoke_doubts_newcomer(const struct engine *e, const struct conn *c);
/* Has the mark of a connection cleared for which the flow table has no room. */
void revoke_add_stray(struct engine *e, const struct conn *c);
bool revoke_next_stray(struct engine *e, struct order *ret);
void revoke_stray_done(struct engine *e, const struct event_refresh *done);

/* -- questions ------------------------------------------------------------- */

/* Some flows have not been visited since the last change. */
bool revoke_is_walking(const struct engine *e);
bool revoke_wants_dump(const struct engine *e);
/* All that changes asked for is done: what is in the kernel is right by the present ruleset. */
bool revoke_is_done(const struct engine *e);
