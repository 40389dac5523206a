/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rule - one flower rule as a plain value.
 *
 * A rule sits in chain 0 of a port's clsact ingress. It is one of four kinds. A flow's
 * rule matches one direction of a connection, rewrites its packets and redirects them. A
 * guard leaves packets whose TTL would reach zero to the CPU. A barrier, before all flows
 * of a port, leaves every packet to the CPU. A probe finds out whether a driver accepts
 * such rules: it looks like a flow's rule and is removed at once.
 *
 * There is no list of actions: the order is always MTU check, rewrite, checksum, tags, redirect.
 * Every driver accepts all but the first in this order only. `form` says which parts of the
 * rule this driver wants spelt out. No tc constants appear here; kern/tc/flower translates.
 */
#pragma once

#include "model/link.h"
#include "model/vlan.h"

enum rule_kind {
	RULE_FLOW,
	RULE_GUARD, /* TTL or hop limit <= 1: leave to the CPU */
	RULE_PROBE, /* a flow that cannot occur; shows whether a driver accepts such rules */
	RULE_BARRIER, /* all packets of its family, or all with its outer tag: leave to the CPU while
		       * many rules are removed */
	RULE__COUNT,
};

/* Where the rule is executed. */
enum rule_place {
	RULE_SOFTWARE, /* skip_hw: the kernel's own classifier */
	RULE_HARDWARE, /* skip_sw: the NIC only */
};

enum rule_rewrite {
	RULE_SET_SRC = 1 << 0,
	RULE_SET_DST = 1 << 1,
	RULE_SET_SPORT = 1 << 2,
	RULE_SET_DPORT = 1 << 3,
	RULE_DEC_TTL = 1 << 4,
	RULE_SET_MACS = 1 << 5, /* source and destination, always together */
};

/* How the driver wants the rule to be written. */
enum rule_form {
	RULE_WITH_CSUM = 1 << 0,     /* add a csum action for the checksums that the rewrite
				      * changes */
	RULE_WITH_INDEV = 1 << 1,    /* also match the ingress port, by its name `indev` */
	RULE_ANY_ETHERTYPE = 1 << 2, /* the prio is for all ethertypes; the match still names one */
	RULE_EXACT_TTL = 1 << 3,     /* match `ttl` and set it to one less, instead of
				      * RULE_DEC_TTL */
	RULE_WITH_DMAC = 1 << 6,     /* also match the destination MAC address `dmac`. A port can
				      * receive frames that are for others: floods, mirrored
				      * ports, a promiscuous program. The kernel does not forward
				      * those (ip_rcv_core, PACKET_OTHERHOST). */
	RULE_WITH_MTU = 1 << 7,	     /* leave packets larger than `mtu` to the CPU, which fragments
				      * them or answers "packet too big" */
	/* No NIC can do these. A driver that accepts them does not check what it accepts.
	 * Only probes have them. */
	RULE_ODD_MATCH = 1 << 4,   /* match the kernel's own hash of the packet */
	RULE_ODD_REWRITE = 1 << 5, /* add to the IPv4 identification */
};

/*
 * Identity of a rule, which the kernel stores with the rule's last action. A dump shows
 * by it which rules are ours, and to which connection they belong. All members are in
 * host byte order; kern/tc/flower defines the bytes.
 */
struct rule_cookie {
	uint32_t instance; /* random number of the daemon's run; kept by the next run if that
			    * adopts the rules */
	uint32_t ct_id;	   /* conntrack id; 0 if not RULE_FLOW */
	uint8_t kind;	   /* enum rule_kind */
	uint8_t dir;	   /* enum dir; 0 if not RULE_FLOW */
	bool owns_clsact;  /* the rule's clsact was created by us */
};

