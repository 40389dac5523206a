/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - finds what others have put on a device and our rules would bypass: XDP
 * programs, filters on either side of clsact, qdiscs that shape. For nft chains see
 * kern/ruleset/nftchains.
 *
 * The caller must poll. An XDP program can be attached without an event
 * (bpf_xdp_link_attach sends none). Events of qdiscs and filters exist, but for a
 * subscriber the kernel builds a message, counters included, for each rule of ours
 * (tfilter_notify).
 *
 * sock must be a NETLINK_ROUTE socket without requests in flight. Calls block until
 * the kernel answers. They return 0, or -errno and leave ret untouched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;
struct nlsock;

/* -- XDP */

MUST_CHECK int hooks_ask_xdp(struct nlsock *sock, uint32_t ifindex, bool *ret_has_xdp);
/* Decodes RTM_NEWLINK: whether the device has an XDP program of any mode. 0, -ENOMSG
 * or -EBADMSG. */
MUST_CHECK int hooks_get_xdp(const struct nlmsghdr *nlh, bool *ret_has_xdp);

/* -- filters */

enum hooks_side {
	HOOKS_INGRESS,
	HOOKS_EGRESS,
};

/*
 * Whether this side of the device's clsact or ingress qdisc, or the block that it
 * shares with others, has a filter in chain 0 that is not ours. Packets begin in
 * chain 0. A device without such a qdisc has no filter. Must not be called for the
 * egress side of an ingress qdisc: it has none, and the kernel would answer for the
 * ingress (ingress_tcf_block).
 */
MUST_CHECK int hooks_ask_filters(struct nlsock *sock, uint32_t ifindex, enum hooks_side side,
				 bool *ret_has_foreign);
/*
 * Whether this message of a terse or full dump shows such a filter. A prio of another
 * classifier than flower counts as one: a terse dump cannot show its filters, and
 * stops there with -EMSGSIZE (tcf_fill_node).
 */
bool hooks_is_foreign_filter(const struct nlmsghdr *nlh);

/* -- qdiscs */

enum hooks_ingress {
	HOOKS_NOTHING, /* neither of the two */
	HOOKS_CLSACT,
	HOOKS_INGRESS_QDISC,
};

struct hooks_qdisc {
	uint32_t ifindex;
	enum hooks_ingress ingress; /* HOOKS_NOTHING: a qdisc of the egress side */
	bool is_shaper; /* an egress qdisc that packets must not bypass */
};

typedef void (*hooks_qdisc_fn)(const struct hooks_qdisc *qdisc, void *ctx);

/*
 * Calls fn for every qdisc of every device; those of one device follow each other. A
 * device that comes or goes meanwhile may hide another one (tc_dump_qdisc), so a
 * device that is not shown may still have qdiscs. After a failure some may have been
 * reported.
 */
MUST_CHECK int hooks_dump_qdiscs(struct nlsock *sock, hooks_qdisc_fn fn, void *ctx);
/* Decodes RTM_NEWQDISC. 0, -ENOMSG or -EBADMSG. */
MUST_CHECK int hooks_get_qdisc(const struct nlmsghdr *nlh, struct hooks_qdisc *ret);
