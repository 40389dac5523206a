/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftoffload - the flowtables of our nft table: connections that the kernel's own
 * flowtable shall forward. Only bytes and comparisons; nfttable sends and asks.
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
 *			established, assured, tcp or udp, packets: jump hand_over
 *		}
 *	}
 *
 * Either flowtable is there when it has a device. Of one table, a device can be in
 * one flowtable only, and one device without such a driver refuses "flags offload"
 * for all (nft_register_flowtable_net_hooks); so it is two.
 *
 * The kernel looks at no rule for a connection that it has in a flowtable. What was
 * allowed stays so until the flowtable is made anew: that is what ends it. And what
 * one direction hands over is forwarded in both; so the rules must have let through
 * both since then. Else a connection that is denied in one direction would be back
 * with the next packet of the other. The set "passed" is made anew with the flowtables.
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
	bool is_hardware; /* for "flags offload" */
};

/* As the forward hook names them: for a VLAN that is the VLAN's own device. They are
 * compared with what the reply passes. */
struct nftoffload_pair {
	char in[LINK_NAME_SIZE], out[LINK_NAME_SIZE];
	bool is_hardware;
};

struct nftoffload_config {
	bool with_counter; /* the flowtable counts for conntrack */
	/* Only what passes one of the pairs; needed where there are devices of both
	 * kinds, because a connection can be in one flowtable only. */
	bool with_pairs;
	unsigned int n_devices, n_pairs;
	struct nftoffload_device device[NFTOFFLOAD_MAX_DEVICES];
	struct nftoffload_pair pair[NFTOFFLOAD_MAX_PAIRS];
};

/* 0, or -EINVAL when it contradicts itself; c may be NULL, which is no flowtable. */
MUST_CHECK int nftoffload_check(const struct nftoffload_config *c);
/* Whether there is a flowtable of this kind; c may be NULL. */
bool nftoffload_has(const struct nftoffload_config *c, enum nftoffload_kind kind);
const char *nftoffload_name(enum nftoffload_kind kind);

/* Adds the sets of pairs with their elements. first_id and the next one are free. */
void nftoffload_put_sets(struct nftbatch *t, const struct nftoffload_config *c, uint32_t first_id);
/* Adds the flowtables, and what must be made anew with them; id is free. */
void nftoffload_put(struct nftbatch *t, const struct nftoffload_config *c, uint32_t id);
/* Adds the removal of flowtables, by their handles (0 = there is none), and of what
 * is made anew with them. No rule may use them any more. */
void nftoffload_put_delete(struct nftbatch *t, const uint64_t handle[NFTOFFLOAD__COUNT]);
/* Adds the trial of one device: a table of its own with a flowtable. */
void nftoffload_put_trial(struct nftbatch *t, const char *device, bool is_hardware, bool with_counter);

/* The expressions of the rule that notes who passed in the original direction. */
void nftoffload_build_passed(struct nftruleput *r);
/* The expressions of a rule that hands over. */
void nftoffload_build(struct nftruleput *r, const struct nftoffload_config *c, enum nftoffload_kind kind);

/* Which of ours it is by its name; NFTOFFLOAD__COUNT = none. */
enum nftoffload_kind nftoffload_kind_of(const struct nftnl_flowtable *f);
/* Whether hook, flags and devices are as wanted. */
bool nftoffload_is_as_wanted(const struct nftnl_flowtable *f, const struct nftoffload_config *c,
			  enum nftoffload_kind kind);
