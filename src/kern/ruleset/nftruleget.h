/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftruleget - one rule of nf_tables, from its expressions to the steps of
 * model/nftview.
 *
 * Read as bytes and not by the library, which refuses the whole rule when it does
 * not know one expression. Rules of iptables-nft are there, too: the conntrack
 * and tcp matches are understood, other matches may match, and targets are shown
 * by name.
 */
#pragma once

#include "model/nftview.h"

struct nlattr;
struct nlmsghdr;

/*
 * Adds the rule of a message (NFT_MSG_NEWRULE) to the ruleset, in which tables,
 * chains and sets are already, sorted. Says of the sets whose elements matter
 * that they are wanted. Rules of tables and chains that are not in the ruleset are
 * left out.
 */
void nftruleget_get_rule(const struct nlmsghdr *nlh, struct nftview *rs);

/* Reads the verdict in a NFTA_DATA_VERDICT; of a chain in this table. */
void nftruleget_get_verdict(const struct nlattr *attr, const struct nftview *rs, uint32_t table,
			 uint8_t *ret_code, uint32_t *ret_chain);

/* What an expression of this name does to each packet when it is a part of a set's
 * elements; RULESTMT__COUNT: nothing that matters. */
enum rulestmt nftruleget_elem_stmt(const struct nlattr *name);
/* The same for a type of objects (NFT_OBJECT_x). */
enum rulestmt nftruleget_object_stmt(uint32_t type);
