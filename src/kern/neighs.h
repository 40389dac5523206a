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

typedef void (*neighs_fn)(const struct neigh *neigh, void *ctx);

/* Like links_dump(). */
MUST_CHECK int neighs_dump(neighs_fn fn, void *ctx);

/* Decodes RTM_NEWNEIGH and RTM_DELNEIGH; the latter is never valid. 0, -ENOMSG
 * (none of ours), -EBADMSG or -ENOMEM; ret is untouched then. */
MUST_CHECK int neighs_get(const struct nlmsghdr *nlh, struct neigh *ret);
