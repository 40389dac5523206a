/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question for the way of a connection's packets, and the answer.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "kern/nft/nftmsg.h"
#include "kern/nft/nftways.h"
#include "nl/nlget.h"

struct msg {
	_Alignas(4) unsigned char buf[512];
	struct nlput w;
};

/* The payload of the attribute at the end of a path of types; 0 ends the path. */
static const struct nlattr *find(const struct nlmsghdr *nlh, const uint16_t *path)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr = NULL;

	for (; *path; path++) {
		do {
			attr = nlget_next(&g);
			assert_non_null(attr);
		} while (nlget_type(attr) != *path);
		g = nlget_enter(attr);
	}
	return attr;
}

static void questions(void **state UNUSED)
{
	static const uint16_t set[] = { NFTA_SET_ELEM_LIST_SET, 0 },
			      key[] = { NFTA_SET_ELEM_LIST_ELEMENTS, NFTA_LIST_ELEM,
					NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE, 0 };
	static const unsigned char wanted[] = { 0x11, 0x22, 0x33, 0x44, 1, 0, 0, 0 };
	const struct nlattr *attr;
	struct msg m;

	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	assert_int_equal(nftways_put_get(&m.w, FAMILY_IP6, 0x11223344, DIR_REPLY), 0);
	assert_true(nftmsg_is(nlput_msg(&m.w), NFT_MSG_GETSETELEM));
	assert_string_equal(nlget_data(find(nlput_msg(&m.w), set)), "ways_ip6");
	/* ctnetlink sends the id as the rule stores it. */
	attr = find(nlput_msg(&m.w), key);
	assert_int_equal(nlget_len(attr), sizeof(wanted));
	assert_memory_equal(nlget_data(attr), wanted, sizeof(wanted));
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	assert_int_equal(nftways_put_get(&m.w, FAMILY_IP4, 1, DIR_ORIG), 0);
	assert_string_equal(nlget_data(find(nlput_msg(&m.w), set)), "ways_ip4");
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	assert_int_equal(nftways_put_get_ttl(&m.w, 0x11223344, DIR_REPLY), 0);
	assert_string_equal(nlget_data(find(nlput_msg(&m.w), set)), "ttls");
	assert_memory_equal(nlget_data(find(nlput_msg(&m.w), key)), wanted, sizeof(wanted));
}

static const struct nlmsghdr *answer(struct msg *m, const void *data, size_t len, uint64_t left_ms)
{
	struct nlput_nest list, element, value;

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nftmsg_begin(&m->w, NFT_MSG_NEWSETELEM, 0, NFPROTO_INET);
	nlput_str(&m->w, NFTA_SET_ELEM_LIST_TABLE, "nft_offload");
	list = nlput_nest_begin(&m->w, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nlput_nest_begin(&m->w, NFTA_LIST_ELEM);
	if (len) {
		value = nlput_nest_begin(&m->w, NFTA_SET_ELEM_DATA);
		nlput_bytes(&m->w, NFTA_DATA_VALUE, data, len);
		nlput_nest_end(&m->w, value);
	}
	if (left_ms) {
		const uint64_t be = htobe64(left_ms);

		nlput_bytes(&m->w, NFTA_SET_ELEM_EXPIRATION, &be, sizeof(be));
	}
	nlput_nest_end(&m->w, element);
	nlput_nest_end(&m->w, list);
	assert_int_equal(nlput_end(&m->w), 0);
	return nlput_msg(&m->w);
}

static void answers(void **state UNUSED)
{
	const struct {
		uint32_t iif, oif, mark;
		uint8_t next_hop[16];
	} data = { 3, 4, 0x55, { 10, 0, 0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
	struct seen_way way;
	struct msg m;

	assert_int_equal(nftways_get(answer(&m, &data, 28, 9500), FAMILY_IP6, &way), 0);
	assert_true(way.is_known);
	assert_int_equal(way.iif, 3);
	assert_int_equal(way.oif, 4);
	assert_int_equal(way.mark, 0x55);
	assert_int_equal(way.age_ms, 500);
	assert_memory_equal(way.next_hop.b, data.next_hop, 16);
	assert_int_equal(nftways_get(answer(&m, &data, 16, 10000), FAMILY_IP4, &way), 0);
	assert_int_equal(way.age_ms, 0);
	assert_memory_equal(way.next_hop.b, data.next_hop, 4);
	assert_int_equal(way.next_hop.b[4], 0);
	/* Without the rest of its time, an element may be as old as it can be. */
	assert_int_equal(nftways_get(answer(&m, &data, 16, 0), FAMILY_IP4, &way), 0);
	assert_int_equal(way.age_ms, 10000);
	/* Other data, none, another message. */
	assert_int_equal(nftways_get(answer(&m, &data, 16, 1), FAMILY_IP6, &way), -EBADMSG);
	assert_int_equal(nftways_get(answer(&m, NULL, 0, 1), FAMILY_IP4, &way), -EBADMSG);
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nftmsg_begin(&m.w, NFT_MSG_NEWRULE, 0, NFPROTO_INET);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(nftways_get(nlput_msg(&m.w), FAMILY_IP4, &way), -ENOMSG);
}

static void ttl_answers(void **state UNUSED)
{
	const uint8_t ttl = 63;
	uint8_t got = 0;
	struct msg m;

	assert_int_equal(nftways_get_ttl(answer(&m, &ttl, 1, 9500), &got), 0);
	assert_int_equal(got, 63);
	assert_int_equal(nftways_get_ttl(answer(&m, "12", 2, 9500), &got), -EBADMSG);
	assert_int_equal(nftways_get_ttl(answer(&m, NULL, 0, 1), &got), -EBADMSG);
	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	nftmsg_begin(&m.w, NFT_MSG_NEWRULE, 0, NFPROTO_INET);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(nftways_get_ttl(nlput_msg(&m.w), &got), -ENOMSG);
	assert_int_equal(got, 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(answers),
		cmocka_unit_test(ttl_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
