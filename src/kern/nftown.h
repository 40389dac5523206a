/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftown - our nft table in the kernel: made, moved to another epoch, looked at,
 * removed. Each change is one transaction, so packets meet the table whole or not
 * at all, and a refusal changes nothing.
 *
 * A table of our name without our comment is somebody else's, and is never
 * touched; neither is anything outside of the table. Nothing about the table is
 * remembered: each call looks at the kernel first, and names what it changes by
 * numbers that no other object gets, or by the generation of the ruleset.
 *
 * One object, one socket, one thread. All calls wait for the kernel, which is
 * short unless another transaction is long.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nftadmit.h"
#include "nl/nlerr.h"

struct nftown;

enum nftown_found {
	NFTOWN_ABSENT,  /* no table of our name */
	NFTOWN_FOREIGN, /* one that is not ours */
	NFTOWN_OURS,    /* ours, perhaps of an earlier life */
};

struct nftown_state {
	enum nftown_found found;
	uint64_t handle;      /* of the table */
	uint32_t owner;       /* port of the socket that it dies with; 0 = none */
	/* Flags, chains and rules are as the settings want them, but perhaps for
	 * the epoch. What is in the exempt sets is not looked at: who adds an
	 * element by hand has it until the table is made anew. */
	bool is_whole;
	uint32_t epoch;       /* what all rules that know one say; 0 = they do not agree */
	uint64_t seen_pkts;   /* packets of connections that were not admitted yet */
	uint64_t admitted_pkts; /* those that were given the epoch */
};

/* 0, -EPROTONOSUPPORT where the kernel has no netfilter, another -errno. */
MUST_CHECK int nftown_open(struct nftown **ret);
/* NULL is fine. A table with owner goes with it; another stays. */
void nftown_close(struct nftown *o);
/* Its commits carry this number (nftwatch). */
uint32_t nftown_portid(const struct nftown *o);

/*
 * Makes the table as the settings want it; one of ours that is there is replaced
 * in the same transaction. 0; -EINVAL for settings that contradict each other;
 * -EEXIST when there is a foreign one; what the kernel says otherwise: -EPERM
 * without the capability, or when our table belongs to another process that
 * lives, -EOPNOTSUPP without nf_tables. ret_err has a text with all of them.
 */
MUST_CHECK int nftown_up(struct nftown *o, const struct nftadmit_config *c, struct nlerr *ret_err);
/*
 * The same settings with another epoch: replaces the rules that know it, and
 * leaves the rest with its counters. -ENOENT when there is no table of ours or
 * it is not whole; else as nftown_up().
 */
MUST_CHECK int nftown_set_epoch(struct nftown *o, const struct nftadmit_config *c,
				struct nlerr *ret_err);
/* Removes our table. 0, also when there is none; -EEXIST when it is foreign. */
MUST_CHECK int nftown_down(struct nftown *o, struct nlerr *ret_err);
/* Looks. 0, or -errno with text and ret untouched. */
MUST_CHECK int nftown_check(struct nftown *o, const struct nftadmit_config *c,
			    struct nftown_state *ret, struct nlerr *ret_err);
