/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>

#include "base/parse.h"
#include "base/util.h"

/* A failed parse must leave this value in the result variable. */
#define UNTOUCHED UINT64_C(0xdead)

struct row {
	const char *text;
	int err;
	uint64_t value;
};

typedef int (*parse_fn)(const char *str, uint64_t min, uint64_t max, uint64_t *ret_value);

static void check_rows(parse_fn parse, uint64_t min, uint64_t max, const struct row *rows,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int err = parse(rows[i].text, min, max, &value);

		if (err != rows[i].err || value != (err ? UNTOUCHED : rows[i].value))
			fail_msg("\"%s\": got %d, %llu", rows[i].text, err,
				 (unsigned long long)value);
	}
}

static void reads_u64(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "42", 0, 42 },
		{ "010", 0, 10 },
		{ "0x10", 0, 16 },
		{ "0xDeadBeef", 0, 0xdeadbeef },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999x", -EINVAL, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "0X10", -EINVAL, 0 },
		{ "x10", -EINVAL, 0 },
		{ "12a", -EINVAL, 0 },
		{ "0x1g", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
	};

	check_rows(parse_u64, 0, UINT64_MAX, rows, array_size(rows));
}

static void enforces_the_range(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "9", -ERANGE, 0 },
		{ "10", 0, 10 },
		{ "20", 0, 20 },
		{ "21", -ERANGE, 0 },
	};
	uint32_t value = 7;

	check_rows(parse_u64, 10, 20, rows, array_size(rows));
	assert_int_equal(parse_u32("4294967295", 0, UINT32_MAX, &value), 0);
	assert_int_equal(value, UINT32_MAX);
	value = 7;
	assert_int_equal(parse_u32("4294967296", 0, UINT32_MAX, &value), -ERANGE);
	assert_int_equal(parse_u32("1", 2, 3, &value), -ERANGE);
	assert_int_equal(parse_u32("two", 2, 3, &value), -EINVAL);
	assert_int_equal(value, 7);
}

static void reads_durations(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },           { "200ms", 0, 200 },
		{ "5s", 0, 5000 },       { "2m", 0, 120000 },
		{ "1h", 0, 3600000 },    { "5d", 0, 432000000 },
		{ "0s", 0, 0 },          { "5", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },     { "5 s", -EINVAL, 0 },
		{ "5S", -EINVAL, 0 },    { "5sec", -EINVAL, 0 },
		{ "1h30m", -EINVAL, 0 }, { "0x5s", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },  { "-5s", -EINVAL, 0 },
		{ "6d", -ERANGE, 0 },    { "18446744073709551615s", -ERANGE, 0 },
	};

	check_rows(parse_duration_ms, 0, 432000000, rows, array_size(rows));
}

static void zero_duration_obeys_the_range(void **state UNUSED)
{
	static const struct row rows[] = { { "0", -ERANGE, 0 }, { "1ms", 0, 1 } };

	check_rows(parse_duration_ms, 1, 10, rows, array_size(rows));
}

static void reads_sizes(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "1500", 0, 1500 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "16M", 0, 16777216 },
		{ "2G", 0, UINT64_C(2147483648) },
		{ "17179869184G", -ERANGE, 0 },
		{ "1m", -EINVAL, 0 },
		{ "1kB", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1 k", -EINVAL, 0 },
	};

	check_rows(parse_size, 0, UINT64_MAX, rows, array_size(rows));
}

static void reads_booleans(void **state UNUSED)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };
	static const char *const neither[] = { "", "Yes", "1", "0", "y", "yes ", "on\n" };
	bool value;

	for (size_t i = 0; i < array_size(yes); i++) {
		value = false;
		assert_int_equal(parse_bool(yes[i], &value), 0);
		assert_true(value);
	}
	for (size_t i = 0; i < array_size(no); i++) {
		assert_int_equal(parse_bool(no[i], &value), 0);
		assert_false(value);
	}
	value = true;
	for (size_t i = 0; i < array_size(neither); i++)
		assert_int_equal(parse_bool(neither[i], &value), -EINVAL);
	assert_true(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_u64),       cmocka_unit_test(enforces_the_range),
		cmocka_unit_test(reads_durations), cmocka_unit_test(zero_duration_obeys_the_range),
		cmocka_unit_test(reads_sizes),     cmocka_unit_test(reads_booleans),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
