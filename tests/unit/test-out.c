/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/out.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "ctl/cmd.h"
#include "ctl/table.h"
#include "ctl/tuplearg.h"

/* ---- drivers that write to memory */

static char *text, *errors;
static size_t text_size, errors_size;
static FILE *stream, *error_stream;
static struct out *out;

static void begin(bool is_json, bool is_pretty)
{
	stream = open_memstream(&text, &text_size);
	error_stream = open_memstream(&errors, &errors_size);
	assert_non_null(stream);
	assert_non_null(error_stream);
	out = is_json ? out_json_new(stream, is_pretty) : out_text_new(stream, error_stream);
	assert_non_null(out);
}

static void finish(void)
{
	out->ops->free(out);
	fclose(stream);
	fclose(error_stream);
}

static void forget(void)
{
	free(text);
	free(errors);
}

static json_t *parse(const char *json)
{
	json_error_t error;
	json_t *value = json_loads(json, 0, &error);

	if (!value)
		fail_msg("%s: %s", error.text, json);
	return value;
}

static void feed(void (*fn)(struct out *, const json_t *), const char *json)
{
	json_t *value = parse(json);

	fn(out, value);
	json_decref(value);
}

static void expect(const char *expected)
{
	finish();
	assert_string_equal(text, expected);
	forget();
}

#define COUNTS(o, s) "{\"offloaded\":" #o ",\"software\":" #s "}"

static const char flow_plain[] =
	"{\"proto\":\"tcp\",\"family\":\"ipv4\",\"zone\":0,\"id\":1,\"mark\":0,"
	"\"orig\":{\"src\":\"192.0.2.1\",\"dst\":\"198.51.100.1\",\"sport\":4000,\"dport\":80},"
	"\"reply\":{\"src\":\"198.51.100.1\",\"dst\":\"192.0.2.1\",\"sport\":80,\"dport\":4000},"
	"\"state\":\"offloaded\",\"reason\":null,\"in_hw\":true,\"devices\":[\"lan0\",\"wan0\"],"
	"\"packets\":{\"orig\":" COUNTS(10, 2) ",\"reply\":" COUNTS(
		20, 2) "},"
		       "\"bytes\":{\"orig\":" COUNTS(1048576, 512) ",\"reply\":" COUNTS(524288,
											511) "}}";

static const char flow_nat[] =
	"{\"proto\":\"udp\",\"family\":\"ipv6\",\"zone\":3,\"id\":2,\"mark\":0,"
	"\"orig\":{\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\",\"sport\":5,\"dport\":6},"
	"\"reply\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::3\",\"sport\":6,\"dport\":7},"
	"\"state\":\"software\",\"reason\":\"not-assured\",\"in_hw\":false,\"devices\":[],"
	"\"packets\":{\"orig\":" COUNTS(0, null) ",\"reply\":" COUNTS(
		0, null) "},"
			 "\"bytes\":{\"orig\":" COUNTS(0, null) ",\"reply\":" COUNTS(0, null) "}}";

static const char status[] =
	"{\"version\":\"1.2\",\"uptime_s\":93784,\"offload\":\"hardware\",\"admit\":\"events\","
	"\"devices\":[{\"name\":\"lan0\",\"ifindex\":2,\"state\":\"ready\",\"reason\":null},"
	"{\"name\":\"wan\\u001b0\",\"ifindex\":3,\"state\":\"failed\",\"reason\":\"no (Busy)\"}],"
	"\"flows\":{\"total\":12,\"offloaded\":7,\"pending\":2,\"software\":3,\"max\":65536},"
	"\"reasons\":{\"not-assured\":2,\"mtu\":1,\"local\":0},"
	"\"counters\":{\"a\":1,\"b\":0,\"c\":123456789012},"
	"\"packets\":{\"offloaded\":{\"orig\":100,\"reply\":200}},"
	"\"bytes\":{\"offloaded\":{\"orig\":1023,\"reply\":1100000000000}}}";

static const char why_yes[] =
	"{\"tuple\":\"tcp 192.0.2.1:1 > 198.51.100.1:2\",\"found\":true,"
	"\"steps\":[{\"step\":\"conntrack\",\"ok\":true,\"text\":\"assured\"},"
	"{\"step\":\"policy\",\"ok\":true,\"text\":\"may be offloaded\"}],"
	"\"state\":\"offloaded\",\"reason\":null,\"reason_text\":null,"
	"\"rules\":[\"lan0 first\",\"wan0 second\"]}";