struct rule {
	/* location */
	uint32_t ifindex;
	uint16_t prio;
	uint32_t handle; /* chosen by us, never 0 */
	uint8_t family;	 /* enum family; FAMILY_NONE for a barrier of tagged packets */
	uint8_t kind;	 /* enum rule_kind */
	uint8_t place;	 /* enum rule_place */
	uint8_t form;	 /* enum rule_form bits */
	uint8_t ttl;	 /* RULE_EXACT_TTL */
	char indev[LINK_NAME_SIZE]; /* RULE_WITH_INDEV: name of ifindex */
	struct mac dmac;	    /* RULE_WITH_DMAC: that of the device with the address */
	uint16_t mtu; /* RULE_WITH_MTU: bytes of the largest IP packet that is redirected */
	struct vlan_tags tags; /* of the packet as it arrives; no id counts in a barrier or guard */
	/* match (not if rule_only_accepts()): addresses, protocol and ports of the packet
	 * as it arrives; never a fragment; TCP with FIN, SYN and RST clear */
	struct tuple match;
	/* rewrite and redirect (not if rule_only_accepts()) */
	uint8_t rewrite; /* enum rule_rewrite bits */
	struct mac eth_src, eth_dst;
	struct tuple to; /* new addresses and ports; only those that `rewrite` names are read */
	struct vlan_tags out_tags; /* of the packet as it leaves, with priority 0 */
	uint32_t out_ifindex;
	struct rule_cookie cookie;
};

/* Returns true if the rule leaves packets to the CPU: no rewrite, no redirect, no addresses. */
static inline bool rule_only_accepts(const struct rule *r)
{
	return r->kind == RULE_GUARD || r->kind == RULE_BARRIER;
}

/* Identifies a rule, to delete it or to find it again. */
struct rule_where {
	uint32_t ifindex;
	uint16_t prio;
	uint32_t handle;
	uint8_t family; /* enum family of the prio; FAMILY_NONE: all ethertypes, or `vlan` */
	uint16_t vlan;	/* enum vlan_proto of the prio: it is for packets with this outer tag */
};

struct rule_stats {
	uint64_t pkts;
	uint64_t bytes;
};

static inline struct rule_where rule_where(const struct rule *r)
{
	uint16_t vlan = r->tags.tag[0].proto;

	return (struct rule_where){ r->ifindex, r->prio, r->handle,
				    vlan || r->form & RULE_ANY_ETHERTYPE ? FAMILY_NONE : r->family,
				    vlan };
}

/*
 * Returns the address bits (RULE_SET_SRC, RULE_SET_DST) that the kernel's act_nat
 * rewrites: those of IPv4 in software.
 *
 * pedit and act_csum leave a segmented packet with the checksum of its old addresses.
 * act_csum skips such a packet (tcf_csum_ipv4_tcp), and whatever later cuts it into
 * segments starts from the pseudo header sum in the packet (tcp_gso_segment, and NICs
 * that do it). act_nat corrects that sum (inet_proto_csum_replace4). For IPv6 there is no
 * such action. No driver accepts act_nat.
 */
unsigned int rule_nat_bits(const struct rule *r);

/* Checksums that a rewrite changes. */
enum rule_csum {
	RULE_CSUM_IP4 = 1 << 0, /* IPv4 header */
	RULE_CSUM_L4 = 1 << 1,	/* TCP or UDP */
};

/* Returns the checksums that the rule's rewrite changes (enum rule_csum). If there are
 * none, as in a rule that only routes IPv6, RULE_WITH_CSUM has no meaning. */
unsigned int rule_csums(const struct rule *r);

/* Returns true if packets and the driver see no difference. Not compared: the handle, and
 * the cookie's instance and owns_clsact. A rule of an earlier run is as good as a new
 * one. */
bool rule_is_equal(const struct rule *a, const struct rule *b);

/* Returns a hash of everything that rule_is_equal() compares: equal rules have equal hashes. */
uint64_t rule_digest(const struct rule *r, const uint64_t key[2]);

#define RULE_STR_SIZE 560

/* Writes the rule as one line to @buf, for `why`, logs and scenario tests, and returns
 * @buf. Device names are not known here, so interfaces appear as "if3". */
const char *rule_to_str(const struct rule *r, char buf[RULE_STR_SIZE]);
