/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftrules - reads the nft ruleset of all users into a struct nftview, in pieces.
 *
 * Dumps tables, chains, sets, flowtables and rules of the families ip, ip6 and inet, then the
 * elements of sets that matter: maps to verdicts, and sets in which a rule looks up a value
 * that is known at least in part. A commit during the read restarts it. The last attempt
 * accepts the ruleset in spite of commits, and sets is_torn.
 *
 * An object belongs to one thread.
 */
#pragma once

#include "base/compiler.h"
#include "model/nftview.h"
#include "nl/nlerr.h"

struct nftrules;
struct nlmsghdr;

/* 0, -EPROTONOSUPPORT if the kernel has no netfilter, or another -errno. */
MUST_CHECK int nftrules_open(struct nftrules **ret);
/* NULL is fine. */
void nftrules_close(struct nftrules *r);

/*
 * Reads the next piece, a few datagrams of at most 32 KiB, without waiting. Returns 1 while
 * there is more, 0 at the end, or -errno with text: -EOPNOTSUPP without nf_tables, -EPERM
 * without CAP_NET_ADMIN.
 */
MUST_CHECK int nftrules_read(struct nftrules *r, struct nlerr *ret_err);

/* The ruleset; complete once nftrules_read() has returned 0. Valid as long as r. */
struct nftview *nftrules_get(struct nftrules *r);

/* For tests: adds one message of a dump to a ruleset. set is the index of the set that elements
 * belong to; elements are skipped if there is no such set. */
void nftrules_feed(struct nftview *rs, uint32_t set, const struct nlmsghdr *nlh);
