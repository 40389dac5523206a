/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighcare - next hops that rules send to stay known to the kernel.
 *
 * The kernel forgets a neighbour, or goes on with an address that is not its any more, when
 * no packet of its own makes it ask (neigh_periodic_work, NUD_STALE), and what a NIC
 * forwards makes none. So those in use are given to the kernel to be kept (NTF_EXT_MANAGED): it asks
 * for them by itself, as it would with packets. A kernel that does not know how (before 5.16)
 * takes the same request for a packet, and gets it each time that the entry is stale.
 *
 * What is permanent, or kept or learnt for somebody else, is not touched. Those that are ours
 * carry our number as their protocol, so that they are found again after a crash. They are released
 * when nothing is sent there any more.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"

struct engine;
struct neighcare;

/* Looks every two seconds. 0 or -errno. */
MUST_CHECK int neighcare_new(struct loop *loop, const struct engine *engine, struct neighcare **ret);
/* With @release, those that are kept are released; else they stay for the next life. */
void neighcare_free(struct neighcare *care, bool release);
