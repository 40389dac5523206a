/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ethtool facts: feature words, and requests to the kernel that runs the test,
 * which need no privilege.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <string.h>

#include "kern/hw/hwinfo.h"

static void feature_words(void **state UNUSED)
{
	const struct ethtool_get_features_block blocks[2] = {
		{ .available = 1u << 3 | 1u << 4 | 1u << 5,
		  .active = 1u << 4 | 1u << 6,
		  .never_changed = 1u << 5 },
		{ .available = 1u << 31, .active = 0 },
	};

	assert_int_equal(hwinfo_tc_of(blocks, 2, 0), LINK_TC_NONE);
	assert_int_equal(hwinfo_tc_of(blocks, 2, 3), LINK_TC_OFF);
	assert_int_equal(hwinfo_tc_of(blocks, 2, 4), LINK_TC_ON);
	assert_int_equal(hwinfo_tc_of(blocks, 2, 5), LINK_TC_NONE);
	/* The driver has it on and cannot turn it off. */
	assert_int_equal(hwinfo_tc_of(blocks, 2, 6), LINK_TC_ON);
	assert_int_equal(hwinfo_tc_of(blocks, 2, 63), LINK_TC_OFF);
	/* A kernel with fewer features. */
	assert_int_equal(hwinfo_tc_of(blocks, 1, 63), LINK_TC_NONE);
	assert_int_equal(hwinfo_tc_of(blocks, 0, 4), LINK_TC_NONE);
}

static void loopback(void **state UNUSED)
{
	struct link_hw hw = { .driver = "old", .bus = "old", .port_name = "p0", .switch_id_len = 3 };
	struct hwinfo *h;

	if (hwinfo_open(&h))
		unit_return_because("no ethtool");
	assert_int_equal(hwinfo_read(h, "no-such-device", &hw), -ENODEV);
	assert_string_equal(hw.driver, "old");
	for (int i = 0; i < 2; i++) {
		int err = hwinfo_read(h, "lo", &hw);

		/* A sandbox may have no ethtool. */
		if (err) {
			hwinfo_close(h);
			unit_return_because("no ethtool");
		}
		assert_string_equal(hw.driver, "");
		assert_string_equal(hw.bus, "");
		assert_int_equal(hw.tc, LINK_TC_NONE);
		assert_string_equal(hw.port_name, "p0");
		assert_int_equal(hw.switch_id_len, 3);
	}
	hwinfo_close(h);
	hwinfo_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feature_words),
		cmocka_unit_test(loopback),
	};

	return cmocka_run_group_tests_name("hwinfo", tests, NULL, NULL);
}
