/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftxtables - matches and targets of iptables in nft rules (iptables-nft): what of
 * them can be said in steps of model/nftview.
 */
#pragma once

#include "model/nftview.h"

/* What a match looks at: (source & mask) = value, or not. */
struct nftxtables_match {
	/* RULESRC_UNKNOWN: at nothing of the kind. */
	uint8_t source, offset, len;
	bool is_inverted;
	uint32_t mask, value; /* the first len bytes */
	bool is_maybe;        /* and at more, of which nothing is known */
	/* What it does with each packet, or __COUNT. */
	uint8_t what;
};

/* name, revision and info are those of a "match" expression. */
struct nftxtables_match nftxtables_get_match(const char *name, uint64_t revision, const void *info,
				   size_t len);

/* What a target of this name does; __COUNT when it only drops. */
enum rulestmt nftxtables_target(const char *name);
