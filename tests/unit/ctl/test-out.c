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

/* ---- output drivers that write to memory */

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
	"\"state\":\"offloaded\",\"reason\":null,\"in_hw\":true,\"backend\":\"flower-hw\",\"devices\":[\"lan0\",\"wan0\"],"
	"\"packets\":{\"orig\":" COUNTS(10, 2) ",\"reply\":" COUNTS(
		20, 2) "},"
		       "\"bytes\":{\"orig\":" COUNTS(1048576, 512) ",\"reply\":" COUNTS(524288,
											511) "}}";

static const char flow_nat[] =
	"{\"proto\":\"udp\",\"family\":\"ipv6\",\"zone\":3,\"id\":2,\"mark\":0,"
	"\"orig\":{\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\",\"sport\":5,\"dport\":6},"
	"\"reply\":{\"src\":\"2001:db8::2\",\"dst\":\"2001:db8::3\",\"sport\":6,\"dport\":7},"
	"\"state\":\"software\",\"reason\":\"not-assured\",\"in_hw\":false,\"backend\":null,\"devices\":[],"
	"\"packets\":{\"orig\":" COUNTS(0, null) ",\"reply\":" COUNTS(
		0, null) "},"
			 "\"bytes\":{\"orig\":" COUNTS(0, null) ",\"reply\":" COUNTS(0, null) "}}";

static const char status[] =
	"{\"version\":\"1.2\",\"uptime_s\":93784,\"offload\":\"hardware\",\"admit\":\"events\","
	"\"devices\":[{\"name\":\"lan0\",\"ifindex\":2,\"state\":\"ready\",\"reason\":null},"
	"{\"name\":\"wan\\u001b0\",\"ifindex\":3,\"state\":\"failed\",\"reason\":\"no (Busy)\"}],"
	"\"flows\":{\"total\":12,\"offloaded\":6,\"kernel\":1,\"pending\":2,\"software\":3,\"max\":65536},"
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
	       "STATE      BACKEND    DEVICES      REASON       OFFLOADED  SOFTWARE\n"
	       "tcp    192.0.2.1:4000 > 198.51.100.1:80          -                                  "
	       "offloaded  flower-hw  lan0 > wan0  -              1.5 MiB    1023 B\n"
	       "udp    [2001:db8::1]:5 > [2001:db8::2]:6 zone 3  "
	       "[2001:db8::2]:6 > [2001:db8::3]:7  "
	       "software   -          -            not-assured        0 B         -\n");
}

static void test_text_no_flows(void **state UNUSED)
{
	begin(false, false);
	out->ops->flows_end(out);
	expect("no connections\n");
}

/* Members that are missing or of another type are shown as unknown. */
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
	       "flows: 12 of at most 65536; 6 offloaded, 1 in a kernel flowtable, 2 pending, 3 in software\n"
	       "in software, by reason:\n"
	       "  not-assured                               2    "
	       "mtu                                       1\n"
	       "forwarded by rules: 1023 B in 100 packets (original), 1.0 TiB in 200 packets (reply)\n"
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
				 "1 connection returned to the CPU\n"
				 "20 connections returned to the CPU\nPROTO  ",
				 strlen("1 connection returned to the CPU\n"
					"20 connections returned to the CPU\nPROTO  ")),
			 0);
	assert_non_null(strstr(text, "192.0.2.1:4000"));
	forget();
}

