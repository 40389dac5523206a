/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftlayout - the nft table that admits connections: turns our settings into requests.
 * Encodes only; nfttable sends the requests.
 *
 *	table inet nft_offload {
 *		set protocols { tcp, udp }
 *		sets exempt_*
 *		maps ways_ip4, ways_ip6 { ct id . ct direction : iif . oif . mark . next hop }
 *		map ttls { ct id . ct direction : TTL }
 *		chain admit {
 *			counter
 *			(source, destination, ports, interfaces, mark) @exempt_* counter return
 *			ct mark & mask != half, ct direction reply return
 *			ct mark & mask == half, ct direction original return
 *			delete and add to @ways_ip4 and @ttls, jump set_mark
 *			delete and add to @ways_ip6 and @ttls, jump set_mark
 *		}
 *		chain set_mark {
 *			ct direction original ct mark set (ct mark & ~mask) | half return
 *			ct mark set (ct mark & ~mask) | epoch
 *			counter
 *		}
 *		chain postrouting {
 *			type filter hook postrouting priority srcnat - 1; policy accept
 *			ct mark & mask != epoch, established, assured, tcp or udp,
 *				packets >= min_packets, iif != 0: jump admit
 *		}
 *	}
 *
 * The "gates" are the rules of the base chains. They jump to the other chains, so without
 * them no packet reaches the rest of the table. Packets that the host itself sends have no
 * input device. In the postrouting hook, a packet has passed all filters of the forward
 * hook, it has its route, and its source is not translated yet.
 *
 * The maps hold, for each direction, the way of the packet that set a mark, and the TTL with which it
 * leaves, if the settings want that (kern/nft/nftways.h).
 * Packets that set none leave no note: a deleted element stays in its bucket until the kernel
 * collects it, and many with one key make each operation slow (nft_rhash_deactivate,
 * rhashtable). Where the map is full, the packet does not admit its connection.
 *
 * A connection has one mark, but a ruleset may drop one direction and pass the other.
 * So two packets admit a connection: one of the original direction sets the half mark,
 * then one of the reply direction sets the epoch. The half mark ("half" above) is the
 * epoch without the lowest bit of the mask.
 *
 * With flowtables (kern/nft/nftoffload.h) the table has two more chains and one more gate. Only
 * the forward hook can hand a connection to a flowtable (nft_flow_offload_validate).
 * That gate does not check the mark. Packets of a connection in the kernel's flowtable
 * do not reach it, and a connection that the kernel has dropped from the flowtable can
 * be handed over again with any packet.
 *
 * A packet of a connection that has the epoch costs one comparison. Only four rules
 * contain the epoch or the half mark, and none of them has a counter, so a change of the
 * epoch keeps the counters. Rules read the mark, change our bits and write it back. This
 * is not atomic: nft can only set a ct mark as a whole (nft_ct_set_eval).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nft/nftobj.h"
#include "kern/nft/nftoffload.h"
#include "model/exempt.h"

struct nftbatch;
struct nftnl_rule;

#define NFTLAYOUT_CHAIN	     "admit"
#define NFTLAYOUT_MARK_CHAIN  "set_mark" /* "mark" is a keyword of nft */
#define NFTLAYOUT_BASE_CHAIN  "postrouting"
#define NFTLAYOUT_FLOW_BASE_CHAIN "forward"

/* The daemon reads the notes of a connection when it learns of the mark. */
#define NFTLAYOUT_NOTES_TIMEOUT_MS 10000
#define NFTLAYOUT_WAYS_IP4 "ways_ip4"
#define NFTLAYOUT_WAYS_IP6 "ways_ip6"
#define NFTLAYOUT_TTLS	   "ttls"

/* Default priority of the base chain in the forward hook: after the filter chains. */
#define NFTLAYOUT_PRIORITY 10

struct nftlayout_config {
	uint32_t mask;        /* our bits of the ct mark; not 0 */
	uint32_t epoch;       /* subset of mask: its lowest bit and at least one other bit */
	int32_t priority;     /* of the base chain in the forward hook, which has the flow gate */
	/* Packets that a connection must have had, both directions together; 0 = no
	 * minimum. A rule that reads the packet count makes the kernel enable
	 * nf_conntrack_acct (nft_ct_get_init, nf_ct_set_acct). Connections created
	 * before that have no counters and are never admitted. */
	uint32_t min_packets;
	bool with_owner;      /* true = the kernel removes the table when our socket closes */
	bool with_ttl;	      /* true = packets note their TTL, too */
	struct exempt exempt;
	/* Connections for the kernel's flowtables; NULL or no device = none. Not
	 * copied: must live as long as these settings. */
	const struct nftoffload_config *flow;
};

