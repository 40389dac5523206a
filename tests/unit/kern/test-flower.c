/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flower encoder and decoder beyond the golden files: random, foreign and damaged rules.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_nat.h>
#include <linux/tc_act/tc_pedit.h>
#include <linux/tc_act/tc_vlan.h>
#include <string.h>

#include "base/util.h"
#include "unit/flowerfixture.h"

static void random_bytes(struct splitmix *random, void *dst, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)dst)[i] = (unsigned char)splitmix_u64(random);
}

static void random_tuple(struct splitmix *random, uint8_t family, uint8_t proto, struct tuple *t)
{
	memset(t, 0, sizeof(*t));
	t->family = family;
	t->proto = proto;
	random_bytes(random, t->src.b, addr_len((enum family)family));
	random_bytes(random, t->dst.b, addr_len((enum family)family));
	t->sport = (uint16_t)splitmix_u64(random);
	t->dport = (uint16_t)splitmix_u64(random);
}

static void random_form(struct splitmix *random, struct rule *r)
{
	r->rewrite = (uint8_t)splitmix_below(random, 64);
	r->form = (uint8_t)splitmix_below(random, 256);
	if (r->form & RULE_WITH_INDEV)
		memcpy(r->indev, "fifteen letters", 1 + splitmix_below(random, 15));
	if (rule_only_accepts(r))
		r->form &= RULE_WITH_CSUM | RULE_WITH_INDEV | RULE_ANY_ETHERTYPE;
	if (r->family == FAMILY_IP6)
		r->form &= ~RULE_ODD_REWRITE;
	if (r->form & RULE_EXACT_TTL) {
		r->rewrite &= ~RULE_DEC_TTL;
		r->ttl = (uint8_t)(2 + splitmix_below(random, 254));
	}
	random_bytes(random, r->dmac.b, sizeof(r->dmac.b));
	r->mtu = (uint16_t)(1 + splitmix_below(random, UINT16_MAX));
}

static struct vlan_tags random_tags(struct splitmix *random)
{
	enum vlan_encap encap = (enum vlan_encap)splitmix_below(random, VLAN_ENCAP__COUNT);

	return vlan_tags_of(encap, (uint16_t)splitmix_below(random, VLAN_ID_MAX + 1));
}

static struct rule random_rule(struct splitmix *random)
{
	uint8_t family = splitmix_below(random, 2) ? FAMILY_IP4 : FAMILY_IP6;
	uint8_t proto = splitmix_below(random, 2) ? L4_TCP : L4_UDP;
	bool only_accepts = splitmix_below(random, 10) == 0;
	struct rule r = {
		.ifindex = 1 + splitmix_below(random, 1000),
		.prio = (uint16_t)(1 + splitmix_below(random, 65535)),
		.handle = 1 + (uint32_t)(splitmix_u64(random) >> 33),
		.family = family,
		.kind = splitmix_below(random, 4) ? RULE_FLOW : RULE_PROBE,
		.place = splitmix_below(random, 2) ? RULE_SOFTWARE : RULE_HARDWARE,
		.cookie = { .instance = (uint32_t)splitmix_u64(random) },
	};

	if (only_accepts)
		r.kind = splitmix_below(random, 2) ? RULE_GUARD : RULE_BARRIER;
	r.cookie.kind = r.kind;
	r.cookie.owns_clsact = splitmix_below(random, 2);
	random_form(random, &r);
	if (only_accepts)
		return r;
	if (!(r.form & RULE_ANY_ETHERTYPE))
		r.tags = random_tags(random);
	r.out_tags = random_tags(random);
	r.cookie.ct_id = (uint32_t)splitmix_u64(random);
	r.cookie.dir = (uint8_t)splitmix_below(random, DIR__COUNT);
	random_tuple(random, family, proto, &r.match);
	random_tuple(random, family, proto, &r.to);
	random_bytes(random, &r.eth_src, sizeof(r.eth_src));
	random_bytes(random, &r.eth_dst, sizeof(r.eth_dst));
	r.out_ifindex = 1 + splitmix_below(random, 1000);
	return r;
}

