/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - what others have put on a device where our rules go around it: XDP
 * programs, filters on either side of clsact, queues that shape. The chains of nft
 * are in kern/ruleset/nftchains.
 *
 * All of it is asked for. Of XDP programs no message need tell (bpf_xdp_link_attach
 * sends none), and whoever subscribes to those of qdiscs and filters makes the
 * kernel write one, counters included, for each rule of ours (tfilter_notify).
 *
 * Sockets are on the route bus and have nothing in flight. Calls wait for the kernel;
 * 0 or -errno, ret is untouched then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;
struct nlsock;

/* -- XDP */

MUST_CHECK int hooks_ask_xdp(struct nlsock *sock, uint32_t ifindex, bool *ret_has_xdp);
/* Decodes RTM_NEWLINK: whether a program is there, of whichever mode. 0, -ENOMSG or
 * -EBADMSG. */
MUST_CHECK int hooks_get_xdp(const struct nlmsghdr *nlh, bool *ret_has_xdp);

/* -- filters */

enum hooks_side {
	HOOKS_INGRESS,
	HOOKS_EGRESS,
};

/*
 * Whether a filter that is not ours is in chain 0, the one where packets begin, of
 * this side of the device's clsact or ingress qdisc, or of the block that it shares
 * with others. An ingress qdisc has no egress, and answers for its ingress then
 * (ingress_tcf_block): not to be asked. Where there is no qdisc there is no filter.
 */
MUST_CHECK int hooks_ask_filters(struct nlsock *sock, uint32_t ifindex, enum hooks_side side,
				 bool *ret_has_foreign);
/*
 * Whether this message of a dump, terse or full, says that there is such a filter.
 * The prio of another classifier than flower is enough: a terse dump cannot show
 * what is in it, and breaks off there with -EMSGSIZE (tcf_fill_node).
 */
bool hooks_is_foreign_filter(const struct nlmsghdr *nlh);

/* -- qdiscs */

enum hooks_ingress {
	HOOKS_NOTHING,
	HOOKS_CLSACT,
	HOOKS_INGRESS_QDISC,
};

struct hooks_qdisc {
	uint32_t ifindex;
	enum hooks_ingress ingress; /* it is one of the ingress side; else of the egress */
	bool is_shaper; /* of the egress: packets that go around it are missed by somebody */
};

typedef void (*hooks_qdisc_fn)(const struct hooks_qdisc *qdisc, void *ctx);

/*
 * Calls fn for every qdisc of every device, those of one device one after the
 * other. A device that comes or goes meanwhile may hide another one (tc_dump_qdisc),
 * so that not to be shown means nothing. After a failure some may have been reported.
 */
MUST_CHECK int hooks_dump_qdiscs(struct nlsock *sock, hooks_qdisc_fn fn, void *ctx);
/* Decodes RTM_NEWQDISC. 0, -ENOMSG or -EBADMSG. */
MUST_CHECK int hooks_get_qdisc(const struct nlmsghdr *nlh, struct hooks_qdisc *ret);
