/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/jsonline.h"
#include "base/strbuf.h"
#include "base/util.h"

static void writes_rows_in_order(void **state UNUSED)
{
	STRBUF_ON_STACK(text, 512);
	struct jsonline out;

	jsonline_init(&out, '\n', jsonline_to_strbuf, &text);
	for (int row = 0; row < 2; row++) {
		jsonline_begin(&out);
		jsonline_str(&out, "state", "active");
		jsonline_i64(&out, "row", row);
		jsonline_u64(&out, "bytes", UINT64_MAX);
		jsonline_bool(&out, "hw", row == 1);
		jsonline_null(&out, "reason");
		jsonline_str(&out, "dev", NULL);
		jsonline_strf(&out, "tuple", "%s:%d", "a", 1);
		assert_int_equal(jsonline_end(&out), 0);
	}
	assert_string_equal(strbuf_str(&text),
			    "{\"state\":\"active\",\"row\":0,\"bytes\":9223372036854775807,"
			    "\"hw\":false,\"reason\":null,\"dev\":null,\"tuple\":\"a:1\"}\n"
			    "{\"state\":\"active\",\"row\":1,\"bytes\":9223372036854775807,"
			    "\"hw\":true,\"reason\":null,\"dev\":null,\"tuple\":\"a:1\"}\n");
	jsonline_fini(&out);
}

static void nests_objects_and_arrays(void **state UNUSED)
{
	STRBUF_ON_STACK(text, 512);
	struct jsonline out;

	jsonline_init(&out, '\0', jsonline_to_strbuf, &text);
	jsonline_begin(&out);
	jsonline_object_begin(&out, "parameters");
	jsonline_array_begin(&out, "list");
	jsonline_i64(&out, NULL, 1);
	jsonline_object_begin(&out, NULL);
	jsonline_real(&out, "rate", 0.5);
	jsonline_real(&out, "none", (double)INFINITY);
	jsonline_nested_end(&out);
	jsonline_nested_end(&out);
	jsonline_nested_end(&out);
	jsonline_bool(&out, "continues", true);
	assert_int_equal(jsonline_end(&out), 0);
	assert_string_equal(strbuf_str(&text), "{\"parameters\":{\"list\":[1,{\"rate\":0.5,"
					       "\"none\":null}]},\"continues\":true}");
	/* The terminator, here a NUL, is part of the text. */
	assert_int_equal(strbuf_len(&text), strlen(strbuf_str(&text)) + 1);
}

static void invalid_utf8_becomes_a_question_mark(void **state UNUSED)
{
	STRBUF_ON_STACK(text, 512);
	struct jsonline out;

	jsonline_init(&out, '\n', jsonline_to_strbuf, &text);
	jsonline_begin(&out);
	jsonline_str(&out, "dev", "eth\xff");
	jsonline_str(&out, "ok", "\xc3\x9f");
	assert_int_equal(jsonline_end(&out), 0);
	assert_string_equal(strbuf_str(&text), "{\"dev\":\"eth?\",\"ok\":\"\xc3\x9f\"}\n");
}

static void check_broken(void (*build)(struct jsonline *out), int expected)
{
	STRBUF_ON_STACK(text, 512);
	struct jsonline out;

	jsonline_init(&out, '\n', jsonline_to_strbuf, &text);
	jsonline_begin(&out);
	build(&out);
	jsonline_i64(&out, "after", 1);
	assert_int_equal(jsonline_end(&out), expected);
	assert_string_equal(strbuf_str(&text), "");
	/* A broken record does not affect the next one. */
	jsonline_begin(&out);
	assert_int_equal(jsonline_end(&out), 0);
	assert_string_equal(strbuf_str(&text), "{}\n");
}

static void open_and_forget(struct jsonline *out)
{
	jsonline_object_begin(out, "open");
}

static void close_too_much(struct jsonline *out)
{
	jsonline_nested_end(out);
}

static void key_in_array(struct jsonline *out)
{
	jsonline_array_begin(out, "list");
	jsonline_i64(out, "key", 1);
	jsonline_nested_end(out);
}

static void no_key_in_object(struct jsonline *out)
{
	jsonline_array_begin(out, NULL);
}

static void nest_too_deep(struct jsonline *out)
{
	for (int i = 0; i < JSONLINE_DEPTH_MAX; i++)
		jsonline_object_begin(out, "deeper");
}

static void no_memory(struct jsonline *out)
{
	jsonline_json(out, "value", NULL);
}

static void broken_records_are_not_written(void **state UNUSED)
{
	check_broken(open_and_forget, -EINVAL);
	check_broken(close_too_much, -EINVAL);
	check_broken(key_in_array, -EINVAL);
	check_broken(no_key_in_object, -EINVAL);
	check_broken(nest_too_deep, -EINVAL);
	check_broken(no_memory, -ENOMEM);
}

static void members_need_a_record(void **state UNUSED)
{
	STRBUF_ON_STACK(text, 16);
	struct jsonline out;

	jsonline_init(&out, '\n', jsonline_to_strbuf, &text);
	jsonline_i64(&out, "x", 1);
	assert_int_equal(jsonline_end(&out), -EINVAL);
	assert_int_equal(jsonline_end(&out), -EINVAL);
}

static void errors_of_the_sink_come_back(void **state UNUSED)
{
	STRBUF_ON_STACK(text, 8);
	struct jsonline out;

	jsonline_init(&out, '\n', jsonline_to_strbuf, &text);
	jsonline_begin(&out);
	jsonline_str(&out, "key", "much too long");
	assert_int_equal(jsonline_end(&out), -EMSGSIZE);
	/* Records that are begun but not ended are freed. */
	jsonline_begin(&out);
	jsonline_begin(&out);
	jsonline_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_rows_in_order),
		cmocka_unit_test(nests_objects_and_arrays),
		cmocka_unit_test(invalid_utf8_becomes_a_question_mark),
		cmocka_unit_test(broken_records_are_not_written),
		cmocka_unit_test(members_need_a_record),
		cmocka_unit_test(errors_of_the_sink_come_back),
	};

	return cmocka_run_group_tests_name("jsonline", tests, NULL, NULL);
}
