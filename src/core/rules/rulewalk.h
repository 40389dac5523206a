/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rulewalk - which statements of a ruleset a packet of an established connection
 * reaches, when the CPU forwards it.
 *
 * The packet is one that could be offloaded: TCP or UDP, IPv4 or IPv6, its
 * connection established and assured, no fragment, no SYN, FIN or RST. All else
 * about it is unknown, and what is unknown may match. So what is not marked is
 * certainly not reached, and what is marked may be. Where only connections with
 * certain bits in their ct mark are offloaded, those bits are known, too.
 *
 * Only filter chains of the prerouting, forward and postrouting hooks count: NAT
 * chains see the first packet of a connection only (nf_nat_inet_fn).
 */
#pragma once

#include "model/nftview.h"

/* Kinds of packets; each is walked on its own. */
enum rulewalk_packet {
	RULEWALK_TCP4,
	RULEWALK_UDP4,
	RULEWALK_TCP6,
	RULEWALK_UDP6,
	RULEWALK__COUNT,
};

/*
 * Sets is_reached of the statements that a packet of this kind may reach; ct_mark are
 * bits that its connection has. The time grows with the rules and elements of maps,
 * whatever the jumps. 0 or -ENOMEM.
 */
MUST_CHECK int rulewalk_mark(struct nftview *rs, enum rulewalk_packet packet, uint32_t ct_mark);

/* How many statements of each kind are marked. */
void rulewalk_count(const struct nftview *rs, uint32_t ret[RULESTMT__COUNT]);

struct rulewalk_found {
	const struct nftview_table *table;
	const struct nftview_chain *chain;
	const struct nftview_rule *rule;
	const struct ruleop *op; /* a RULEOP_STMT */
};

/* The next statement of one kind that is marked, at or behind the cursor; begin with
 * { 0 }. False at the end. In the order of the chains. */
struct rulewalk_cursor {
	uint32_t chain, rule, op;
};
bool rulewalk_next(const struct nftview *rs, enum rulestmt what, struct rulewalk_cursor *at,
		   struct rulewalk_found *ret);
