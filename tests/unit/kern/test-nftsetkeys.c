/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where rules take the keys from that they look up, tested with rules that the
 * library writes.
 */
#include "unit/unit.h"

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "kern/ruleset/nftsetkeys.h"

static struct nftnl_rule *rule;

static int setup(void **state UNUSED)
{
	rule = nftnl_rule_alloc();
	return rule ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
	nftnl_rule_free(rule);
	return 0;
}

static struct nftnl_expr *add(const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(rule, e);
	return e;
}

static void payload(uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = add("payload");

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void load(const char *name, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add(name);
	bool is_ct = name[0] == 'c';

	nftnl_expr_set_u32(e, is_ct ? NFTNL_EXPR_CT_KEY : NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, is_ct ? NFTNL_EXPR_CT_DREG : NFTNL_EXPR_META_DREG, reg);
}

static void mask(uint32_t reg)
{
	const uint32_t bits = 0xff, none = 0;
	struct nftnl_expr *e = add("bitwise");

	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, 4);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, &bits, sizeof(bits));
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
}

static void lookup(const char *set, uint32_t reg)
{
	struct nftnl_expr *e = add("lookup");

	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, reg);
}

/* The foreign ones of the first two key slots, in look-ups in the set "s". */
static uint32_t foreign_slots(void)
{
	_Alignas(4) char buf[4096];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0);
	uint32_t slots = 0;

	nftnl_rule_nlmsg_build_payload(nlh, rule);
	nftsetkeys_get(nlh, "s", &slots);
	return slots & 3;
}

static void unmodified_values(void **state UNUSED)
{
	payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots() & 1, 0);
	payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_01);
	lookup("s", NFT_REG_1);
	load("ct", NFT_CT_SRC, NFT_REG_1);
	lookup("s", NFT_REG_1);
	load("meta", NFT_META_IIFNAME, NFT_REG_1);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots() & 1, 0);
}

static void modified_values(void **state UNUSED)
{
	payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	mask(NFT_REG_1);
	lookup("other", NFT_REG_1);
	assert_int_equal(foreign_slots(), 0);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots(), 3);
}

/* An earlier value in the register does not matter. */
static void register_is_loaded_again(void **state UNUSED)
{
	load("ct", NFT_CT_STATE, NFT_REG_1);
	mask(NFT_REG_1);
	load("meta", NFT_META_L4PROTO, NFT_REG_1);
	payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, NFT_REG32_01);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots(), 0);
}

static void other_fields(void **state UNUSED)
{
	payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	load("meta", NFT_META_MARK, NFT_REG32_01);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots(), 2);
	payload(NFT_PAYLOAD_NETWORK_HEADER, 14, 4, NFT_REG_1);
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots(), 3);
}

static void unknown_expressions(void **state UNUSED)
{
	payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	add("fib");
	lookup("s", NFT_REG_1);
	assert_int_equal(foreign_slots(), 3);
}

static void registers(void **state UNUSED)
{
	payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_2);
	lookup("s", NFT_REG32_00 + 4);
	assert_int_equal(foreign_slots(), 2);
	lookup("s", 1000);
	assert_int_equal(foreign_slots(), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(unmodified_values),
		TEST(modified_values),
		TEST(register_is_loaded_again),
		TEST(other_fields),
		TEST(unknown_expressions),
		TEST(registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
