/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftruleput - one rule of our nft table under construction, expression by expression.
 *
 *	struct nftruleput r;
 *
 *	nftruleput_begin(&r, table, chain);
 *	nftruleput_load_meta(&r, NFT_META_L4PROTO, NFTRULEPUT_REG);
 *	...
 *	return nftruleput_end(&r);
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
#define NFTRULEPUT_REG	    1 /* NFT_REG_1 */
#define NFTRULEPUT_REG_BEHIND  9 /* NFT_REG32_01: behind a part of 4 bytes */
#define NFTRULEPUT_REG_SECOND  2 /* NFT_REG_2: behind a part of 16 bytes */

struct nftruleput {
	struct nftnl_rule *rule; /* NULL without memory */
	bool failed;
};

void nftruleput_begin(struct nftruleput *r, const char *table, const char *chain);
/* The rule, which is the caller's; NULL without memory. */
struct nftnl_rule *nftruleput_end(struct nftruleput *r);
/* It cannot be made. */
void nftruleput_fail(struct nftruleput *r);
/* What nft shows beside it. */
void nftruleput_comment(struct nftruleput *r, const char *text);

/* Values into registers: NFT_META_x, NFT_PAYLOAD_x, NFT_CT_x. */
void nftruleput_load_meta(struct nftruleput *r, uint32_t key, uint32_t reg);
void nftruleput_load_payload(struct nftruleput *r, uint32_t base, uint32_t offset, uint32_t len,
			  uint32_t reg);
void nftruleput_load_ct(struct nftruleput *r, uint32_t key);
/* And from the first register into the connection. */
void nftruleput_store_ct(struct nftruleput *r, uint32_t key);

/* The first register: reg = (reg & mask) ^ flip; one number of 32 bits. */
void nftruleput_mask_and_flip(struct nftruleput *r, uint32_t mask, uint32_t flip);
/* NFT_CMP_x. */
void nftruleput_compare(struct nftruleput *r, uint32_t op, const void *data, size_t len);
/* Goes on when the connection has any of these bits of an NFT_CT_x. */
void nftruleput_need_bits(struct nftruleput *r, uint32_t ct_key, uint32_t bits);
/* Goes on when the connection had so many packets, both directions together. */
void nftruleput_need_packets(struct nftruleput *r, uint32_t min);
/* Goes on when the set has what begins in the first register. */
void nftruleput_lookup(struct nftruleput *r, const char *set);

/* Goes on for packets of the original direction, or only for others. */
void nftruleput_need_direction(struct nftruleput *r, bool is_reply);
/* Puts what begins in the first register into the set for so long, or its time anew;
 * goes on when there was room. */
void nftruleput_update(struct nftruleput *r, const char *set, uint32_t timeout_ms);

void nftruleput_count(struct nftruleput *r);
/* Hands the connection to a flowtable of the table; goes on when it was taken. */
void nftruleput_offload(struct nftruleput *r, const char *flowtable);
/* NFT_RETURN and others; with the chain that NFT_JUMP needs, or NULL. */
void nftruleput_decide(struct nftruleput *r, uint32_t verdict, const char *chain);