static void random_rules_are_decoded(void **state UNUSED)
{
	struct splitmix random = unit_random_start(1);

	for (int i = 0; i < 5000; i++) {
		struct rule rule = random_rule(&random);
		struct flower_info info;
		struct msg m, again;

		encode(&m, &rule);
		info = decode(&m);
		assert_true(info.has_rule);
		assert_true(rule_is_equal(&info.rule, &rule));
		assert_int_equal(info.rule.handle, rule.handle);
		assert_int_equal(info.where.family, rule_where(&rule).family);
		assert_int_equal(info.where.vlan, rule_where(&rule).vlan);
		assert_memory_equal(&info.cookie, &rule.cookie, sizeof(rule.cookie));
		/* The decoded rule gives the same message again. */
		encode(&again, &info.rule);
		assert_int_equal(nlput_msg(&m.w)->nlmsg_len, nlput_msg(&again.w)->nlmsg_len);
		assert_memory_equal(m.buf, again.buf, nlput_msg(&m.w)->nlmsg_len);
	}
}

static void impossible_rules_are_refused(void **state UNUSED)
{
	struct rule r = full_rule();
	struct msg m;

	begin(&m);
	r.match.proto = 132;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	r = full_rule();
	r.family = FAMILY_NONE;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	r = full_rule();
	r.match.family = FAMILY_IP6;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	/* The TTL may not be set in two ways, and packets with TTL 1 may not be forwarded. */
	r = full_rule();
	r.form |= RULE_EXACT_TTL;
	r.ttl = 64;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	r.rewrite &= ~RULE_DEC_TTL;
	assert_int_equal(flower_put_add(&m.w, &r, 0), 0);
	r.ttl = 1;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	/* A port without a name. */
	r = full_rule();
	r.form |= RULE_WITH_INDEV;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	memset(r.indev, 'x', sizeof(r.indev));
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	/* IPv6 has no odd rewrite. */
	r = full_rule();
	r.form |= RULE_ODD_REWRITE;
	r.family = r.match.family = r.to.family = FAMILY_IP6;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	r = guard_rule();
	r.form |= RULE_EXACT_TTL;
	r.ttl = 64;
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EINVAL);
	r = full_rule();
	nlput_init(&m.w, m.buf, 200, 0);
	assert_int_equal(flower_put_add(&m.w, &r, 0), -EMSGSIZE);
}

/* -- foreign rules -------------------------------------------------------- */

static void other_matches_are_no_rules(void **state UNUSED)
{
	const struct rule rule = full_rule();
	struct msg m;

	IS_NO_RULE(AT(KEY(ETH_TYPE)), 1, 6);
	IS_NO_RULE(AT(KEY(IP_PROTO)), 0, 1);
	IS_NO_RULE(AT(KEY(IP_PROTO)), 0, L4_UDP);
	IS_NO_RULE(AT(KEY(IPV4_SRC_MASK)), 3, 0xfe);
	IS_NO_RULE(AT(KEY(IPV4_DST_MASK)), 0, 0);
	IS_NO_RULE(AT(KEY(TCP_SRC_MASK)), 0, 0);
	IS_NO_RULE(AT(KEY(TCP_DST_MASK)), 1, 0);
	IS_NO_RULE(AT(KEY(TCP_FLAGS)), 1, 1);
	IS_NO_RULE(AT(KEY(TCP_FLAGS_MASK)), 1, 0x17);
	IS_NO_RULE(AT(KEY(FLAGS)), 3, 1);
	IS_NO_RULE(AT(KEY(FLAGS_MASK)), 3, 3);
	/* A key that our rules never have: one attribute becomes another. */
	IS_NO_RULE(AT(KEY(TCP_FLAGS)), -2, TCA_FLOWER_KEY_VLAN_ID);
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_FLAGS), 0, 0);
	IS_NO_RULE(AT(TCA_CHAIN), 0, 1);
	assert_int_equal(CHANGED(AT(TCA_CHAIN), 0, 1).chain, 1);
}