static const char why_no[] =
	"{\"tuple\":{\"proto\":\"udp\",\"src\":\"2001:db8::1\",\"sport\":1,\"dst\":\"2001:db8::2\","
	"\"dport\":2,\"zone\":0},\"found\":true,"
	"\"steps\":[{\"step\":\"policy\",\"ok\":false,\"text\":\"TCP\\nonly\"}],"
	"\"state\":\"software\",\"reason\":\"mtu\",\"reason_text\":\"too large\",\"rules\":[]}";

/* ---- text */

static void test_text_flows(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->flow, flow_plain);
	feed(out->ops->flow, flow_nat);
	out->ops->flows_end(out);
	expect("PROTO  ORIGINAL                                  NAT REPLY                          "
	       "STATE      HW   DEVICES      REASON       OFFLOADED  SOFTWARE\n"
	       "tcp    192.0.2.1:4000 > 198.51.100.1:80          -                                  "
	       "offloaded  yes  lan0 > wan0  -              1.5 MiB    1023 B\n"
	       "udp    [2001:db8::1]:5 > [2001:db8::2]:6 zone 3  "
	       "[2001:db8::2]:6 > [2001:db8::3]:7  "
	       "software   -    -            not-assured        0 B         -\n");
}

static void test_text_no_flows(void **state UNUSED)
{
	begin(false, false);
	out->ops->flows_end(out);
	expect("no connections\n");
}

/* Objects of another version, or nonsense: shown as unknown. */
static void test_text_incomplete(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->flow, "{}");
	feed(out->ops->flow, "{\"orig\":3,\"bytes\":[],\"devices\":[3],\"state\":{}}");
	feed(out->ops->status, "{}");
	feed(out->ops->why, "{}");
	feed(out->ops->flush, "{}");
	finish();
	assert_non_null(strstr(text, "flows: 0 of at most 0"));
	forget();
}

static void test_text_status(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->status, status);
	expect("nft-offloadd 1.2, up 1 d 2 h\n"
	       "offload: hardware, admit: events\n"
	       "devices:\n"
	       "  lan0: ready\n"
	       "  wan?0: failed, no (Busy)\n"
	       "flows: 12 of at most 65536; 7 offloaded, 2 pending, 3 in software\n"
	       "in software because:\n"
	       "  not-assured                               2    "
	       "mtu                                       1\n"
	       "forwarded by rules: 1023 B in 100 packets, and 1.0 TiB in 200 packets of replies\n"
	       "counters:\n"
	       "  a                                         1    "
	       "c                              123456789012\n");
}

static void test_text_why(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->why, why_yes);
	feed(out->ops->why, why_no);
	feed(out->ops->why, "{\"tuple\":\"x\",\"found\":false,\"steps\":[{\"step\":\"conntrack\","
			    "\"ok\":false,\"text\":\"not found\"}],\"rules\":[]}");
	expect("tcp 192.0.2.1:1 > 198.51.100.1:2\n"
	       "  ok  conntrack  assured\n"
	       "  ok  policy     may be offloaded\n"
	       "  rule  lan0 first\n"
	       "  rule  wan0 second\n"
	       "-> offloaded\n"
	       "udp [2001:db8::1]:1 > [2001:db8::2]:2\n"
	       "  no  policy     TCP?only\n"
	       "-> software: mtu - too large\n"
	       "x\n"
	       "  no  conntrack  not found\n"
	       "-> no such connection\n");
}

static void test_text_flush_and_error(void **state UNUSED)
{
	struct session_error error;

	session_error_set(&error, "name", "some\ttext");
	begin(false, false);
	feed(out->ops->flush, "{\"flushed\":1}");
	feed(out->ops->flush, "{\"flushed\":20}");
	feed(out->ops->flow, flow_plain);
	out->ops->error(out, &error);
	finish();
	assert_string_equal(errors, "nft-offload: some?text\n");
	assert_int_equal(strncmp(text,
				 "1 connection taken out of the offload\n"
				 "20 connections taken out of the offload\nPROTO  ",
				 strlen("1 connection taken out of the offload\n"
					"20 connections taken out of the offload\nPROTO  ")),
			 0);
	assert_non_null(strstr(text, "192.0.2.1:4000"));
	forget();
}

