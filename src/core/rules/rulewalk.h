/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rulewalk - finds the nft statements that the packets of an offloaded connection skip.
 *
 * These are the statements that a packet of the connection may reach when the CPU forwards it. The
 * packet is one that could be offloaded: TCP or UDP, IPv4 or IPv6, of an established and assured
 * connection, not a fragment, without SYN, FIN or RST. If only connections with certain bits in
 * their ct mark are offloaded, these bits are known, too. Everything else about the packet is
 * unknown, and a match on something unknown may match. So a marked statement may be reached, and an
 * unmarked one is certainly not reached.
 *
 * Only filter chains of the prerouting, forward and postrouting hooks count. NAT chains see only
 * the first packet of a connection (nf_nat_inet_fn).
 */
#pragma once

#include "model/nftview.h"

/* Kinds of packets. Each needs a walk of its own. */
enum rulewalk_packet {
	RULEWALK_TCP4,
	RULEWALK_UDP4,
	RULEWALK_TCP6,
	RULEWALK_UDP6,
	RULEWALK__COUNT,
};

/*
 * Sets is_reached of the statements that a packet of this kind may reach. @ct_mark has the bits
 * that are known to be set in the connection's mark. The time is linear in the number of rules and
 * map elements, whatever jumps there are. Returns 0 or -ENOMEM.
 */
MUST_CHECK int rulewalk_mark(struct nftview *rs, enum rulewalk_packet packet, uint32_t ct_mark);

/* Counts the marked statements of each kind. */
void rulewalk_count(const struct nftview *rs, uint32_t ret[RULESTMT__COUNT]);

struct rulewalk_found {
	const struct nftview_table *table;
	const struct nftview_chain *chain;
	const struct nftview_rule *rule;
	const struct ruleop *op; /* a RULEOP_STMT */
};

/* Finds the next marked statement of a kind, in the order of chains and rules. Start with a cursor
 * of { 0 }. Returns false at the end. */
struct rulewalk_cursor {
	uint32_t chain, rule, op;
};
bool rulewalk_next(const struct nftview *rs, enum rulestmt what, struct rulewalk_cursor *at,
		   struct rulewalk_found *ret);
