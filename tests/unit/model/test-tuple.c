/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "model/tuple.h"

static struct tuple tuple(const char *text)
{
	struct tuple t;

	assert_int_equal(tuple_from_str(text, &t), 0);
	return t;
}

static void text_round_trip(void **state UNUSED)
{
	static const char *const texts[] = {
		"tcp 192.0.2.1:4000 > 198.51.100.1:80",
		"udp 192.0.2.1:0 > 198.51.100.1:65535 zone 7",
		"tcp [2001:db8::1]:4000 > [2001:db8::2]:80",
		"udp [::ffff:192.0.2.1]:53 > [2001:db8:1111:2222:3333:4444:5555:6666]:53 zone 65535",
		"132 192.0.2.1:1 > 198.51.100.1:2",
	};

	for (size_t i = 0; i < array_size(texts); i++) {
		struct tuple t = tuple(texts[i]);
		char buf[TUPLE_STR_SIZE];

		assert_string_equal(tuple_to_str(&t, buf), texts[i]);
	}
}

static void other_spellings(void **state UNUSED)
{
	static const char *const texts[] = {
		"tcp 192.0.2.1:4000 -> 198.51.100.1:80",
		"tcp 192.0.2.1:4000 198.51.100.1:80",
		"tcp 192.0.2.1:4000>198.51.100.1:80",
		"6 192.0.2.1:4000->198.51.100.1:80",
		"  tcp\t192.0.2.1:04000   >   198.51.100.1:80  ",
		"tcp 192.0.2.1:4000 > 198.51.100.1:80 zone 0",
	};
	struct tuple expected = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");

	for (size_t i = 0; i < array_size(texts); i++) {
		struct tuple t = tuple(texts[i]);

		assert_true(tuple_is_equal(&t, &expected));
	}
}

static void bad_text_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"tcp",
		"tcp ",
		"tcp192.0.2.1:1 > 198.51.100.1:2",
		"sctp 192.0.2.1:1 > 198.51.100.1:2",
		"256 192.0.2.1:1 > 198.51.100.1:2",
		"tcp 192.0.2.1 > 198.51.100.1:2",
		"tcp 192.0.2.1:1",
		"tcp 192.0.2.1:1 >",
		"tcp 192.0.2.1:65536 > 198.51.100.1:2",
		"tcp 192.0.2.1:-1 > 198.51.100.1:2",
		"tcp 192.0.2.1:1 > 198.51.100.1:2x",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 x",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 zone",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 zone ",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 zone 65536",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 zone7",
		"tcp 192.0.2.1:1 > 198.51.100.1:2 zone 7 8",
		"tcp 192.0.2.1:1 >> 198.51.100.1:2",
		"tcp 192.0.2.1:1 > [2001:db8::1]:2",
		"tcp [192.0.2.1]:1 > [192.0.2.2]:2",
		"tcp 2001:db8::1:1 > 2001:db8::2:2",
		"tcp [2001:db8::1:1 > [2001:db8::2]:2",
		"tcp [2001:db8::1]1 > [2001:db8::2]:2",
		"tcp 192.0.2.1111111111111111111111111111111111111111111111111111111:1 > 1.1.1.1:1",
		"tcp 192.0.2.1:99999999999999999999 > 198.51.100.1:2",
	};

	for (size_t i = 0; i < array_size(bad); i++) {
		struct tuple t = { .proto = 9 };

		assert_int_equal(tuple_from_str(bad[i], &t), -EINVAL);
		assert_int_equal(t.proto, 9);
	}
}

static void inverse_exchanges_both_ends(void **state UNUSED)
{
	struct tuple t = tuple("udp 192.0.2.1:1000 > 198.51.100.1:53 zone 3");
	struct tuple inverse = tuple_inverse(&t);
	struct tuple again = tuple_inverse(&inverse);
	struct tuple expected = tuple("udp 198.51.100.1:53 > 192.0.2.1:1000 zone 3");

	assert_true(tuple_is_equal(&inverse, &expected));
	assert_true(tuple_is_equal(&again, &t));
}

static void hash_depends_on_all_and_on_the_key(void **state UNUSED)
{
	const uint64_t key[2] = { 1, 2 }, other_key[2] = { 1, 3 };
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	uint32_t hash = tuple_hash(&t, key);

	assert_int_equal(tuple_hash(&t, key), hash);
	assert_int_not_equal(tuple_hash(&t, other_key), hash);
	for (size_t i = 0; i < sizeof(t); i++) {
		struct tuple changed = t;

		((unsigned char *)&changed)[i] ^= 1;
		assert_int_not_equal(tuple_hash(&changed, key), hash);
	}
}

static void protocols(void **state UNUSED)
{
	char buf[8];

	assert_string_equal(l4proto_to_str(L4_TCP, buf), "tcp");
	assert_string_equal(l4proto_to_str(L4_UDP, buf), "udp");
	assert_string_equal(l4proto_to_str(255, buf), "255");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_round_trip),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(inverse_exchanges_both_ends),
		cmocka_unit_test(hash_depends_on_all_and_on_the_key),
		cmocka_unit_test(protocols),
	};

	return cmocka_run_group_tests_name("tuple", tests, NULL, NULL);
}
