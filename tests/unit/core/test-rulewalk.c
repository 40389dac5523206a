/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which statements packets of established connections reach, tested with rules made
 * by hand.
 */
#include "unit/unit.h"

#include <string.h>

#include "core/rules/rulewalk.h"

static struct nftview rs;
static uint32_t base, sub, other; /* chains, after the sort */

static void *resize(void *old, size_t bytes)
{
	if (bytes)
		return realloc(old, bytes);
	free(old);
	return NULL;
}

static int setup(void **state UNUSED)
{
	struct nftview_chain *c;

	nftview_init(&rs, resize);
	assert_non_null(nftview_add_table(&rs, NFTVIEW_INET, "t"));
	c = nftview_add_chain(&rs, 0, "base");
	c->hook = NFTVIEW_FORWARD;
	assert_non_null(nftview_add_chain(&rs, 0, "sub"));
	c = nftview_add_chain(&rs, 0, "other");
	c->hook = NFTVIEW_POSTROUTING;
	nftview_add_set(&rs, 0, "s")->key_bytes = 4;
	nftview_sort(&rs);
	base = nftview_find_chain(&rs, 0, "base");
	sub = nftview_find_chain(&rs, 0, "sub");
	other = nftview_find_chain(&rs, 0, "other");
	return 0;
}

static int teardown(void **state UNUSED)
{
	nftview_clear(&rs);
	return 0;
}

/* -- rules ---------------------------------------------------------------- */

#define REG 16

static void rule(uint32_t chain)
{
	assert_non_null(nftview_add_rule(&rs, chain, rs.n_rules + 1));
}

static void load(enum rulesrc source, uint8_t offset, uint8_t len)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_LOAD);

	op->dreg = REG;
	op->len = len;
	op->load.source = (uint8_t)source;
	op->load.offset = offset;
}

static void mask(uint32_t bits, uint8_t len)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_BITWISE);

	op->sreg = op->dreg = REG;
	op->len = len;
	memcpy(op->value.a, &bits, sizeof(bits));
}

static void cmp(enum rule_compare how, uint32_t value, uint8_t len)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_CMP);

	op->sreg = REG;
	op->len = len;
	memcpy(op->value.a, &value, sizeof(value));
	op->value.compare = (uint8_t)how;
}

/* Matches if the ct state is one of these bits. */
static void state(uint32_t bits)
{
	load(RULESRC_CT_STATE, 0, 4);
	mask(bits, 4);
	cmp(RULE_NE, 0, 4);
}

#define INVALID 1
#define ESTABLISHED 2
#define RELATED 4
#define NEW 8

static void proto(uint8_t number)
{
	load(RULESRC_L4PROTO, 0, 4);
	cmp(RULE_EQ, number, 1);
}

static void maybe(void)
{
	assert_non_null(nftview_add_op(&rs, RULEOP_MAYBE));
}

/* Adds a statement, and returns its number for reached(). */
static uint32_t stmt(void)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_STMT);

	op->stmt.what = RULESTMT_COUNTER;
	return rs.n_ops - 1;
}

static void verdict_to(enum rule_verdict code, uint32_t chain)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_VERDICT);

	op->verdict.code = (uint8_t)code;
	op->verdict.chain = chain;
}

static void verdict(enum rule_verdict code)
{
	verdict_to(code, NFTVIEW_NONE);
}

static void lookup(bool is_inverted)
{
	struct ruleop *op = nftview_add_op(&rs, RULEOP_LOOKUP);

	op->sreg = REG;
	op->lookup.set = 0;
	op->lookup.is_inverted = is_inverted;
	rs.set[0].is_wanted = true;
}

static struct nftview_elem *elem(uint32_t key)
{
	struct nftview_elem *e = nftview_add_elem(&rs, 0);

	memcpy(e->key, &key, sizeof(key));
	return e;
}

static void walk(void)
{
	for (int p = 0; p < RULEWALK__COUNT; p++)
		assert_int_equal(rulewalk_mark(&rs, (enum rulewalk_packet)p, 0), 0);
}

static bool reached(uint32_t op)
{
	return rs.op[op].stmt.is_reached;
}

