/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule - one flower rule as a plain value.
 *
 * A rule sits on the clsact ingress of a port, chain 0. It either carries a
 * flow (match one direction of a connection, rewrite, redirect), guards a
 * port (packets whose TTL would reach zero belong to the CPU), is a barrier before
 * all flows of a port (every packet belongs to the CPU), or asks a driver
 * what it can do (it looks like a flow's, and is removed at once). There is no
 * list of actions: the order is always rewrite, checksum, redirect, which is
 * the one order that every driver takes; `form` says what of it this driver
 * wants spelt out. No constant of tc appears here; kern/tc/flower translates.
 */
#pragma once

#include "model/link.h"

enum rule_kind {
	RULE_FLOW,
	RULE_GUARD, /* TTL or hop limit <= 1: leave to the CPU */
	RULE_PROBE, /* a flow that cannot occur, to learn whether a driver takes its like */
	RULE_BARRIER, /* all packets of its family: leave to the CPU, while many rules go */
	RULE__COUNT,
};

/* Who executes the rule. */
enum rule_place {
	RULE_SOFTWARE, /* skip_hw: the kernel's own classifier */
	RULE_HARDWARE, /* skip_sw: the NIC or nobody */
};

enum rule_rewrite {
	RULE_SET_SRC = 1 << 0,
	RULE_SET_DST = 1 << 1,
	RULE_SET_SPORT = 1 << 2,
	RULE_SET_DPORT = 1 << 3,
	RULE_DEC_TTL = 1 << 4,
	RULE_SET_MACS = 1 << 5, /* both, always together */
};

/* How drivers want the same thing said. */
enum rule_form {
	RULE_WITH_CSUM = 1 << 0,     /* name the checksums that the rewrite touches */
	RULE_WITH_INDEV = 1 << 1,    /* match the port of arrival too, by its name `indev` */
	RULE_ANY_ETHERTYPE = 1 << 2, /* the prio is for all ethertypes; the match has it anyway */
	RULE_EXACT_TTL = 1 << 3,     /* match `ttl` and set it to one less, in place of RULE_DEC_TTL */
	/* What no NIC can do. A driver that takes such a rule does not look at
	 * what it takes. Probes only. */
	RULE_ODD_MATCH = 1 << 4,   /* match the kernel's own hash of the packet */
	RULE_ODD_REWRITE = 1 << 5, /* add to the IPv4 identification */
};

/*
 * Identity that the kernel keeps for us on the last action of each rule. It
 * is how a dump shows which rules are ours, and which connection they belong
 * to. All members are host byte order; kern/tc/flower fixes the bytes.
 */
struct rule_cookie {
	uint32_t instance; /* of the daemon that made it, random per start */
	uint32_t ct_id;	   /* conntrack id; 0 for guards and probes */
	uint8_t kind;	   /* enum rule_kind */
	uint8_t dir;	   /* enum dir; 0 for guards and probes */
	bool owns_clsact;  /* the clsact below was made by us */
};

struct rule {
	/* where */
	uint32_t ifindex;
	uint16_t prio;
	uint32_t handle; /* chosen by us, never 0 */
	uint8_t family;	 /* enum family: the ethertype that the prio belongs to */
	uint8_t kind;	 /* enum rule_kind */
	uint8_t place;	 /* enum rule_place */
	uint8_t form;	 /* enum rule_form bits */
	uint8_t ttl;	 /* RULE_EXACT_TTL */
	char indev[LINK_NAME_SIZE]; /* RULE_WITH_INDEV: name of ifindex */
	/* match (not rule_only_accepts()): addresses, protocol and ports of the packet as it
	 * arrives; never a fragment; TCP with FIN, SYN and RST clear */
	struct tuple match;
	/* rewrite and redirect (not rule_only_accepts()) */
	uint8_t rewrite; /* enum rule_rewrite bits */
	struct mac eth_src, eth_dst;
	struct tuple to; /* new addresses and ports; read only as `rewrite` says */
	uint32_t out_ifindex;
	struct rule_cookie cookie;
};

/* It hands packets to the CPU: no rewrite, no redirect, no addresses. */
static inline bool rule_only_accepts(const struct rule *r)
{
	return r->kind == RULE_GUARD || r->kind == RULE_BARRIER;
}

/* Enough to delete a rule or find it again. */
struct rule_where {
	uint32_t ifindex;
	uint16_t prio;
	uint32_t handle;
	uint8_t family; /* enum family of the prio; FAMILY_NONE: all ethertypes */
};

struct rule_stats {
	uint64_t pkts;
	uint64_t bytes;
};

static inline struct rule_where rule_where(const struct rule *r)
{
	return (struct rule_where){ r->ifindex, r->prio, r->handle,
				    r->form & RULE_ANY_ETHERTYPE ? FAMILY_NONE : r->family };
}

/*
 * The addresses (RULE_SET_SRC, RULE_SET_DST) that the kernel's act_nat rewrites:
 * those of IPv4 in software. pedit and act_csum leave a segmented packet with
 * the checksum of its old addresses: act_csum passes it by (tcf_csum_ipv4_tcp),
 * and who cuts it into segments starts from the sum of the pseudo header that is
 * in the packet (tcp_gso_segment, and NICs that do it). act_nat corrects that sum
 * (inet_proto_csum_replace4). For IPv6 there is no such action; no driver takes
 * act_nat.
 */
unsigned int rule_nat_bits(const struct rule *r);

/* Checksums that are wrong after a rewrite, unless somebody mends them. */
enum rule_csum {
	RULE_CSUM_IP4 = 1 << 0, /* of the IPv4 header */
	RULE_CSUM_L4 = 1 << 1,	/* of TCP or UDP */
};

/* Those that RULE_WITH_CSUM names (enum rule_csum). For a rule without any, such
 * as one that routes IPv6, the bit has no meaning. */
unsigned int rule_csums(const struct rule *r);

/* Equal in everything that the packet and the driver can feel; the cookie's
 * instance may differ (a rule of a previous life is as good as a new one). */
bool rule_is_equal(const struct rule *a, const struct rule *b);

/* A hash of all that rule_is_equal() compares: equal rules have equal ones. */
uint64_t rule_digest(const struct rule *r, const uint64_t key[2]);

#define RULE_STR_SIZE 448

/* One line for `why`, logs and scenario tests. Port names are not known here,
 * so interfaces appear as "if3". Returns @buf. */
const char *rule_to_str(const struct rule *r, char buf[RULE_STR_SIZE]);
