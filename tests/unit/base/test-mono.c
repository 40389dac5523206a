/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "base/mono.h"
#include "base/util.h"

static void now_does_not_run_back(void **state UNUSED)
{
	mono_t last = mono_now();

	assert_true(last.us > 0);
	for (int i = 0; i < 1000; i++) {
		mono_t now = mono_now();

		assert_false(mono_before(now, last));
		last = now;
	}
}

static void addition_moves_and_saturates(void **state UNUSED)
{
	mono_t t = { 5000000 };

	assert_int_equal(mono_add_ms(t, 7).us, 5007000);
	assert_int_equal(mono_add_ms(t, -7).us, 4993000);
	assert_int_equal(mono_add_us(t, 3).us, 5000003);
	assert_int_equal(mono_add_ms(t, -6000).us, 0);
	assert_int_equal(mono_add_ms(t, INT64_MIN).us, 0);
	assert_true(mono_is_never(mono_add_ms(t, INT64_MAX)));
	assert_true(mono_is_never(mono_add_us(t, INT64_MAX)));
	assert_true(mono_is_never(mono_add_ms(MONO_NEVER, -1)));
	assert_false(mono_is_never(t));
}

static void differences_are_signed(void **state UNUSED)
{
	mono_t a = { 1000 };
	mono_t b = { 4500 };

	assert_int_equal(mono_diff_us(b, a), 3500);
	assert_int_equal(mono_diff_us(a, b), -3500);
	assert_int_equal(mono_diff_ms(b, a), 3);
	assert_int_equal(mono_diff_ms(a, b), -3);
	assert_true(mono_diff_us(MONO_NEVER, b) > INT64_C(1) << 60);
}

static void order_is_strict(void **state UNUSED)
{
	mono_t a = { 1 };
	mono_t b = { 2 };

	assert_true(mono_before(a, b));
	assert_false(mono_before(b, a));
	assert_false(mono_before(a, a));
	assert_true(mono_before(b, MONO_NEVER));
	assert_int_equal(mono_min(a, b).us, 1);
	assert_int_equal(mono_min(b, a).us, 1);
	assert_int_equal(mono_max(a, b).us, 2);
	assert_int_equal(mono_max(b, a).us, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_does_not_run_back),
		cmocka_unit_test(addition_moves_and_saturates),
		cmocka_unit_test(differences_are_signed),
		cmocka_unit_test(order_is_strict),
	};

	return cmocka_run_group_tests_name("mono", tests, NULL, NULL);
}
