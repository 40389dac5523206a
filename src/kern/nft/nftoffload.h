/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftoffload - the flowtables of our nft table, to which rules hand over connections that
 * the kernel forwards itself. Encodes and compares only; nfttable sends and reads.
 *
 *	table inet nft_offload {
 *		flowtable software { hook ingress priority 0; devices = ...; }
 *		flowtable hardware { hook ingress priority 0; devices = ...; flags offload; }
 *		set passed { ct id, 10 s }
 *		sets software_pairs, hardware_pairs
 *		chain hand_over {
 *			(exemptions as in the chain "admit")
 *			original direction: update @passed { ct id }
 *			reply, ct id @passed [, pair @hardware_pairs]: flow add @hardware counter
 *			reply, ct id @passed [, pair @software_pairs]: flow add @software counter
 *		}
 *		chain forward {
 *			established, assured, tcp or udp, packets >= min_packets: jump hand_over
 *		}
 *	}
 *
 * A flowtable exists if it has at least one device. There are two of them because a device
 * can be in only one flowtable of a table, and "flags offload" fails for all devices if the
 * driver of one does not support it (nft_register_flowtable_net_hooks).
 *
 * The kernel evaluates no rules for a connection in a flowtable, so only recreating the
 * flowtable ends its admission. A packet of one direction hands over both directions. So
 * both must have passed the ruleset since the flowtables were created: otherwise a
 * connection that is denied in one direction would return with the next packet of the
 * other. For this the set "passed" is recreated together with the flowtables.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/link.h"

struct nftnl_flowtable;
struct nftbatch;
struct nftruleput;

#define NFTOFFLOAD_CHAIN	    "hand_over" /* "offload" is a keyword of nft */
#define NFTOFFLOAD_MAX_DEVICES 64
#define NFTOFFLOAD_MAX_PAIRS   512

enum nftoffload_kind {
	NFTOFFLOAD_SOFTWARE,
	NFTOFFLOAD_HARDWARE,
	NFTOFFLOAD__COUNT,
};

struct nftoffload_device {
	char name[LINK_NAME_SIZE];
	bool is_hardware; /* true = in flowtable "hardware" (flags offload) */
};

/* Input and output device of reply packets in the forward hook. For a VLAN that is the VLAN
 * device itself. */
struct nftoffload_pair {
	char in[LINK_NAME_SIZE], out[LINK_NAME_SIZE];
	bool is_hardware; /* true = for flowtable "hardware" */
};

struct nftoffload_config {
	bool with_counter; /* true = the flowtables update the counters of conntrack */
	/* True = hand over only connections whose replies pass one of the pairs. Required
	 * with devices of both kinds: a connection can be in only one flowtable. */
	bool with_pairs;
	unsigned int n_devices, n_pairs;
	struct nftoffload_device device[NFTOFFLOAD_MAX_DEVICES];
	struct nftoffload_pair pair[NFTOFFLOAD_MAX_PAIRS];
};

/* 0, or -EINVAL if c is invalid or contradicts itself. c NULL = no flowtables. */
MUST_CHECK int nftoffload_check(const struct nftoffload_config *c);
/* True if there is a flowtable of this kind; c may be NULL. */
bool nftoffload_has(const struct nftoffload_config *c, enum nftoffload_kind kind);
const char *nftoffload_name(enum nftoffload_kind kind);

/* Adds the sets of pairs with their elements. No other set of the transaction has the IDs
 * first_id and first_id + 1. */
void nftoffload_put_sets(struct nftbatch *t, const struct nftoffload_config *c, uint32_t first_id);
/* Adds the flowtables and the set "passed", whose ID is id. */
void nftoffload_put(struct nftbatch *t, const struct nftoffload_config *c, uint32_t id);
/* Adds the removal of the flowtables with these handles (0 = none) and of the set "passed".
 * No rule may use them any more. */
void nftoffload_put_delete(struct nftbatch *t, const uint64_t handle[NFTOFFLOAD__COUNT]);
/* Adds a trial table with a flowtable of one device, for nftbatch_try(). */
void nftoffload_put_trial(struct nftbatch *t, const char *device, bool is_hardware, bool with_counter);

/* Expressions of the rule that adds connections to "passed" (original direction). */
void nftoffload_build_passed(struct nftruleput *r);
/* Expressions of the rule that hands connections over to the flowtable of this kind. */
void nftoffload_build(struct nftruleput *r, const struct nftoffload_config *c, enum nftoffload_kind kind);

/* Kind of a flowtable of our table by its name; NFTOFFLOAD__COUNT = unknown name. */
enum nftoffload_kind nftoffload_kind_of(const struct nftnl_flowtable *f);
/* True if hook, priority, flags and devices are as c wants them. */
bool nftoffload_is_as_wanted(const struct nftnl_flowtable *f, const struct nftoffload_config *c,
			  enum nftoffload_kind kind);
