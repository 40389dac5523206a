/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftrules - reads everybody's nft ruleset, in pieces.
 *
 * Tables, chains, sets, flowtables and rules of the families ip, ip6 and inet are
 * dumped, and then the elements of those sets in which something is looked up that
 * is known, or whose elements are verdicts. When somebody commits meanwhile, all
 * begins anew; after some attempts it is taken as it comes (is_torn). Only reads.
 *
 * One object, one socket, one thread.
 */
#pragma once

#include "base/compiler.h"
#include "model/nftview.h"
#include "nl/nlerr.h"

struct nftrules;
struct nlmsghdr;

/* 0, -EPROTONOSUPPORT where the kernel has no netfilter, another -errno. */
MUST_CHECK int nftrules_open(struct nftrules **ret);
/* NULL is fine. */
void nftrules_close(struct nftrules *r);

/*
 * Reads the next piece: a few datagrams of at most 32 KiB. 1 when there is more, 0 at
 * the end, or -errno with text: -EOPNOTSUPP without nf_tables, -EPERM without the
 * capability.
 */
MUST_CHECK int nftrules_read(struct nftrules *r, struct nlerr *ret_err);

/* What was read; whole after nftrules_read() said 0. Lives as long as r. */
struct nftview *nftrules_get(struct nftrules *r);

/* For tests: one message of a dump, into a ruleset; elements belong to that
 * set, or are left out when there is none of that number. */
void nftrules_feed(struct nftview *rs, uint32_t set, const struct nlmsghdr *nlh);
