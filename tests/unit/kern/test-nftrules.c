/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of a ruleset from messages that the library writes.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/flowtable.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <string.h>

#include "kern/nft/nftnames.h"
#include "kern/ruleset/nftrules.h"
#include "kern/ruleset/nftxtables.h"

static struct nftview rs;
static struct nftnl_rule *rule;
static _Alignas(4) char buf[8192];

static struct nlmsghdr *message(uint16_t type, uint16_t family)
{
	return nftnl_nlmsg_build_hdr(buf, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), family, 0,
				     1);
}

static void feed_table(uint16_t family, const char *name, uint32_t flags, const char *comment)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWTABLE, family);
	char userdata[64] = { 0, 0 };

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	if (comment) {
		userdata[1] = (char)(strlen(comment) + 1);
		strcpy(userdata + 2, comment);
		mnl_attr_put(nlh, NFTA_TABLE_USERDATA, strlen(comment) + 3, userdata);
	}
	nftrules_feed(&rs, 0, nlh);
}

static void feed_chain(const char *table, const char *name, const char *type, uint32_t hook)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWCHAIN, NFPROTO_INET);
	struct nftnl_chain *c = nftnl_chain_alloc();

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	if (type) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, -150);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_DROP);
	}
	nftnl_chain_nlmsg_build_payload(nlh, c);
	nftrules_feed(&rs, 0, nlh);
	nftnl_chain_free(c);
}

static void feed_set(const char *name, uint32_t flags, uint32_t data_type, const char *expr)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWSET, NFPROTO_INET);
	struct nftnl_set *s = nftnl_set_alloc();

	nftnl_set_set_str(s, NFTNL_SET_TABLE, "t");
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, 4);
	if (data_type)
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, data_type);
	if (expr)
		nftnl_set_add_expr(s, nftnl_expr_alloc(expr));
	nftnl_set_nlmsg_build_payload(nlh, s);
	nftrules_feed(&rs, 0, nlh);
	nftnl_set_free(s);
}

static void *resize(void *old, size_t bytes)
{
	if (bytes)
		return realloc(old, bytes);
	free(old);
	return NULL;
}

static int setup(void **state UNUSED)
{
	nftview_init(&rs, resize);
	feed_table(NFPROTO_INET, "t", 0, NULL);
	feed_chain("t", "base", "filter", NF_INET_FORWARD);
	feed_chain("t", "sub", NULL, 0);
	feed_set("plain", 0, 0, NULL);
	feed_set("verdicts", NFT_SET_MAP, NFT_DATA_VERDICT, NULL);
	feed_set("tallied", 0, 0, "counter");
	nftview_sort(&rs);
	rule = nftnl_rule_alloc();
	return rule ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
	nftnl_rule_free(rule);
	nftview_clear(&rs);
	return 0;
}

static struct nftnl_expr *add(const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(rule, e);
	return e;
}

static void feed_rule(const char *chain)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWRULE, NFPROTO_INET);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "t");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, UINT64_C(0x100000007));
	nftnl_rule_nlmsg_build_payload(nlh, rule);
	nftrules_feed(&rs, 0, nlh);
}

/* Feeds the rule if it was not fed yet. Returns its n-th op, which must be of this kind. */
static const struct ruleop *op_at(uint32_t n, enum ruleop_kind kind)
{
	if (!rs.n_rules)
		feed_rule("base");
	assert_int_equal(rs.n_rules, 1);
	assert_true(n < rs.rule[0].n_ops);
	assert_int_equal(rs.op[n].kind, kind);
	return &rs.op[n];
}

static void expect_stmt(uint32_t n, enum rulestmt what, const char *text)
{
	const struct ruleop *op = op_at(n, RULEOP_STMT);

	assert_int_equal(op->stmt.what, what);
	assert_string_equal(op->stmt.text, text);
	assert_false(op->stmt.is_reached);
}