static void other_rewrites_are_no_rules(void **state UNUSED)
{
	const size_t first_key = sizeof(struct tc_pedit_sel);
	const size_t off = first_key + offsetof(struct tc_pedit_key, off);
	const struct rule rule = full_rule();
	struct msg m;

#define PARMS AT(ACTION(1), TCA_PEDIT_PARMS_EX)
	IS_NO_RULE(PARMS, offsetof(struct tc_pedit_sel, action), TC_ACT_OK);
	IS_NO_RULE(PARMS, offsetof(struct tc_pedit_sel, nkeys), 8);
	IS_NO_RULE(PARMS, off, 12);
	IS_NO_RULE(PARMS, off, 4);
	IS_NO_RULE(PARMS, first_key, 1); /* the mask */
	IS_NO_RULE(PARMS, first_key + offsetof(struct tc_pedit_key, offmask), 1);
	/* The TTL is the fifth key. */
	IS_NO_RULE(PARMS, first_key + 4 * sizeof(struct tc_pedit_key) + 4, 0xfe);
	IS_NO_RULE(AT(ACTION(1), TCA_PEDIT_KEYS_EX, TCA_PEDIT_KEY_EX, TCA_PEDIT_KEY_EX_HTYPE), 0,
		   TCA_PEDIT_KEY_EX_HDR_TYPE_IP4);
	IS_NO_RULE(AT(ACTION(1), TCA_PEDIT_KEYS_EX, TCA_PEDIT_KEY_EX, TCA_PEDIT_KEY_EX_CMD), 0,
		   TCA_PEDIT_KEY_EX_CMD_ADD);
	IS_NO_RULE(AT(ACTION(1), TCA_PEDIT_KEYS_EX), -2, TCA_PEDIT_PAD);
#undef PARMS
}

/* In software, act_nat rewrites IPv4 addresses. */
static void other_translations_are_no_rules(void **state UNUSED)
{
	struct rule rule = full_rule();
	struct msg m;

	rule.place = RULE_SOFTWARE;
	encode(&m, &rule);
	assert_true(decode(&m).has_rule);
#define PARMS(i) AT(ACTION(i), TCA_NAT_PARMS)
	IS_NO_RULE(PARMS(1), offsetof(struct tc_nat, action), TC_ACT_OK);
	IS_NO_RULE(PARMS(1), offsetof(struct tc_nat, old_addr), 1);
	IS_NO_RULE(PARMS(1), offsetof(struct tc_nat, mask), 0xfe);
	IS_NO_RULE(PARMS(1), offsetof(struct tc_nat, flags), 0);
	IS_NO_RULE(PARMS(1), offsetof(struct tc_nat, flags), 2);
	IS_NO_RULE(PARMS(2), offsetof(struct tc_nat, flags), TCA_NAT_FLAG_EGRESS);
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_FLAGS), 0, TCA_CLS_FLAGS_SKIP_SW);
	assert_int_equal(CHANGED(PARMS(1), offsetof(struct tc_nat, new_addr), 9).rule.to.src.b[0],
			 9);
#undef PARMS
	/* In software, no other action of ours rewrites them. */
	rule.place = RULE_HARDWARE;
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_FLAGS), 0, TCA_CLS_FLAGS_SKIP_HW);
}

static void other_actions_are_no_rules(void **state UNUSED)
{
	const struct rule rule = full_rule();
	struct flower_info info;
	struct msg m;

	IS_NO_RULE(AT(ACTION(2), TCA_CSUM_PARMS), offsetof(struct tc_csum, update_flags), 1);
	IS_NO_RULE(AT(ACTION(2), TCA_CSUM_PARMS), offsetof(struct tc_csum, action), TC_ACT_OK);
	IS_NO_RULE(AT(ACTION(3), TCA_MIRRED_PARMS), offsetof(struct tc_mirred, eaction),
		   TCA_EGRESS_MIRROR);
	IS_NO_RULE(AT(ACTION(3), TCA_MIRRED_PARMS), offsetof(struct tc_mirred, action),
		   TC_ACT_PIPE);
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 2, TCA_ACT_KIND), 0, 'x');
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 3, TCA_ACT_KIND), 0, 'x');
	/* Without our cookie, a message may still have the content of a rule of ours. */
	info = CHANGED(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 3, TCA_ACT_COOKIE), 0, 'x');
	assert_false(info.is_ours);
	assert_true(info.has_rule);
	info = CHANGED(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 3, TCA_ACT_COOKIE), 3, 2);
	assert_false(info.is_ours);
	/* The cookie of a guard on a flow rule. */
	info = CHANGED(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 3, TCA_ACT_COOKIE), 12, RULE_GUARD);
	assert_true(info.is_ours);
	assert_false(info.has_rule);
	/* Another kind of classifier. */
	info = CHANGED(AT(TCA_KIND), 0, 'x');
	assert_false(info.is_flower);
	assert_false(info.is_ours);
	assert_int_equal(info.where.handle, 7);
}

