/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftobj - the objects of our nft table, as requests of a transaction. Only how
 * they are written; nftlayout and nftoffload decide what there is.
 *
 * Failures are the transaction's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nftnl_rule;
struct nftnl_set;
struct nftbatch;
struct nlmsghdr;
struct nlput;

/* What "nft" calls a type; the kernel keeps it for nft and does not look at it. */
enum nftobj_key {
	NFTOBJ_KEY_IP4 = 7,
	NFTOBJ_KEY_IP6 = 8,
	NFTOBJ_KEY_PROTOCOL = 12,
	NFTOBJ_KEY_PORT = 13,
	NFTOBJ_KEY_MARK = 19,
	NFTOBJ_KEY_IFNAME = 41,
	NFTOBJ_KEY_PROTOCOL_PORT = NFTOBJ_KEY_PROTOCOL << 6 | NFTOBJ_KEY_PORT,
	NFTOBJ_KEY_IFNAME_IFNAME = NFTOBJ_KEY_IFNAME << 6 | NFTOBJ_KEY_IFNAME,
};

struct nftobj_set_shape {
	const char *name;
	uint32_t key_type, key_len, flags; /* enum nftobj_key, bytes, NFT_SET_x */
	uint8_t parts[2]; /* bytes of each part of the key in a set with ranges; 0 = one part */
	bool is_host_order;
	/* Of a set that packets fill; 0 = they do not. */
	uint32_t size;       /* elements */
	uint32_t timeout_ms; /* of each */
};

/* A comment in the form in which nft shows it; the same for tables and rules. */
struct nftobj_comment {
	uint8_t type, len;
	char text[64];
};

/* Returns its size. */
uint32_t nftobj_make_comment(struct nftobj_comment *ret, const char *text);

typedef void (*nftobj_build_fn)(struct nlmsghdr *nlh, void *object);
/* Has the library append an object, which may be NULL: there was no memory for it. */
void nftobj_object(struct nftbatch *t, struct nlput *w, nftobj_build_fn build, void *object);

/* A chain; of the forward hook when it has a priority. */
void nftobj_chain(struct nftbatch *t, const char *name, const int32_t *priority);
/* id is one that no other set of the transaction has. */
void nftobj_set(struct nftbatch *t, const struct nftobj_set_shape *shape, uint32_t id);
/* The removal of a set, which no rule may use any more. */
void nftobj_set_delete(struct nftbatch *t, const char *name);
/* flags as NLM_F_x; handle for a replacement, else 0. rule may be NULL and is freed. */
void nftobj_rule(struct nftbatch *t, struct nftnl_rule *rule, const char *chain, uint16_t flags,
		 uint64_t handle);
/* An attribute with the number of an object. */
void nftobj_handle(struct nlput *w, uint16_t attr, uint64_t handle);

/* Elements on their way into messages. */
struct nftobj_elems {
	struct nftbatch *t;
	const char *name;      /* of the set */
	struct nftnl_set *set; /* NULL = nothing is waiting */
	unsigned int n;
};

/* end is the last key of a range in a set whose key has parts, else NULL. */
void nftobj_elem(struct nftobj_elems *f, const void *key, const void *end, uint32_t len,
		 uint32_t flags);
void nftobj_elems_end(struct nftobj_elems *f);