/* All rules, in the order of the chains in the table and of the rules in each chain. */
enum nftlayout_rule {
	NFTLAYOUT_RULE_SEEN, /* chain "admit" from here on */
	NFTLAYOUT_RULE_IP4_SOURCE,
	NFTLAYOUT_RULE_IP4_DESTINATION,
	NFTLAYOUT_RULE_IP6_SOURCE,
	NFTLAYOUT_RULE_IP6_DESTINATION,
	NFTLAYOUT_RULE_SOURCE_PORT,
	NFTLAYOUT_RULE_DESTINATION_PORT,
	NFTLAYOUT_RULE_IN,
	NFTLAYOUT_RULE_OUT,
	NFTLAYOUT_RULE_MARK,
	NFTLAYOUT_RULE_EARLY, /* contains the half mark, like the next one */
	NFTLAYOUT_RULE_HALF,
	NFTLAYOUT_RULE_WAY_IP4,
	NFTLAYOUT_RULE_WAY_IP6,
	NFTLAYOUT_RULE_ORIGINAL, /* chain "set_mark" from here on; contains the half mark */
	NFTLAYOUT_RULE_ADMIT,	 /* contains the epoch */
	NFTLAYOUT_RULE_ADMITTED,
	NFTLAYOUT_RULE_FLOW_IP4_SOURCE, /* chain "hand_over" from here on: same exemptions */
	NFTLAYOUT_RULE_FLOW_IP4_DESTINATION,
	NFTLAYOUT_RULE_FLOW_IP6_SOURCE,
	NFTLAYOUT_RULE_FLOW_IP6_DESTINATION,
	NFTLAYOUT_RULE_FLOW_SOURCE_PORT,
	NFTLAYOUT_RULE_FLOW_DESTINATION_PORT,
	NFTLAYOUT_RULE_FLOW_IN,
	NFTLAYOUT_RULE_FLOW_OUT,
	NFTLAYOUT_RULE_FLOW_MARK,
	NFTLAYOUT_RULE_FLOW_PASSED, /* recreated with the flowtables, like the next two */
	NFTLAYOUT_RULE_FLOW_HARDWARE,
	NFTLAYOUT_RULE_FLOW_SOFTWARE,
	NFTLAYOUT_RULE_GATE, /* chain "postrouting"; contains the epoch */
	NFTLAYOUT_RULE_FLOW_GATE, /* chain "forward" */
	NFTLAYOUT_RULE__COUNT,
};

/* Hook and priority of the base chain that has this gate. */
struct nftobj_hook nftlayout_hook(const struct nftlayout_config *c, enum nftlayout_rule gate);

/* The bit of the mask that is set in every epoch and clear in every half mark. */
static inline uint32_t nftlayout_whole_bit(uint32_t mask)
{
	return mask & -mask;
}

/* 0, or -EINVAL if the settings are invalid or contradict each other. */
MUST_CHECK int nftlayout_check(const struct nftlayout_config *c);

/* Adds the creation of the table without its gates. The table must not exist. As in all
 * nftlayout_put functions, errors are recorded in t. */
void nftlayout_put_table(struct nftbatch *t, const struct nftlayout_config *c);
/*
 * Adds the gates, which need a transaction of their own, after that of the table. Lookups
 * find the elements of a set of port ranges only at the end of a commit, while rules take
 * effect at its beginning (nft_pipapo_commit, nf_tables_commit). A packet in between would
 * match no exemption, and its connection would stay admitted.
 */
void nftlayout_put_gates(struct nftbatch *t, const struct nftlayout_config *c);
/* Adds the replacement of one rule, which has this handle. */
void nftlayout_put_replace(struct nftbatch *t, const struct nftlayout_config *c,
			  enum nftlayout_rule rule, uint64_t handle);
/* Adds the flowtables and the rules that use them to a table that is otherwise complete. */
void nftlayout_put_flow(struct nftbatch *t, const struct nftlayout_config *c);
/* Adds the removal of the rule with this handle; rule selects the chain. */
void nftlayout_put_rule_delete(struct nftbatch *t, enum nftlayout_rule rule, uint64_t handle);
/* Adds the removal of the table with this handle, and of no other. */
void nftlayout_put_delete(struct nftbatch *t, uint64_t handle);

/* True if the table has this rule with these settings. */
bool nftlayout_has_rule(const struct nftlayout_config *c, enum nftlayout_rule rule);
/* Name of the rule's chain. */
const char *nftlayout_chain(enum nftlayout_rule rule);
/* The rule as the settings want it; owned by the caller. NULL if out of memory. */
struct nftnl_rule *nftlayout_new_rule(const struct nftlayout_config *c, enum nftlayout_rule rule);
