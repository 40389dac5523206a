/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftruleget - decodes the expressions of an nf_tables rule into steps of model/nftview.
 *
 * Does not use libnftnl, which refuses a whole rule if it does not know one expression.
 * Handles rules of iptables-nft, too (nftxtables): it decodes the conntrack and tcp
 * matches, other matches may or may not match, and targets are reported by name.
 */
#pragma once

#include "model/nftview.h"

struct nlattr;
struct nlmsghdr;

/*
 * Adds the rule of an NFT_MSG_NEWRULE to rs, which must have all tables, chains and sets
 * and be sorted (nftview_sort()). Sets is_wanted of sets whose elements matter. Skips rules
 * of tables and chains that are not in rs.
 */
void nftruleget_get_rule(const struct nlmsghdr *nlh, struct nftview *rs);

/* Decodes an NFTA_DATA_VERDICT: *ret_code is enum rule_verdict, *ret_chain the target chain in
 * this table or NFTVIEW_NONE. */
void nftruleget_get_verdict(const struct nlattr *attr, const struct nftview *rs, uint32_t table,
			 uint8_t *ret_code, uint32_t *ret_chain);

/* What an expression of this name does to each packet if it is attached to elements of a set;
 * RULESTMT__COUNT = nothing that matters. */
enum rulestmt nftruleget_elem_stmt(const struct nlattr *name);
/* The same for an object of this type (NFT_OBJECT_x). */
enum rulestmt nftruleget_object_stmt(uint32_t type);
