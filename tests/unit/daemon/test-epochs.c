/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>

#include "daemon/admission/epochs.h"

static void values_fill_the_bits(void **state UNUSED)
{
	struct epochs e;
	uint32_t seen = 0;

	assert_int_equal(epochs_init(&e, 0), -EINVAL);
	assert_int_equal(epochs_init(&e, 0x80000001), -EINVAL);
	/* Bits need not be adjacent; the lowest is always set. */
	assert_int_equal(epochs_init(&e, 0x80010012), 0);
	for (unsigned int i = 0; i < 7; i++) {
		uint32_t value = epochs_current(&e);

		assert_int_equal(value & ~0x80010012u, 0);
		assert_true(value & 2);
		seen |= 1u << ((value >> 31) << 2 | (value >> 16 & 1) << 1 | (value >> 4 & 1));
		value = epochs_next_dirty(&e);
		epochs_clean(&e, value);
		epochs_use(&e, value);
	}
	assert_int_equal(seen, 0xfe);
	assert_int_equal(epochs_init(&e, UINT32_MAX), 0);
	assert_int_equal(e.n, EPOCHS_MAX);
}

static void used_values_are_dirty(void **state UNUSED)
{
	struct epochs e;

	assert_int_equal(epochs_init(&e, 0x70), 0);
	assert_int_equal(epochs_current(&e), 0x30);
	assert_int_equal(epochs_next_clean(&e), 0);
	assert_int_equal(epochs_next_dirty(&e), 0x50);
	epochs_clean(&e, 0x50);
	assert_int_equal(epochs_next_clean(&e), 0x50);
	assert_int_equal(epochs_next_dirty(&e), 0);
	epochs_use(&e, 0x50);
	epochs_clean(&e, 0x70);
	epochs_use(&e, 0x70);
	/* The next round: these values have not been cleaned since. */
	assert_int_equal(epochs_next_clean(&e), 0);
	assert_int_equal(epochs_next_dirty(&e), 0x30);
	epochs_clean(&e, 0x30);
	epochs_use(&e, 0x30);
	assert_int_equal(epochs_next_clean(&e), 0);
	assert_int_equal(epochs_next_dirty(&e), 0x50);
	/* The value that is being written is never clean. */
	epochs_clean(&e, 0x30);
	epochs_clean(&e, 0x50);
	epochs_use(&e, 0x50);
	epochs_clean(&e, 0x70);
	epochs_use(&e, 0x70);
	assert_int_equal(epochs_next_clean(&e), 0);
}

/* The table never wrote the last two values, and the next value is the one that it still writes. */
static void dirty_value_is_used_again(void **state UNUSED)
{
	struct epochs e;

	assert_int_equal(epochs_init(&e, 0x70), 0);
	epochs_clean(&e, 0x50);
	epochs_use(&e, 0x50);
	epochs_clean(&e, 0x70);
	epochs_use(&e, 0x70);
	assert_int_equal(epochs_next_dirty(&e), 0x30);
	epochs_use(&e, 0x30);
	assert_int_equal(epochs_next_clean(&e), 0);
	assert_int_equal(epochs_next_dirty(&e), 0x50);
}

static void epoch_of_an_existing_table(void **state UNUSED)
{
	struct epochs e;

	assert_int_equal(epochs_init(&e, 0xf0), 0);
	epochs_set_current(&e, 0x90);
	assert_int_equal(epochs_current(&e), 0x90);
	assert_int_equal(epochs_next_dirty(&e), 0xb0);
	/* Values that are not epochs are ignored. */
	epochs_set_current(&e, 0x80);
	epochs_set_current(&e, 0x10);
	assert_int_equal(epochs_current(&e), 0x90);
	epochs_set_current(&e, 0xf0);
	assert_int_equal(epochs_next_dirty(&e), 0x30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_fill_the_bits),
		cmocka_unit_test(used_values_are_dirty),
		cmocka_unit_test(dirty_value_is_used_again),
		cmocka_unit_test(epoch_of_an_existing_table),
	};

	return cmocka_run_group_tests_name("epochs", tests, NULL, NULL);
}