/* Adds a rule that is one statement, and returns the number of the statement for reached(). */
static uint32_t probe(uint32_t chain)
{
	rule(chain);
	return stmt();
}

/* -- tests ---------------------------------------------------------------- */

static void conntrack_states(void **state_ UNUSED)
{
	uint32_t is_new, is_any, behind, elsewhere;

	rule(base);
	state(NEW | INVALID);
	is_new = stmt();
	rule(base);
	state(ESTABLISHED | NEW);
	is_any = stmt();
	rule(base);
	state(ESTABLISHED | RELATED);
	verdict(RULE_ACCEPT);
	behind = probe(base);
	elsewhere = probe(other);
	walk();
	assert_false(reached(is_new));
	assert_true(reached(is_any));
	assert_false(reached(behind));
	assert_true(reached(elsewhere));
}

/* A statement before a match does not depend on it. */
static void order_in_a_rule(void **state_ UNUSED)
{
	uint32_t first, last;

	rule(base);
	first = stmt();
	state(NEW);
	last = stmt();
	walk();
	assert_true(reached(first));
	assert_false(reached(last));
}

static void unknown_match(void **state_ UNUSED)
{
	uint32_t here, behind;

	rule(base);
	maybe();
	here = stmt();
	verdict(RULE_ACCEPT);
	behind = probe(base);
	walk();
	assert_true(reached(here));
	assert_true(reached(behind));
}

static void protocols(void **state_ UNUSED)
{
	uint32_t icmp, tcp, behind_tcp, behind_both;

	rule(base);
	proto(1);
	icmp = stmt();
	rule(base);
	proto(6);
	tcp = stmt();
	verdict(RULE_ACCEPT);
	behind_tcp = probe(base);
	rule(base);
	proto(17);
	verdict(RULE_ACCEPT);
	behind_both = probe(base);
	walk();
	assert_false(reached(icmp));
	assert_true(reached(tcp));
	assert_true(reached(behind_tcp));
	assert_false(reached(behind_both));
}

/* Packets with SYN, FIN or RST go to the CPU anyway, so they do not count. */
static void tcp_flags(void **state_ UNUSED)
{
	uint32_t syn, ack, urg;

	rule(base);
	proto(6);
	load(RULESRC_TRANSPORT, 13, 1);
	mask(0x06, 1);
	cmp(RULE_EQ, 0x02, 1);
	syn = stmt();
	rule(base);
	proto(6);
	load(RULESRC_TRANSPORT, 13, 1);
	mask(0x12, 1);
	cmp(RULE_EQ, 0x10, 1);
	ack = stmt();
	rule(base);
	load(RULESRC_TRANSPORT, 13, 1);
	mask(0x20, 1);
	cmp(RULE_NE, 0, 1);
	urg = stmt();
	walk();
	assert_false(reached(syn));
	assert_true(reached(ack));
	assert_true(reached(urg));
}

static void headers(void **state_ UNUSED)
{
	uint32_t fragment, igmp, length, ip4;

	rule(base);
	load(RULESRC_NFPROTO, 0, 4);
	cmp(RULE_EQ, NFTVIEW_IP, 1);
	load(RULESRC_NETWORK, 6, 2);
	mask(0xff3f, 2); /* in network byte order */
	cmp(RULE_NE, 0, 2);
	fragment = stmt();
	rule(base);
	load(RULESRC_NFPROTO, 0, 4);
	cmp(RULE_EQ, NFTVIEW_IP, 1);
	ip4 = stmt();
	load(RULESRC_NETWORK, 9, 1);
	cmp(RULE_EQ, 2, 1);
	igmp = stmt();
	rule(base);
	load(RULESRC_NETWORK, 2, 2);
	cmp(RULE_GT, 100, 2);
	length = stmt();
	walk();
	assert_false(reached(fragment));
	assert_true(reached(ip4));
	assert_false(reached(igmp));
	assert_true(reached(length));
}

