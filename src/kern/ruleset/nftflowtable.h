/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtables - looks at a flowtable of the user's ruleset: its devices, and whether it
 * is in hardware. Reads only; ours are nfttable's.
 *
 * Nobody tells when a device leaves a flowtable because it goes (nft_flowtable_event),
 * and all else comes with a commit (nftwatch). So it is to be looked at after commits
 * and after changes of links.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/flowtable.h"
#include "nl/nlerr.h"

struct nftflowtable;
struct nlmsghdr;

/* 0, -EPROTONOSUPPORT where the kernel has no netfilter, another -errno. */
MUST_CHECK int nftflowtable_open(struct nftflowtable **ret);
/* NULL is fine. */
void nftflowtable_close(struct nftflowtable *f);

/* Asks, and waits for the answer, which is at once. 0, also when there is no such
 * flowtable, table or nf_tables (is_there); or -errno with text, and ret untouched. */
MUST_CHECK int nftflowtable_look(struct nftflowtable *f, const struct flowtable_ref *ref,
			       struct flowtable *ret, struct nlerr *ret_err);

/* Decodes one answer. 0, -ENOMSG (no flowtable) or -EBADMSG; ret is untouched then. */
MUST_CHECK int nftflowtable_get(const struct nlmsghdr *nlh, struct flowtable *ret);

/* "ip", "ip6", "inet"; 0 = none of them. */
uint8_t nftflowtable_family(const char *text);
/* "?" out of range. */
const char *nftflowtable_family_name(uint8_t family);
