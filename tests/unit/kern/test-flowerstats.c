/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters and ages in messages about flower rules.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>

#include "base/util.h"
#include "unit/flowerfixture.h"

struct counted {
	uint64_t bytes, pkts, hw_bytes, hw_pkts;
};

/* Like gnet_stats_copy_basic() and gnet_stats_copy_basic_hw(). */
static void put_basic(struct nlput *w, uint16_t type, uint64_t bytes, uint64_t pkts)
{
	struct gnet_stats_basic basic = { .bytes = bytes, .packets = (uint32_t)pkts };

	nlput_bytes(w, type, &basic, sizeof(basic));
	if (basic.packets != pkts)
		nlput_bytes(w, TCA_STATS_PKT64, &pkts, sizeof(pkts));
}

static void put_terse_action(struct nlput *w, uint16_t i, const char *kind, const struct counted *c)
{
	static const uint32_t queue[5] = { 1, 2, 3, 4, 5 };
	static const unsigned char cookie[16] = { 'n', 'f', 'o', 1,   1,         2,         3, 4,
						  0xa, 0xb, 0xc, 0xd, RULE_FLOW, DIR_REPLY, 0, 0 };
	struct nlput_nest nest = nlput_nest_begin(w, i), stats;

	nlput_str(w, TCA_ACT_KIND, kind);
	stats = nlput_nest_begin(w, TCA_ACT_STATS);
	put_basic(w, TCA_STATS_BASIC, c->bytes, c->pkts);
	if (c->hw_bytes)
		put_basic(w, TCA_STATS_BASIC_HW, c->hw_bytes, c->hw_pkts);
	nlput_bytes(w, TCA_STATS_QUEUE, queue, sizeof(queue));
	nlput_nest_end(w, stats);
	if (strcmp(kind, "mirred") == 0)
		nlput_bytes(w, TCA_ACT_COOKIE, cookie, sizeof(cookie));
	nlput_nest_end(w, nest);
}

/* One entry of a terse dump (fl_terse_dump). */
static void put_terse(struct msg *m, const struct counted *c)
{
	struct tcmsg tcm = {
		.tcm_ifindex = 3,
		.tcm_handle = 9,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_info = TC_H_MAKE(20u << 16, htons(0x86dd)),
	};
	const struct counted none = { 0, 0, 0, 0 };
	struct nlput_nest options, actions;

	begin(m);
	nlput_begin(&m->w, RTM_NEWTFILTER, NLM_F_MULTI);
	nlput_header(&m->w, &tcm, sizeof(tcm));
	nlput_str(&m->w, TCA_KIND, "flower");
	nlput_u32(&m->w, TCA_CHAIN, 0);
	options = nlput_nest_begin(&m->w, TCA_OPTIONS);
	nlput_u32(&m->w, TCA_FLOWER_FLAGS, TCA_CLS_FLAGS_SKIP_SW | TCA_CLS_FLAGS_IN_HW);
	actions = nlput_nest_begin(&m->w, TCA_FLOWER_ACT);
	put_terse_action(&m->w, 1, "pedit", c);
	put_terse_action(&m->w, 2, "csum", &none);
	put_terse_action(&m->w, 3, "mirred", c);
	nlput_nest_end(&m->w, actions);
	nlput_nest_end(&m->w, options);
	assert_int_equal(nlput_end(&m->w), 0);
}

static void terse_dump(void **state UNUSED)
{
	const struct counted c = { 1000, 10, 900, 9 };
	struct flower_info info;
	struct msg m;

	put_terse(&m, &c);
	info = decode(&m);
	assert_true(info.is_flower);
	assert_true(info.is_ours);
	assert_true(info.is_in_hw);
	assert_true(info.is_skip_sw);
	assert_false(info.is_skip_hw);
	assert_false(info.has_rule);
	assert_true(info.has_stats);
	assert_int_equal(info.stats.pkts, 10);
	assert_int_equal(info.stats.bytes, 1000);
	assert_int_equal(info.hw_stats.pkts, 9);
	assert_int_equal(info.hw_stats.bytes, 900);
	assert_int_equal(info.cookie.instance, 0x01020304);
	assert_int_equal(info.cookie.ct_id, 0x0a0b0c0d);
	assert_int_equal(info.cookie.dir, DIR_REPLY);
	assert_int_equal(info.where.ifindex, 3);
	assert_int_equal(info.where.handle, 9);
	assert_int_equal(info.where.prio, 20);
	assert_int_equal(info.where.family, FAMILY_IP6);
}

/* A 64-bit packet counter belongs to the attribute before it. */
static void many_packets(void **state UNUSED)
{
	const uint64_t many = (UINT64_C(5) << 32) + 3;
	const struct counted cases[] = {
		{ 1, many, 2, many - 1 },
		{ 1, many, 2, 7 },
		{ 1, many, 0, 0 },
		{ 1, 8, 2, many },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct flower_info info;
		struct msg m;

		put_terse(&m, &cases[i]);
		info = decode(&m);
		assert_int_equal(info.stats.pkts, cases[i].pkts);
		assert_int_equal(info.hw_stats.pkts, cases[i].hw_pkts);
	}
}

/* Inserts the times before the other options; the attributes around them grow. */
static void put_times(struct msg *m, uint16_t action, uint16_t type, const struct tcf_t *times)
{
	const uint16_t path[] = { TCA_OPTIONS, TCA_FLOWER_ACT, action, TCA_ACT_OPTIONS, 0 };
	struct nlmsghdr *nlh = nlput_msg(&m->w);
	size_t len = NLA_HDRLEN + sizeof(*times);
	struct nlattr head = { .nla_len = (uint16_t)len, .nla_type = type };
	unsigned char *at = find(m, path);
	size_t tail = (size_t)(m->buf + nlh->nlmsg_len - at);

	assert_true(nlh->nlmsg_len + len <= sizeof(m->buf));
	memmove(at + len, at, tail);
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), times, sizeof(*times));
	nlh->nlmsg_len += (uint32_t)len;
	for (size_t depth = 1; depth < array_size(path); depth++) {
		uint16_t part[array_size(path)] = { 0 };
		struct nlattr *outer;

		memcpy(part, path, depth * sizeof(*path));
		outer = (void *)(find(m, part) - NLA_HDRLEN);
		outer->nla_len += (uint16_t)len;
	}
}

/* In a full dump each action has its times; those of the last action count. */
static void age_of_a_rule(void **state UNUSED)
{
	static const uint64_t lastuse[] = { 0, 9, 1234, UINT64_MAX };
	static const uint64_t tenths[] = { 0, 0, 123, UINT32_MAX };

	for (size_t i = 0; i < 2 * array_size(lastuse); i++) {
		const struct tcf_t times = { .install = 77777, .lastuse = lastuse[i / 2] };
		const struct rule rule = i % 2 ? guard_rule() : full_rule();
		struct flower_info info;
		struct msg m;

		encode(&m, &rule);
		assert_false(decode(&m).has_age);
		if (i % 2)
			put_times(&m, 1, TCA_GACT_TM, &times);
		else
			put_times(&m, 3, TCA_MIRRED_TM, &times);
		info = decode(&m);
		assert_true(info.has_rule);
		assert_true(info.has_age);
		assert_int_equal(info.age_ds, tenths[i / 2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terse_dump),
		cmocka_unit_test(many_packets),
		cmocka_unit_test(age_of_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
