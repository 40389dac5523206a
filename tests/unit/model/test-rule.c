/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/util.h"
#include "model/conn.h"
#include "model/rule.h"

static struct rule nat_rule(void)
{
	struct rule r = {
		.ifindex = 3,
		.prio = 2,
		.handle = 5,
		.family = FAMILY_IP4,
		.kind = RULE_FLOW,
		.place = RULE_HARDWARE,
		.form = RULE_WITH_CSUM,
		.rewrite = RULE_SET_MACS | RULE_DEC_TTL | RULE_SET_SRC | RULE_SET_SPORT,
		.eth_src = { { 2, 0, 0, 0, 0, 1 } },
		.eth_dst = { { 2, 0, 0, 0, 0, 2 } },
		.out_ifindex = 4,
		.cookie = { .instance = 1, .ct_id = 7, .kind = RULE_FLOW, .dir = DIR_ORIG },
	};

	assert_int_equal(tuple_from_str("tcp 192.0.2.1:4000 > 198.51.100.1:80", &r.match), 0);
	assert_int_equal(tuple_from_str("tcp 203.0.113.1:2000 > 198.51.100.9:81", &r.to), 0);
	return r;
}

static void text_of_rules(void **state UNUSED)
{
	struct rule r = nat_rule();
	char buf[RULE_STR_SIZE];

	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware match tcp 192.0.2.1:4000 > "
			    "198.51.100.1:80 eth-src 02:00:00:00:00:01 eth-dst "
			    "02:00:00:00:00:02 dec-ttl src 203.0.113.1 sport 2000 redirect if4");
	r.rewrite = RULE_SET_DST | RULE_SET_DPORT;
	r.place = RULE_SOFTWARE;
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 software match tcp 192.0.2.1:4000 > "
			    "198.51.100.1:80 dst 198.51.100.9 dport 81 redirect if4");
	r.kind = RULE_GUARD;
	r.family = FAMILY_IP6;
	assert_string_equal(rule_to_str(&r, buf), "if3 prio 2 handle 5 software guard ip6");
}

static void text_of_forms(void **state UNUSED)
{
	struct rule r = nat_rule();
	char buf[RULE_STR_SIZE];

	r.kind = RULE_PROBE;
	r.form = RULE_WITH_INDEV | RULE_ANY_ETHERTYPE | RULE_EXACT_TTL | RULE_WITH_DMAC |
		 RULE_ODD_MATCH | RULE_ODD_REWRITE | RULE_WITH_MTU;
	r.mtu = 1492;
	r.dmac = (struct mac){ { 2, 0, 0, 0, 0, 9 } };
	r.rewrite = 0;
	r.ttl = 64;
	strcpy(r.indev, "eth0");
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware any-ethertype probe match tcp "
			    "192.0.2.1:4000 > 198.51.100.1:80 indev eth0 dmac 02:00:00:00:00:09 ttl 64 "
			    "odd-match mtu 1492 set-ttl 63 odd-rewrite no-csum redirect if4");
	r.kind = RULE_GUARD;
	r.form = RULE_ANY_ETHERTYPE;
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware any-ethertype guard ip4");
	r.kind = RULE_BARRIER;
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware any-ethertype barrier ip4");
}

static void text_of_tags(void **state UNUSED)
{
	struct rule r = nat_rule();
	char buf[RULE_STR_SIZE];

	r.rewrite = RULE_DEC_TTL;
	r.tags = (struct vlan_tags){ { { VLAN_8021AD, 100 }, { VLAN_8021Q, 7 } } };
	r.out_tags = (struct vlan_tags){ { { VLAN_8021Q, 20 } } };
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware match tcp 192.0.2.1:4000 > 198.51.100.1:80 "
			    "802.1ad 100 802.1q 7 dec-ttl pop pop push 802.1q 20 redirect if4");
	r.kind = RULE_GUARD;
	r.tags = vlan_tags_of(VLAN_Q_Q, VLAN_ID_ANY);
	assert_string_equal(rule_to_str(&r, buf),
			    "if3 prio 2 handle 5 hardware guard ip4 802.1q 802.1q");
	r.kind = RULE_BARRIER;
	r.family = FAMILY_NONE;
	r.tags = vlan_tags_of(VLAN_AD, VLAN_ID_ANY);
	assert_string_equal(rule_to_str(&r, buf), "if3 prio 2 handle 5 hardware barrier 802.1ad");
}

/* A prio for tagged packets is for one kind of outer tag, whatever is inside. */
static void place_of_tagged_packets(void **state UNUSED)
{
	struct rule r = nat_rule();

	assert_int_equal(rule_where(&r).family, FAMILY_IP4);
	assert_int_equal(rule_where(&r).vlan, VLAN_NONE);
	r.tags = vlan_tags_of(VLAN_AD_Q, 5);
	assert_int_equal(rule_where(&r).family, FAMILY_NONE);
	assert_int_equal(rule_where(&r).vlan, VLAN_8021AD);
}

