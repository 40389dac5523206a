/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qdisc - the hook that our rules hang on: clsact of a port.
 *
 * A port has at most one of clsact and ingress, both with handle ffff:, and our
 * rules can live on either. Whose it is cannot be seen in the kernel; who made
 * it must remember (the cookies of our rules do).
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
	QDISC_INGRESS, /* the older form without egress side; good for our rules too */
	QDISC_OTHER,
};

struct qdisc_ingress {
	enum qdisc_kind kind;
	uint32_t ingress_block; /* shared block of the ingress side; 0 = its own */
};

/* Makes clsact; -EEXIST from the kernel when there is one (or an ingress qdisc). */
MUST_CHECK int qdisc_put_clsact(struct nlput *w, uint32_t ifindex);
/* Removes clsact with every rule on it. */
MUST_CHECK int qdisc_put_clsact_del(struct nlput *w, uint32_t ifindex);

/*
 * What this port has at ffff:. Asks the kernel and waits; the socket is on the
 * route bus and has nothing in flight. 0 or -errno (-ENODEV: no such port);
 * ret_err may be NULL.
 */
MUST_CHECK int qdisc_find_ingress(struct nlsock *sock, uint32_t ifindex, struct qdisc_ingress *ret,
				  struct nlerr *ret_err);

/*
 * Whether nothing hangs on this port's clsact: no filter on either side and no
 * shared block. Only then may it be removed. False when there is no clsact.
 * 0 or -errno.
 */
MUST_CHECK int qdisc_is_unused(struct nlsock *sock, uint32_t ifindex, bool *ret_is_unused);
