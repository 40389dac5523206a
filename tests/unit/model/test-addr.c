/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "model/addr.h"

static struct addr addr(const char *text)
{
	struct addr a;
	enum family family;

	assert_int_equal(addr_from_str(text, &family, &a), 0);
	return a;
}

static void text_round_trip(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum family family;
	} good[] = {
		{ "0.0.0.0", FAMILY_IP4 },
		{ "192.0.2.1", FAMILY_IP4 },
		{ "255.255.255.255", FAMILY_IP4 },
		{ "::", FAMILY_IP6 },
		{ "2001:db8::1", FAMILY_IP6 },
		{ "::ffff:192.0.2.1", FAMILY_IP6 },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", FAMILY_IP6 },
	};

	for (size_t i = 0; i < array_size(good); i++) {
		enum family family;
		struct addr a;
		char buf[ADDR_STR_SIZE];

		assert_int_equal(addr_from_str(good[i].text, &family, &a), 0);
		assert_int_equal(family, good[i].family);
		assert_string_equal(addr_to_str(family, &a, buf), good[i].text);
	}
}

static void bad_text_is_refused(void **state UNUSED)
{
	static const char *const bad[] = { "",          "1",        "1.2.3",       "1.2.3.4.5",
					   "1.2.3.256", " 1.2.3.4", "1.2.3.4 ",    "1.2.3.4/32",
					   ":",         ":::",      "2001:db8::g", "fe80::1%lo" };

	for (size_t i = 0; i < array_size(bad); i++) {
		enum family family = FAMILY_NONE;
		struct addr a = { { 9 } };

		assert_int_equal(addr_from_str(bad[i], &family, &a), -EINVAL);
		assert_int_equal(family, FAMILY_NONE);
		assert_int_equal(a.b[0], 9);
	}
}

static void ip4_fills_four_bytes(void **state UNUSED)
{
	struct addr a = addr("1.2.3.4");
	struct addr expected = { { 1, 2, 3, 4 } };

	assert_true(addr_is_equal(&a, &expected));
	assert_int_equal(addr_len(FAMILY_IP4), 4);
	assert_int_equal(addr_len(FAMILY_IP6), 16);
	assert_int_equal(addr_len(FAMILY_NONE), 0);
}

static void kinds_of_addresses(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool zero, multicast, loopback, broadcast, link_local;
	} cases[] = {
		{ "0.0.0.0", .zero = true },
		{ "::", .zero = true },
		{ "192.0.2.1", .zero = false },
		{ "224.0.0.1", .multicast = true },
		{ "239.255.255.255", .multicast = true },
		{ "240.0.0.0", .zero = false },
		{ "223.255.255.255", .zero = false },
		{ "127.0.0.1", .loopback = true },
		{ "127.255.255.254", .loopback = true },
		{ "255.255.255.255", .broadcast = true },
		{ "169.254.1.1", .link_local = true },
		{ "169.253.1.1", .zero = false },
		{ "2001:db8::1", .zero = false },
		{ "ff02::1", .multicast = true },
		{ "::1", .loopback = true },
		{ "::2", .zero = false },
		{ "fe80::1", .link_local = true },
		{ "febf::1", .link_local = true },
		{ "fec0::1", .zero = false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		enum family family;
		struct addr a;

		assert_int_equal(addr_from_str(cases[i].text, &family, &a), 0);
		assert_int_equal(addr_is_zero(&a), cases[i].zero);
		assert_int_equal(addr_is_multicast(family, &a), cases[i].multicast);
		assert_int_equal(addr_is_loopback(family, &a), cases[i].loopback);
		assert_int_equal(addr_is_broadcast(family, &a), cases[i].broadcast);
		assert_int_equal(addr_is_link_local(family, &a), cases[i].link_local);
	}
}

static void no_family_has_no_kind(void **state UNUSED)
{
	struct addr a = { { 0xff, 0xff, 0xff, 0xff } };
	char buf[ADDR_STR_SIZE];

	assert_false(addr_is_multicast(FAMILY_NONE, &a));
	assert_false(addr_is_loopback(FAMILY_NONE, &a));
	assert_false(addr_is_broadcast(FAMILY_NONE, &a));
	assert_false(addr_is_link_local(FAMILY_NONE, &a));
	assert_string_equal(addr_to_str(FAMILY_NONE, &a, buf), "-");
}

static void macs(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   "02:00:00:00:00",
					   "02:00:00:00:00:0",
					   "02:00:00:00:00:00:",
					   "02-00-00-00-00-00",
					   "02:00:00:00:00:0g",
					   "2:0:0:0:0:1",
					   "02:00:00:00:00:00 " };
	struct mac mac = { { 0 } };
	char buf[MAC_STR_SIZE];

	assert_int_equal(mac_from_str("02:00:5E:aB:cd:ef", &mac), 0);
	assert_string_equal(mac_to_str(&mac, buf), "02:00:5e:ab:cd:ef");
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(mac_from_str(bad[i], &mac), -EINVAL);
	assert_string_equal(mac_to_str(&mac, buf), "02:00:5e:ab:cd:ef");

	assert_true(mac_is_unicast(&mac));
	mac.b[0] |= 1;
	assert_false(mac_is_unicast(&mac));
	memset(&mac, 0, sizeof(mac));
	assert_false(mac_is_unicast(&mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_round_trip),       cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(ip4_fills_four_bytes),  cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(no_family_has_no_kind), cmocka_unit_test(macs),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
