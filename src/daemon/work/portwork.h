/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portwork - prepares a port for rules, and restores it.
 *
 * A prepared port has a clsact qdisc (created only if there is none), no rule of an earlier
 * instance of the daemon, and the guards, which are a separate order. All functions are
 * synchronous. They use a worker's socket or, at start and for cleaning up, one of the
 * caller.
 *
 * Only rules with our cookie are touched. A clsact is removed only if we created it, which
 * the cookies of our rules record, and if nothing else is attached to it. A port may be
 * opened again while it has rules: those of the present instance stay.
 */
#pragma once

#include "model/order.h"

struct nlsock;

/* Creates the clsact if necessary and removes rules of earlier instances. */
void portwork_open(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
/* Installs each guard independently of the others. A guard that exists already counts as
 * installed, unless the order asks to renew it. */
void portwork_guard(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
void portwork_close(struct nlsock *sock, const struct order_port *order, struct event_port *ret);
/* Installs both rules of the barrier or, if one fails, none; or removes both. */
void portwork_barrier(struct nlsock *sock, const struct order_barrier *order,
		      struct event_barrier *ret);

/*
 * Removes all our rules from a port except those of instance *keep, which may be NULL.
 * *ret_made_clsact is true if the cookie of a removed or remaining rule says that the clsact
 * is ours; *ret_rules is the number of removed rules. Both are always set. Returns 0 or
 * -errno.
 */
int portwork_sweep(struct nlsock *sock, uint32_t ifindex, const uint32_t *keep,
		   bool *ret_made_clsact, unsigned int *ret_rules) MUST_CHECK;

/* Removes rules by their places; absent ones are fine. Adds the number of rules that existed
 * to *n_gone. Returns 0 or -errno. */
int portwork_remove(struct nlsock *sock, const struct rule_where where[], unsigned int n_rules,
		    unsigned int *n_gone) MUST_CHECK;
/* True if the rule in the place of @rule is ours and of the same kind. */
bool portwork_has(struct nlsock *sock, const struct rule *rule);

/* Removes the clsact of a port if nothing is attached to it. Returns 0, -EBUSY or -errno. */
int portwork_drop_clsact(struct nlsock *sock, uint32_t ifindex) MUST_CHECK;
