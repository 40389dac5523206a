/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernfwd - connections that the kernel's own flowtable forwards: shown, never programmed.
 *
 * They are flows in REFUSED with REASON_KERNEL_FLOWTABLE for as long as conntrack shows the bits of
 * the flowtable. Leaving the flowtable and coming back to it make no event of their own, so conntrack
 * is dumped now and then while there are such flows. That also finds a connection that may be
 * programmed after all. No other flow is evicted for them; they are evicted for others.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;

bool kernfwd_is_one(const struct flow *f);
void kernfwd_dump_begins(struct engine *e);
/* Asks for a dump when it is time. */
void kernfwd_step(struct engine *e, mono_t now);
mono_t kernfwd_next_due(const struct engine *e);