static void load(const char *name, uint16_t key_attr, uint32_t key, uint16_t dreg_attr)
{
	struct nftnl_expr *e = add(name);

	nftnl_expr_set_u32(e, key_attr, key);
	nftnl_expr_set_u32(e, dreg_attr, NFT_REG_1);
}

static void load_state(void)
{
	load("ct", NFTNL_EXPR_CT_KEY, NFT_CT_STATE, NFTNL_EXPR_CT_DREG);
}

static void load_mark(void)
{
	load("meta", NFTNL_EXPR_META_KEY, NFT_META_MARK, NFTNL_EXPR_META_DREG);
}

static void lookup(const char *set, uint32_t flags)
{
	struct nftnl_expr *e = add("lookup");

	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, flags);
}

/* -- tables, chains and sets ----------------------------------------------- */

static void tables(void **state UNUSED)
{
	feed_table(NFPROTO_INET, NFTNAMES_TABLE, 0, NFTNAMES_COMMENT);
	feed_table(NFPROTO_IPV4, "asleep", NFT_TABLE_F_DORMANT, "whatever");
	feed_table(NFPROTO_IPV6, NFTNAMES_TABLE, 0, NFTNAMES_COMMENT);
	feed_table(NFPROTO_BRIDGE, "bridge", 0, NULL);
	assert_int_equal(rs.n_tables, 4);
	assert_false(rs.table[0].is_ours || rs.table[0].is_dormant);
	assert_true(rs.table[1].is_ours);
	assert_true(rs.table[2].is_dormant);
	assert_int_equal(rs.table[2].family, NFTVIEW_IP);
	assert_false(rs.table[3].is_ours);
}

static void chains(void **state UNUSED)
{
	const struct nftview_chain *c;

	feed_chain("t", "nat", "nat", NF_INET_POST_ROUTING);
	feed_chain("t", "in", "filter", NF_INET_LOCAL_IN);
	feed_chain("t", "post", "filter", NF_INET_POST_ROUTING);
	feed_chain("unknown", "post", "filter", NF_INET_POST_ROUTING);
	nftview_sort(&rs);
	assert_int_equal(rs.n_chains, 5);
	c = &rs.chain[nftview_find_chain(&rs, 0, "base")];
	assert_int_equal(c->hook, NFTVIEW_FORWARD);
	assert_int_equal(c->priority, -150);
	assert_true(c->drops);
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "sub")].hook, NFTVIEW_HOOK_NONE);
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "nat")].hook, NFTVIEW_HOOK_NONE);
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "in")].hook, NFTVIEW_HOOK_NONE);
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "post")].hook, NFTVIEW_POSTROUTING);
	assert_int_equal(nftview_find_chain(&rs, 0, "none"), NFTVIEW_NONE);
}

static void sets(void **state UNUSED)
{
	const struct nftview_set *s = &rs.set[nftview_find_set(&rs, 0, "verdicts")];

	assert_true(s->is_verdicts);
	assert_int_equal(s->key_bytes, 4);
	assert_int_equal(s->counts, RULESTMT__COUNT);
	s = &rs.set[nftview_find_set(&rs, 0, "tallied")];
	assert_int_equal(s->counts, RULESTMT_COUNTER);
	assert_false(s->is_verdicts || s->is_interval || s->is_wanted);
}

static void elements(void **state UNUSED)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWSETELEM, NFPROTO_INET);
	uint32_t at = nftview_find_set(&rs, 0, "verdicts"), key = 2;
	struct nftnl_set_elem *e = nftnl_set_elem_alloc();
	struct nftnl_set *s = nftnl_set_alloc();

	nftnl_set_set_str(s, NFTNL_SET_TABLE, "t");
	nftnl_set_set_str(s, NFTNL_SET_NAME, "verdicts");
	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
	nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_GOTO);
	nftnl_set_elem_set_str(e, NFTNL_SET_ELEM_CHAIN, "sub");
	nftnl_set_elem_add(s, e);
	nftnl_set_elems_nlmsg_build_payload(nlh, s);
	nftrules_feed(&rs, at, nlh);
	nftnl_set_free(s);
	assert_int_equal(rs.set[at].n_elems, 1);
	assert_memory_equal(rs.elem[0].key, &key, sizeof(key));
	assert_int_equal(rs.elem[0].verdict, RULE_GOTO);
	assert_int_equal(rs.elem[0].chain, nftview_find_chain(&rs, 0, "sub"));
	assert_false(rs.elem[0].is_end || rs.elem[0].is_catchall);
}