static const char device_full[] =
	"{\"name\":\"lan\\u001b0\",\"ifindex\":2,\"state\":\"ready\",\"reason\":null,\"reason_text\":null,"
	"\"driver\":\"mlx5_core\",\"bus\":\"0000:03:00.0\",\"hw_tc_offload\":\"on\","
	"\"eswitch\":\"switchdev\",\"switch_id\":\"abcd\",\"port_name\":\"p0\",\"guard\":\"hardware\","
	"\"table\":{\"card\":1,\"size\":4096,\"source\":\"learnt\",\"used\":12,\"refused_full\":1,"
	"\"paused\":true,\"stuck\":true},"
	"\"bypass\":[{\"what\":\"xdp\",\"side\":\"ingress\",\"allowed\":true},"
	"{\"what\":\"sha\\u001bper\",\"side\":\"egress\",\"allowed\":false}],"
	"\"pairs\":[{\"to\":\"wan\\n0\",\"state\":\"ready\",\"reason\":null,\"reason_text\":null,"
	"\"recipe\":{\"shape\":\"full\",\"text\":\"all of it\",\"one_prio\":true,"
	"\"own_mac\":false,\"checks_size\":false,\"takes\":[\"tcp ip4 routed\",\"udp ip4 routed\"],"
	"\"tags\":[\"802.1q to untagged\"]},\"refuses\":[\"tcp ip6 routed\"],"
	"\"refusal\":{\"class\":\"tcp ip6 routed\",\"errno\":95,\"text\":\"no\\ttunnels\"},"
	"\"hit\":7,\"not_hit\":1},"
	"{\"to\":\"dmz0\",\"state\":\"refused\",\"reason\":\"no-recipe\",\"reason_text\":\"takes none\","
	"\"recipe\":null,\"refuses\":[\"x\"],\"refusal\":null,\"hit\":0,\"not_hit\":0}]}";

static const char device_plain[] =
	"{\"name\":\"eth9\",\"ifindex\":9,\"state\":\"unusable\",\"reason\":\"driver-not-allowed\","
	"\"reason_text\":\"nobody knows it\",\"driver\":null,\"bus\":null,\"hw_tc_offload\":null,"
	"\"eswitch\":null,\"switch_id\":null,\"port_name\":null,\"guard\":\"none\",\"table\":null,"
	"\"pairs\":[],\"bypass\":[]}";

static void test_text_devices(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->device, device_full);
	feed(out->ops->device, device_plain);
	out->ops->devices_end(out);
	expect("lan?0: ready\n"
	       "  driver mlx5_core at 0000:03:00.0, hw-tc-offload on, eswitch switchdev, switch id "
	       "abcd, port p0\n"
	       "  guard for packets about to expire: hardware\n"
	       "  offload would bypass: xdp (ingress, allowed), sha?per (egress)\n"
	       "  table of card 1: 12 rules of 4096 (learnt); paused after failures; a call into "
	       "its driver does not return\n"
	       "  to wan?0: ready, full (all of it; one priority; cannot match the "
	       "port's MAC address; cannot check the size of packets)\n"
	       "      takes tcp ip4 routed, udp ip4 routed\n"
	       "      takes VLAN tags: 802.1q to untagged\n"
	       "      refuses tcp ip6 routed\n"
	       "      last error for tcp ip6 routed: no?tunnels (errno 95)\n"
	       "      directions with packets counted in hardware: 7, without: 1\n"
	       "  to dmz0: refused, no-recipe: takes none\n"
	       "eth9: unusable, driver-not-allowed: nobody knows it\n"
	       "  guard for packets about to expire: none\n");
}

/* All 16 classes are shown as "everything"; a table of unknown size was never full. */
static void test_text_device_in_short(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->device,
	     "{\"name\":\"a\",\"state\":\"ready\",\"guard\":\"none\",\"table\":{\"card\":0,\"size\":null,"
	     "\"source\":\"unknown\",\"used\":0},\"pairs\":[{\"to\":\"b\",\"state\":\"ready\",\"recipe\":{"
	     "\"shape\":\"full\",\"text\":\"t\",\"takes\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
	     "\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\"]},\"refuses\":[]}]}");
	out->ops->devices_end(out);
	expect("a: ready\n"
	       "  guard for packets about to expire: none\n"
	       "  table of card 0: 0 rules, never full so far\n"
	       "  to b: ready, full (t)\n"
	       "      takes everything\n");
}

static void test_text_no_devices(void **state UNUSED)
{
	begin(false, false);
	out->ops->devices_end(out);
	expect("no devices\n");
}

