/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink writer, and the reader, which reads what was written.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/util.h"
#include "nl/nlget.h"
#include "nl/nlput.h"

static void bytes_of_a_message(void **state UNUSED)
{
	/* clang-format off */
	static const unsigned char expected[] = {
		68, 0, 0, 0, 20, 0, 1, 3, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0,
		/* header of the family: 5 bytes, padded */
		'f', 'i', 'x', 'e', 'd', 0, 0, 0,
		5, 0, 1, 0, 0xaa, 0, 0, 0,
		6, 0, 2, 0, 0x12, 0x34, 0, 0,
		20, 0, 3, 0x80,
		8, 0, 4, 0, 0x11, 0x22, 0x33, 0x44,
		7, 0, 5, 0, 'a', 'b', 0, 0,
		4, 0, 6, 0,
		4, 0, 7, 0,
	};
	/* clang-format on */
	_Alignas(4) unsigned char buf[128];
	struct nlput_nest nest;
	struct nlput w;

	memset(buf, 0xee, sizeof(buf));
	nlput_init(&w, buf, sizeof(buf), 0x12345678);
	nlput_begin(&w, RTM_NEWADDR, NLM_F_DUMP);
	nlput_header(&w, "fixed", 5);
	nlput_u8(&w, 1, 0xaa);
	nlput_be16(&w, 2, 0x1234);
	nest = nlput_nest_begin(&w, 3 | NLA_F_NESTED);
	nlput_be32(&w, 4, 0x11223344);
	nlput_str(&w, 5, "ab");
	nlput_nest_end(&w, nest);
	nlput_flag(&w, 6);
	nest = nlput_nest_begin(&w, 7);
	nlput_nest_end(&w, nest);
	assert_int_equal(nlput_end(&w), 0);
	assert_ptr_equal(nlput_msg(&w), buf);
	assert_int_equal(nlput_msg(&w)->nlmsg_len, sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
	assert_int_equal(buf[sizeof(expected)], 0xee);
}

/* For every size of the buffer, the message is complete or refused, and nothing
 * beyond the buffer is touched. */
static void never_writes_beyond_the_buffer(void **state UNUSED)
{
	for (size_t size = 0; size <= 80; size += 4) {
		_Alignas(4) unsigned char buf[96];
		struct nlput_nest nest;
		struct nlput w;
		int err;

		memset(buf, 0xee, sizeof(buf));
		nlput_init(&w, buf, size, 1);
		nlput_begin(&w, 1, 0);
		nlput_header(&w, "0123456789", 10);
		nest = nlput_nest_begin(&w, 2);
		nlput_u32(&w, 3, 4);
		nlput_bytes(&w, 4, "0123456789", 10);
		nlput_nest_end(&w, nest);
		nlput_u16(&w, 5, 6);
		err = nlput_end(&w);
		assert_int_equal(err, size >= 16 + 12 + 4 + 8 + 16 + 8 ? 0 : -EMSGSIZE);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xee);
	}
}

static void overflow_stays_until_the_next_message(void **state UNUSED)
{
	_Alignas(4) unsigned char buf[32];
	struct nlput w;

	nlput_init(&w, buf, sizeof(buf), 1);
	nlput_begin(&w, 1, 0);
	nlput_bytes(&w, 1, buf, 20);
	nlput_u8(&w, 1, 1);
	assert_int_equal(nlput_end(&w), -EMSGSIZE);
	nlput_begin(&w, 1, 0);
	nlput_u8(&w, 1, 1);
	assert_int_equal(nlput_end(&w), 0);
}

static void attributes_have_16_bits_of_length(void **state UNUSED)
{
	static unsigned char big[70000] __attribute__((aligned(4)));
	static unsigned char data[UINT16_MAX];
	struct nlput_nest nest;
	struct nlput w;

	nlput_init(&w, big, sizeof(big), 1);
	nlput_begin(&w, 1, 0);
	nlput_bytes(&w, 1, data, UINT16_MAX - NLA_HDRLEN + 1);
	assert_int_equal(nlput_end(&w), -EMSGSIZE);
	nlput_begin(&w, 1, 0);
	nest = nlput_nest_begin(&w, 1);
	nlput_bytes(&w, 2, data, UINT16_MAX - NLA_HDRLEN);
	nlput_nest_end(&w, nest);
	assert_int_equal(nlput_end(&w), -EMSGSIZE);
}

static void lends_its_room(void **state UNUSED)
{
	_Alignas(4) unsigned char buf[64];
	struct nlmsghdr *nlh;
	struct nlput w;

	nlput_init(&w, buf, sizeof(buf), 1);
	nlput_begin(&w, 1, 0);
	assert_null(nlput_lend(&w, 49));
	assert_int_equal(nlput_end(&w), -EMSGSIZE);

	nlput_begin(&w, 1, 0);
	nlh = nlput_lend(&w, 48);
	assert_non_null(nlh);
	assert_int_equal(nlh->nlmsg_len, 16);
	memset(buf + 16, 0, 8);
	nlh->nlmsg_len += 6;
	nlput_adopt(&w);
	nlput_u8(&w, 1, 2);
	assert_int_equal(nlput_end(&w), 0);
	assert_int_equal(nlh->nlmsg_len, 32);
}

