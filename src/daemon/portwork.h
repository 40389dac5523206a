/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portwork - makes a port ready for rules and leaves it as it was.
 *
 * Ready means: a clsact qdisc (made only where there is none), no rule of an
 * earlier life, and the guards, which are an order of their own. Synchronous; on a worker's socket, or at
 * start and for cleaning up on one of one's own.
 *
 * Touches only rules with our cookie, and a clsact only if a guard of ours
 * says that we made it and nothing else hangs on it.
 */
#pragma once

#include "model/order.h"

struct nlsock;

/* clsact, and nothing of an earlier life. */
void portwork_open(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
/* The guards, each for itself; one that is there already is as good as a new one. */
void portwork_guard(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
void portwork_close(struct nlsock *sock, const struct order_port *order, struct event_port *ret);

/*
 * Removes what an earlier life left on a port. *ret_made_clsact says whether
 * that life had made the clsact, *ret_rules how many rules were removed. 0 or
 * -errno.
 */
int portwork_sweep(struct nlsock *sock, uint32_t ifindex, bool *ret_made_clsact,
		   unsigned int *ret_rules) MUST_CHECK;

/* Removes the clsact of a port if nothing is on it. 0, -EBUSY or -errno. */
int portwork_drop_clsact(struct nlsock *sock, uint32_t ifindex) MUST_CHECK;
