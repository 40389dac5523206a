/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftchains - finds the devices that have nft base chains: of family netdev (ingress and
 * egress), of family inet (ingress), and of family bridge, which concern all bridges.
 *
 * A chain may have several devices. Chains of dormant tables are inactive and are left
 * out (nf_tables_table_disable). Flowtables are attached to devices, too, but are not
 * chains and are not reported.
 *
 * An object belongs to one thread. Calls wait for the kernel and return 0 or -errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/link.h"

struct nftchains;
struct nlmsghdr;

/* 0, -EPROTONOSUPPORT if the kernel has no netfilter, or another -errno. */
MUST_CHECK int nftchains_open(struct nftchains **ret);
/* NULL is fine. */
void nftchains_close(struct nftchains *n);

/* Generation of the ruleset, which every change increments; 0 if the kernel has no
 * nf_tables. */
MUST_CHECK int nftchains_generation(struct nftchains *n, uint32_t *ret_generation);

/* A device with a base chain. */
struct nftchains_device {
	char name[LINK_NAME_SIZE];
	bool is_prefix; /* true = name stands for all devices whose names begin with it */
	bool is_egress; /* true = egress hook, false = ingress hook */
	bool is_bridge; /* true = all bridges; the other members are not set */
};

typedef void (*nftchains_fn)(const struct nftchains_device *device, void *ctx);

/* Calls fn for each device of each chain. A device may be reported more than once, and before
 * a failure only some may be reported. */
MUST_CHECK int nftchains_look(struct nftchains *n, nftchains_fn fn, void *ctx);

/* -- decoding, for tests */

#define NFTCHAINS_TABLE_SIZE 256 /* NFT_TABLE_MAXNAMELEN */

struct nftchains_table {
	uint8_t family; /* NFPROTO_x */
	char name[NFTCHAINS_TABLE_SIZE];
};

/* Decodes NFT_MSG_NEWTABLE. 0, -ENOMSG for another message type, or -EBADMSG. */
MUST_CHECK int nftchains_get_table(const struct nlmsghdr *nlh, struct nftchains_table *ret,
				   bool *ret_is_dormant);
/*
 * Decodes NFT_MSG_NEWCHAIN: returns the chain's table and calls fn, which may be NULL, for
 * each device of the chain. 0, -ENOMSG for another message type, or -EBADMSG.
 */
MUST_CHECK int nftchains_get(const struct nlmsghdr *nlh, struct nftchains_table *ret,
			     nftchains_fn fn, void *ctx);
