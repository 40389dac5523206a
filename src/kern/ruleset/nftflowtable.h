/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftflowtable - reads a flowtable of the administrator's ruleset: its devices and flags.
 * nfttable handles our own flowtables.
 *
 * The kernel sends no nf_tables message when a device that is removed leaves its flowtable
 * (nft_flowtable_event), but it removes the device from the flowtable before it reports that the
 * link is gone (unregister_netdevice_many). All other changes come with a commit. So there are two
 * sockets that show when to read the flowtable again.
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

/* Number of descriptors that show that a flowtable may have changed. */
#define NFTFLOWTABLE_WATCHES 2

/* A descriptor that becomes readable after a commit (0) or a change of a link (1). */
int nftflowtable_watch_fd(const struct nftflowtable *f, unsigned int which);
/* Reads what is queued there. Call it before nftflowtable_look(). */
void nftflowtable_watch_read(struct nftflowtable *f, unsigned int which);

/* NFPROTO_x of "ip", "ip6" or "inet"; 0 for any other text. */
uint8_t nftflowtable_family(const char *text);
/* The reverse; "?" for any other family. */
const char *nftflowtable_family_name(uint8_t family);
