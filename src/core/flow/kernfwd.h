/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernfwd - flows that the kernel's own flowtable forwards: displayed, but given no rules.
 *
 * They are in REFUSED with REASON_KERNEL_FLOWTABLE while conntrack shows the status bits of the
 * flowtable. An entry causes no event when it leaves the flowtable or comes back, so conntrack is
 * dumped from time to time while there are such flows. The dump also finds connections that may get
 * rules after all. No flow is evicted for them, but they are evicted for others.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;

/* The kernel's flowtable forwards the flow. */
bool kernfwd_is_one(const struct flow *f);
/* A conntrack dump begins: the next one is due a full interval later. */
void kernfwd_dump_begins(struct engine *e);
/* Requests a dump when it is due (wants_kernel_dump). */
void kernfwd_step(struct engine *e, mono_t now);
mono_t kernfwd_next_due(const struct engine *e);
