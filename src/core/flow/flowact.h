/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowact - the state machine of flows at work.
 *
 * Looks up the cell for a flow's state and an input, and does the action: moves the flow between
 * queues, sets its timer, keeps the counts of flows by state and reason. Decides nothing: what comes
 * next is in the table (flow.h), in the reason, or in the flow's goal. Makes the orders of a flow
 * from its state at the moment when a worker asks for one.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct path;

/* Feeds an input. The flow may be freed by it: with FLOW_IN_END, or with the answer that its rules
 * are out when its goal was to end. @reason is for inputs that refuse it, else REASON_NONE. */
void flowact_input(struct engine *e, struct flow *f, enum flow_input input, enum reason reason,
		   mono_t now);

/* Has conntrack asked about the flow (ORDER_REFRESH), which also brings the entry up to date. */
void flowact_ask_care(struct engine *e, struct flow *f);

void flowact_set_mark(struct engine *e, struct flow *f, enum flow_mark state);
/* Conntrack's entry has lost the flow's old mark. */
void flowact_mark_cleared(struct engine *e, struct flow *f, mono_t now);
/* The time to wait for a new mark is over: forgets the flow, or tries again to clear the old mark. */
void flowact_wait_no_more(struct engine *e, struct flow *f, mono_t now);

/* Whether the flow's connection was never seen in an event, so that its end may not be told. */
void flowact_set_silent(struct engine *e, struct flow *f, bool is_silent);

/* -- orders ---------------------------------------------------------------- */

/* False, without an order, when a fact that the rules need is missing by now. */
bool flowact_make_install(struct engine *e, struct flow *f, struct order *ret);
void flowact_make_remove(struct engine *e, struct flow *f, struct order *ret);
/* Whether rules for this path belong in the places of the rules that the flow has. */
bool flowact_is_in_place(const struct engine *e, const struct flow *f, const struct path *path);
/* False when flowact_is_in_place() no longer holds, or a fact changed since the path was found. */
bool flowact_make_move(struct engine *e, struct flow *f, struct order *ret);

/* -- the flow's path ------------------------------------------------------- */

/* The path of a flow that has one, from the facts as they are now. False when one is missing. */
bool flowact_path_of(const struct engine *e, const struct flow *f, struct path *ret);
/* A neighbour or link of the path changed after the path was found. */
bool flowact_hops_changed(const struct engine *e, const struct flow *f);
/* The same, or a route to one of the flow's ends changed: the path must be looked up again, and until
 * then no packet should go by the rules. */
bool flowact_path_is_stale(const struct engine *e, const struct flow *f);
/* Something changed after which the path must be looked up again; most likely it is the same. */
bool flowact_path_is_doubted(const struct engine *e, const struct flow *f);
/* @generation is newer than what the flow's path accounts for. */
bool flowact_is_newer(uint32_t generation, const struct flow *f);
/* The flow is on the CPU because of its path, and something changed that may lift the reason. */
bool flowact_may_be_lifted(const struct engine *e, const struct flow *f);