static void compares(void **state_ UNUSED)
{
	static const struct {
		enum rule_compare how;
		uint8_t value;
		bool is_for_tcp;
	} cases[] = {
		{ RULE_EQ, 6, true },  { RULE_NE, 6, false }, { RULE_LT, 6, false },
		{ RULE_LE, 6, true },  { RULE_GT, 6, false }, { RULE_GE, 6, true },
		{ RULE_LT, 7, true },  { RULE_GT, 5, true },  { RULE_LE, 5, false },
		{ RULE_GE, 7, false },
	};
	uint32_t at[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rule(base);
		load(RULESRC_L4PROTO, 0, 4);
		cmp(cases[i].how, cases[i].value, 1);
		at[i] = stmt();
	}
	assert_int_equal(rulewalk_mark(&rs, RULEWALK_TCP4, 0), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(reached(at[i]), cases[i].is_for_tcp);
}

static void ranges(void **state_ UNUSED)
{
	static const struct {
		uint8_t from, to;
		bool is_inverted, is_reached;
	} cases[] = {
		{ 1, 5, false, false }, { 6, 6, false, true }, { 7, 9, false, false },
		{ 1, 5, true, true },   { 6, 9, true, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ruleop *op;

		rule(base);
		load(RULESRC_L4PROTO, 0, 4);
		op = nftview_add_op(&rs, RULEOP_RANGE);
		op->sreg = REG;
		op->len = 1;
		op->value.a[0] = cases[i].from;
		op->value.b[0] = cases[i].to;
		op->value.is_inverted = cases[i].is_inverted;
		IGNORE_RESULT(stmt());
	}
	assert_int_equal(rulewalk_mark(&rs, RULEWALK_TCP6, 0), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(reached(rs.rule[i].op + rs.rule[i].n_ops - 1),
				 cases[i].is_reached);
}

static void sets(void **state_ UNUSED)
{
	uint32_t in, out, unknown;

	elem(NEW);
	elem(RELATED);
	rule(base);
	load(RULESRC_CT_STATE, 0, 4);
	lookup(false);
	in = stmt();
	rule(base);
	load(RULESRC_CT_STATE, 0, 4);
	lookup(true);
	out = stmt();
	rule(base);
	load(RULESRC_UNKNOWN, 0, 4);
	lookup(false);
	unknown = stmt();
	walk();
	assert_false(reached(in));
	assert_true(reached(out));
	assert_true(reached(unknown));
}

/* A set that is only partly known may have more elements. */
static void part_of_a_set(void **state_ UNUSED)
{
	uint32_t in;

	elem(NEW);
	rs.set[0].is_partial = true;
	rule(base);
	load(RULESRC_CT_STATE, 0, 4);
	lookup(false);
	in = stmt();
	walk();
	assert_true(reached(in));
}

static void verdict_maps(void **state_ UNUSED)
{
	uint32_t in_sub, behind;
	struct nftview_elem *e;

	rs.set[0].is_verdicts = true;
	elem(NEW)->verdict = RULE_DROP;
	e = elem(ESTABLISHED);
	e->verdict = RULE_JUMP;
	e->chain = sub;
	in_sub = probe(sub);
	rule(sub);
	verdict(RULE_ACCEPT);
	rule(base);
	load(RULESRC_CT_STATE, 0, 4);
	lookup(false);
	behind = probe(base);
	walk();
	assert_true(reached(in_sub));
	assert_false(reached(behind));
}

/* With an unknown key, packets reach all chains of the map, and the rules after it. */
static void maps_of_addresses(void **state_ UNUSED)
{
	uint32_t in_sub, behind;
	struct nftview_elem *e;

	rs.set[0].is_verdicts = true;
	elem(1)->verdict = RULE_ACCEPT;
	e = elem(2);
	e->verdict = RULE_GOTO;
	e->chain = sub;
	in_sub = probe(sub);
	rule(base);
	load(RULESRC_UNKNOWN, 0, 4);
	lookup(false);
	behind = probe(base);
	walk();
	assert_true(reached(in_sub));
	assert_true(reached(behind));
}

static void jumps(void **state_ UNUSED)
{
	uint32_t in_sub, behind_return, behind_jump;

	in_sub = probe(sub);
	rule(sub);
	verdict(RULE_RETURN);
	behind_return = probe(sub);
	rule(base);
	verdict_to(RULE_JUMP, sub);
	behind_jump = probe(base);
	walk();
	assert_true(reached(in_sub));
	assert_false(reached(behind_return));
	assert_true(reached(behind_jump));
}

static void jumps_that_do_not_return(void **state_ UNUSED)
{
	uint32_t behind;

	rule(sub);
	verdict(RULE_ACCEPT);
	rule(base);
	verdict_to(RULE_JUMP, sub);
	behind = probe(base);
	walk();
	assert_false(reached(behind));
}

static void gotos(void **state_ UNUSED)
{
	uint32_t in_sub, behind, elsewhere;

	in_sub = probe(sub);
	rule(base);
	verdict_to(RULE_GOTO, sub);
	behind = probe(base);
	elsewhere = probe(other);
	walk();
	assert_true(reached(in_sub));
	assert_false(reached(behind));
	assert_true(reached(elsewhere));
}

/* Where packets are dropped, no later chain sees them. */
static void drops(void **state_ UNUSED)
{
	uint32_t behind, elsewhere;

	rule(base);
	verdict(RULE_DROP);
	behind = probe(base);
	elsewhere = probe(other);
	walk();
	assert_false(reached(behind));
	assert_false(reached(elsewhere));
}

static void drop_policy(void **state_ UNUSED)
{
	uint32_t here, elsewhere;

	rs.chain[base].drops = true;
	here = probe(base);
	elsewhere = probe(other);
	walk();
	assert_true(reached(here));
	assert_false(reached(elsewhere));
}

/* If some packets may be accepted, later chains are reached. */
static void policy_with_exceptions(void **state_ UNUSED)
{
	uint32_t elsewhere;

	rs.chain[base].drops = true;
	rule(base);
	maybe();
	verdict(RULE_ACCEPT);
	elsewhere = probe(other);
	walk();
	assert_true(reached(elsewhere));
}

static void families(void **state_ UNUSED)
{
	uint32_t ip4;

	rs.table[0].family = NFTVIEW_IP;
	rule(base);
	load(RULESRC_NFPROTO, 0, 4);
	cmp(RULE_EQ, NFTVIEW_IP6, 1);
	ip4 = stmt();
	walk();
	assert_false(reached(ip4));
}

static void tables_left_out(void **state_ UNUSED)
{
	uint32_t here = probe(base);

	rs.table[0].is_ours = true;
	walk();
	assert_false(reached(here));
	rs.table[0].is_ours = false;
	rs.table[0].is_dormant = true;
	walk();
	assert_false(reached(here));
	rs.table[0].is_dormant = false;
	walk();
	assert_true(reached(here));
}

static void chains_left_out(void **state_ UNUSED)
{
	uint32_t in_sub = probe(sub);

	walk();
	assert_false(reached(in_sub));
}

/* The kernel allows no loop, but a ruleset that changes while it is read may seem to have one. */
static void jump_loops(void **state_ UNUSED)
{
	uint32_t behind;

	rule(sub);
	verdict_to(RULE_JUMP, sub);
	rule(base);
	verdict_to(RULE_JUMP, sub);
	behind = probe(base);
	walk();
	assert_true(reached(behind));
}

/* A chain is walked once, no matter how many jumps lead to it. Otherwise this would not end. */
static void many_jumps(void **state_ UNUSED)
{
	enum { DEPTH = 16, WIDTH = 16 };
	uint32_t last;

	nftview_clear(&rs);
	assert_non_null(nftview_add_table(&rs, NFTVIEW_INET, "t"));
	for (int i = 0; i < DEPTH; i++) {
		char name[8];

		snprintf(name, sizeof(name), "c%02d", i);
		assert_non_null(nftview_add_chain(&rs, 0, name));
	}
	nftview_sort(&rs);
	rs.chain[0].hook = NFTVIEW_FORWARD;
	for (uint32_t i = 0; i + 1 < DEPTH; i++) {
		for (int j = 0; j < WIDTH; j++) {
			rule(i);
			verdict_to(RULE_JUMP, i + 1);
		}
	}
	last = probe(DEPTH - 1);
	walk();
	assert_true(reached(last));
}

/* In chains before conntrack, packets of established connections have the state "invalid". */
static void before_conntrack(void **state_ UNUSED)
{
	uint32_t invalid, established, invalid_in_sub, established_in_sub;

	rs.chain[base].hook = NFTVIEW_PREROUTING;
	rs.chain[base].priority = -300;
	rule(base);
	state(INVALID);
	invalid = stmt();
	rule(base);
	state(ESTABLISHED);
	established = stmt();
	rule(base);
	verdict_to(RULE_JUMP, sub);
	rule(sub);
	state(INVALID);
	invalid_in_sub = stmt();
	rule(sub);
	state(ESTABLISHED);
	established_in_sub = stmt();
	walk();
	assert_true(reached(invalid));
	assert_false(reached(established));
	assert_true(reached(invalid_in_sub));
	assert_false(reached(established_in_sub));
	/* The same chain, reached from a later hook. */
	rule(other);
	verdict_to(RULE_JUMP, sub);
	walk();
	assert_true(reached(established_in_sub));
	assert_false(reached(established));
	/* At the priority of conntrack. */
	rs.chain[base].priority = -200;
	walk();
	assert_true(reached(established));
}

static void marks(void **state_ UNUSED)
{
	uint32_t with, without, other_bit;

	rule(base);
	load(RULESRC_CT_MARK, 0, 4);
	mask(0x10, 4);
	cmp(RULE_NE, 0, 4);
	with = stmt();
	rule(base);
	load(RULESRC_CT_MARK, 0, 4);
	mask(0x10, 4);
	cmp(RULE_EQ, 0, 4);
	without = stmt();
	rule(base);
	load(RULESRC_CT_MARK, 0, 4);
	mask(0x20, 4);
	cmp(RULE_EQ, 0, 4);
	other_bit = stmt();
	assert_int_equal(rulewalk_mark(&rs, RULEWALK_UDP4, 0x10), 0);
	assert_true(reached(with));
	assert_false(reached(without));
	assert_true(reached(other_bit));
	walk();
	assert_true(reached(without));
}

static void cursor(void **state_ UNUSED)
{
	struct rulewalk_cursor at = { 0 };
	struct rulewalk_found found;
	uint32_t n[RULESTMT__COUNT];

	rule(base);
	stmt();
	stmt();
	rule(base);
	state(NEW);
	stmt();
	probe(other);
	walk();
	rulewalk_count(&rs, n);
	assert_int_equal(n[RULESTMT_COUNTER], 3);
	assert_int_equal(n[RULESTMT_LOG], 0);
	for (int i = 0; i < 2; i++) {
		assert_true(rulewalk_next(&rs, RULESTMT_COUNTER, &at, &found));
		assert_string_equal(found.chain->name, "base");
		assert_int_equal(found.rule->handle, 1);
	}
	assert_true(rulewalk_next(&rs, RULESTMT_COUNTER, &at, &found));
	assert_string_equal(found.chain->name, "other");
	assert_int_equal(found.rule->handle, 3);
	assert_string_equal(found.table->name, "t");
	assert_false(rulewalk_next(&rs, RULESTMT_COUNTER, &at, &found));
	at = (struct rulewalk_cursor){ 0 };
	assert_false(rulewalk_next(&rs, RULESTMT_LOG, &at, &found));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(conntrack_states),
		TEST(order_in_a_rule),
		TEST(unknown_match),
		TEST(protocols),
		TEST(tcp_flags),
		TEST(headers),
		TEST(compares),
		TEST(ranges),
		TEST(sets),
		TEST(part_of_a_set),
		TEST(verdict_maps),
		TEST(maps_of_addresses),
		TEST(jumps),
		TEST(jumps_that_do_not_return),
		TEST(gotos),
		TEST(drops),
		TEST(drop_policy),
		TEST(policy_with_exceptions),
		TEST(families),
		TEST(tables_left_out),
		TEST(chains_left_out),
		TEST(jump_loops),
		TEST(many_jumps),
		TEST(before_conntrack),
		TEST(marks),
		TEST(cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
