/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftflowtable - reads a flowtable of the administrator's ruleset: its devices and flags.
 * nfttable handles our own flowtables.
 *
 * The kernel sends no event when a device that is removed leaves its flowtable
 * (nft_flowtable_event). All other changes come with a commit (nftwatch). So the caller
 * reads the flowtable again after commits and after changes of links.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/flowtable.h"
#include "nl/nlerr.h"

struct nftflowtable;
struct nlmsghdr;

/* 0, -EPROTONOSUPPORT if the kernel has no netfilter, or another -errno. */
MUST_CHECK int nftflowtable_open(struct nftflowtable **ret);
/* NULL is fine. */
void nftflowtable_close(struct nftflowtable *f);

/* Asks the kernel and waits for the answer, which it sends at once. 0, also if there is no
 * such flowtable or table or no nf_tables (is_there is false then); or -errno with text,
 * and *ret is untouched. */
MUST_CHECK int nftflowtable_look(struct nftflowtable *f, const struct flowtable_ref *ref,
			       struct flowtable *ret, struct nlerr *ret_err);

/* Decodes NFT_MSG_NEWFLOWTABLE. 0; or -ENOMSG for another message type or -EBADMSG, and
 * *ret is untouched. */
MUST_CHECK int nftflowtable_get(const struct nlmsghdr *nlh, struct flowtable *ret);

/* NFPROTO_x of "ip", "ip6" or "inet"; 0 for any other text. */
uint8_t nftflowtable_family(const char *text);
/* The reverse; "?" for any other family. */
const char *nftflowtable_family_name(uint8_t family);