/* The parts that follow from the form of a rule are checked as strictly as the rest. */
static void other_forms_are_no_rules(void **state UNUSED)
{
	const size_t ttl_key = sizeof(struct tc_pedit_sel) + 4 * sizeof(struct tc_pedit_key);
	struct rule rule = full_rule();
	struct flower_info info;
	struct msg m;

	/* No act_csum, and a match on the port of arrival. */
	rule.form = RULE_WITH_INDEV;
	strcpy(rule.indev, "eth0");
	encode(&m, &rule);
	info = decode(&m);
	assert_true(rule_is_equal(&info.rule, &rule));
	assert_int_equal(info.rule.form, RULE_WITH_INDEV);
	info = CHANGED(AT(TCA_OPTIONS, TCA_FLOWER_INDEV), 3, '1');
	assert_string_equal(info.rule.indev, "eth1");
	assert_false(rule_is_equal(&info.rule, &rule));
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_INDEV), 0, 0);

	rule.form = RULE_WITH_CSUM | RULE_EXACT_TTL | RULE_ODD_MATCH | RULE_ODD_REWRITE;
	rule.rewrite &= ~RULE_DEC_TTL;
	rule.ttl = 64;
	encode(&m, &rule);
	info = decode(&m);
	assert_true(rule_is_equal(&info.rule, &rule));
	IS_NO_RULE(AT(KEY(IP_TTL)), 0, 65);
	IS_NO_RULE(AT(KEY(IP_TTL_MASK)), 0, 0xfe);
	IS_NO_RULE(AT(ACTION(1), TCA_PEDIT_PARMS_EX), ttl_key + 4, 64);
	IS_NO_RULE(AT(ACTION(1), TCA_PEDIT_PARMS_EX), ttl_key + sizeof(struct tc_pedit_key) + 4,
		   2);
	IS_NO_RULE(AT(KEY(HASH)), 0, 1);
	IS_NO_RULE(AT(KEY(HASH_MASK)), 0, 0);
	assert_true(CHANGED(AT(KEY(HASH)), 0, 1).is_ours);
	/* One attribute becomes another: the TTL set without being matched. */
	IS_NO_RULE(AT(KEY(IP_TTL)), -2, TCA_FLOWER_KEY_IP_TOS);
}

#define PARMS AT(ACTION(1), TCA_POLICE_TBF)
/* A police action of ours has no rate, a limit above the header, and leaves the rest to the stack. */
static void other_size_checks_are_no_rules(void **state UNUSED)
{
	struct rule rule = full_rule();
	struct msg m;

	rule.form |= RULE_WITH_MTU;
	rule.mtu = 1492;
	encode(&m, &rule);
	assert_true(decode(&m).has_rule);
	assert_int_equal(CHANGED(PARMS, offsetof(struct tc_police, mtu), 0xe3).rule.mtu, 1493);
	IS_NO_RULE(PARMS, offsetof(struct tc_police, mtu) + 2, 1);
	IS_NO_RULE(PARMS, offsetof(struct tc_police, action), TC_ACT_SHOT);
	IS_NO_RULE(PARMS, offsetof(struct tc_police, burst), 1);
	IS_NO_RULE(PARMS, offsetof(struct tc_police, rate) + offsetof(struct tc_ratespec, rate), 1);
	IS_NO_RULE(PARMS, offsetof(struct tc_police, peakrate) + offsetof(struct tc_ratespec, rate), 1);
	IS_NO_RULE(AT(ACTION(1), TCA_POLICE_RESULT), 0, TC_ACT_OK);
	IS_NO_RULE(AT(ACTION(1), TCA_POLICE_RESULT), -2, TCA_POLICE_AVRATE);
}
#undef PARMS

