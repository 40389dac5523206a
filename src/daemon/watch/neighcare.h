/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighcare - makes the kernel keep the neighbours that offloaded packets are sent to.
 *
 * Packets that a NIC forwards do not make the kernel verify a neighbour. Unless the CPU sends
 * packets to it, too, the kernel forgets the entry (neigh_periodic_work) or keeps a MAC
 * address that may be outdated (NUD_STALE). So next hops in use are marked as managed
 * (NTF_EXT_MANAGED): the kernel then verifies them by itself. A kernel before 5.16 does not
 * know this flag and treats the same request as a packet to the neighbour, so it is repeated
 * whenever the entry is stale.
 *
 * Entries that are permanent, or that someone else keeps or has learnt, are not touched. Our
 * entries carry our number as their protocol, so that they are found again after a crash.
 * They are released when no flow has used them for 20 seconds.
 *
 * Warns if there are so many neighbours that the kernel forgets some.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"

struct engine;
struct neighcare;

/* Checks the neighbours every two seconds. Returns 0 or -errno. */
MUST_CHECK int neighcare_new(struct loop *loop, const struct engine *engine, struct neighcare **ret);
/* With @release, kept neighbours are released; else they stay kept for the next start of the
 * daemon. */
void neighcare_free(struct neighcare *care, bool release);
