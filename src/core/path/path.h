/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * path - finds the ports and next hops of a connection.
 *
 * Conntrack names no device. The device on which a direction arrives is the
 * one by which the other direction leaves. So the walk asks for the routes of
 * both directions, and accepts the answers only when they agree:
 *
 *   INGRESS  towards the originator, as from the router itself -> device A
 *   FORWARD  originator to responder, arriving on A            -> device B
 *   REVERSE  responder to originator, arriving on B            -> must be A;
 *   CONFIRM  else FORWARD again arriving there                 -> must be B
 *
 * FORWARD and REVERSE are the kernel's own forwarding look-ups, with source
 * validation and policy rules. They use the addresses that a packet has while
 * it is routed: destination after translation, source before it.
 *
 * What only a packet knows (its mark, TOS, flow label, hash) may make the kernel
 * route it otherwise. With admit = nft, packets note their ways (struct seen_way),
 * and a path is right only if the notes agree with the look-ups. If both directions
 * have notes, the devices of arrival are known, so FORWARD and REVERSE are enough. They
 * ask with the mark of the packets. If the answer is another way, they ask again with the
 * mark of the connection, because a rule behind routing may have marked the packets.
 *
 * INGRESS knows no VRF, so it cannot find devices in one. Notes name them, and flows that
 * have rules remember them.
 *
 * Reads the topology; otherwise pure. Used by the engine and by `why`.
 */
#pragma once

#include "core/path/topology.h"
#include "core/rules/slot.h"

struct path {
	struct hop hop[DIR__COUNT];	 /* device and MAC addresses of the next hop */
	uint32_t next_hop[DIR__COUNT];	 /* its neighbour slot in the topology */
	struct leg leg[DIR__COUNT]; /* from the egress device to the port; valid until the topology
				     * changes */
	struct recipe recipe[DIR__COUNT]; /* form of the rule that the driver accepts */
	uint16_t route_mtu[DIR__COUNT]; /* MTU metric of the route; 0 = none */
	uint8_t ttl[DIR__COUNT]; /* that the rule matches, if its recipe needs one; 0 = not known */
};

/* Begins the walk: q->ask is the first question. Packets are taken to have the mark of their
 * connection (@ct_mark, without our bits). */
void path_begin(struct path_query *q, const struct tuple *orig, const struct tuple *reply,
		uint32_t ct_mark, uint32_t generation);
/* After path_begin(): the packets of each direction have this mark. */
void path_use_marks(struct path_query *q, const uint32_t mark[DIR__COUNT]);
/* After path_begin(): the packets of each direction arrive by this device or VRF. */
void path_use_arrivals(struct path_query *q, const uint32_t iif[DIR__COUNT]);
/* The first step of the walk: without INGRESS if the devices of arrival are known. */
enum path_step path_first_step(const struct path_query *q);
/* Packets of both directions have noted their ways. */
bool path_has_notes(const struct path_query *q);
/* After path_begin(): takes what packets of both directions noted (q->seen) into account. */
void path_use_notes(struct path_query *q);

enum path_verdict {
	PATH_ASK,    /* q->ask is the next question */
	PATH_FOUND,  /* all answers have arrived and agree */
	PATH_NOWHERE /* *ret_reason says why */
};

/* If the devices of arrival are known, and q->ask is the first question, stores the second question in *ret and
 * returns true. It does not depend on the answer to the first, so the caller may ask both in one message. */
bool path_ask_ahead(const struct path_query *q, struct route_query *ret);
/* Takes the answer to that question. The caller then advances the walk with the answer to the first. */
void path_take_ahead(struct path_query *q, const struct route_answer *answer);

/* Evaluates the answer to q->ask, which the caller stored in q->answer[q->step].
 * Calling it again after a verdict other than PATH_ASK gives the same verdict. */
enum path_verdict path_advance(struct path_query *q, enum reason *ret_reason);

/* REASON_NONE, or why no connection of @family may be offloaded, whatever its path. */
enum reason path_check_family(const struct topology *tab, enum family family);

/*
 * Turns the answers of a walk that ended with PATH_FOUND into ports, MAC
 * addresses and recipes. Fills @ret and returns REASON_NONE, or returns why the
 * connection cannot be offloaded and leaves @ret untouched.
 */
enum reason path_resolve(const struct topology *tab, const struct settings *settings,
			 const struct path_query *q, struct path *ret);

/* The port by which packets of @dir leave. They arrive at that of the other direction. */
static inline const struct link_rec *path_port(const struct path *path, enum dir dir)
{
	return leg_port(&path->leg[dir]);
}

/* Which prio the rule of @dir is in. */
static inline enum slot_kind path_slot_kind(const struct path *path, enum dir dir)
{
	return slot_kind_of(path->recipe[dir].layout == RECIPE_PRIO, &path->leg[dir_other(dir)].tags);
}

/* Fills in the hop of @dir for packets of @family: out over @leg to @neigh, which is neighbour @slot. */
void path_set_hop(struct path *path, enum dir dir, enum family family, const struct leg *leg, uint32_t slot,
		  const struct neigh_rec *neigh, uint16_t route_mtu);

/* Fills @path->recipe for the ports in @path, or returns why the hardware does
 * not accept the rules of both directions. */
enum reason path_find_recipes(const struct topology *tab, const struct tuple *orig,
			      const struct tuple *reply, struct path *path);

/* What the rule of @dir needs of the NIC. */
struct nic_want path_want(const struct path *path, const struct tuple *orig,
			  const struct tuple *reply, enum dir dir);

/* True when packets of @dir can arrive that are too large for the way out. The rule must leave
 * them to the CPU: it neither fragments nor sends "packet too big". */
bool path_checks_size(const struct path *path, enum dir dir);

/* REASON_MTU when a rule must check the size of packets and the driver does not accept that. */
enum reason path_check_mtu(const struct path *path, const struct tuple *orig,
			   const struct tuple *reply);

/* REASON_EXACT_TTL when a rule must match a TTL that is not known. */
enum reason path_check_ttl(const struct path *path);

/* Egress device of @dir according to the answers so far; 0 = not known yet.
 * For reports to the administrator. */
uint32_t path_egress(const struct path_query *q, enum dir dir);