static void flowtables(void **state UNUSED)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWFLOWTABLE, NFPROTO_INET);
	struct nftnl_flowtable *f = nftnl_flowtable_alloc();
	const char *devices[] = { "lan0", "wan0", NULL };

	nftnl_flowtable_set_str(f, NFTNL_FLOWTABLE_TABLE, "t");
	nftnl_flowtable_set_str(f, NFTNL_FLOWTABLE_NAME, "ft");
	nftnl_flowtable_set_u32(f, NFTNL_FLOWTABLE_HOOKNUM, 0);
	nftnl_flowtable_set_u32(f, NFTNL_FLOWTABLE_PRIO, 0);
	nftnl_flowtable_set_data(f, NFTNL_FLOWTABLE_DEVICES, devices, 0);
	nftnl_flowtable_nlmsg_build_payload(nlh, f);
	nftrules_feed(&rs, 0, nlh);
	nftnl_flowtable_free(f);
	assert_int_equal(rs.n_flowtables, 1);
	assert_string_equal(rs.flowtable[0].name, "ft");
	assert_string_equal(rs.flowtable[0].devices, "lan0, wan0");
}

/* -- rules ---------------------------------------------------------------- */

static void chain_of_a_rule(void **state UNUSED)
{
	add("counter");
	feed_rule("sub");
	assert_int_equal(rs.rule[0].handle, UINT64_C(0x100000007));
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "sub")].n_rules, 1);
	assert_int_equal(rs.chain[nftview_find_chain(&rs, 0, "base")].n_rules, 0);
	feed_rule("none");
	assert_int_equal(rs.n_rules, 1);
}

static void state_matches(void **state UNUSED)
{
	const uint32_t mask = 6, none = 0;
	struct nftnl_expr *e;
	const struct ruleop *op;

	load_state();
	e = add("bitwise");
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, 4);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
	e = add("cmp");
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_NEQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &none, sizeof(none));
	e = add("immediate");
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
	op = op_at(0, RULEOP_LOAD);
	assert_int_equal(op->load.source, RULESRC_CT_STATE);
	assert_int_equal(op->dreg, 16);
	op = op_at(1, RULEOP_BITWISE);
	assert_memory_equal(op->value.a, &mask, sizeof(mask));
	assert_int_equal(op->len, 4);
	op = op_at(2, RULEOP_CMP);
	assert_int_equal(op->value.compare, RULE_NE);
	assert_int_equal(op->sreg, 16);
	assert_int_equal(op_at(3, RULEOP_VERDICT)->verdict.code, RULE_ACCEPT);
	assert_int_equal(rs.rule[0].n_ops, 4);
}

static void header_matches(void **state UNUSED)
{
	struct nftnl_expr *e = add("payload");
	const struct ruleop *op;

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, 13);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG32_03);
	op = op_at(0, RULEOP_LOAD);
	assert_int_equal(op->load.source, RULESRC_TRANSPORT);
	assert_int_equal(op->load.offset, 13);
	assert_int_equal(op->len, 1);
	assert_int_equal(op->dreg, 28);
}

