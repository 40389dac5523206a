/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftbuild.h"

#include <stdio.h> /* which libnftnl/expr.h needs and does not include */

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftput.h"

static_assert((int)NFTBUILD_REG == (int)NFT_REG_1 && (int)NFTBUILD_REG_SECOND == (int)NFT_REG_2 &&
		      (int)NFTBUILD_REG_BEHIND == (int)NFT_REG32_01,
	      "registers");

void nftbuild_begin(struct nftbuild *r, const char *table, const char *chain)
{
	*r = (struct nftbuild){ .rule = nftnl_rule_alloc() };
	if (!r->rule)
		return;
	nftnl_rule_set_str(r->rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(r->rule, NFTNL_RULE_CHAIN, chain);
}

struct nftnl_rule *nftbuild_end(struct nftbuild *r)
{
	if (r->rule && r->failed) {
		nftnl_rule_free(r->rule);
		r->rule = NULL;
	}
	return r->rule;
}

void nftbuild_fail(struct nftbuild *r)
{
	r->failed = true;
}

void nftbuild_comment(struct nftbuild *r, const char *text)
{
	struct nftput_comment comment;
	uint32_t size = nftput_make_comment(&comment, text);

	if (r->rule)
		nftnl_rule_set_data(r->rule, NFTNL_RULE_USERDATA, &comment, size);
}

static struct nftnl_expr *add_expr(struct nftbuild *r, const char *name)
{
	struct nftnl_expr *e = r->rule ? nftnl_expr_alloc(name) : NULL;

	if (e)
		nftnl_rule_add_expr(r->rule, e);
	else
		r->failed = true;
	return e;
}

static void set_u32(struct nftbuild *r, struct nftnl_expr *e, uint16_t attr, uint32_t value)
{
	if (e)
		nftnl_expr_set_u32(e, attr, value);
	else
		r->failed = true;
}

static void set_data(struct nftbuild *r, struct nftnl_expr *e, uint16_t attr, const void *data,
		     size_t len)
{
	if (!e || nftnl_expr_set(e, attr, data, (uint32_t)len) < 0)
		r->failed = true;
}

void nftbuild_load_meta(struct nftbuild *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "meta");

	set_u32(r, e, NFTNL_EXPR_META_KEY, key);
	set_u32(r, e, NFTNL_EXPR_META_DREG, reg);
}

void nftbuild_load_payload(struct nftbuild *r, uint32_t base, uint32_t offset, uint32_t len,
			 uint32_t reg)
{
	struct nftnl_expr *e = add_expr(r, "payload");

	set_u32(r, e, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_LEN, len);
	set_u32(r, e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void nftbuild_load_ct(struct nftbuild *r, uint32_t key)
{
	struct nftnl_expr *e = add_expr(r, "ct");

	set_u32(r, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(r, e, NFTNL_EXPR_CT_DREG, NFTBUILD_REG);
}

void nftbuild_store_ct(struct nftbuild *r, uint32_t key)
{
	struct nftnl_expr *e = add_expr(r, "ct");

	set_u32(r, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(r, e, NFTNL_EXPR_CT_SREG, NFTBUILD_REG);
}

void nftbuild_mask_and_flip(struct nftbuild *r, uint32_t mask, uint32_t flip)
{
	struct nftnl_expr *e = add_expr(r, "bitwise");

	set_u32(r, e, NFTNL_EXPR_BITWISE_SREG, NFTBUILD_REG);
	set_u32(r, e, NFTNL_EXPR_BITWISE_DREG, NFTBUILD_REG);
	set_u32(r, e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	set_data(r, e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	set_data(r, e, NFTNL_EXPR_BITWISE_XOR, &flip, sizeof(flip));
}

void nftbuild_compare(struct nftbuild *r, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *e = add_expr(r, "cmp");

	set_u32(r, e, NFTNL_EXPR_CMP_SREG, NFTBUILD_REG);
	set_u32(r, e, NFTNL_EXPR_CMP_OP, op);
	set_data(r, e, NFTNL_EXPR_CMP_DATA, data, len);
}

void nftbuild_need_bits(struct nftbuild *r, uint32_t ct_key, uint32_t bits)
{
	const uint32_t none = 0;

	nftbuild_load_ct(r, ct_key);
	nftbuild_mask_and_flip(r, bits, 0);
	nftbuild_compare(r, NFT_CMP_NEQ, &none, sizeof(none));
}

void nftbuild_lookup(struct nftbuild *r, const char *set)
{
	struct nftnl_expr *e = add_expr(r, "lookup");

	set_u32(r, e, NFTNL_EXPR_LOOKUP_SREG, NFTBUILD_REG);
	set_data(r, e, NFTNL_EXPR_LOOKUP_SET, set, strlen(set) + 1);
	/* What the kernel shows in a dump (nft_lookup_dump), with which it is compared. */
	set_u32(r, e, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

void nftbuild_need_direction(struct nftbuild *r, bool is_reply)
{
	const uint8_t direction = is_reply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL;

	nftbuild_load_ct(r, NFT_CT_DIRECTION);
	nftbuild_compare(r, NFT_CMP_EQ, &direction, sizeof(direction));
}

void nftbuild_update(struct nftbuild *r, const char *set, uint32_t timeout_ms)
{
	struct nftnl_expr *e = add_expr(r, "dynset");

	set_data(r, e, NFTNL_EXPR_DYNSET_SET_NAME, set, strlen(set) + 1);
	set_u32(r, e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	set_u32(r, e, NFTNL_EXPR_DYNSET_SREG_KEY, NFTBUILD_REG);
	if (e)
		nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, timeout_ms);
}

void nftbuild_count(struct nftbuild *r)
{
	add_expr(r, "counter");
}

void nftbuild_decide(struct nftbuild *r, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *e = add_expr(r, "immediate");

	set_u32(r, e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(r, e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		set_data(r, e, NFTNL_EXPR_IMM_CHAIN, chain, strlen(chain) + 1);
}

/* The kernel compares bytes, so a number must have its highest first (nft_cmp_eval). */
void nftbuild_need_packets(struct nftbuild *r, uint32_t min)
{
	const uint32_t be[] = { 0, htonl(min) };
	struct nftnl_expr *e;

	nftbuild_load_ct(r, NFT_CT_PKTS);
	e = add_expr(r, "byteorder");
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_SREG, NFTBUILD_REG);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_DREG, NFTBUILD_REG);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(be));
	set_u32(r, e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(be));
	nftbuild_compare(r, NFT_CMP_GTE, be, sizeof(be));
}

void nftbuild_offload(struct nftbuild *r, const char *flowtable)
{
	struct nftnl_expr *e = add_expr(r, "flow_offload");

	set_data(r, e, NFTNL_EXPR_FLOW_TABLE_NAME, flowtable, strlen(flowtable) + 1);
}
