/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfttable - our nft table in the kernel: made, moved to another epoch, looked at,
 * removed. Packets meet the table whole or not at all: each change is one
 * transaction, or one before in which nothing is admitted. A refusal changes nothing,
 * but where it is said.
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
#include "kern/nft/nftlayout.h"
#include "nl/nlerr.h"

struct nfttable;

enum nfttable_found {
	NFTTABLE_ABSENT,  /* no table of our name */
	NFTTABLE_FOREIGN, /* one that is not ours */
	NFTTABLE_OURS,    /* ours, perhaps of an earlier life */
};

struct nfttable_state {
	enum nfttable_found found;
	uint64_t handle;      /* of the table */
	uint32_t owner;       /* port of the socket that it dies with; 0 = none */
	/* Flags, chains and rules are as the settings want them, but perhaps for
	 * the epoch. What is in the exempt sets is not looked at: who adds an
	 * element by hand has it until the table is made anew. */
	bool is_whole;
	uint32_t generation;  /* of the whole ruleset, before it was looked at */
	uint32_t epoch;       /* what all rules that know one say; 0 = they do not agree */
	uint64_t seen_pkts;   /* packets of connections that were not admitted yet */
	uint64_t admitted_pkts; /* those that were given the epoch */
	/* Connections that were handed to our flowtables: again each time that the
	 * kernel has dropped one, and all again after each change of the flowtables. */
	uint64_t given_conns;
};

/* 0, -EPROTONOSUPPORT where the kernel has no netfilter, another -errno. */
MUST_CHECK int nfttable_open(struct nfttable **ret);
/* NULL is fine. A table with owner goes with it; another stays. */
void nfttable_close(struct nfttable *o);
/* Its commits carry this number (nftwatch). */
uint32_t nfttable_portid(const struct nfttable *o);

/*
 * Makes the table as the settings want it, and then lets packets in. One of ours that
 * is there is replaced in the same transaction, unless it has a flowtable "hardware":
 * then it goes in a transaction before, for drivers refuse a second flowtable while
 * they have one (flow_block_cb_is_busy), and a refusal leaves no table.
 *
 * 0; -EINVAL for settings that contradict each other; -EEXIST when there is a foreign
 * one; what the kernel says otherwise: -EPERM without the capability, or when our
 * table belongs to another process that lives, -EOPNOTSUPP without nf_tables, -ENOENT
 * for a flowtable's device that is not there, -EBUSY and others from drivers,
 * -ERESTART when others change the ruleset all the time. ret_err has a text with all
 * of them.
 */
MUST_CHECK int nfttable_up(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *ret_err);
/*
 * The same settings with another epoch: replaces the rules that know it, and
 * leaves the rest with its counters; but the flowtables are made anew, with the rules
 * that use them. Whatever they had is back on the way through the rules when this
 * returns: with flowtable "software" from the same moment on as the new epoch, with
 * "hardware" too, but that is made in a second transaction. -ENOENT when there is no
 * table of ours or it is not whole; else as nfttable_up().
 */
MUST_CHECK int nfttable_set_epoch(struct nfttable *o, const struct nftlayout_config *c,
				struct nlerr *ret_err);
/* As nfttable_set_epoch() without the epoch: only the flowtables are made anew. */
MUST_CHECK int nfttable_renew_flow(struct nfttable *o, const struct nftlayout_config *c,
				 struct nlerr *ret_err);
/* Removes our table. 0, also when there is none, which *ret_was_there (NULL is fine) says;
 * -EEXIST when it is foreign. */
MUST_CHECK int nfttable_down(struct nfttable *o, bool *ret_was_there, struct nlerr *ret_err);
/* Looks. 0, or -errno with text and ret untouched. */
MUST_CHECK int nfttable_check(struct nfttable *o, const struct nftlayout_config *c,
			    struct nfttable_state *ret, struct nlerr *ret_err);

/* Generation of the whole ruleset; it grows by each commit of anybody. 0, or -errno with text. */
MUST_CHECK int nfttable_generation(struct nfttable *o, uint32_t *ret, struct nlerr *ret_err);

/*
 * Whether the kernel, and with is_hardware the driver, would take a flowtable of this
 * device. Changes nothing and tells nobody. 0; -EOPNOTSUPP: the driver has no such
 * offload, or with with_counter the kernel no such flag; -EBUSY: the driver has a
 * flowtable already, ours or a user's; -ENOENT: no such device, or no flowtables in this
 * kernel; what else the driver says.
 */
MUST_CHECK int nfttable_try_device(struct nfttable *o, const char *device, bool is_hardware,
				 bool with_counter, struct nlerr *ret_err);