static void jump_to(const char *chain, uint32_t verdict)
{
	struct nftnl_expr *e = add("immediate");

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void verdicts(void **state UNUSED)
{
	jump_to("sub", (uint32_t)NFT_JUMP);
	jump_to("none", (uint32_t)NFT_GOTO);
	jump_to(NULL, (uint32_t)NFT_RETURN);
	jump_to(NULL, NF_DROP);
	assert_int_equal(op_at(0, RULEOP_VERDICT)->verdict.code, RULE_JUMP);
	assert_int_equal(rs.op[0].verdict.chain, nftview_find_chain(&rs, 0, "sub"));
	assert_int_equal(op_at(1, RULEOP_VERDICT)->verdict.code, RULE_GOTO);
	assert_int_equal(rs.op[1].verdict.chain, NFTVIEW_NONE);
	assert_int_equal(op_at(2, RULEOP_VERDICT)->verdict.code, RULE_RETURN);
	assert_int_equal(op_at(3, RULEOP_VERDICT)->verdict.code, RULE_DROP);
}

/* The elements of a set are wanted if the key is partly known, or if they are verdicts. */
static void lookups(void **state UNUSED)
{
	uint32_t plain = nftview_find_set(&rs, 0, "plain");

	load_mark();
	lookup("plain", 0);
	lookup("verdicts", 0);
	assert_int_equal(op_at(1, RULEOP_LOOKUP)->lookup.set, plain);
	assert_false(rs.set[plain].is_wanted);
	assert_true(rs.set[nftview_find_set(&rs, 0, "verdicts")].is_wanted);
}

static void lookups_of_a_known_key(void **state UNUSED)
{
	uint32_t plain = nftview_find_set(&rs, 0, "plain");

	load_state();
	lookup("plain", NFT_LOOKUP_F_INV);
	assert_true(op_at(1, RULEOP_LOOKUP)->lookup.is_inverted);
	assert_true(rs.set[plain].is_wanted);
}

static void lookups_that_count(void **state UNUSED)
{
	load_mark();
	lookup("tallied", 0);
	op_at(1, RULEOP_LOOKUP);
	expect_stmt(2, RULESTMT_COUNTER, "counter in elements of @tallied");
}

static void unknown_sets(void **state UNUSED)
{
	load_mark();
	lookup("none", 0);
	op_at(1, RULEOP_MAYBE);
}

static void limits(void **state UNUSED)
{
	struct nftnl_expr *e = add("limit");

	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, 10);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 60);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	e = add("limit");
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, 1000);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
	expect_stmt(0, RULESTMT_LIMIT, "limit rate over 10/minute");
	expect_stmt(1, RULESTMT_LIMIT, "limit rate 1000 bytes/second");
	assert_true(rs.op[0].stmt.is_match);
}

static void logs(void **state UNUSED)
{
	nftnl_expr_set_str(add("log"), NFTNL_EXPR_LOG_PREFIX, "in: ");
	nftnl_expr_set_u16(add("log"), NFTNL_EXPR_LOG_GROUP, 5);
	nftnl_expr_set_u32(add("log"), NFTNL_EXPR_LOG_LEVEL, 4);
	expect_stmt(0, RULESTMT_LOG, "log prefix \"in: \"");
	expect_stmt(1, RULESTMT_LOG, "log group 5");
	expect_stmt(2, RULESTMT_LOG, "log");
}

static void queues(void **state UNUSED)
{
	nftnl_expr_set_u16(add("queue"), NFTNL_EXPR_QUEUE_NUM, 3);
	expect_stmt(0, RULESTMT_QUEUE, "queue to 3");
	assert_int_equal(op_at(1, RULEOP_VERDICT)->verdict.code, RULE_QUEUE);
}

static void objects(void **state UNUSED)
{
	struct nftnl_expr *e = add("objref");

	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_QUOTA);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, "most");
	e = add("objref");
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_CT_HELPER);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, "ftp");
	expect_stmt(0, RULESTMT_QUOTA, "quota name \"most\"");
	assert_true(rs.op[0].stmt.is_match);
	assert_int_equal(rs.rule[0].n_ops, 1);
}

static void write_header(uint32_t base, uint32_t offset, uint32_t csum)
{
	struct nftnl_expr *e = add("payload");

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, 2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, csum);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, 10);
}

