/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leftover - store of the rules that an earlier run of the daemon left in the kernel.
 *
 * For each slot, keeps the ports and the digests of the flow's two rules until the flow is
 * confirmed or its rules are out. adopt.h reads the rules and decides about them.
 */
#pragma once

#include "core/flow/flow.h"

struct engine;
struct leftovers;

struct leftover {
	uint64_t digest[DIR__COUNT];
	uint32_t ifindex[DIR__COUNT]; /* port of the rule; 0 = no rule */
	uint8_t waits_for;	      /* enum reason: why the flow has no path yet */
};

/* Creates the store if there is none. 0 or -ENOMEM. */
int leftover_open(struct engine *e) MUST_CHECK;
void leftover_free(struct engine *e);
/* There is a store: some flow has leftover rules. */
bool leftover_is_any(const struct engine *e);

/* The record of a slot or a flow. There must be a store. */
struct leftover *leftover_at(const struct engine *e, uint32_t slot);
struct leftover *leftover_of(const struct engine *e, const struct flow *f);

/* A flow was added for leftover rules. */
void leftover_count(struct engine *e);
/* The flow's rules are confirmed: clears its record. The last flow frees the store. */
void leftover_forget(struct engine *e, struct flow *f);
/* The flow's rules are out: clears its record, if leftover_has(). */
void leftover_drop(struct engine *e, struct flow *f);

/* For a flow in FLOW_ADOPTED: conntrack has shown that it may be offloaded; only the path is
 * missing. */
bool leftover_is_recognised(const struct flow *f);
/* The flow has rules of an earlier run that are not confirmed. */
bool leftover_has(const struct engine *e, const struct flow *f);
/* For a flow with leftover_has(): the port of its rule of @dir. */
uint32_t leftover_ingress(const struct engine *e, const struct flow *f, enum dir dir);
