/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftruleput - builds one rule of our nft table, expression by expression.
 *
 *	struct nftruleput r;
 *
 *	nftruleput_begin(&r, table, chain);
 *	nftruleput_load_meta(&r, NFT_META_L4PROTO, NFTRULEPUT_REG);
 *	...
 *	return nftruleput_end(&r);
 *
 * Errors are recorded and returned by nftruleput_end().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nftnl_rule;

/* Registers. The parts of a concatenated key follow each other. NFT_REG_1 spans four 32-bit
 * registers, the second of which has number 9 (nft_parse_register). */
#define NFTRULEPUT_REG	    1 /* NFT_REG_1 */
#define NFTRULEPUT_REG_BEHIND  9 /* NFT_REG32_01: after a part of 4 bytes */
#define NFTRULEPUT_REG_SECOND  2 /* NFT_REG_2: after a part of 16 bytes */
#define NFTRULEPUT_REG_SECOND_1 13 /* NFT_REG32_05 to 07: the words behind the first of NFT_REG_2 */
#define NFTRULEPUT_REG_SECOND_2 14
#define NFTRULEPUT_REG_SECOND_3 15

struct nftruleput {
	struct nftnl_rule *rule; /* NULL = out of memory */
	bool failed;             /* true = nftruleput_end() returns NULL */
};

void nftruleput_begin(struct nftruleput *r, const char *table, const char *chain);
/* The rule, owned by the caller; NULL if out of memory or after nftruleput_fail(). */
struct nftnl_rule *nftruleput_end(struct nftruleput *r);
/* Makes nftruleput_end() fail. */
void nftruleput_fail(struct nftruleput *r);
/* Sets the comment that nft shows with the rule. */
void nftruleput_comment(struct nftruleput *r, const char *text);

/* Load a value into a register; key and base are NFT_META_x, NFT_PAYLOAD_x, NFT_CT_x.
 * nftruleput_load_ct() loads into NFTRULEPUT_REG. */
void nftruleput_load_meta(struct nftruleput *r, uint32_t key, uint32_t reg);
void nftruleput_load_payload(struct nftruleput *r, uint32_t base, uint32_t offset, uint32_t len,
			  uint32_t reg);
void nftruleput_load_ct(struct nftruleput *r, uint32_t key);
/* The same, into any register. */
void nftruleput_load_ct_to(struct nftruleput *r, uint32_t key, uint32_t reg);
/* The next hop of the packet's route (NFT_RT_NEXTHOP4, NFT_RT_NEXTHOP6). Continues if the packet is
 * of that family. */
void nftruleput_load_rt(struct nftruleput *r, uint32_t key, uint32_t reg);
/* Stores NFTRULEPUT_REG into the connection (NFT_CT_x). */
void nftruleput_store_ct(struct nftruleput *r, uint32_t key);

/*
 * The following use NFTRULEPUT_REG; the "need" functions overwrite it. If a condition is not
 * met, the kernel goes on with the next rule.
 */

/* reg = (reg & mask) ^ flip, on 32 bits. */
void nftruleput_mask_and_flip(struct nftruleput *r, uint32_t mask, uint32_t flip);
/* Continues if the register compares with data as op (NFT_CMP_x) says. */
void nftruleput_compare(struct nftruleput *r, uint32_t op, const void *data, size_t len);
/* Continues if the connection has any of these bits in ct_key (NFT_CT_x). */
void nftruleput_need_bits(struct nftruleput *r, uint32_t ct_key, uint32_t bits);
/* Continues if the connection had at least min packets in both directions together. */
void nftruleput_need_packets(struct nftruleput *r, uint32_t min);
/* Continues if the set contains the key that begins in NFTRULEPUT_REG. */
void nftruleput_lookup(struct nftruleput *r, const char *set);

/* Continues for packets of the reply direction if is_reply, else of the original direction. */
void nftruleput_need_direction(struct nftruleput *r, bool is_reply);
/* Adds the key that begins in NFTRULEPUT_REG to the set, or restarts its timeout. Continues
 * unless the set is full. */
void nftruleput_update(struct nftruleput *r, const char *set, uint32_t timeout_ms);

/* Maps the key that begins in NFTRULEPUT_REG to the data that begins in NFTRULEPUT_REG_SECOND, whatever
 * it was mapped to before. Continues unless the map is full. */
void nftruleput_map(struct nftruleput *r, const char *map, uint32_t timeout_ms);

void nftruleput_count(struct nftruleput *r);
/* Hands the connection over to a flowtable of the table. Continues if that succeeds. */
void nftruleput_offload(struct nftruleput *r, const char *flowtable);
/* Adds a verdict (NFT_RETURN and others). chain is the target of NFT_JUMP, else NULL. */
void nftruleput_decide(struct nftruleput *r, uint32_t verdict, const char *chain);