/* Tags are popped as often as there are some, and then pushed, the inner one first, with priority 0. */
static void other_tags_are_no_rules(void **state UNUSED)
{
	struct rule rule = full_rule();
	struct msg m;

	rule.form &= ~RULE_ANY_ETHERTYPE;
	rule.tags = vlan_tags_of(VLAN_AD_Q, 100);
	rule.out_tags = vlan_tags_of(VLAN_Q, 8);
	encode(&m, &rule);
	assert_true(decode(&m).has_rule);
#define PARMS(i) AT(ACTION(i), TCA_VLAN_PARMS)
	IS_NO_RULE(PARMS(3), offsetof(struct tc_vlan, v_action), TCA_VLAN_ACT_PUSH);
	IS_NO_RULE(PARMS(4), offsetof(struct tc_vlan, v_action), TCA_VLAN_ACT_MODIFY);
	IS_NO_RULE(PARMS(4), offsetof(struct tc_vlan, action), TC_ACT_OK);
	IS_NO_RULE(PARMS(5), offsetof(struct tc_vlan, v_action), TCA_VLAN_ACT_POP);
	IS_NO_RULE(AT(ACTION(5), TCA_VLAN_PUSH_VLAN_PROTOCOL), -2, TCA_VLAN_PAD);
#undef PARMS
	IS_NO_RULE(AT(KEY(VLAN_ETH_TYPE)), 1, 1);
	IS_NO_RULE(AT(KEY(CVLAN_ETH_TYPE)), 1, 6);
	IS_NO_RULE(AT(KEY(VLAN_ID)), -2, TCA_FLOWER_KEY_CT_ZONE);
	assert_int_equal(CHANGED(AT(KEY(VLAN_ID)), 0, 9).rule.tags.tag[0].id, 9);
	assert_int_equal(CHANGED(AT(KEY(CVLAN_ID)), 0, 9).rule.tags.tag[1].id, 9);
	assert_int_equal(CHANGED(AT(ACTION(5), TCA_VLAN_PUSH_VLAN_ID), 0, 9).rule.out_tags.tag[0].id, 9);
	/* One tag less than is popped. */
	rule.tags = vlan_tags_of(VLAN_UNTAGGED, 0);
	encode(&m, &rule);
	assert_true(decode(&m).has_rule);
	IS_NO_RULE(AT(ACTION(3), TCA_VLAN_PARMS), offsetof(struct tc_vlan, v_action), TCA_VLAN_ACT_POP);
}

/* No rule of ours has an act_csum without a checksum to update. */
static void needless_checksums_are_no_rules(void **state UNUSED)
{
	struct rule rule = full_rule();
	struct flower_info info;
	struct msg m;

	IS_NO_RULE(AT(ACTION(2), TCA_CSUM_PARMS), offsetof(struct tc_csum, update_flags), 0);
	rule.family = rule.match.family = rule.to.family = FAMILY_IP6;
	rule.rewrite = RULE_SET_MACS | RULE_DEC_TTL;
	rule.form = 0;
	encode(&m, &rule);
	info = decode(&m);
	assert_true(rule_is_equal(&info.rule, &rule));
	assert_int_equal(info.rule.form, RULE_WITH_CSUM);
}

static void prio_for_all_ethertypes(void **state UNUSED)
{
	struct rule rule = full_rule();
	struct flower_info info;
	struct tcmsg *tcm;
	struct msg m;

	rule.form |= RULE_ANY_ETHERTYPE;
	encode(&m, &rule);
	tcm = (void *)(m.buf + NLMSG_HDRLEN);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(3));
	info = decode(&m);
	assert_int_equal(info.where.family, FAMILY_NONE);
	assert_int_equal(info.rule.family, FAMILY_IP4);
	assert_true(rule_is_equal(&info.rule, &rule));
	IS_NO_RULE(AT(KEY(ETH_TYPE)), 1, 6);
	/* The same keys in a prio for one ethertype are another rule. */
	encode(&m, &rule);
	tcm->tcm_info = 20u << 16 | htons(0x800);
	info = decode(&m);
	assert_true(info.has_rule);
	assert_false(rule_is_equal(&info.rule, &rule));
}

/* Cookies from before there were probes are still ours. */
static void cookies_keep_their_layout(void **state UNUSED)
{
	static const unsigned char earlier[16] = { 'n', 'f', 'o', 1,   1,         2,        3, 4,
						   0xa, 0xb, 0xc, 0xd, RULE_FLOW, DIR_ORIG, 1, 0 };
	const struct rule rule = full_rule();
	struct flower_info info;
	struct msg m;

#define COOKIE AT(TCA_OPTIONS, TCA_FLOWER_ACT, 3, TCA_ACT_COOKIE)
	assert_int_equal(RULE_FLOW, 0);
	assert_int_equal(RULE_GUARD, 1);
	encode(&m, &rule);
	memcpy(COOKIE, earlier, sizeof(earlier));
	info = decode(&m);
	assert_true(info.is_ours);
	assert_true(info.has_rule);
	assert_int_equal(info.cookie.instance, 0x01020304);
	assert_int_equal(info.cookie.ct_id, 0x0a0b0c0d);
	assert_true(info.cookie.owns_clsact);
	/* A probe is a flow rule with another cookie. A cookie of an unknown kind is not ours. */
	info = CHANGED(COOKIE, 12, RULE_PROBE);
	assert_true(info.is_ours);
	assert_int_equal(info.rule.kind, RULE_PROBE);
	assert_false(CHANGED(COOKIE, 12, RULE__COUNT).is_ours);
#undef COOKIE
}

