/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftxtables - translates iptables matches and targets in nft rules (iptables-nft) into steps
 * of model/nftview, as far as possible.
 */
#pragma once

#include "model/nftview.h"

/* What a match compares: (source & mask) == value, or != if inverted. */
struct nftxtables_match {
	/* source: enum rulesrc; RULESRC_UNKNOWN = no such comparison. offset, len in bytes. */
	uint8_t source, offset, len;
	bool is_inverted;
	uint32_t mask, value; /* the first len bytes */
	bool is_maybe;        /* true = also has conditions that are not decoded */
	/* What it does with each packet: enum rulestmt, or RULESTMT__COUNT for nothing. */
	uint8_t what;
};

/* name, revision and info (len bytes) come from a "match" expression. info may be NULL. */
struct nftxtables_match nftxtables_get_match(const char *name, uint64_t revision, const void *info,
				   size_t len);

/* What a target of this name does; RULESTMT__COUNT if it only drops. */
enum rulestmt nftxtables_target(const char *name);