/* ---- JSON: one valid value, whatever happens */

static json_t *finish_json(void)
{
	json_t *value;

	finish();
	value = parse(text);
	forget();
	return value;
}

static void check_json_flows(bool is_pretty, unsigned int n)
{
	json_t *list, *flow = parse(flow_nat);

	begin(true, is_pretty);
	for (unsigned int i = 0; i < n; i++)
		feed(out->ops->flow, flow_nat);
	out->ops->flows_end(out);
	list = finish_json();
	assert_true(json_is_array(list));
	assert_int_equal(json_array_size(list), n);
	for (unsigned int i = 0; i < n; i++)
		assert_true(json_equal(json_array_get(list, i), flow));
	json_decref(list);
	json_decref(flow);
}

static void test_json_flows(void **state UNUSED)
{
	for (unsigned int n = 0; n < 4; n++) {
		check_json_flows(false, n);
		check_json_flows(true, n);
	}
}

static void test_json_broken_off(void **state UNUSED)
{
	json_t *list;

	/* Freed in the middle, as after an error. */
	begin(true, false);
	feed(out->ops->flow, flow_plain);
	feed(out->ops->flow, flow_plain);
	list = finish_json();
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
}

static void test_json_objects(void **state UNUSED)
{
	struct session_error error;
	json_t *value;

	begin(true, false);
	feed(out->ops->status, status);
	value = finish_json();
	assert_int_equal(json_integer_value(json_object_get(value, "uptime_s")), 93784);
	json_decref(value);

	begin(true, true);
	feed(out->ops->why, why_no);
	value = finish_json();
	assert_string_equal(json_string_value(json_object_get(value, "reason")), "mtu");
	json_decref(value);

	session_error_set(&error, "name", "some \"text\"");
	begin(true, false);
	out->ops->error(out, &error);
	value = finish_json();
	assert_string_equal(json_string_value(json_object_get(value, "error")), "name");
	assert_string_equal(json_string_value(json_object_get(value, "text")), "some \"text\"");
	json_decref(value);
}

/* ---- columns */

static void test_table(void **state UNUSED)
{
	static const struct table_column columns[] = { { "A", false }, { "B", true } };
	struct table *table;

	/* Narrow rows first; the wide one comes after the widths were fixed. */
	begin(false, false);
	table = table_new(stream, columns, array_size(columns));
	assert_non_null(table);
	for (int i = 0; i < TABLE_ROWS_KEPT + 3; i++) {
		strcpy(table_cell(table, 0), i == TABLE_ROWS_KEPT + 1 ? "wide" : "x");
		if (i % 2)
			strcpy(table_cell(table, 1), "22");
		table_add_row(table);
	}
	table_end(table);
	finish();
	assert_int_equal(strncmp(text, "A   B\nx   -\nx  22\n", 18), 0);
	assert_non_null(strstr(text, "x   -\nwide  22\nx      -\n"));
	forget();
}

/* ---- the command line */

static void expect_tuple(const char *words, const char *json)
{
	char copy[300], *word[16], *save = NULL;
	json_t *expected = parse(json), *got;
	int n = 0;

	/* All in one word, and in many. */
	strcpy(copy, words);
	word[0] = copy;
	assert_int_equal(tuplearg_parse(word, 1, &got), 0);
	assert_true(json_equal(got, expected));
	json_decref(got);
	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
		word[n++] = p;
	assert_int_equal(tuplearg_parse(word, n, &got), 0);
	assert_true(json_equal(got, expected));
	json_decref(got);
	json_decref(expected);
}

static void test_tuple(void **state UNUSED)
{
	static const char v4[] = "{\"proto\":\"tcp\",\"src\":\"192.0.2.1\",\"sport\":4000,"
				 "\"dst\":\"198.51.100.1\",\"dport\":80}";
	static const char v6[] = "{\"proto\":\"udp\",\"src\":\"2001:db8::1\",\"sport\":1,"
				 "\"dst\":\"2001:db8::2\",\"dport\":65535,\"zone\":7}";

	expect_tuple("tcp 192.0.2.1:4000 198.51.100.1:80", v4);
	expect_tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80", v4);
	expect_tuple("tcp 192.0.2.1:4000 -> 198.51.100.1:80", v4);
	expect_tuple("tcp 192.0.2.1 4000 198.51.100.1 80", v4);
	expect_tuple("tcp 192.0.2.1 4000 198.51.100.1 80 zone 0", v4);
	expect_tuple("udp [2001:db8::1]:1 [2001:db8::2]:65535 zone 7", v6);
	expect_tuple("udp [2001:db8::1]:1 > [2001:db8::2]:65535 zone 7", v6);
	expect_tuple("udp 2001:db8::1 1 2001:db8::2 65535 zone 7", v6);
}

