/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftchains - the base chains of nft that sit on devices: family netdev, ingress
 * and egress, and family inet, ingress.
 *
 * A chain may name several devices. Chains of a dormant table are not in force and
 * are left out (nf_tables_table_disable). Flowtables sit on devices, too, but are no
 * chains: what they forward is theirs.
 *
 * One socket, one thread. Calls wait for the kernel; 0 or -errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/link.h"

struct nftchains;
struct nlmsghdr;

/* 0; -EPROTONOSUPPORT where the kernel has no netfilter; another -errno. */
MUST_CHECK int nftchains_open(struct nftchains **ret);
/* NULL is fine. */
void nftchains_close(struct nftchains *n);

/* The number of the ruleset, another one after every change; 0 where there is no
 * nf_tables. */
MUST_CHECK int nftchains_generation(struct nftchains *n, uint32_t *ret_generation);

/* A device that a chain sits on. */
struct nftchains_device {
	char name[LINK_NAME_SIZE];
	bool is_prefix; /* all devices whose names begin like that */
	bool is_egress;
};

typedef void (*nftchains_fn)(const struct nftchains_device *device, void *ctx);

/* Calls fn for each device of each chain; after a failure some may have been reported,
 * and some twice. */
MUST_CHECK int nftchains_look(struct nftchains *n, nftchains_fn fn, void *ctx);

/* -- the bytes, for tests */

#define NFTCHAINS_TABLE_SIZE 256 /* NFT_TABLE_MAXNAMELEN */

struct nftchains_table {
	uint8_t family; /* NFPROTO_x */
	char name[NFTCHAINS_TABLE_SIZE];
};

/* Decodes NEWTABLE. 0, -ENOMSG or -EBADMSG. */
MUST_CHECK int nftchains_get_table(const struct nlmsghdr *nlh, struct nftchains_table *ret,
				   bool *ret_is_dormant);
/*
 * Decodes NEWCHAIN: its table, and fn for each of its devices, if it sits on any.
 * 0, -ENOMSG or -EBADMSG. With fn NULL only the table.
 */
MUST_CHECK int nftchains_get(const struct nlmsghdr *nlh, struct nftchains_table *ret,
			     nftchains_fn fn, void *ctx);
