/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftruleput.h"

#include <stdio.h> /* libnftnl/expr.h needs it and does not include it */

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftobj.h"

static_assert((int)NFTRULEPUT_REG == (int)NFT_REG_1 && (int)NFTRULEPUT_REG_SECOND == (int)NFT_REG_2 &&
		      (int)NFTRULEPUT_REG_BEHIND == (int)NFT_REG32_01 &&
		      (int)NFTRULEPUT_REG_SECOND_1 == (int)NFT_REG32_05 &&
		      (int)NFTRULEPUT_REG_SECOND_2 == (int)NFT_REG32_06 &&
		      (int)NFTRULEPUT_REG_SECOND_3 == (int)NFT_REG32_07,
	      "registers");

void nftruleput_begin(struct nftruleput *r, const char *table, const char *chain)
{
	*r = (struct nftruleput){ .rule = nftnl_rule_alloc() };
	if (!r->rule)
		return;
	nftnl_rule_set_str(r->rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(r->rule, NFTNL_RULE_CHAIN, chain);
}

struct nftnl_rule *nftruleput_end(struct nftruleput *r)
{
	if (r->rule && r->failed) {
		nftnl_rule_free(r->rule);
		r->rule = NULL;
	}
	return r->rule;
}

void nftruleput_fail(struct nftruleput *r)
{
	r->failed = true;
}

void nftruleput_comment(struct nftruleput *r, const char *text)
{
	struct nftobj_comment comment;
	uint32_t size = nftobj_make_comment(&comment, text);

	if (r->rule)
		nftnl_rule_set_data(r->rule, NFTNL_RULE_USERDATA, &comment, size);
}

static struct nftnl_expr *add_expr(struct nftruleput *r, const char *name)
{
	struct nftnl_expr *e = r->rule ? nftnl_expr_alloc(name) : NULL;

	if (e)
		nftnl_rule_add_expr(r->rule, e);
	else
		r->failed = true;
	return e;
}

static void set_u32(struct nftruleput *r, struct nftnl_expr *e, uint16_t attr, uint32_t value)
{
	if (e)
		nftnl_expr_set_u32(e, attr, value);
	else
		r->failed = true;
}

static void set_data(struct nftruleput *r, struct nftnl_expr *e, uint16_t attr, const void *data,
		     size_t len)
{
	if (!e || nftnl_expr_set(e, attr, data, (uint32_t)len) < 0)
		r->failed = true;
}

void nftruleput_load_meta(struct nftruleput *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "meta");

	set_u32(r, e, NFTNL_EXPR_META_KEY, key);
	set_u32(r, e, NFTNL_EXPR_META_DREG, reg);
}

void nftruleput_load_payload(struct nftruleput *r, uint32_t base, uint32_t offset, uint32_t len,
			 uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "payload");

	set_u32(r, e, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_LEN, len);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void nftruleput_load_ct_to(struct nftruleput *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "ct");

	set_u32(r, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(r, e, NFTNL_EXPR_CT_DREG, reg);
}

void nftruleput_load_ct(struct nftruleput *r, uint32_t key)
{
	nftruleput_load_ct_to(r, key, NFTRULEPUT_REG);
}

void nftruleput_load_rt(struct nftruleput *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "rt");

	set_u32(r, e, NFTNL_EXPR_RT_KEY, key);
	set_u32(r, e, NFTNL_EXPR_RT_DREG, reg);
}

