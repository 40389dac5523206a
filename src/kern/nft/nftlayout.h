/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftlayout - the nft table that admits connections, from our settings to requests.
 * Only bytes; nfttable sends them.
 *
 *	table inet nft_offload {
 *		set protocols { tcp, udp }
 *		sets exempt_*
 *		chain admit {
 *			counter
 *			(source, destination, ports, interfaces, mark) @exempt_* counter return
 *			ct direction original ct mark set (ct mark & ~mask) | half return
 *			ct mark & mask != half return
 *			ct mark set (ct mark & ~mask) | epoch
 *			counter
 *		}
 *		chain forward {
 *			type filter hook forward priority filter + 10; policy accept
 *			ct mark & mask != epoch, established, assured, tcp or udp, packets: jump admit
 *		}
 *	}
 *
 * A connection has one mark, and a ruleset may stop one direction and not the other: so
 * it is admitted by two packets, one of the original direction and after that one of
 * replies. Half of an epoch is the epoch without the lowest bit of the mask.
 *
 * With flowtables (kern/nft/nftoffload.h) it has one more chain for them, and one more rule
 * in the chain "forward", which does not ask for the mark: what the kernel's
 * flowtable has does not come here, and what has lost its place there may come back
 * at any packet.
 *
 * A packet of a connection that has the epoch costs one comparison. Only four
 * rules know the epoch, and none of them counts, so that the counters outlive it.
 * The mark is read and written by the same packet, but not in one step: nobody
 * can change some bits of a ct mark only (nft_ct_set_eval).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nft/nftoffload.h"
#include "model/exempt.h"

struct nftbatch;
struct nftnl_rule;

#define NFTLAYOUT_CHAIN	     "admit"
#define NFTLAYOUT_BASE_CHAIN  "forward"

/* The default priority of the base chain: behind the filters. */
#define NFTLAYOUT_PRIORITY 10

struct nftlayout_config {
	uint32_t mask;        /* our field of the ct mark; not 0 */
	uint32_t epoch;       /* its value, in place: inside of mask, with its lowest bit and another */
	int32_t priority;     /* of the base chain in the forward hook */
	/* Packets that a connection must have had, both directions together; 0 = any.
	 * The kernel switches nf_conntrack_acct on where a rule asks for packets
	 * (nft_ct_get_init, nf_ct_set_acct), and connections from before that have
	 * no counters and stay where they are. */
	uint32_t min_packets;
	bool with_owner;      /* the table belongs to our socket and dies with it */
	struct exempt exempt;
	/* What goes to the kernel's own flowtable; NULL or no device = nothing. Not
	 * copied: it must stay as long as the settings. */
	const struct nftoffload_config *flow;
};

/* The rules, in the order in which they stand in their chains, and the chains in the
 * table. */
enum nftlayout_rule {
	NFTLAYOUT_RULE_SEEN, /* those of the chain "admit" */
	NFTLAYOUT_RULE_IP4_SOURCE,
	NFTLAYOUT_RULE_IP4_DESTINATION,
	NFTLAYOUT_RULE_IP6_SOURCE,
	NFTLAYOUT_RULE_IP6_DESTINATION,
	NFTLAYOUT_RULE_SOURCE_PORT,
	NFTLAYOUT_RULE_DESTINATION_PORT,
	NFTLAYOUT_RULE_IN,
	NFTLAYOUT_RULE_OUT,
	NFTLAYOUT_RULE_MARK,
	NFTLAYOUT_RULE_ORIGINAL, /* knows the epoch, like the next two */
	NFTLAYOUT_RULE_WAITING,
	NFTLAYOUT_RULE_ADMIT,
	NFTLAYOUT_RULE_ADMITTED,
	NFTLAYOUT_RULE_FLOW_IP4_SOURCE, /* those of the chain "hand_over": the same exemptions */
	NFTLAYOUT_RULE_FLOW_IP4_DESTINATION,
	NFTLAYOUT_RULE_FLOW_IP6_SOURCE,
	NFTLAYOUT_RULE_FLOW_IP6_DESTINATION,
	NFTLAYOUT_RULE_FLOW_SOURCE_PORT,
	NFTLAYOUT_RULE_FLOW_DESTINATION_PORT,
	NFTLAYOUT_RULE_FLOW_IN,
	NFTLAYOUT_RULE_FLOW_OUT,
	NFTLAYOUT_RULE_FLOW_MARK,
	NFTLAYOUT_RULE_FLOW_PASSED, /* goes and comes with the flowtables, as the next two */
	NFTLAYOUT_RULE_FLOW_HARDWARE,
	NFTLAYOUT_RULE_FLOW_SOFTWARE,
	NFTLAYOUT_RULE_GATE, /* those of the chain "forward"; knows the epoch */
	NFTLAYOUT_RULE_FLOW_GATE,
	NFTLAYOUT_RULE__COUNT,
};

/* The bit of a mask that tells a whole epoch from half of one. */
static inline uint32_t nftlayout_whole_bit(uint32_t mask)
{
	return mask & -mask;
}

/* 0, or -EINVAL when the settings contradict each other. */
MUST_CHECK int nftlayout_check(const struct nftlayout_config *c);

/* Adds what makes the table, which must not be there, but the gates: without them
 * no packet meets the rest. Failures are the transaction's. */
void nftlayout_put_table(struct nftbatch *t, const struct nftlayout_config *c);
/*
 * Adds the gates, in a transaction of their own: ranges of ports are in a set whose
 * elements are found only when a commit is at its end, while its rules hold from its
 * beginning (nft_pipapo_commit, nf_tables_commit). A packet between would be exempt
 * of nothing, and its connection admitted for good.
 */
void nftlayout_put_gates(struct nftbatch *t, const struct nftlayout_config *c);
/* Adds the replacement of one rule; handle is its number in the kernel. */
void nftlayout_put_replace(struct nftbatch *t, const struct nftlayout_config *c,
			  enum nftlayout_rule rule, uint64_t handle);
/* Adds the flowtables and the rules that use them, to a table that is as it should be
 * but for them. */
void nftlayout_put_flow(struct nftbatch *t, const struct nftlayout_config *c);
/* Adds the removal of a rule of the chain. */
void nftlayout_put_rule_delete(struct nftbatch *t, enum nftlayout_rule rule, uint64_t handle);
/* Adds the removal of the table with this number, and of no other. */
void nftlayout_put_delete(struct nftbatch *t, uint64_t handle);

/* Whether the table has this rule with such settings. */
bool nftlayout_has_rule(const struct nftlayout_config *c, enum nftlayout_rule rule);
/* Which chain a rule stands in. */
const char *nftlayout_chain(enum nftlayout_rule rule);
/* A rule as it should be; owned by the caller. NULL without memory. */
struct nftnl_rule *nftlayout_new_rule(const struct nftlayout_config *c, enum nftlayout_rule rule);