/* Members that are missing, are of another type, or contain control characters. */
static const char *const bad_devices[] = {
	"{}",
	"{\"name\":7,\"state\":[],\"reason\":{},\"hw_tc_offload\":true,\"table\":\"t\",\"pairs\":{}}",
	"{\"name\":\"x\",\"hw_tc_offload\":\"on\",\"driver\":3,\"bus\":[],\"table\":[],\"pairs\":[3,null,"
	"\"x\",[],{}]}",
	"{\"table\":{},\"pairs\":[{\"to\":{},\"recipe\":{},\"refuses\":7,\"refusal\":{}}]}",
	"{\"table\":{\"size\":\"s\",\"used\":\"u\",\"source\":7},\"pairs\":[{\"recipe\":{\"shape\":7,"
	"\"takes\":[7,{},null]},\"refuses\":[[],\"\\u0007\"],\"refusal\":[],"
	"\"hit\":\"h\",\"not_hit\":-1}]}",
	"{\"name\":\"\\u001b[2J\",\"state\":\"\\u001b[31m\",\"reason\":\"\\u001b]0;x\\u0007\","
	"\"reason_text\":\"\\r\\n\",\"hw_tc_offload\":\"\\u001b\",\"driver\":\"\\u009b31m\",\"guard\":"
	"\"\\u001b\",\"table\":{\"size\":1,\"source\":\"\\u001b\"},\"pairs\":[{\"to\":\"\\u001b\","
	"\"state\":\"\\u001b\",\"recipe\":{\"shape\":\"\\u001b\",\"text\":\"\\u001b\",\"takes\":"
	"[\"\\u001b\"]},\"refuses\":[\"\\u001b\"],\"refusal\":{\"class\":\"\\u001b\",\"text\":"
	"\"\\u001b\"}}]}",
};

static void test_text_bad_devices(void **state UNUSED)
{
	for (size_t i = 0; i < array_size(bad_devices); i++) {
		begin(false, false);
		feed(out->ops->device, bad_devices[i]);
		out->ops->devices_end(out);
		finish();
		/* There is output, and no control characters in it. */
		assert_non_null(strstr(text, "packets about to expire"));
		for (const char *p = text; *p; p++)
			assert_true(*p == '\n' || (unsigned char)*p >= ' ');
		/* U+009B starts a terminal command, too. */
		assert_null(strchr(text, '\xc2'));
		forget();
	}
	begin(false, false);
	feed(out->ops->device, "{}");
	out->ops->devices_end(out);
	expect("-: -\n  guard for packets about to expire: -\n");
}

static const char *const findings[] = {
	"{\"severity\":\"problem\",\"check\":\"limit\",\"what\":\"one\",\"todo\":\"a\",\"handle\":7}",
	"{\"severity\":\"problem\",\"check\":\"limit\",\"what\":\"two\",\"todo\":\"a\",\"handle\":8}",
	"{\"severity\":\"problem\",\"check\":\"log\",\"what\":\"t\\u001bhree\",\"todo\":\"b\"}",
	"{\"severity\":\"hint\",\"check\":\"log\",\"what\":\"four\",\"todo\":\"b\"}",
	"{\"severity\":\"fine\",\"check\":\"nft\",\"what\":\"five\",\"todo\":null}",
};

static void test_text_findings(void **state UNUSED)
{
	begin(false, false);
	for (size_t i = 0; i < array_size(findings); i++)
		feed(out->ops->finding, findings[i]);
	out->ops->findings_end(out);
	expect("problems:\n"
	       "  one\n"
	       "  two\n"
	       "      -> a\n"
	       "  t?hree\n"
	       "      -> b\n"
	       "hints:\n"
	       "  four\n"
	       "      -> b\n"
	       "fine:\n"
	       "  five\n");
}

static void test_text_no_findings(void **state UNUSED)
{
	begin(false, false);
	out->ops->findings_end(out);
	expect("no findings\n");
}

static void test_json_findings(void **state UNUSED)
{
	begin(true, false);
	feed(out->ops->finding, findings[0]);
	feed(out->ops->finding, findings[1]);
	out->ops->findings_end(out);
	expect("[\n"
	       "{\"severity\":\"problem\",\"check\":\"limit\",\"what\":\"one\",\"todo\":\"a\","
	       "\"handle\":7},\n"
	       "{\"severity\":\"problem\",\"check\":\"limit\",\"what\":\"two\",\"todo\":\"a\","
	       "\"handle\":8}\n"
	       "]\n");
}

