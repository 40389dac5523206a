/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftmsg - message type and header of nf_tables messages.
 */
#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "nl/nlput.h"

#define NFTMSG_TYPE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))

/* True if the message is of this type (NFT_MSG_x). */
static inline bool nftmsg_is(const struct nlmsghdr *nlh, uint16_t type)
{
	return nlh->nlmsg_type == NFTMSG_TYPE(type);
}

/* Begins a request with NFT_MSG_x, NLM_F_x and NFPROTO_x. */
static inline void nftmsg_begin(struct nlput *w, uint16_t type, uint16_t flags, uint8_t family)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	nlput_begin(w, NFTMSG_TYPE(type), flags);
	nlput_header(w, &header, sizeof(header));
}
