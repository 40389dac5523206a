/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leftover - rules that an earlier life of the daemon left in the kernel.
 *
 * Remembers, for the flow in each slot, where its two rules sit and a digest of each, until the flow
 * is confirmed or its rules are out. Who reads and judges them: adopt.h.
 */
#pragma once

#include "core/flow/flow.h"

struct engine;
struct leftovers;

struct leftover {
	uint64_t digest[DIR__COUNT];
	uint32_t ifindex[DIR__COUNT]; /* of the port that the rule sits on; 0 = there is none */
	uint8_t waits_for;	      /* enum reason: why the flow has no path yet */
};

/* Makes the store, if there is none. 0 or -ENOMEM. */
int leftover_open(struct engine *e) MUST_CHECK;
void leftover_free(struct engine *e);
bool leftover_is_any(const struct engine *e);

/* That of a slot. There must be a store. */
struct leftover *leftover_at(const struct engine *e, uint32_t slot);
struct leftover *leftover_of(const struct engine *e, const struct flow *f);

/* A flow was made for the rules at its slot. */
void leftover_count(struct engine *e);
/* The rules have been confirmed: the flow is like any other now. The store goes with the last flow. */
void leftover_forget(struct engine *e, struct flow *f);
/* The flow's rules are out. Does nothing unless leftover_has(). */
void leftover_drop(struct engine *e, struct flow *f);

/* Conntrack has shown the connection, and it may be offloaded; only its path is still to be found. */
bool leftover_is_recognised(const struct flow *f);
/* The rules that the flow has are of an earlier life, and nobody has confirmed them. */
bool leftover_has(const struct engine *e, const struct flow *f);
/* The port that the rule of @dir sits on, of a flow with leftover_has(). */
uint32_t leftover_ingress(const struct engine *e, const struct flow *f, enum dir dir);
