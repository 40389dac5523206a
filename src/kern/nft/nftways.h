/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftways - reads the ways of a connection: by which devices and to which next hop the packet of each
 * direction went that set the mark of the connection, or the half of it. Also reads the TTL with which
 * that packet left.
 *
 * A route look-up can only repeat what it is told. The mark, TOS and flow label of a packet, and
 * the hash by which a multipath route chooses, are known to the packet alone. So packets leave
 * a note in a map of our table (kern/nft/nftlayout.h).
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;
struct nlput;

/* Adds a request for the way of one direction. The kernel answers -ENOENT if none was noted, or if
 * it has expired. */
MUST_CHECK int nftways_put_get(struct nlput *w, enum family family, uint32_t ct_id, enum dir dir);

/* The same for the TTL. */
MUST_CHECK int nftways_put_get_ttl(struct nlput *w, uint32_t ct_id, enum dir dir);

/* Reads an answer to a request for a TTL. 0, -ENOMSG for another kind of message, or -EBADMSG. */
MUST_CHECK int nftways_get_ttl(const struct nlmsghdr *nlh, uint8_t *ret);

/* Reads an answer to a request for the way of @family. Sets ret->ttl to 0. 0, -ENOMSG for another kind of
 * message, or -EBADMSG. */
MUST_CHECK int nftways_get(const struct nlmsghdr *nlh, enum family family, struct seen_way *ret);
