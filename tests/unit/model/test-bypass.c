/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "base/util.h"
#include "model/bypass.h"

static void reasons(void **state UNUSED)
{
	assert_int_equal(bypass_reason(0), REASON_NONE);
	assert_int_equal(bypass_reason(BYPASS_XDP), REASON_XDP);
	assert_int_equal(bypass_reason(BYPASS_NETDEV_EGRESS | BYPASS_SHAPER), REASON_NETDEV_CHAIN);
	assert_int_equal(bypass_reason(BYPASS_SHAPER), REASON_SHAPER);
	assert_int_equal(bypass_reason(BYPASS_ALL), REASON_XDP);
}

/* A name means both sides, and all names together mean all bits. */
static void names(void **state UNUSED)
{
	uint8_t all = 0;

	for (unsigned int i = 0; i < BYPASS_BIT__COUNT; i++) {
		uint8_t bits = bypass_from_name(bypass_name(i));

		assert_true(bits & 1u << i);
		all |= bits;
	}
	assert_int_equal(all, BYPASS_ALL);
	assert_int_equal(bypass_from_name("netdev-chain"),
			 BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS);
	assert_int_equal(bypass_from_name("foreign-filter"), BYPASS_TC | BYPASS_TC_EGRESS);
	assert_int_equal(bypass_from_name("shaper"), BYPASS_SHAPER);
	assert_int_equal(bypass_from_name("ipsec"), 0);
	assert_int_equal(bypass_from_name(""), 0);
	assert_string_equal(bypass_side(BYPASS_BIT_TC_EGRESS), "egress");
	assert_string_equal(bypass_name(BYPASS_BIT__COUNT), "?");
	assert_string_equal(bypass_side(BYPASS_BIT__COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("bypass", tests, NULL, NULL);
}