/* Other objects are shown without control characters, too. */
static void test_text_control_characters(void **state UNUSED)
{
	begin(false, false);
	feed(out->ops->status, "{\"version\":\"\\u001b\",\"offload\":\"\\u001b\",\"admit\":\"\\u001b\","
			       "\"devices\":[{\"name\":\"\\u001b\",\"state\":\"\\u001b\",\"reason\":\"\\u001b\"}],"
			       "\"reasons\":{\"\\u001b\":1},\"counters\":{\"\\u001b\":2}}");
	feed(out->ops->why, "{\"tuple\":{\"proto\":\"\\u001b\",\"src\":\"\\u001b\"},\"found\":true,"
			    "\"steps\":"
			    "[{\"step\":\"\\u001b\",\"text\":\"\\u001b\"}],\"state\":\"\\u001b\",\"reason\":"
			    "\"\\u001b\",\"reason_text\":\"\\u001b\",\"rules\":[\"\\u001b\"]}");
	finish();
	assert_null(strchr(text, 0x1b));
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

static void test_json_unfinished_list(void **state UNUSED)
{
	json_t *list;

	/* The driver is freed within a list, as after an error. */
	begin(true, false);
	feed(out->ops->flow, flow_plain);
	feed(out->ops->flow, flow_plain);
	list = finish_json();
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
}

static void test_json_devices(void **state UNUSED)
{
	json_t *list, *one;

	begin(true, false);
	out->ops->devices_end(out);
	list = finish_json();
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	for (int is_pretty = 0; is_pretty < 2; is_pretty++) {
		begin(true, is_pretty);
		feed(out->ops->device, device_full);
		feed(out->ops->device, device_plain);
		/* Objects are shown unchanged, even malformed ones. */
		for (size_t i = 0; i < array_size(bad_devices); i++)
			feed(out->ops->device, bad_devices[i]);
		out->ops->devices_end(out);
		list = finish_json();
		assert_int_equal(json_array_size(list), 2 + array_size(bad_devices));
		one = parse(device_full);
		assert_true(json_equal(json_array_get(list, 0), one));
		json_decref(one);
		one = parse(bad_devices[5]);
		assert_true(json_equal(json_array_get(list, 7), one));
		json_decref(one);
		json_decref(list);
	}
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

	/* The wide row comes after the widths were fixed by narrow rows. */
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

	/* All in one argument, and each word in its own. */
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
			fail_msg("accepted: %s", bad[i]);
	}
	memset(copy, 'x', sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	assert_int_equal(tuplearg_parse(&word, 1, &json), -EINVAL);
	assert_int_equal(tuplearg_parse(&word, 0, &json), -EINVAL);
}

static void test_cmd_check(void **state UNUSED)
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
		{ { .command = "doctor" }, true },
		{ { .command = "doctor", .words = extra, .n_words = 1 }, false },
		{ { .command = "doctor", .device = "x" }, false },
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
		cmocka_unit_test(test_text_flows),
		cmocka_unit_test(test_text_no_flows),
		cmocka_unit_test(test_text_incomplete),
		cmocka_unit_test(test_text_status),
		cmocka_unit_test(test_text_why),
		cmocka_unit_test(test_text_flush_and_error),
		cmocka_unit_test(test_json_flows),
		cmocka_unit_test(test_json_unfinished_list),
		cmocka_unit_test(test_json_objects),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_tuple),
		cmocka_unit_test(test_bad_tuple),
		cmocka_unit_test(test_cmd_check),
		cmocka_unit_test(test_text_devices),
		cmocka_unit_test(test_text_device_in_short),
		cmocka_unit_test(test_text_no_devices),
		cmocka_unit_test(test_text_bad_devices),
		cmocka_unit_test(test_json_devices),
		cmocka_unit_test(test_text_control_characters),
		cmocka_unit_test(test_text_findings),
		cmocka_unit_test(test_text_no_findings),
		cmocka_unit_test(test_json_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
