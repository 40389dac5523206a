/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftmsg - what all messages of nf_tables have in common.
 */
#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "nl/nlput.h"

#define NFTMSG_TYPE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))

/* Type is one of NFT_MSG_x. */
static inline bool nftmsg_is(const struct nlmsghdr *nlh, uint16_t type)
{
	return nlh->nlmsg_type == NFTMSG_TYPE(type);
}

/* Begins a request: flags are NLM_F_x, family is one of NFPROTO_x. */
static inline void nftmsg_begin(struct nlput *w, uint16_t type, uint16_t flags, uint8_t family)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	nlput_begin(w, NFTMSG_TYPE(type), flags);
	nlput_header(w, &header, sizeof(header));
}
