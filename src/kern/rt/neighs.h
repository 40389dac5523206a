/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighs - IPv4 and IPv6 neighbours, decoded by libnl-route into struct neigh.
 *
 * Proxy entries and the bridge's forwarding table, which come through the same
 * messages, are skipped.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;
struct nlsock;

/* Neighbours that are kept up for us have this protocol (NDA_PROTOCOL), a number that nobody
 * else uses (rt_protos of iproute2); "proto 110" in ip neigh. */
#define NEIGHS_PROTOCOL 110

typedef void (*neighs_fn)(const struct neigh *neigh, void *ctx);

/* Like links_dump(). */
MUST_CHECK int neighs_dump(neighs_fn fn, void *ctx);

/* Decodes RTM_NEWNEIGH and RTM_DELNEIGH; the latter is never valid. 0, -ENOMSG
 * (none of ours), -EBADMSG or -ENOMEM; ret is untouched then. */
MUST_CHECK int neighs_get(const struct nlmsghdr *nlh, struct neigh *ret);

/*
 * Has the kernel keep a neighbour up by asking for it in time, or do so no more. Asks the kernel
 * anew first, and touches nothing that is permanent or somebody else's: -EBUSY then. -ENOENT:
 * there is none any more; or another -errno. Changes no address and no state.
 */
MUST_CHECK int neighs_keep(struct nlsock *sock, const struct neigh *neigh, bool keep);
