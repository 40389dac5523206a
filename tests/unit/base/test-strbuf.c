/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"

static void builds_text(void **state UNUSED)
{
	STRBUF_ON_STACK(sb, 32);

	assert_string_equal(strbuf_str(&sb), "");
	strbuf_put(&sb, "eth0");
	strbuf_put_char(&sb, ':');
	strbuf_printf(&sb, " %d %s", 42, "x");
	strbuf_put_mem(&sb, "abc", 2);
	assert_string_equal(strbuf_str(&sb), "eth0: 42 xab");
	assert_int_equal(strbuf_len(&sb), 12);
	assert_false(strbuf_is_truncated(&sb));
	strbuf_reset(&sb);
	assert_string_equal(strbuf_str(&sb), "");
	assert_int_equal(strbuf_len(&sb), 0);
}

static void exact_fit_is_not_truncated(void **state UNUSED)
{
	char buf[6];
	struct strbuf sb;

	strbuf_init(&sb, buf, sizeof(buf));
	strbuf_put(&sb, "12345");
	assert_false(strbuf_is_truncated(&sb));
	assert_string_equal(strbuf_str(&sb), "12345");
	strbuf_reset(&sb);
	strbuf_printf(&sb, "%d", 54321);
	assert_false(strbuf_is_truncated(&sb));
	strbuf_put(&sb, "");
	strbuf_printf(&sb, "%s", "");
	assert_false(strbuf_is_truncated(&sb));
	strbuf_put_char(&sb, '!');
	assert_true(strbuf_is_truncated(&sb));
	assert_string_equal(strbuf_str(&sb), "54321");
}

static void truncation_keeps_a_prefix_and_is_final(void **state UNUSED)
{
	char buf[8];
	struct strbuf sb;

	strbuf_init(&sb, buf, sizeof(buf));
	strbuf_put(&sb, "abc");
	strbuf_printf(&sb, "%s", "defghij");
	assert_true(strbuf_is_truncated(&sb));
	assert_string_equal(strbuf_str(&sb), "abcdefg");
	assert_int_equal(strbuf_len(&sb), 7);
	strbuf_put(&sb, "x");
	strbuf_printf(&sb, "y");
	assert_string_equal(strbuf_str(&sb), "abcdefg");

	strbuf_reset(&sb);
	assert_false(strbuf_is_truncated(&sb));
	strbuf_put(&sb, "123456789");
	assert_true(strbuf_is_truncated(&sb));
	assert_string_equal(strbuf_str(&sb), "1234567");
}

static void one_byte_holds_the_empty_text(void **state UNUSED)
{
	char buf[1];
	struct strbuf sb;

	strbuf_init(&sb, buf, sizeof(buf));
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_printf(&sb, "a");
	assert_true(strbuf_is_truncated(&sb));
	assert_string_equal(strbuf_str(&sb), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_text),
		cmocka_unit_test(exact_fit_is_not_truncated),
		cmocka_unit_test(truncation_keeps_a_prefix_and_is_final),
		cmocka_unit_test(one_byte_holds_the_empty_text),
	};

	return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
