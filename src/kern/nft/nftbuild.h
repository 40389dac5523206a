/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftbuild - one rule of our nft table under construction, expression by expression.
 *
 *	struct nftbuild r;
 *
 *	nftbuild_begin(&r, table, chain);
 *	nftbuild_load_meta(&r, NFT_META_L4PROTO, NFTBUILD_REG);
 *	...
 *	return nftbuild_end(&r);
 *
 * Missing memory is noticed once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nftnl_rule;

/* Where values are; a key of several parts goes on behind. Register 1 has the room
 * of four of 32 bits, of which the second is number 9 (nft_parse_register). */
#define NFTBUILD_REG	    1 /* NFT_REG_1 */
#define NFTBUILD_REG_BEHIND  9 /* NFT_REG32_01: behind a part of 4 bytes */
#define NFTBUILD_REG_SECOND  2 /* NFT_REG_2: behind a part of 16 bytes */

struct nftbuild {
	struct nftnl_rule *rule; /* NULL without memory */
	bool failed;
};

void nftbuild_begin(struct nftbuild *r, const char *table, const char *chain);
/* The rule, which is the caller's; NULL without memory. */
struct nftnl_rule *nftbuild_end(struct nftbuild *r);
/* It cannot be made. */
void nftbuild_fail(struct nftbuild *r);
/* What nft shows beside it. */
void nftbuild_comment(struct nftbuild *r, const char *text);

/* Values into registers: NFT_META_x, NFT_PAYLOAD_x, NFT_CT_x. */
void nftbuild_load_meta(struct nftbuild *r, uint32_t key, uint32_t reg);
void nftbuild_load_payload(struct nftbuild *r, uint32_t base, uint32_t offset, uint32_t len,
			  uint32_t reg);
void nftbuild_load_ct(struct nftbuild *r, uint32_t key);
/* And from the first register into the connection. */
void nftbuild_store_ct(struct nftbuild *r, uint32_t key);

/* The first register: reg = (reg & mask) ^ flip; one number of 32 bits. */
void nftbuild_mask_and_flip(struct nftbuild *r, uint32_t mask, uint32_t flip);
/* NFT_CMP_x. */
void nftbuild_compare(struct nftbuild *r, uint32_t op, const void *data, size_t len);
/* Goes on when the connection has any of these bits of an NFT_CT_x. */
void nftbuild_need_bits(struct nftbuild *r, uint32_t ct_key, uint32_t bits);
/* Goes on when the connection had so many packets, both directions together. */
void nftbuild_need_packets(struct nftbuild *r, uint32_t min);
/* Goes on when the set has what begins in the first register. */
void nftbuild_lookup(struct nftbuild *r, const char *set);

/* Goes on for packets of the original direction, or only for others. */
void nftbuild_need_direction(struct nftbuild *r, bool is_reply);
/* Puts what begins in the first register into the set for so long, or its time anew;
 * goes on when there was room. */
void nftbuild_update(struct nftbuild *r, const char *set, uint32_t timeout_ms);

void nftbuild_count(struct nftbuild *r);
/* Hands the connection to a flowtable of the table; goes on when it was taken. */
void nftbuild_offload(struct nftbuild *r, const char *flowtable);
/* NFT_RETURN and others; with the chain that NFT_JUMP needs, or NULL. */
void nftbuild_decide(struct nftbuild *r, uint32_t verdict, const char *chain);