static void header_writes(void **state UNUSED)
{
	write_header(NFT_PAYLOAD_NETWORK_HEADER, 0, NFT_PAYLOAD_CSUM_INET);
	write_header(NFT_PAYLOAD_NETWORK_HEADER, 0, NFT_PAYLOAD_CSUM_NONE);
	write_header(NFT_PAYLOAD_NETWORK_HEADER, 8, NFT_PAYLOAD_CSUM_INET);
	write_header(NFT_PAYLOAD_NETWORK_HEADER, 6, NFT_PAYLOAD_CSUM_NONE);
	write_header(NFT_PAYLOAD_TRANSPORT_HEADER, 2, NFT_PAYLOAD_CSUM_INET);
	expect_stmt(0, RULESTMT_HEADER, "ip dscp set");
	expect_stmt(1, RULESTMT_HEADER, "ip6 dscp set");
	expect_stmt(2, RULESTMT_HEADER, "ip ttl set");
	expect_stmt(3, RULESTMT_HEADER, "ip6 hoplimit set");
	expect_stmt(4, RULESTMT_HEADER, "transport header set");
}

static void write_option(uint32_t type)
{
	struct nftnl_expr *e = add("exthdr");

	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, (uint8_t)type);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, 2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, 2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_SREG, NFT_REG_1);
}

/* Only SYN packets have the segment size; all packets have timestamps. */
static void tcp_options(void **state UNUSED)
{
	write_option(2);
	write_option(8);
	op_at(0, RULEOP_MAYBE);
	expect_stmt(1, RULESTMT_HEADER, "tcp option set");
}

static void set_key(const char *name, uint16_t key_attr, uint32_t key, uint16_t sreg_attr)
{
	struct nftnl_expr *e = add(name);

	nftnl_expr_set_u32(e, key_attr, key);
	nftnl_expr_set_u32(e, sreg_attr, NFT_REG_1);
}

static void marks(void **state UNUSED)
{
	set_key("meta", NFTNL_EXPR_META_KEY, NFT_META_MARK, NFTNL_EXPR_META_SREG);
	set_key("meta", NFTNL_EXPR_META_KEY, NFT_META_PRIORITY, NFTNL_EXPR_META_SREG);
	set_key("meta", NFTNL_EXPR_META_KEY, NFT_META_NFTRACE, NFTNL_EXPR_META_SREG);
	set_key("ct", NFTNL_EXPR_CT_KEY, NFT_CT_MARK, NFTNL_EXPR_CT_SREG);
	set_key("ct", NFTNL_EXPR_CT_KEY, NFT_CT_ZONE, NFTNL_EXPR_CT_SREG);
	expect_stmt(0, RULESTMT_MARK, "meta mark set");
	expect_stmt(1, RULESTMT_PRIORITY, "meta priority set");
	expect_stmt(2, RULESTMT_CT_MARK, "ct mark set");
	assert_int_equal(rs.rule[0].n_ops, 3);
}

static void number_generators(void **state UNUSED)
{
	struct nftnl_expr *e = add("numgen");

	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_MODULUS, 2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_TYPE, NFT_NG_RANDOM);
	expect_stmt(0, RULESTMT_NUMGEN, "numgen random");
	assert_int_equal(op_at(1, RULEOP_LOAD)->load.source, RULESRC_UNKNOWN);
}

static void meters(void **state UNUSED)
{
	struct nftnl_expr *e = add("dynset");

	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, "plain");
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	expect_stmt(0, RULESTMT_SET, "update @plain");
}

static void simple_statements(void **state UNUSED)
{
	add("counter");
	add("synproxy");
	add("last");
	expect_stmt(0, RULESTMT_COUNTER, "counter");
	expect_stmt(1, RULESTMT_SYNPROXY, "synproxy");
	expect_stmt(2, RULESTMT_LAST, "last");
}

