/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfttable - creates, checks, changes and removes our nft table in the kernel.
 *
 * Packets never see a half-built table: a change is one transaction, or several between which
 * the table admits or hands over less than wanted, never more. A failed call changes nothing
 * unless documented otherwise.
 *
 * A table of our name without our comment is foreign and is never touched, nor is anything
 * outside of our table. The module caches nothing about the table: each call reads it from the
 * kernel first. A change names its objects by handles that the kernel never reuses, or is
 * bound to the generation of the ruleset that was read.
 *
 * An object has one socket and belongs to one thread. All calls wait for the kernel, which is
 * short unless somebody else's transaction takes long.
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
	NFTTABLE_FOREIGN, /* a table of our name that is not ours */
	NFTTABLE_OURS,    /* ours, perhaps from an earlier run of the daemon */
};

struct nfttable_state {
	enum nfttable_found found;
	uint64_t handle;      /* of the table */
	uint32_t owner;       /* port ID of the socket that owns the table; 0 = none */
	/* True = flags, chains, rules and flowtables are as the settings want them, except
	 * perhaps for the epoch. The elements of the exempt sets are not checked: one that
	 * the administrator adds stays until the table is created again. */
	bool is_whole;
	uint32_t generation;  /* of the whole ruleset, read before the table */
	uint32_t epoch;       /* in all rules that contain it; 0 = they differ */
	uint64_t seen_pkts;   /* packets of candidates that were not admitted yet */
	uint64_t admitted_pkts; /* packets that set the epoch */
	/* Connections that were handed over since the flowtables were created. One that the
	 * kernel has dropped from its flowtable counts again when it is handed over again. */
	uint64_t given_conns;
};

/* 0, -EPROTONOSUPPORT if the kernel has no netfilter, or another -errno. */
MUST_CHECK int nfttable_open(struct nfttable **ret);
/* NULL is fine. The kernel then removes a table with owner; one without stays. */
void nfttable_close(struct nfttable *o);
/* Port ID of the socket; events of its commits carry it (nftwatch). */
uint32_t nfttable_portid(const struct nfttable *o);

/*
 * Creates the table as the settings want it, then adds its gates in another transaction. If
 * that one fails, the table stays without gates and admits nothing.
 *
 * An existing table of ours is replaced in one transaction. If it has a flowtable "hardware",
 * a transaction of its own removes the table first, because drivers refuse a second flowtable
 * while they have one (flow_block_cb_is_busy). If the next transaction fails, there is no table.
 *
 * 0, or -errno with text: -EINVAL for settings that are invalid or contradict each other,
 * -EEXIST if there is a foreign table, -EPERM without CAP_NET_ADMIN or if our table belongs
 * to another living process, -EOPNOTSUPP without nf_tables, -ENOENT if a device of a
 * flowtable does not exist, -EBUSY and others from drivers, -ERESTART if others keep
 * changing the ruleset.
 */
MUST_CHECK int nfttable_up(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *ret_err);
/*
 * Changes the epoch. c must differ from the settings of the table in nothing else. Replaces
 * the rules that contain the epoch, keeps the others with their counters, and recreates the
 * flowtables and the rules that use them.
 *
 * The transaction that sets the epoch also removes the flowtables, so all connections in them
 * pass the rules again from then on. It also creates the flowtables again, unless there was a
 * flowtable "hardware". Then a second transaction creates them; if that one fails, the new
 * epoch holds and the flowtables stay removed.
 *
 * -ENOENT if there is no table of ours or it is not whole; other errors as nfttable_up().
 */
MUST_CHECK int nfttable_set_epoch(struct nfttable *o, const struct nftlayout_config *c,
				struct nlerr *ret_err);
/* Like nfttable_set_epoch(), but only recreates the flowtables and the rules that use them. */
MUST_CHECK int nfttable_renew_flow(struct nfttable *o, const struct nftlayout_config *c,
				 struct nlerr *ret_err);
/* Removes our table. *ret_was_there (NULL is fine) tells whether there was one. 0, also if there
 * was none; -EEXIST if the table is foreign; -EPERM if it belongs to another process. */
MUST_CHECK int nfttable_down(struct nfttable *o, bool *ret_was_there, struct nlerr *ret_err);
/* Reads the state of the table and compares it with c. 0; or -errno with text, and *ret is
 * untouched. */
MUST_CHECK int nfttable_check(struct nfttable *o, const struct nftlayout_config *c,
			    struct nfttable_state *ret, struct nlerr *ret_err);

/* Generation of the whole ruleset; every commit of any process increments it. 0, or -errno with
 * text if the kernel gives one, and *ret is 0. */
MUST_CHECK int nfttable_generation(struct nfttable *o, uint32_t *ret, struct nlerr *ret_err);

/*
 * Tests whether the kernel, and with is_hardware the driver, accepts a flowtable of this
 * device. Changes nothing and sends no events. 0; -EOPNOTSUPP: the driver does not support
 * this offload, or with with_counter the kernel does not know the flag; -EBUSY: the driver
 * already has a flowtable, ours or the administrator's; -ENOENT: no such device, or the kernel
 * has no flowtables; or another error of the driver.
 */
MUST_CHECK int nfttable_try_device(struct nfttable *o, const char *device, bool is_hardware,
				 bool with_counter, struct nlerr *ret_err);
