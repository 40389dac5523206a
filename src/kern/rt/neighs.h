/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * neighs - decodes IPv4 and IPv6 neighbours into struct neigh, with libnl-route,
 * dumps all of them, and has the kernel keep some reachable.
 *
 * Proxy entries and bridge forwarding entries, which use the same messages, are
 * skipped.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;
struct nlsock;

/* NDA_PROTOCOL of neighbours that the kernel keeps for us: a number that no other program uses
 * (rt_protos of iproute2). `ip neigh` shows it as "proto 110". */
#define NEIGHS_PROTOCOL 110

typedef void (*neighs_fn)(const struct neigh *neigh, void *ctx);

/* Like links_dump(). */
MUST_CHECK int neighs_dump(neighs_fn fn, void *ctx);

/* Decodes RTM_NEWNEIGH and RTM_DELNEIGH; a deleted neighbour is never valid. 0; or
 * -ENOMSG (another kind of message or entry), -EBADMSG or -ENOMEM, and ret is untouched. */
MUST_CHECK int neighs_get(const struct nlmsghdr *nlh, struct neigh *ret);

/*
 * Has the kernel keep a neighbour reachable by probing it in time (NTF_EXT_MANAGED), or, with
 * keep = false, stop that. Changes neither its address nor its state. Reads the entry first. 0;
 * -EBUSY when it is permanent or kept for another program, or is to be released and not kept for
 * us; -ENOENT when it does not exist any more; or another -errno.
 */
MUST_CHECK int neighs_keep(struct nlsock *sock, const struct neigh *neigh, bool keep);
