/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftobj - adds requests for chains, sets, elements and rules of our nft table to a
 * transaction. nftlayout and nftoffload decide which objects the table has.
 *
 * Errors are recorded in the transaction (nftbatch).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nftnl_rule;
struct nftnl_set;
struct nftbatch;
struct nlmsghdr;
struct nlput;

/* Numbers of nft for the types of keys. The kernel stores them for nft and ignores them. */
enum nftobj_key {
	NFTOBJ_KEY_INTEGER = 4,
	NFTOBJ_KEY_IP4 = 7,
	NFTOBJ_KEY_IP6 = 8,
	NFTOBJ_KEY_PROTOCOL = 12,
	NFTOBJ_KEY_PORT = 13,
	NFTOBJ_KEY_MARK = 19,
	NFTOBJ_KEY_IFINDEX = 20,
	NFTOBJ_KEY_CT_DIR = 27,
	NFTOBJ_KEY_IFNAME = 41,
	NFTOBJ_KEY_PROTOCOL_PORT = NFTOBJ_KEY_PROTOCOL << 6 | NFTOBJ_KEY_PORT,
	NFTOBJ_KEY_IFNAME_IFNAME = NFTOBJ_KEY_IFNAME << 6 | NFTOBJ_KEY_IFNAME,
	NFTOBJ_KEY_CT_ID_CT_DIR = NFTOBJ_KEY_INTEGER << 6 | NFTOBJ_KEY_CT_DIR,
	NFTOBJ_KEY_WAY = (NFTOBJ_KEY_IFINDEX << 6 | NFTOBJ_KEY_IFINDEX) << 6 | NFTOBJ_KEY_MARK,
	NFTOBJ_KEY_WAY_IP4 = NFTOBJ_KEY_WAY << 6 | NFTOBJ_KEY_IP4,
	NFTOBJ_KEY_WAY_IP6 = NFTOBJ_KEY_WAY << 6 | NFTOBJ_KEY_IP6,
};

/* The expression that a part of a key or of the data of a map comes from: enum expr_types of nft, and
 * what nft stores about an expression of this type. A set whose key contains an integer is shown as
 * "typeof" these expressions; nft cannot read it as a type (set_parse_udata_cb, expr_ops_by_type). */
struct nftobj_part {
	uint32_t expr; /* 0 = no part */
	uint32_t n_values, value[2];
};

/* nft 1.0.6 shows no more than four parts (NFTNL_UDATA_SET_KEY_CONCAT_NEST_MAX). */
#define NFTOBJ_PARTS_MAX 4
#define NFTOBJ_PART_META(key)   { 9, 1, { key } }		  /* NFT_META_x */
#define NFTOBJ_PART_CT(key)     { 12, 2, { key, UINT32_MAX } } /* NFT_CT_x, in any direction */
#define NFTOBJ_PART_IP4_DST     { 7, 2, { 12, 12 } }		  /* header, field */
#define NFTOBJ_PART_IP6_DST     { 7, 2, { 13, 9 } }
#define NFTOBJ_PART_IP4_TTL     { 7, 2, { 12, 8 } }

struct nftobj_set_shape {
	const char *name;
	uint32_t key_type, key_len, flags; /* enum nftobj_key, bytes, NFT_SET_x */
	uint8_t part_len[2]; /* bytes of each part of a key, in a set of ranges; 0 = one part */
	bool is_host_order; /* true = keys are in host byte order */
	/* Of a set that packets fill; 0 for other sets. */
	uint32_t size;       /* maximum number of elements */
	uint32_t timeout_ms; /* of each element */
	uint32_t data_type, data_len; /* of a map: enum nftobj_key, bytes */
	struct nftobj_part typeof_key[NFTOBJ_PARTS_MAX], typeof_data[NFTOBJ_PARTS_MAX];
};

/* User data that nft shows as a comment; the format is the same for tables and rules. */
struct nftobj_comment {
	uint8_t type, len;
	char text[64];
};

/* Fills *ret and returns its size in bytes. */
uint32_t nftobj_make_comment(struct nftobj_comment *ret, const char *text);

typedef void (*nftobj_build_fn)(struct nlmsghdr *nlh, void *object);
/* Lets libnftnl append an object to the message of w. object NULL = out of memory. */
void nftobj_object(struct nftbatch *t, struct nlput *w, nftobj_build_fn build, void *object);

struct nftobj_hook {
	uint32_t number; /* NF_INET_x */
	int32_t priority;
};

/* Adds a base chain of this hook, or with hook NULL a regular chain. */
void nftobj_chain(struct nftbatch *t, const char *name, const struct nftobj_hook *hook);
/* Adds a set. No other set of the transaction may have the same id. */
void nftobj_set(struct nftbatch *t, const struct nftobj_set_shape *shape, uint32_t id);
/* Adds the removal of a set that no rule uses any more. */
void nftobj_set_delete(struct nftbatch *t, const char *name);
/* Adds a rule with these flags (NLM_F_x) and frees it. handle: of the rule to replace, else 0.
 * rule NULL = out of memory. */
void nftobj_rule(struct nftbatch *t, struct nftnl_rule *rule, const char *chain, uint16_t flags,
		 uint64_t handle);
/* Adds an attribute with the handle of an object. */
void nftobj_handle(struct nlput *w, uint16_t attr, uint64_t handle);

/* Collects elements of one set into requests. */
struct nftobj_elems {
	struct nftbatch *t;
	const char *name;      /* of the set */
	struct nftnl_set *set; /* pending elements; NULL = none */
	unsigned int n;        /* pending elements */
};

/* Adds an element. end: last key of a range in a set with concatenated keys, else NULL. */
void nftobj_elem(struct nftobj_elems *f, const void *key, const void *end, uint32_t len,
		 uint32_t flags);
/* Adds the request for the pending elements. */
void nftobj_elems_end(struct nftobj_elems *f);
