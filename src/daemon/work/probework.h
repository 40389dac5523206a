/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probework - finds out by trial which rules the driver of a port accepts.
 *
 * Rules for traffic that cannot occur are added one at a time with skip_sw. Each is removed
 * at once if it was accepted or if the result is unknown. A driver that accepts rules which
 * no NIC can execute does not check its rules, and is asked nothing else.
 *
 * A result must be a statement about the driver. An error that may pass (a reset, busy
 * firmware, a missing answer) ends the probe with that error and no classes, so that it can
 * be repeated.
 *
 * Synchronous, on a worker's socket.
 */
#pragma once

#include "model/order.h"
#include "nl/nlerr.h"

struct nlsock;

void probework_run(struct nlsock *sock, const struct order_probe *order, struct event_probe *ret);

/*
 * The same with another function to try a rule, for tests. It returns 0 if the rule was
 * accepted and removed again, else the kernel's error, with text in *ret_why.
 */
typedef int (*probework_try_fn)(void *ctx, const struct rule *rule, struct nlerr *ret_why);
void probework_run_with(const struct order_probe *order, probework_try_fn try, void *ctx,
			struct event_probe *ret);