/* An expression of a later kernel, made by hand because the library does not know it. */
static void unknown_expressions(void **state UNUSED)
{
	struct nlmsghdr *nlh = message(NFT_MSG_NEWRULE, NFPROTO_INET);
	struct nlattr *list, *elem;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "base");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "beam");
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	nftrules_feed(&rs, 0, nlh);
	expect_stmt(0, RULESTMT_UNKNOWN, "beam");
	assert_true(rs.op[0].stmt.is_match);
}

/* -- iptables ------------------------------------------------------------- */

static void iptables_states(void **state UNUSED)
{
	struct xt_conntrack_mtinfo3 info = { .match_flags = XT_CONNTRACK_STATE,
					     .invert_flags = 0,
					     .state_mask = 6 };
	struct nftxtables_match m = nftxtables_get_match("conntrack", 3, &info, sizeof(info));

	assert_int_equal(m.source, RULESRC_CT_STATE);
	assert_int_equal(m.mask, 6);
	assert_int_equal(m.value, 0);
	assert_true(m.is_inverted);
	assert_false(m.is_maybe);
	info.invert_flags = XT_CONNTRACK_STATE;
	info.match_flags |= XT_CONNTRACK_PROTO;
	m = nftxtables_get_match("conntrack", 3, &info, sizeof(info));
	assert_false(m.is_inverted);
	assert_true(m.is_maybe);
	/* Too short, and with another layout. */
	assert_int_equal(nftxtables_get_match("conntrack", 3, &info, 4).source, RULESRC_UNKNOWN);
	m = nftxtables_get_match("conntrack", 1, &info, sizeof(info));
	assert_true(m.source == RULESRC_UNKNOWN && m.is_maybe);
}

static void iptables_flags(void **state UNUSED)
{
	struct xt_tcp info = { .flg_mask = 6, .flg_cmp = 2 };
	struct nftxtables_match m = nftxtables_get_match("tcp", 0, &info, sizeof(info));

	assert_int_equal(m.source, RULESRC_TRANSPORT);
	assert_int_equal(m.offset, 13);
	assert_int_equal(m.len, 1);
	assert_false(m.is_inverted);
	assert_true(m.is_maybe);
}

static void iptables_rules(void **state UNUSED)
{
	const struct xt_conntrack_mtinfo3 info = { .match_flags = XT_CONNTRACK_STATE,
						   .state_mask = 8 };
	struct xt_conntrack_mtinfo3 *copy = malloc(sizeof(info));
	struct nftnl_expr *e = add("match");

	/* The library takes and frees this copy. */
	memcpy(copy, &info, sizeof(info));
	nftnl_expr_set_str(e, NFTNL_EXPR_MT_NAME, "conntrack");
	nftnl_expr_set_u32(e, NFTNL_EXPR_MT_REV, 3);
	nftnl_expr_set(e, NFTNL_EXPR_MT_INFO, copy, sizeof(*copy));
	e = add("target");
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "TCPMSS");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 0);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, calloc(1, 8), 8);
	assert_int_equal(op_at(0, RULEOP_LOAD)->dreg, NFTVIEW_REG_SCRATCH);
	assert_int_equal(op_at(1, RULEOP_BITWISE)->value.a[0], 8);
	assert_int_equal(op_at(2, RULEOP_CMP)->value.compare, RULE_NE);
	expect_stmt(3, RULESTMT_HEADER, "-j TCPMSS");
	assert_int_equal(rs.rule[0].n_ops, 4);
}

static void iptables_targets(void **state UNUSED)
{
	assert_int_equal(nftxtables_target("LOG"), RULESTMT_LOG);
	assert_int_equal(nftxtables_target("REJECT"), RULESTMT__COUNT);
	assert_int_equal(nftxtables_target("WHATEVER"), RULESTMT_TARGET);
}

/* -- limits --------------------------------------------------------------- */

static void number_of_flowtables(void **state UNUSED)
{
	char name[16];

	for (unsigned int i = 0; i < NFTVIEW_FLOWTABLES_MAX; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_non_null(nftview_add_flowtable(&rs, 0, name));
	}
	assert_false(rs.is_cut);
	assert_null(nftview_add_flowtable(&rs, 0, "more"));
	assert_true(rs.is_cut);
	assert_string_equal(rs.flowtable[NFTVIEW_FLOWTABLES_MAX - 1].name, name);
}

