/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portwork - makes a port ready for rules and leaves it as it was.
 *
 * Ready means: a clsact qdisc (made only where there is none), no rule of an
 * earlier life, and the guards, which are an order of their own. Synchronous; on
 * a worker's socket, or at start and for cleaning up on one of one's own.
 *
 * Touches only rules with our cookie, and a clsact only if a rule of ours says
 * that we made it and nothing else hangs on it. A port may be opened anew while
 * rules are on it: those of this life stay.
 */
#pragma once

#include "model/order.h"

struct nlsock;

/* clsact, and nothing of an earlier life. */
void portwork_open(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
/* The guards, each for itself; one that is there already is as good as a new one,
 * unless they shall be renewed. */
void portwork_guard(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
void portwork_close(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
/* Both rules of the barrier, or none. */
void portwork_barrier(struct nlsock *sock, const struct order_barrier *order,
		      struct event_barrier *ret);

/*
 * Removes all rules of ours from a port, but those of the instance *keep, which
 * may be NULL. *ret_made_clsact says whether one of them, or of those that stay,
 * knew that the clsact is ours, *ret_rules how many were removed. 0 or -errno; both
 * are set in any case.
 */
int portwork_sweep(struct nlsock *sock, uint32_t ifindex, const uint32_t *keep,
		   bool *ret_made_clsact, unsigned int *ret_rules) MUST_CHECK;

/* Removes rules by their places; absent ones are fine. *n_gone grows by those that were
 * there. 0 or -errno. */
int portwork_remove(struct nlsock *sock, const struct rule_where where[], unsigned int n_rules,
		    unsigned int *n_gone) MUST_CHECK;
/* Whether what sits in the place of this rule is ours and of its kind. */
bool portwork_has(struct nlsock *sock, const struct rule *rule);

/* Removes the clsact of a port if nothing is on it. 0, -EBUSY or -errno. */
int portwork_drop_clsact(struct nlsock *sock, uint32_t ifindex) MUST_CHECK;
