/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftput - the objects of our nft table, as requests of a transaction. Only how
 * they are written; nftadmit and nftflow decide what there is.
 *
 * Failures are the transaction's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nftnl_rule;
struct nftnl_set;
struct nfttrans;
struct nlmsghdr;
struct nlput;

/* What "nft" calls a type; the kernel keeps it for nft and does not look at it. */
enum nftput_key {
	NFTPUT_KEY_IP4 = 7,
	NFTPUT_KEY_IP6 = 8,
	NFTPUT_KEY_PROTOCOL = 12,
	NFTPUT_KEY_PORT = 13,
	NFTPUT_KEY_MARK = 19,
	NFTPUT_KEY_IFNAME = 41,
	NFTPUT_KEY_PROTOCOL_PORT = NFTPUT_KEY_PROTOCOL << 6 | NFTPUT_KEY_PORT,
	NFTPUT_KEY_IFNAME_IFNAME = NFTPUT_KEY_IFNAME << 6 | NFTPUT_KEY_IFNAME,
};

struct nftput_set_shape {
	const char *name;
	uint32_t key_type, key_len, flags; /* enum nftput_key, bytes, NFT_SET_x */
	uint8_t parts[2]; /* bytes of each part of the key in a set with ranges; 0 = one part */
	bool is_host_order;
	/* Of a set that packets fill; 0 = they do not. */
	uint32_t size;       /* elements */
	uint32_t timeout_ms; /* of each */
};

/* A comment in the form in which nft shows it; the same for tables and rules. */
struct nftput_comment {
	uint8_t type, len;
	char text[64];
};

/* Returns its size. */
uint32_t nftput_make_comment(struct nftput_comment *ret, const char *text);

typedef void (*nftput_build_fn)(struct nlmsghdr *nlh, void *object);
/* Has the library append an object, which may be NULL: there was no memory for it. */
void nftput_object(struct nfttrans *t, struct nlput *w, nftput_build_fn build, void *object);

/* A chain; of the forward hook when it has a priority. */
void nftput_chain(struct nfttrans *t, const char *name, const int32_t *priority);
/* id is one that no other set of the transaction has. */
void nftput_set(struct nfttrans *t, const struct nftput_set_shape *shape, uint32_t id);
/* The removal of a set, which no rule may use any more. */
void nftput_set_delete(struct nfttrans *t, const char *name);
/* flags as NLM_F_x; handle for a replacement, else 0. rule may be NULL and is freed. */
void nftput_rule(struct nfttrans *t, struct nftnl_rule *rule, const char *chain, uint16_t flags,
		 uint64_t handle);
/* An attribute with the number of an object. */
void nftput_handle(struct nlput *w, uint16_t attr, uint64_t handle);

/* Elements on their way into messages. */
struct nftput_elems {
	struct nfttrans *t;
	const char *name;      /* of the set */
	struct nftnl_set *set; /* NULL = nothing is waiting */
	unsigned int n;
};

/* end is the last key of a range in a set whose key has parts, else NULL. */
void nftput_elem(struct nftput_elems *f, const void *key, const void *end, uint32_t len,
		 uint32_t flags);
void nftput_elems_end(struct nftput_elems *f);