static void reads_what_was_written(void **state UNUSED)
{
	_Alignas(4) unsigned char buf[256];
	const struct nlattr *attr;
	struct nlput_nest nest;
	struct nlget g, inner;
	struct nlput w;
	char bytes[3];

	nlput_init(&w, buf, sizeof(buf), 1);
	nlput_begin(&w, 1, 0);
	nlput_header(&w, "12345", 5);
	nlput_u8(&w, 1, 0xaa);
	nlput_u16(&w, 2, 0x1234);
	nlput_u32(&w, 3, 0x12345678);
	nlput_be16(&w, 4, 0x1234);
	nlput_be32(&w, 5, 0x12345678);
	nlput_bytes(&w, 6, &(uint64_t){ 7 }, 8);
	nest = nlput_nest_begin(&w, 7 | NLA_F_NESTED);
	nlput_bytes(&w, 8, "abc", 3);
	nlput_nest_end(&w, nest);
	nlput_str(&w, 9, "text");
	assert_int_equal(nlput_end(&w), 0);

	g = nlget_begin(nlput_msg(&w), 5);
#define NEXT(type)                                                                                 \
	attr = nlget_next(&g);                                                                     \
	assert_non_null(attr);                                                                     \
	assert_int_equal(nlget_type(attr), type)
	NEXT(1);
	assert_int_equal(nlget_u8(&g, attr), 0xaa);
	NEXT(2);
	assert_int_equal(nlget_u16(&g, attr), 0x1234);
	NEXT(3);
	assert_int_equal(nlget_u32(&g, attr), 0x12345678);
	NEXT(4);
	assert_int_equal(nlget_be16(&g, attr), 0x1234);
	NEXT(5);
	assert_int_equal(nlget_be32(&g, attr), 0x12345678);
	NEXT(6);
	assert_int_equal(nlget_u64(&g, attr), 7);
	NEXT(7);
	inner = nlget_enter(attr);
	attr = nlget_next(&inner);
	assert_int_equal(nlget_len(attr), 3);
	assert_true(nlget_bytes(&inner, attr, bytes, 3));
	assert_memory_equal(bytes, "abc", 3);
	assert_true(nlget_is_str(attr, "abc"));
	assert_false(nlget_is_str(attr, "ab"));
	assert_null(nlget_next(&inner));
	nlget_leave(&g, &inner);
	NEXT(9);
	assert_true(nlget_is_str(attr, "text"));
	assert_false(nlget_is_str(attr, "texts"));
	assert_null(nlget_next(&g));
	assert_null(nlget_next(&g));
	assert_false(g.is_malformed);
}

static void wrong_lengths_are_remembered(void **state UNUSED)
{
	_Alignas(4) unsigned char buf[64];
	const struct nlattr *attr;
	struct nlget outer, inner;
	struct nlput w;
	uint32_t parts[2];

	nlput_init(&w, buf, sizeof(buf), 1);
	nlput_begin(&w, 1, 0);
	nlput_u16(&w, 1, 5);
	assert_int_equal(nlput_end(&w), 0);
	outer = nlget_begin(nlput_msg(&w), 0);
	inner = outer;
	attr = nlget_next(&inner);
	assert_int_equal(nlget_u32(&inner, attr), 0);
	assert_true(inner.is_malformed);
	nlget_leave(&outer, &inner);
	assert_true(outer.is_malformed);

	/* A struct may be longer than expected, or shorter, down to the part that is needed. */
	inner = nlget_begin(nlput_msg(&w), 0);
	attr = nlget_next(&inner);
	assert_true(nlget_struct(&inner, attr, parts, sizeof(parts), 2));
	assert_int_equal(parts[0], 5);
	assert_int_equal(parts[1], 0);
	assert_true(nlget_struct(&inner, attr, parts, 1, 1));
	assert_false(inner.is_malformed);
	assert_false(nlget_struct(&inner, attr, parts, sizeof(parts), 3));
	assert_true(inner.is_malformed);
}

static bool is_well_formed(const struct nlmsghdr *nlh, size_t header_len)
{
	struct nlget g = nlget_begin(nlh, header_len);

	while (nlget_next(&g))
		;
	return !g.is_malformed;
}

static void malformed_messages_end(void **state UNUSED)
{
	_Alignas(4) unsigned char buf[64] = { 0 };
	struct nlmsghdr *nlh = (void *)buf;
	struct nlattr *attr = (void *)(buf + 16);

	nlh->nlmsg_len = 20;
	assert_false(is_well_formed(nlh, 5));
	/* A header without its padding, and without attributes. */
	nlh->nlmsg_len = 21;
	assert_true(is_well_formed(nlh, 5));

	nlh->nlmsg_len = 24;
	attr->nla_len = 8;
	assert_true(is_well_formed(nlh, 0));
	attr->nla_len = 9;
	assert_false(is_well_formed(nlh, 0));
	attr->nla_len = 3;
	assert_false(is_well_formed(nlh, 0));
	attr->nla_len = 0;
	assert_false(is_well_formed(nlh, 0));
	nlh->nlmsg_len = 18;
	attr->nla_len = 4;
	assert_false(is_well_formed(nlh, 0));
	/* The last attribute without its padding. */
	nlh->nlmsg_len = 21;
	attr->nla_len = 5;
	assert_true(is_well_formed(nlh, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_a_message),
		cmocka_unit_test(never_writes_beyond_the_buffer),
		cmocka_unit_test(overflow_stays_until_the_next_message),
		cmocka_unit_test(attributes_have_16_bits_of_length),
		cmocka_unit_test(lends_its_room),
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(wrong_lengths_are_remembered),
		cmocka_unit_test(malformed_messages_end),
	};

	return cmocka_run_group_tests_name("nlput", tests, NULL, NULL);
}