static void test_bad_tuple(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		" ",
		"tcp",
		"tcp 192.0.2.1:4000",
		"192.0.2.1:4000 198.51.100.1:80",
		"tcp 192.0.2.1:4000 198.51.100.1",
		"tcp 192.0.2.1:x 198.51.100.1:80",
		"tcp 192.0.2.1:65536 198.51.100.1:80",
		"tcp 192.0.2.1:-1 198.51.100.1:80",
		"tcp :1 198.51.100.1:80",
		"tcp 2001:db8::1:1 2001:db8::2:2",
		"tcp []:1 [2001:db8::2]:2",
		"tcp [2001:db8::1:1 [2001:db8::2]:2",
		"tcp 192.0.2.1:4000 198.51.100.1:80 zone",
		"tcp 192.0.2.1:4000 198.51.100.1:80 zone x",
		"tcp 192.0.2.1:4000 198.51.100.1:80 zone 65536",
		"tcp 192.0.2.1:4000 198.51.100.1:80 more",
		"tcp 192.0.2.1 4000 198.51.100.1 80 more words zone 3",
		"a b c d e f g h i j k l",
	};
	char copy[TUPLEARG_MAX_BYTES + 2], *word = copy;
	json_t *json;

	for (size_t i = 0; i < array_size(bad); i++) {
		strcpy(copy, bad[i]);
		if (tuplearg_parse(&word, 1, &json) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
	memset(copy, 'x', sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	assert_int_equal(tuplearg_parse(&word, 1, &json), -EINVAL);
	assert_int_equal(tuplearg_parse(&word, 0, &json), -EINVAL);
}

static void test_check(void **state UNUSED)
{
	static char tuple_text[] = "tcp 192.0.2.1:4000 198.51.100.1:80", extra_text[] = "extra";
	char *tuple[] = { tuple_text }, *extra[] = { extra_text };
	const struct {
		struct cmd_args args;
		bool is_good;
	} cases[] = {
		{ { .command = NULL }, false },
		{ { .command = "nothing" }, false },
		{ { .command = "status" }, true },
		{ { .command = "status", .words = extra, .n_words = 1 }, false },
		{ { .command = "status", .all = true }, false },
		{ { .command = "status", .proto = "tcp" }, false },
		{ { .command = "flows" }, true },
		{ { .command = "flows", .state = "a", .proto = "b", .reason = "c", .device = "d" },
		  true },
		{ { .command = "flows", .all = true }, false },
		{ { .command = "flows", .words = extra, .n_words = 1 }, false },
		{ { .command = "why" }, false },
		{ { .command = "why", .words = tuple, .n_words = 1 }, true },
		{ { .command = "why", .words = extra, .n_words = 1 }, false },
		{ { .command = "why", .words = tuple, .n_words = 1, .state = "x" }, false },
		{ { .command = "flush" }, false },
		{ { .command = "flush", .all = true }, true },
		{ { .command = "flush", .words = tuple, .n_words = 1 }, true },
		{ { .command = "flush", .words = extra, .n_words = 1 }, false },
		{ { .command = "flush", .words = tuple, .n_words = 1, .all = true }, false },
		{ { .command = "flush", .all = true, .device = "x" }, false },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(cmd_check(&cases[i].args) == NULL, cases[i].is_good);
	for (unsigned int i = 0; cmd_help_get(i); i++)
		assert_true(cmd_help_get(i)->name[0] && cmd_help_get(i)->help[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_flows),      cmocka_unit_test(test_text_no_flows),
		cmocka_unit_test(test_text_incomplete), cmocka_unit_test(test_text_status),
		cmocka_unit_test(test_text_why),        cmocka_unit_test(test_text_flush_and_error),
		cmocka_unit_test(test_json_flows),      cmocka_unit_test(test_json_broken_off),
		cmocka_unit_test(test_json_objects),    cmocka_unit_test(test_table),
		cmocka_unit_test(test_tuple),           cmocka_unit_test(test_bad_tuple),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