void nftruleput_store_ct(struct nftruleput *r, uint32_t key)
{
	struct nftnl_expr *e = add_expr(r, "ct");

	set_u32(r, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(r, e, NFTNL_EXPR_CT_SREG, NFTRULEPUT_REG);
}

void nftruleput_mask_and_flip(struct nftruleput *r, uint32_t mask, uint32_t flip)
{
	struct nftnl_expr *e = add_expr(r, "bitwise");

	set_u32(r, e, NFTNL_EXPR_BITWISE_SREG, NFTRULEPUT_REG);
	set_u32(r, e, NFTNL_EXPR_BITWISE_DREG, NFTRULEPUT_REG);
	set_u32(r, e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	set_data(r, e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	set_data(r, e, NFTNL_EXPR_BITWISE_XOR, &flip, sizeof(flip));
}

void nftruleput_compare(struct nftruleput *r, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *e = add_expr(r, "cmp");

	set_u32(r, e, NFTNL_EXPR_CMP_SREG, NFTRULEPUT_REG);
	set_u32(r, e, NFTNL_EXPR_CMP_OP, op);
	set_data(r, e, NFTNL_EXPR_CMP_DATA, data, len);
}

void nftruleput_need_bits(struct nftruleput *r, uint32_t ct_key, uint32_t bits)
{
	const uint32_t none = 0;

	nftruleput_load_ct(r, ct_key);
	nftruleput_mask_and_flip(r, bits, 0);
	nftruleput_compare(r, NFT_CMP_NEQ, &none, sizeof(none));
}

void nftruleput_lookup(struct nftruleput *r, const char *set)
{
	struct nftnl_expr *e = add_expr(r, "lookup");

	set_u32(r, e, NFTNL_EXPR_LOOKUP_SREG, NFTRULEPUT_REG);
	set_data(r, e, NFTNL_EXPR_LOOKUP_SET, set, strlen(set) + 1);
	/* Dumps contain the flags (nft_lookup_dump), and nfttable compares dumps with our rules. */
	set_u32(r, e, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

void nftruleput_need_direction(struct nftruleput *r, bool is_reply)
{
	const uint8_t direction = is_reply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL;

	nftruleput_load_ct(r, NFT_CT_DIRECTION);
	nftruleput_compare(r, NFT_CMP_EQ, &direction, sizeof(direction));
}

static struct nftnl_expr *add_dynset(struct nftruleput *r, const char *set, uint32_t op,
				     uint32_t timeout_ms)
{
	struct nftnl_expr *e = add_expr(r, "dynset");

	set_data(r, e, NFTNL_EXPR_DYNSET_SET_NAME, set, strlen(set) + 1);
	set_u32(r, e, NFTNL_EXPR_DYNSET_OP, op);
	set_u32(r, e, NFTNL_EXPR_DYNSET_SREG_KEY, NFTRULEPUT_REG);
	if (e)
		nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, timeout_ms);
	return e;
}

void nftruleput_update(struct nftruleput *r, const char *set, uint32_t timeout_ms)
{
	add_dynset(r, set, NFT_DYNSET_OP_UPDATE, timeout_ms);
}

/* An update would keep the old data (nft_dynset_eval). */
void nftruleput_map(struct nftruleput *r, const char *map, uint32_t timeout_ms)
{
	static const uint32_t ops[] = { NFT_DYNSET_OP_DELETE, NFT_DYNSET_OP_ADD };

	for (size_t i = 0; i < array_size(ops); i++)
		set_u32(r, add_dynset(r, map, ops[i], timeout_ms), NFTNL_EXPR_DYNSET_SREG_DATA,
			NFTRULEPUT_REG_SECOND);
}

void nftruleput_count(struct nftruleput *r)
{
	add_expr(r, "counter");
}

void nftruleput_decide(struct nftruleput *r, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *e = add_expr(r, "immediate");

	set_u32(r, e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(r, e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		set_data(r, e, NFTNL_EXPR_IMM_CHAIN, chain, strlen(chain) + 1);
}

/* The kernel compares with memcmp() (nft_cmp_eval), so numbers must be big-endian. */
void nftruleput_need_packets(struct nftruleput *r, uint32_t min)
{
	const uint32_t be[] = { 0, htonl(min) };
	struct nftnl_expr *e;

	nftruleput_load_ct(r, NFT_CT_PKTS);
	e = add_expr(r, "byteorder");
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_SREG, NFTRULEPUT_REG);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_DREG, NFTRULEPUT_REG);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(be));
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(be));
	nftruleput_compare(r, NFT_CMP_GTE, be, sizeof(be));
}

void nftruleput_offload(struct nftruleput *r, const char *flowtable)
{
	struct nftnl_expr *e = add_expr(r, "flow_offload");

	set_data(r, e, NFTNL_EXPR_FLOW_TABLE_NAME, flowtable, strlen(flowtable) + 1);
}
