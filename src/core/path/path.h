/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path - which way a connection crosses the router.
 *
 * conntrack names no device. The device on which a direction arrives is the
 * one by which the other direction leaves, so the walk asks the kernel's
 * routing for both directions and believes it only when they agree:
 *
 *   INGRESS  towards the originator, as from the router itself -> device A
 *   FORWARD  originator to responder, arriving on A            -> device B
 *   REVERSE  responder to originator, arriving on B            -> must be A;
 *   CONFIRM  else FORWARD again arriving there                 -> must be B
 *
 * FORWARD and REVERSE are the kernel's own forwarding look-ups (source
 * validation, policy rules and all) with the addresses a packet has while it
 * is routed: destination after, source before translation.
 *
 * Pure but for reading topology. Used by the engine and by `why`.
 */
#pragma once

#include "core/path/topology.h"

struct path {
	struct hop hop[DIR__COUNT];	 /* how the packets of a direction leave */
	uint32_t next_hop[DIR__COUNT];	 /* neighbour slot of that hop */
	const struct link_rec *port[DIR__COUNT]; /* by which they leave; valid while the
						  * tables do not change */
	struct recipe recipe[DIR__COUNT]; /* how their rules are to be worded */
};

/* Begins the walk; q->ask is the first question. */
void path_begin(struct path_query *q, const struct tuple *orig, const struct tuple *reply,
		uint32_t mark, uint32_t generation);

enum path_verdict {
	PATH_ASK,    /* q->ask is the next question */
	PATH_FOUND,  /* all answers are there and agree */
	PATH_NOWHERE /* *ret_reason says why */
};

/* Takes in the answer to the question that was asked. Repeating it after a
 * verdict other than PATH_ASK gives the same verdict. */
enum path_verdict path_advance(struct path_query *q, enum reason *ret_reason);

/* Why nothing of this family may be offloaded now, whichever way it goes. */
enum reason path_check_family(const struct topology *tab, enum family family);

/*
 * From a walk that ended with PATH_FOUND to devices and MAC addresses.
 * REASON_NONE and @ret filled, or why it cannot be offloaded.
 */
enum reason path_resolve(const struct topology *tab, const struct settings *settings,
			 const struct path_query *q, struct path *ret);

/* Fills @path->recipe for the ports that are in it, or says why the hardware
 * does not take the rules of both directions. */
enum reason path_find_recipes(const struct topology *tab, const struct tuple *orig,
			      const struct tuple *reply, struct path *path);

/* Device by which the packets of @dir leave, by the answers so far; 0 = not
 * known yet. For people who ask why. */
uint32_t path_egress(const struct path_query *q, enum dir dir);
