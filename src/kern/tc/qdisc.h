/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qdisc - adds, removes and reads the clsact qdisc of a port, which holds our rules.
 *
 * A port has at most one of clsact and ingress, both with handle ffff:, and our rules
 * can be on either. The kernel does not tell who added it, so the cookies of our
 * rules record whether we did.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"

struct nlsock;

enum qdisc_kind {
	QDISC_NONE, /* nothing at ffff: */
	QDISC_CLSACT,
	QDISC_INGRESS, /* the older one without an egress side; can hold our rules too */
	QDISC_OTHER,
};

struct qdisc_ingress {
	enum qdisc_kind kind;
	uint32_t ingress_block; /* shared block of the ingress side; 0 = not shared */
};

/* Request to add clsact. Meanwhile the device has no queue, and what is sent by it is lost: some
 * milliseconds, also when clsact is removed (qdisc_graft, dev_deactivate). The kernel answers
 * -EEXIST when there is a clsact or ingress qdisc. */
MUST_CHECK int qdisc_put_clsact(struct nlput *w, uint32_t ifindex);
/* Request to remove clsact with all filters on it. */
MUST_CHECK int qdisc_put_clsact_del(struct nlput *w, uint32_t ifindex);

/*
 * Reads what the port has at ffff:. Blocks until the kernel answers. sock must be a
 * NETLINK_ROUTE socket without requests in flight. 0 or -errno (-ENODEV: no such
 * port); ret_err may be NULL.
 */
MUST_CHECK int qdisc_find_ingress(struct nlsock *sock, uint32_t ifindex, struct qdisc_ingress *ret,
				  struct nlerr *ret_err);

/*
 * *ret_is_unused: true when the port has a clsact without filters on either side and
 * without shared blocks. Only then may it be removed. 0 or -errno.
 */
MUST_CHECK int qdisc_is_unused(struct nlsock *sock, uint32_t ifindex, bool *ret_is_unused);