/* A message that is cut anywhere is not read beyond its end. */
static void cut_messages(void **state UNUSED)
{
	struct nlmsghdr *nlh;
	uint32_t len;

	jump_to("sub", (uint32_t)NFT_JUMP);
	load_state();
	lookup("plain", 0);
	nlh = message(NFT_MSG_NEWRULE, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "t");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, "base");
	nftnl_rule_nlmsg_build_payload(nlh, rule);
	len = nlh->nlmsg_len;
	for (uint32_t i = sizeof(*nlh); i < len; i++) {
		struct nlmsghdr *copy = malloc(i);

		memcpy(copy, nlh, i);
		copy->nlmsg_len = i;
		nftrules_feed(&rs, 0, copy);
		free(copy);
	}
	assert_true(rs.n_odd_rules > 0);
}

/* Whatever bytes a rule contains, its ops name only registers and chains that exist. */
static void garbled_messages(void **state UNUSED)
{
	struct splitmix random = unit_random_start(7);
	_Alignas(4) char copy[sizeof(buf)];
	struct nlmsghdr *nlh;
	unsigned int n_read = 0;

	jump_to("sub", (uint32_t)NFT_JUMP);
	load_state();
	lookup("verdicts", 0);
	write_header(NFT_PAYLOAD_NETWORK_HEADER, 0, NFT_PAYLOAD_CSUM_INET);
	write_option(8);
	nftnl_expr_set_str(add("log"), NFTNL_EXPR_LOG_PREFIX, "in: ");
	nlh = message(NFT_MSG_NEWRULE, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "t");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, "base");
	nftnl_rule_nlmsg_build_payload(nlh, rule);
	for (int i = 0; i < 5000; i++) {
		memcpy(copy, nlh, nlh->nlmsg_len);
		for (int j = 0; j < 3; j++)
			copy[sizeof(*nlh) + 4 +
			     splitmix_below(&random, nlh->nlmsg_len - sizeof(*nlh) - 4)] =
				(char)splitmix_u64(&random);
		nftrules_feed(&rs, 0, (const struct nlmsghdr *)copy);
	}
	for (uint32_t i = 0; i < rs.n_ops; i++) {
		const struct ruleop *op = &rs.op[i];

		n_read += op->kind == RULEOP_LOOKUP;
		assert_true(op->dreg + op->len <= NFTVIEW_REG_ALL_BYTES);
		assert_true(op->sreg + op->len <= NFTVIEW_REG_ALL_BYTES);
		if (op->kind != RULEOP_LOAD)
			assert_true(op->len <= NFTVIEW_VALUE_SIZE);
		if (op->kind == RULEOP_VERDICT && op->verdict.chain != NFTVIEW_NONE)
			assert_true(op->verdict.chain < rs.n_chains);
	}
	/* Many are still read as rules. */
	assert_true(n_read > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(tables),
		TEST(chains),
		TEST(sets),
		TEST(elements),
		TEST(flowtables),
		TEST(chain_of_a_rule),
		TEST(state_matches),
		TEST(header_matches),
		TEST(verdicts),
		TEST(lookups),
		TEST(lookups_of_a_known_key),
		TEST(lookups_that_count),
		TEST(unknown_sets),
		TEST(limits),
		TEST(logs),
		TEST(queues),
		TEST(objects),
		TEST(header_writes),
		TEST(tcp_options),
		TEST(marks),
		TEST(number_generators),
		TEST(meters),
		TEST(simple_statements),
		TEST(unknown_expressions),
		TEST(iptables_states),
		TEST(iptables_flags),
		TEST(iptables_rules),
		TEST(iptables_targets),
		TEST(number_of_flowtables),
		TEST(cut_messages),
		TEST(garbled_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