static void other_guards_are_no_rules(void **state UNUSED)
{
	struct rule rule = guard_rule();
	struct msg m;

	IS_NO_RULE(AT(KEY(IP_TTL)), 0, 2);
	IS_NO_RULE(AT(KEY(IP_TTL_MASK)), 0, 0xff);
	IS_NO_RULE(AT(ACTION(1), TCA_GACT_PARMS), offsetof(struct tc_gact, action), TC_ACT_SHOT);
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 1, TCA_ACT_COOKIE), 12, RULE_FLOW);
	rule.kind = rule.cookie.kind = RULE_BARRIER;
	IS_NO_RULE(AT(TCA_OPTIONS, TCA_FLOWER_ACT, 1, TCA_ACT_COOKIE), 12, RULE_GUARD);
}

static void place_of_the_filter(void **state UNUSED)
{
	const struct rule rule = full_rule();
	struct flower_info info;
	struct tcmsg *tcm;
	struct msg m;

	encode(&m, &rule);
	tcm = (void *)(m.buf + NLMSG_HDRLEN);
	assert_true(decode(&m).is_ingress);
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
	info = decode(&m);
	assert_false(info.is_ingress);
	assert_false(info.has_rule);
	assert_true(info.is_ours);
	tcm->tcm_parent = TC_H_MAKE(1 << 16, 0);
	assert_false(decode(&m).is_ingress);
	/* An ingress qdisc. */
	tcm->tcm_parent = TC_H_MAKE(TC_H_INGRESS, 0);
	assert_true(decode(&m).has_rule);
	/* A shared block has no port. */
	tcm->tcm_ifindex = (int)TCM_IFINDEX_MAGIC_BLOCK;
	assert_false(decode(&m).is_ingress);
	tcm->tcm_ifindex = 3;

	tcm->tcm_info = TC_H_MAKE(20u << 16, htons(0x806));
	info = decode(&m);
	assert_int_equal(info.where.family, FAMILY_NONE);
	assert_int_equal(info.where.prio, 20);
	assert_false(info.has_rule);
}

static void other_messages(void **state UNUSED)
{
	const struct rule rule = full_rule();
	struct flower_info info = { .chain = 77 };
	struct nlmsghdr *nlh;
	struct msg m;

	encode(&m, &rule);
	nlh = nlput_msg(&m.w);
	nlh->nlmsg_type = RTM_DELTFILTER;
	assert_true(decode(&m).is_gone);
	nlh->nlmsg_type = RTM_NEWQDISC;
	assert_int_equal(flower_get(nlh, &info), -ENOMSG);
	nlh->nlmsg_type = NLMSG_DONE;
	assert_int_equal(flower_get(nlh, &info), -ENOMSG);
	nlh->nlmsg_type = RTM_NEWTFILTER;
	((struct tcmsg *)(void *)(m.buf + NLMSG_HDRLEN))->tcm_handle = 0;
	assert_int_equal(flower_get(nlh, &info), -ENOMSG);
	nlh->nlmsg_len = NLMSG_HDRLEN + 8;
	assert_int_equal(flower_get(nlh, &info), -EBADMSG);
	assert_int_equal(info.chain, 77);
}

/* -- requests without a rule ---------------------------------------------- */

