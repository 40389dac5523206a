/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probework - finds out which rules the driver of a port takes, by trying.
 *
 * Rules of traffic that cannot occur are added one at a time, skip_sw, and taken
 * out again at once, accepted or in doubt. A driver that takes what no NIC can
 * do does not look at what it takes: such a one is asked nothing else.
 *
 * An answer is about the driver or it is no answer: what may be otherwise a
 * moment later (a reset, a firmware that is busy, an answer that never came) ends
 * the probe with that error and no classes at all, so that it can be repeated.
 *
 * Synchronous, on a worker's socket.
 */
#pragma once

#include "model/order.h"
#include "nl/nlerr.h"

struct nlsock;

void probework_run(struct nlsock *sock, const struct order_probe *order, struct event_probe *ret);

/*
 * The same with another way to try a rule: 0 = taken, and out again; else what
 * the kernel said (*ret_why, with text). For tests.
 */
typedef int (*probework_try_fn)(void *ctx, const struct rule *rule, struct nlerr *ret_why);
void probework_run_with(const struct order_probe *order, probework_try_fn try, void *ctx,
			struct event_probe *ret);
