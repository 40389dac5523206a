/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy rules, and whether a change of routes is one that look-ups may not show.
 */
#include "unit/unit.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kern/rt/routechange.h"
#include "kern/rt/rules.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[256];
	struct nlput w;
};

static const struct nlmsghdr *rule(struct msg *m, uint16_t type, uint8_t tos, uint16_t attr)
{
	const struct fib_rule_hdr header = { .family = AF_INET, .tos = tos };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_u32(&m->w, FRA_PRIORITY, 100);
	if (attr)
		nlput_u32(&m->w, attr, 1);
	assert_int_equal(nlput_end(&m->w), 0);
	return nlput_msg(&m->w);
}

static void what_only_packets_know(void **state UNUSED)
{
	static const uint16_t need[] = { FRA_FWMARK, FRA_FWMASK, FRA_TUN_ID,
					 25, 26, 27, 30, /* FRA_DSCP, _FLOWLABEL, _FLOWLABEL_MASK, _DSCP_MASK */
					 99 };
	static const uint16_t plain[] = { 0, FRA_SRC, FRA_DST, FRA_TABLE, FRA_L3MDEV, FRA_IP_PROTO,
					  FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_UID_RANGE,
					  FRA_SUPPRESS_PREFIXLEN,
					  28, 29 /* FRA_SPORT_MASK, _DPORT_MASK */ };
	struct nlmsghdr short_one = { .nlmsg_type = RTM_NEWRULE, .nlmsg_len = sizeof(short_one) };
	struct msg m;

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++)
		assert_true(rules_need_packet(rule(&m, RTM_NEWRULE, 0, need[i])));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		assert_false(rules_need_packet(rule(&m, RTM_NEWRULE, 0, plain[i])));
	assert_true(rules_need_packet(rule(&m, RTM_NEWRULE, 0x10, 0)));
	/* A rule that is gone, and one that cannot be read. */
	assert_false(rules_need_packet(rule(&m, RTM_DELRULE, 0x10, FRA_FWMARK)));
	assert_true(rules_need_packet(&short_one));
}

static void changes_that_look_ups_may_not_show(void **state UNUSED)
{
	static const uint16_t types[] = { RTM_NEWRULE, RTM_DELRULE };
	const struct rtmsg header = { .rtm_family = AF_INET };
	struct route_change change;
	struct msg m;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(routechange_get(rule(&m, types[i], 0, 0), &change), 0);
		assert_true(change.is_hidden);
		assert_int_equal(change.family, FAMILY_IP4);
	}
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nlput_begin(&m.w, RTM_NEWROUTE, 0);
	nlput_header(&m.w, &header, sizeof(header));
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &change), 0);
	assert_false(change.is_hidden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_packets_know),
		cmocka_unit_test(changes_that_look_ups_may_not_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
