/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowerfixture - encodes rules, changes bytes of the message, and decodes it. Include it after
 * unit/unit.h.
 */
#pragma once

#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kern/tc/flower.h"
#include "nl/nlget.h"

#define MSG_BYTES 2048

/* A message that can be changed. */
struct msg {
	_Alignas(4) unsigned char buf[MSG_BYTES];
	struct nlput w;
};

static inline struct nlmsghdr *begin(struct msg *m)
{
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	return nlput_msg(&m->w);
}

static inline void encode(struct msg *m, const struct rule *rule)
{
	begin(m);
	assert_int_equal(flower_put_add(&m->w, rule, FLOWER_EXCL), 0);
}

static inline struct flower_info decode(const struct msg *m)
{
	struct flower_info info;

	assert_int_equal(flower_get(nlput_msg(&m->w), &info), 0);
	return info;
}

static inline struct rule full_rule(void)
{
	struct rule r = {
		.ifindex = 3,
		.prio = 20,
		.handle = 7,
		.family = FAMILY_IP4,
		.kind = RULE_FLOW,
		.place = RULE_HARDWARE,
		.form = RULE_WITH_CSUM,
		.rewrite = 0x3f,
		.eth_src = { { 2, 1, 2, 3, 4, 5 } },
		.eth_dst = { { 2, 6, 7, 8, 9, 10 } },
		.out_ifindex = 4,
		.cookie = { .instance = 1, .ct_id = 2, .kind = RULE_FLOW, .dir = DIR_REPLY },
	};

	assert_int_equal(tuple_from_str("tcp 192.0.2.1:1000 > 198.51.100.1:80", &r.match), 0);
	assert_int_equal(tuple_from_str("tcp 203.0.113.1:2000 > 10.0.0.1:8080", &r.to), 0);
	return r;
}

static inline struct rule guard_rule(void)
{
	struct rule r = full_rule();

	r.kind = RULE_GUARD;
	r.cookie.kind = RULE_GUARD;
	r.cookie.dir = DIR_ORIG;
	r.cookie.ct_id = 0;
	return r;
}

/* The payload of the attribute at the end of a path of types; 0 ends the path. */
static inline unsigned char *find(struct msg *m, const uint16_t *path)
{
	struct nlget g = nlget_begin(nlput_msg(&m->w), sizeof(struct tcmsg));
	const struct nlattr *attr = NULL;

	for (; *path; path++) {
		do {
			attr = nlget_next(&g);
			assert_non_null(attr);
		} while (nlget_type(attr) != *path);
		g = nlget_enter(attr);
	}
	return m->buf + ((const unsigned char *)nlget_data(attr) - m->buf);
}

#define AT(...) find(&m, (const uint16_t[]){ __VA_ARGS__, 0 })
#define KEY(attr) TCA_OPTIONS, TCA_FLOWER_KEY_##attr
#define ACTION(i) TCA_OPTIONS, TCA_FLOWER_ACT, i, TCA_ACT_OPTIONS

/* Changes a byte of the attribute; the result must still decode. */
#define CHANGED(at, offset, value)                                                                 \
	({                                                                                         \
		encode(&m, &rule);                                                                 \
		(at)[offset] = value;                                                              \
		decode(&m);                                                                        \
	})
#define IS_NO_RULE(at, offset, value) assert_false(CHANGED(at, offset, value).has_rule)