static void tags(void **state UNUSED)
{
	struct vlan_tags t = { { { VLAN_NONE, 0 } } };

	for (unsigned int i = 0; i < VLAN_ENCAP__COUNT; i++) {
		struct vlan_tags of = vlan_tags_of(i, 9);

		assert_int_equal(vlan_encap_of(&of), i);
		assert_int_equal(vlan_count(&of), i == VLAN_UNTAGGED ? 0 : i < VLAN_Q_Q ? 1 : 2);
		for (unsigned int n = 0; n < VLAN_TAGS_MAX; n++)
			assert_int_equal(of.tag[n].id, of.tag[n].proto ? 9 : 0);
	}
	assert_string_equal(vlan_encap_name(VLAN_AD_Q), "802.1ad 802.1q");
	assert_string_equal(vlan_encap_name(VLAN_ENCAP__COUNT), "?");
	/* A tag that is added comes first. */
	assert_true(vlan_push(&t, (struct vlan_tag){ VLAN_8021Q, 1 }));
	assert_true(vlan_push(&t, (struct vlan_tag){ VLAN_8021AD, 2 }));
	assert_false(vlan_push(&t, (struct vlan_tag){ VLAN_8021Q, 3 }));
	assert_int_equal(vlan_encap_of(&t), VLAN_AD_Q);
	assert_int_equal(t.tag[0].id, 2);
	assert_int_equal(t.tag[1].id, 1);
	t.tag[1].proto = VLAN_8021AD;
	assert_int_equal(vlan_encap_of(&t), VLAN_ENCAP__COUNT);
}

static void longest_text_fits(void **state UNUSED)
{
	struct rule r = nat_rule();
	char buf[RULE_STR_SIZE];

	r.ifindex = r.handle = r.out_ifindex = UINT32_MAX;
	r.prio = UINT16_MAX;
	r.family = FAMILY_IP6;
	r.kind = RULE_PROBE;
	r.form = 0xff & ~RULE_WITH_CSUM;
	r.rewrite = 0x3f;
	r.ttl = 255;
	r.mtu = UINT16_MAX;
	r.tags = r.out_tags = (struct vlan_tags){ { { VLAN_8021AD, VLAN_ID_MAX },
						    { VLAN_8021AD, VLAN_ID_MAX } } };
	strcpy(r.indev, "fifteen letters");
	assert_int_equal(tuple_from_str("udp [2001:db8:1111:2222:3333:4444:5555:6666]:65535 > "
					"[2001:db8:1111:2222:3333:4444:5555:7777]:65535",
					&r.match),
			 0);
	r.to = r.match;
	rule_to_str(&r, buf);
	assert_non_null(strstr(buf, "redirect if4294967295"));
}

#define DIFFERS(change)                                                                            \
	do {                                                                                       \
		b = a;                                                                             \
		change;                                                                            \
		assert_false(rule_is_equal(&a, &b));                                               \
		assert_false(rule_is_equal(&b, &a));                                               \
	} while (0)
#define STAYS(change)                                                                              \
	do {                                                                                       \
		b = a;                                                                             \
		change;                                                                            \
		assert_true(rule_is_equal(&a, &b));                                                \
	} while (0)

static void equality_covers_effects_on_packets(void **state UNUSED)
{
	const struct rule a = nat_rule();
	struct rule b = a;

	assert_true(rule_is_equal(&a, &b));
	DIFFERS(b.ifindex++);
	DIFFERS(b.prio++);
	DIFFERS(b.family = FAMILY_IP6);
	DIFFERS(b.kind = RULE_GUARD);
	DIFFERS(b.place = RULE_SOFTWARE);
	DIFFERS(b.match.src.b[3]++);
	DIFFERS(b.match.dst.b[3]++);
	DIFFERS(b.match.sport++);
	DIFFERS(b.match.dport++);
	DIFFERS(b.match.proto = L4_UDP);
	DIFFERS(b.rewrite |= RULE_SET_DST);
	DIFFERS(b.eth_src.b[5]++);
	DIFFERS(b.eth_dst.b[5]++);
	DIFFERS(b.to.src.b[3]++);
	DIFFERS(b.to.sport++);
	DIFFERS(b.out_ifindex++);
	DIFFERS(b.cookie.ct_id++);
	DIFFERS(b.cookie.dir = DIR_REPLY);
	DIFFERS(b.cookie.kind = RULE_GUARD);
	DIFFERS(b.form = 0);
	DIFFERS(b.form |= RULE_ANY_ETHERTYPE);
	DIFFERS(b.form |= RULE_WITH_INDEV);
	DIFFERS(b.form |= RULE_EXACT_TTL);
	DIFFERS(b.form |= RULE_WITH_DMAC);
	DIFFERS(b.form |= RULE_WITH_MTU);
	DIFFERS(b.form |= RULE_ODD_MATCH);
	DIFFERS(b.kind = RULE_PROBE);
	STAYS(b.ttl++);
	STAYS(b.dmac.b[5]++);
	STAYS(b.mtu++);
	STAYS(b.indev[0] = 'x');
	/* These are not rewritten, or do not affect packets. */
	STAYS(b.to.dst.b[3]++);
	STAYS(b.to.dport++);
	STAYS(b.to.proto = 0);
	STAYS(b.match.zone++);
	STAYS(b.handle++);
	STAYS(b.cookie.instance++);
}

