/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowact - performs the actions of the flow state machine, and builds the orders of a flow.
 *
 * Looks up the cell for a flow's state and an input, and performs its action: moves the flow
 * between queues, sets its timer, and keeps the counts of flows by state and reason. What happens
 * next follows from the table (flow.h), the reason and the flow's goal. Orders are built from the
 * flow's current state when a worker asks for one.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct path;

/* Feeds an input. This frees the flow if this or an earlier input was FLOW_IN_END and the kernel
 * has no rule of the flow. @reason says why the input takes the flow out of offload, if it does;
 * else it is REASON_NONE. */
void flowact_input(struct engine *e, struct flow *f, enum flow_input input, enum reason reason,
		   mono_t now);

/* Requests an ORDER_REFRESH, which reads the flow's conntrack entry, and corrects its timeout if
 * necessary. */
void flowact_ask_care(struct engine *e, struct flow *f);

/* Sets is_revoked. */
void flowact_set_revoked(struct engine *e, struct flow *f, bool is_revoked);
/* No new mark arrived in time: drops the flow, if it can come back with a mark. */
void flowact_wait_no_more(struct engine *e, struct flow *f, mono_t now);

/* Sets is_silent: the connection was never seen in an event, so its end may cause none. */
void flowact_set_silent(struct engine *e, struct flow *f, bool is_silent);

/* -- orders ---------------------------------------------------------------- */

/* Returns false, without an order, if a link, neighbour or recipe that the rules need is
 * missing. */
bool flowact_make_install(struct engine *e, struct flow *f, struct order *ret);
void flowact_make_remove(struct engine *e, struct flow *f, struct order *ret);
/* Rules for this path have the same places (rule_where()) as those that the flow has. */
bool flowact_is_in_place(const struct engine *e, const struct flow *f, const struct path *path);
/* Returns false if flowact_is_in_place() no longer holds, or the path is out of date. */
bool flowact_make_move(struct engine *e, struct flow *f, struct order *ret);

/* Puts the flow into FLOW_Q_ASK if it has a question, unless it waits in a queue for a worker. */
void flowact_requeue_ask(struct engine *e, struct flow *f);
/* Clears the flow's mark, so that its next packets note their ways and mark it again. Sets has_asked_way,
 * until rules have forwarded packets, the NIC is full, routes change, or the pause after a failure is over. */
void flowact_ask_way(struct engine *e, struct flow *f);
/* The same, after a pause. Sets the timer for the next time. */
void flowact_ask_way_again(struct engine *e, struct flow *f, mono_t now);
/* Sets has_asked_way, so that notes of its packets from before now do not count. The flow must have no path. */
void flowact_distrust_notes(struct flow *f, mono_t now);

/* -- the flow's path ------------------------------------------------------- */

/* Builds the path of a flow that has one, from current links, neighbours and recipes. Returns false
 * if one is missing. */
bool flowact_path_of(const struct engine *e, const struct flow *f, struct path *ret);
/* A rule of the flow checks the size of packets. Those that do not fit the way out go to the CPU. */
bool flowact_checks_size(const struct engine *e, const struct flow *f);
/* A neighbour or link of the path has changed since the path was found. */
bool flowact_hops_changed(const struct engine *e, const struct flow *f);
/* The same, or a route to one of the flow's ends has changed: the path must be looked up again, and
 * until then the rules should carry no packet. */
bool flowact_path_is_stale(const struct engine *e, const struct flow *f);
/* A route to one of the flow's ends has changed since the path was found. */
bool flowact_has_new_routes(const struct engine *e, const struct flow *f);
/* The path must be looked up again after a change elsewhere, but is probably still right. */
bool flowact_path_is_doubted(const struct engine *e, const struct flow *f);
/* @generation is newer than the one up to which the flow's path is right. */
bool flowact_is_newer(uint32_t generation, const struct flow *f);
/* The flow is on the CPU because of its path, and a change may have lifted the reason. */
bool flowact_may_be_lifted(const struct engine *e, const struct flow *f);