static void small_requests(void **state UNUSED)
{
	const struct rule_where where = {
		.ifindex = 3, .prio = 20, .handle = 7, .family = FAMILY_IP6
	};
	const struct rule_where any = { .ifindex = 3, .prio = 20, .handle = 7 };
	const struct tcmsg *tcm;
	struct nlmsghdr *nlh;
	struct msg m;

	nlh = begin(&m);
	tcm = (const void *)(m.buf + NLMSG_HDRLEN);
	assert_int_equal(flower_put_del(&m.w, &where, true), 0);
	assert_int_equal(nlh->nlmsg_type, RTM_DELTFILTER);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ECHO);
	assert_int_equal(tcm->tcm_ifindex, 3);
	assert_int_equal(tcm->tcm_handle, 7);
	assert_int_equal(tcm->tcm_parent, 0xfffffff2);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(0x86dd));
	assert_string_equal((char *)AT(TCA_KIND), "flower");
	assert_int_equal(*AT(TCA_CHAIN), 0);

	assert_int_equal(flower_put_del(&m.w, &where, false), 0);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(flower_put_get(&m.w, &where), 0);
	assert_int_equal(nlh->nlmsg_type, RTM_GETTFILTER);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(tcm->tcm_handle, 7);

	assert_int_equal(flower_put_dump(&m.w, 3, 20, FAMILY_IP4, true), 0);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(tcm->tcm_handle, 0);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(0x800));
	assert_memory_equal(AT(TCA_DUMP_FLAGS), "\1\0\0\0\1\0\0\0", 8);
	assert_int_equal(flower_put_dump(&m.w, 3, 0, FAMILY_IP4, false), 0);
	assert_int_equal(tcm->tcm_info, 0);

	assert_int_equal(flower_put_flush(&m.w, 3, 20, FAMILY_IP4), 0);
	assert_int_equal(nlh->nlmsg_type, RTM_DELTFILTER);
	assert_int_equal(tcm->tcm_handle, 0);
	assert_string_equal((char *)AT(TCA_KIND), "flower");
	/* A prio for all ethertypes. */
	assert_int_equal(flower_put_del(&m.w, &any, false), 0);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(3));
	assert_int_equal(flower_put_get(&m.w, &any), 0);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(3));
	assert_int_equal(flower_put_dump(&m.w, 3, 20, FAMILY_NONE, true), 0);
	assert_int_equal(tcm->tcm_info, 20u << 16 | htons(3));
	assert_int_equal(flower_put_dump(&m.w, 3, 0, FAMILY_NONE, true), 0);
	assert_int_equal(tcm->tcm_info, 0);
	/* Without a prio, this would delete the filters of all users. */
	assert_int_equal(flower_put_flush(&m.w, 3, 0, FAMILY_IP4), -EINVAL);
}

/* A damaged message is refused, or is no rule, or is another rule that can be encoded. */
static void random_damage(void **state UNUSED)
{
	struct splitmix random = unit_random_start(2);

	for (int i = 0; i < 50000; i++) {
		struct rule rule = random_rule(&random);
		struct flower_info info;
		struct nlmsghdr *nlh;
		struct msg m;

		encode(&m, &rule);
		nlh = nlput_msg(&m.w);
		for (unsigned int n = 1 + splitmix_below(&random, 3); n > 0; n--) {
			uint32_t at = NLMSG_HDRLEN +
				      splitmix_below(&random, nlh->nlmsg_len - NLMSG_HDRLEN);

			m.buf[at] = (unsigned char)splitmix_u64(&random);
		}
		if (splitmix_below(&random, 4) == 0)
			nlh->nlmsg_len = NLMSG_HDRLEN +
					 splitmix_below(&random, nlh->nlmsg_len - NLMSG_HDRLEN);
		/* Memory of the exact size, so a sanitizer detects a read beyond the end. */
		nlh = malloc(nlh->nlmsg_len);
		memcpy(nlh, m.buf, nlput_msg(&m.w)->nlmsg_len);
		if (flower_get(nlh, &info) == 0 && info.has_rule)
			encode(&m, &info.rule);
		free(nlh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rules_are_decoded),
		cmocka_unit_test(impossible_rules_are_refused),
		cmocka_unit_test(other_matches_are_no_rules),
		cmocka_unit_test(other_rewrites_are_no_rules),
		cmocka_unit_test(other_translations_are_no_rules),
		cmocka_unit_test(other_actions_are_no_rules),
		cmocka_unit_test(other_forms_are_no_rules),
		cmocka_unit_test(other_size_checks_are_no_rules),
		cmocka_unit_test(other_tags_are_no_rules),
		cmocka_unit_test(needless_checksums_are_no_rules),
		cmocka_unit_test(prio_for_all_ethertypes),
		cmocka_unit_test(cookies_keep_their_layout),
		cmocka_unit_test(other_guards_are_no_rules),
		cmocka_unit_test(place_of_the_filter),
		cmocka_unit_test(other_messages),
		cmocka_unit_test(small_requests),
		cmocka_unit_test(random_damage),
	};

	return cmocka_run_group_tests_name("flower", tests, NULL, NULL);
}