static void equality_covers_tags(void **state UNUSED)
{
	const struct rule a = nat_rule();
	struct rule b = a;

	DIFFERS(b.tags.tag[0].proto = VLAN_8021Q);
	DIFFERS(b.tags.tag[0].id++);
	DIFFERS(b.tags.tag[1].proto = VLAN_8021Q);
	DIFFERS(b.out_tags.tag[0].proto = VLAN_8021AD);
	DIFFERS(b.out_tags.tag[1].id++);
}

static void equality_covers_parts_of_the_form(void **state UNUSED)
{
	struct rule a = nat_rule(), b;

	a.form = RULE_WITH_INDEV | RULE_EXACT_TTL | RULE_WITH_DMAC | RULE_WITH_MTU;
	a.ttl = 64;
	a.mtu = 1492;
	strcpy(a.indev, "eth0");
	b = a;
	assert_true(rule_is_equal(&a, &b));
	b.ttl = 63;
	assert_false(rule_is_equal(&a, &b));
	b = a;
	strcpy(b.indev, "eth1");
	assert_false(rule_is_equal(&a, &b));
	b = a;
	b.dmac.b[0]++;
	assert_false(rule_is_equal(&a, &b));
	b = a;
	b.mtu--;
	assert_false(rule_is_equal(&a, &b));
}

/* A rule that changes nothing which a checksum covers names no checksum. */
static void checksums(void **state UNUSED)
{
	struct rule a = nat_rule(), b;

	assert_int_equal(rule_csums(&a), RULE_CSUM_IP4 | RULE_CSUM_L4);
	a.rewrite = RULE_SET_MACS | RULE_DEC_TTL;
	assert_int_equal(rule_csums(&a), RULE_CSUM_IP4);
	a.rewrite = RULE_SET_MACS;
	assert_int_equal(rule_csums(&a), 0);
	a.form |= RULE_EXACT_TTL;
	assert_int_equal(rule_csums(&a), RULE_CSUM_IP4);
	/* In software, act_nat corrects checksums itself. */
	a = nat_rule();
	a.place = RULE_SOFTWARE;
	a.rewrite = RULE_SET_SRC | RULE_SET_DST;
	assert_int_equal(rule_nat_bits(&a), RULE_SET_SRC | RULE_SET_DST);
	assert_int_equal(rule_csums(&a), 0);
	a.rewrite |= RULE_SET_SPORT;
	assert_int_equal(rule_csums(&a), RULE_CSUM_L4);
	a.family = FAMILY_IP6;
	assert_int_equal(rule_nat_bits(&a), 0);
	assert_int_equal(rule_csums(&a), RULE_CSUM_L4);

	a.rewrite = RULE_SET_MACS | RULE_DEC_TTL;
	assert_int_equal(rule_csums(&a), 0);
	b = a;
	b.form = 0;
	assert_true(rule_is_equal(&a, &b));
	a.rewrite = b.rewrite |= RULE_SET_DPORT;
	assert_false(rule_is_equal(&a, &b));
}

static void guards_have_no_match(void **state UNUSED)
{
	struct rule a = nat_rule(), b;

	a.kind = RULE_GUARD;
	b = a;
	b.match.sport++;
	b.rewrite = 0;
	b.out_ifindex = 0;
	b.form = RULE_EXACT_TTL;
	assert_true(rule_is_equal(&a, &b));
	b.form |= RULE_ANY_ETHERTYPE;
	assert_false(rule_is_equal(&a, &b));
	b = a;
	b.family = FAMILY_IP6;
	assert_false(rule_is_equal(&a, &b));
	b = a;
	b.kind = RULE_BARRIER;
	assert_false(rule_is_equal(&a, &b));
	b = a;
	b.tags = vlan_tags_of(VLAN_Q, VLAN_ID_ANY);
	assert_false(rule_is_equal(&a, &b));
}

static void tcp_states(void **state UNUSED)
{
	assert_string_equal(conn_tcp_state_to_str(CONN_TCP_NONE), "NONE");
	assert_string_equal(conn_tcp_state_to_str(CONN_TCP_ESTABLISHED), "ESTABLISHED");
	assert_string_equal(conn_tcp_state_to_str(CONN_TCP_SYN_SENT2), "SYN_SENT2");
	assert_string_equal(conn_tcp_state_to_str(CONN_TCP__COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_rules),
		cmocka_unit_test(text_of_forms),
		cmocka_unit_test(text_of_tags),
		cmocka_unit_test(place_of_tagged_packets),
		cmocka_unit_test(tags),
		cmocka_unit_test(longest_text_fits),
		cmocka_unit_test(equality_covers_effects_on_packets),
		cmocka_unit_test(equality_covers_tags),
		cmocka_unit_test(equality_covers_parts_of_the_form),
		cmocka_unit_test(checksums),
		cmocka_unit_test(guards_have_no_match),
		cmocka_unit_test(tcp_states),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
