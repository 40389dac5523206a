/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/out.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "ctl/table.h"

struct out_text {
	struct out out; /* must be first */
	FILE *errors;
	struct table *flows; /* created with the first row */
	bool has_devices;
	/* Severity and advice of the finding that was printed last. Advice that consecutive
	 * findings share is printed once, after the last of them. */
	char severity[16];
	char todo[512];
};

static struct out_text *text_of(struct out *out)
{
	return (struct out_text *)out;
}

/* ---- reading JSON: missing members are "-" or 0 */

static const char *string_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static json_int_t int_in(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_true_in(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* Length in bytes of a control character at the start of the text; 0 if there is none.
 * Terminals obey those from U+0080 to U+009F just like the ASCII ones. */
static unsigned int control_len(const char *text)
{
	unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

/* Replaces control characters: names of devices and texts of drivers are untrusted. */
static void put_clean(struct strbuf *sb, const char *text)
{
	while (*text) {
		unsigned int len = control_len(text);

		strbuf_put_char(sb, len ? '?' : *text);
		text += len ? len : 1;
	}
}

static void write_clean(FILE *stream, const char *text)
{
	STRBUF_ON_STACK(clean, 1024);

	put_clean(&clean, text);
	fputs(strbuf_str(&clean), stream);
}

/* Writes a title and a text member; nothing if the member is missing. */
static void write_member(FILE *stream, const char *title, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return;
	fputs(title, stream);
	write_clean(stream, text);
}

/* The same, but a missing member is shown as "-". */
static void write_text(FILE *stream, const char *title, const json_t *object, const char *key)
{
	fputs(title, stream);
	write_clean(stream, string_in(object, key));
}

/* "512 B", "1.5 KiB". */
static void put_bytes(struct strbuf *sb, json_int_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 1 < array_size(units)) {
		value /= 1024;
		unit++;
	}
	if (unit)
		strbuf_printf(sb, "%.1f %s", value, units[unit]);
	else
		strbuf_printf(sb, "%" JSON_INTEGER_FORMAT " B", bytes);
}

/* "3 d 4 h", the two largest units. */
static void put_duration(struct strbuf *sb, json_int_t seconds)
{
	static const struct {
		json_int_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i + 1 < array_size(units) && seconds < units[i].seconds)
		i++;
	strbuf_printf(sb, "%" JSON_INTEGER_FORMAT " %s", seconds / units[i].seconds, units[i].name);
	if (i + 1 < array_size(units))
		strbuf_printf(sb, " %" JSON_INTEGER_FORMAT " %s",
			      seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
}

/* ---- flows */

enum flow_column {
	COLUMN_PROTO,
	COLUMN_ORIGINAL,
	COLUMN_REPLY,
	COLUMN_STATE,
	COLUMN_BACKEND,
	COLUMN_DEVICES,
	COLUMN_REASON,
	COLUMN_OFFLOADED,
	COLUMN_SOFTWARE,
	COLUMN__COUNT,
};

static const struct table_column flow_columns[COLUMN__COUNT] = {
	[COLUMN_PROTO] = { "PROTO", false },
	[COLUMN_ORIGINAL] = { "ORIGINAL", false },
	[COLUMN_REPLY] = { "NAT REPLY", false },
	[COLUMN_STATE] = { "STATE", false },
	[COLUMN_BACKEND] = { "BACKEND", false },
	[COLUMN_DEVICES] = { "DEVICES", false },
	[COLUMN_REASON] = { "REASON", false },
	[COLUMN_OFFLOADED] = { "OFFLOADED", true },
	[COLUMN_SOFTWARE] = { "SOFTWARE", true },
};

static struct strbuf cell(struct table *table, enum flow_column column)
{
	struct strbuf sb;

	strbuf_init(&sb, table_cell(table, column), TABLE_CELL_SIZE);
	return sb;
}

static void put_endpoint(struct strbuf *sb, const char *addr, json_int_t port)
{
	strbuf_put(sb, strchr(addr, ':') ? "[" : "");
	put_clean(sb, addr);
	strbuf_put(sb, strchr(addr, ':') ? "]" : "");
	strbuf_printf(sb, ":%" JSON_INTEGER_FORMAT, port);
}

/* "192.0.2.1:4000 > 198.51.100.1:80" */
static void put_tuple(struct strbuf *sb, const json_t *tuple)
{
	put_endpoint(sb, string_in(tuple, "src"), int_in(tuple, "sport"));
	strbuf_put(sb, " > ");
	put_endpoint(sb, string_in(tuple, "dst"), int_in(tuple, "dport"));
}

/* True if addresses or ports are translated: the reply tuple is not just the reverse. */
static bool is_translated(const json_t *orig, const json_t *reply)
{
	return strcmp(string_in(orig, "src"), string_in(reply, "dst")) != 0 ||
	       strcmp(string_in(orig, "dst"), string_in(reply, "src")) != 0 ||
	       int_in(orig, "sport") != int_in(reply, "dport") ||
	       int_in(orig, "dport") != int_in(reply, "sport");
}

/* Sum of both directions; the cell stays "-" if the kernel does not count. */
static void put_volume(struct table *table, enum flow_column column, const json_t *bytes,
		       const char *key)
{
	const json_t *orig = json_object_get(json_object_get(bytes, "orig"), key);
	const json_t *reply = json_object_get(json_object_get(bytes, "reply"), key);
	struct strbuf sb;

	if (!json_is_integer(orig) || !json_is_integer(reply))
		return;
	sb = cell(table, column);
	put_bytes(&sb, json_integer_value(orig) + json_integer_value(reply));
}

static void put_devices(struct table *table, const json_t *devices)
{
	struct strbuf sb;

	if (!json_array_size(devices))
		return;
	sb = cell(table, COLUMN_DEVICES);
	for (size_t i = 0; i < json_array_size(devices); i++) {
		const char *name = json_string_value(json_array_get(devices, i));

		strbuf_put(&sb, i ? " > " : "");
		put_clean(&sb, name ? name : "?");
	}
}

static void put_word(struct table *table, enum flow_column column, const char *text)
{
	struct strbuf sb = cell(table, column);

	put_clean(&sb, text);
}

static void put_flow(struct out *out, const json_t *flow)
{
	struct out_text *text = text_of(out);
	const json_t *orig = json_object_get(flow, "orig");
	const json_t *reply = json_object_get(flow, "reply");
	const json_t *bytes = json_object_get(flow, "bytes");
	struct strbuf sb;

	if (!text->flows)
		text->flows = table_new(out->stream, flow_columns, COLUMN__COUNT);
	if (!text->flows)
		return;
	put_word(text->flows, COLUMN_PROTO, string_in(flow, "proto"));
	sb = cell(text->flows, COLUMN_ORIGINAL);
	put_tuple(&sb, orig);
	if (int_in(flow, "zone"))
		strbuf_printf(&sb, " zone %" JSON_INTEGER_FORMAT, int_in(flow, "zone"));
	if (is_translated(orig, reply)) {
		sb = cell(text->flows, COLUMN_REPLY);
		put_tuple(&sb, reply);
	}
	put_word(text->flows, COLUMN_STATE, string_in(flow, "state"));
	put_word(text->flows, COLUMN_BACKEND, string_in(flow, "backend"));
	put_devices(text->flows, json_object_get(flow, "devices"));
	put_word(text->flows, COLUMN_REASON, string_in(flow, "reason"));
	put_volume(text->flows, COLUMN_OFFLOADED, bytes, "offloaded");
	put_volume(text->flows, COLUMN_SOFTWARE, bytes, "software");
	table_add_row(text->flows);
}

static void end_flows(struct out *out)
{
	struct out_text *text = text_of(out);

	if (!text->flows)
		fputs("no connections\n", out->stream);
	table_end(text->flows);
	text->flows = NULL;
}

/* ---- status */

static void put_devices_status(struct out *out, const json_t *devices)
{
	if (!json_array_size(devices)) {
		fputs("devices: none\n", out->stream);
		return;
	}
	fputs("devices:\n", out->stream);
	for (size_t i = 0; i < json_array_size(devices); i++) {
		const json_t *device = json_array_get(devices, i);
		const char *reason = json_string_value(json_object_get(device, "reason"));

		fputs("  ", out->stream);
		write_clean(out->stream, string_in(device, "name"));
		write_text(out->stream, ": ", device, "state");
		if (reason) {
			fputs(", ", out->stream);
			write_clean(out->stream, reason);
			write_member(out->stream, ": ", device, "reason_text");
		}
		fputc('\n', out->stream);
	}
}

static void put_flow_totals(struct out *out, const json_t *flows)
{
	fprintf(out->stream,
		"flows: %" JSON_INTEGER_FORMAT " of at most %" JSON_INTEGER_FORMAT
		"; %" JSON_INTEGER_FORMAT " offloaded, %" JSON_INTEGER_FORMAT
		" in a kernel flowtable, %" JSON_INTEGER_FORMAT
		" pending, %" JSON_INTEGER_FORMAT " in software\n",
		int_in(flows, "total"), int_in(flows, "max"), int_in(flows, "offloaded"),
		int_in(flows, "kernel"), int_in(flows, "pending"), int_in(flows, "software"));
}

/* Names and numbers, two pairs per line, without zeros. */
static void put_numbers(struct out *out, const char *title, const json_t *numbers)
{
	const char *name;
	json_t *number, *object = json_deep_copy(numbers); /* the iterator needs a non-const
							    * object */
	int n = 0;

	json_object_foreach(object, name, number)
	{
		STRBUF_ON_STACK(clean, 64);

		if (!json_integer_value(number))
			continue;
		put_clean(&clean, name);
		if (!n)
			fprintf(out->stream, "%s:\n", title);
		fprintf(out->stream, "%s%-30s %12" JSON_INTEGER_FORMAT "%s", n % 2 ? "    " : "  ",
			strbuf_str(&clean), json_integer_value(number), n % 2 ? "\n" : "");
		n++;
	}
	if (n % 2)
		fputc('\n', out->stream);
	json_decref(object);
}

static void put_forwarded(struct out *out, const json_t *status)
{
	const json_t *packets = json_object_get(json_object_get(status, "packets"), "offloaded");
	const json_t *bytes = json_object_get(json_object_get(status, "bytes"), "offloaded");
	STRBUF_ON_STACK(orig, 32);
	STRBUF_ON_STACK(reply, 32);

	put_bytes(&orig, int_in(bytes, "orig"));
	put_bytes(&reply, int_in(bytes, "reply"));
	fprintf(out->stream,
		"forwarded by rules: %s in %" JSON_INTEGER_FORMAT
		" packets (original), %s in %" JSON_INTEGER_FORMAT " packets (reply)\n",
		strbuf_str(&orig), int_in(packets, "orig"), strbuf_str(&reply),
		int_in(packets, "reply"));
}

static void put_admission(struct out *out, const json_t *a)
{
	if (!json_is_object(a) || json_is_true(json_object_get(a, "open")))
		return;
	fputs("no connection is admitted at the moment", out->stream);
	if (json_string_length(json_object_get(a, "trouble")))
		write_text(out->stream, ": ", a, "trouble");
	fputc('\n', out->stream);
}

static void put_flowtable(struct out *out, const json_t *flowtable)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(flowtable, "pairs"), i, pair) {
		write_text(out->stream, "flowtable: ", pair, "in");
		write_text(out->stream, " to ", pair, "out");
		fputs(json_is_true(json_object_get(pair, "hardware")) ? " in hardware" : " in software",
		      out->stream);
		if (strcmp(string_in(pair, "because"), "none") != 0)
			write_text(out->stream, ", because of ", pair, "because");
		fputc('\n', out->stream);
	}
	if (json_string_length(json_object_get(flowtable, "trouble"))) {
		write_text(out->stream, "flowtable: ", flowtable, "trouble");
		fputc('\n', out->stream);
	}
}

static void put_status(struct out *out, const json_t *status)
{
	STRBUF_ON_STACK(uptime, 64);

	put_duration(&uptime, int_in(status, "uptime_s"));
	write_text(out->stream, "nft-offloadd ", status, "version");
	fprintf(out->stream, ", up %s\n", strbuf_str(&uptime));
	write_text(out->stream, "offload: ", status, "offload");
	write_text(out->stream, ", admit: ", status, "admit");
	fputc('\n', out->stream);
	put_admission(out, json_object_get(status, "admission"));
	put_flowtable(out, json_object_get(status, "flowtable"));
	put_devices_status(out, json_object_get(status, "devices"));
	put_flow_totals(out, json_object_get(status, "flows"));
	put_numbers(out, "in software, by reason", json_object_get(status, "reasons"));
	put_forwarded(out, status);
	put_numbers(out, "counters", json_object_get(status, "counters"));
}

/* ---- devices */

static void write_table(FILE *stream, const json_t *table)
{
	const json_t *size = json_object_get(table, "size");

	if (!json_is_object(table))
		return;
	fprintf(stream, "  table of card %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT " rules",
		int_in(table, "card"), int_in(table, "used"));
	if (json_is_integer(size)) {
		fprintf(stream, " of %" JSON_INTEGER_FORMAT, json_integer_value(size));
		write_text(stream, " (", table, "source");
		fputc(')', stream);
	} else {
		fputs(", never full so far", stream);
	}
	fprintf(stream, "%s%s\n", is_true_in(table, "paused") ? "; paused after failures" : "",
		is_true_in(table, "stuck") ? "; a call into its driver does not return" : "");
}

/* A list of all 16 classes is shown as "everything". */
static void write_classes(FILE *stream, const char *title, const json_t *classes)
{
	size_t n = json_array_size(classes);

	if (!n)
		return;
	fputs(title, stream);
	if (n == 16)
		fputs("everything", stream);
	for (size_t i = 0; i < n && n < 16; i++) {
		const char *name = json_string_value(json_array_get(classes, i));

		fputs(i ? ", " : "", stream);
		write_clean(stream, name ? name : "?");
	}
}

static void write_refusal(FILE *stream, const json_t *refusal)
{
	if (!json_is_object(refusal))
		return;
	write_text(stream, "\n      last error for ", refusal, "class");
	write_text(stream, ": ", refusal, "text");
	fprintf(stream, " (errno %" JSON_INTEGER_FORMAT ")", int_in(refusal, "errno"));
}

static void write_pair(FILE *stream, const json_t *pair)
{
	const json_t *recipe = json_object_get(pair, "recipe");

	write_text(stream, "  to ", pair, "to");
	write_text(stream, ": ", pair, "state");
	if (json_is_object(recipe)) {
		write_text(stream, ", ", recipe, "shape");
		write_text(stream, " (", recipe, "text");
		if (is_true_in(recipe, "one_prio"))
			fputs("; one priority", stream);
		if (json_is_false(json_object_get(recipe, "own_mac")))
			fputs("; cannot match the port's MAC address", stream);
		if (json_is_false(json_object_get(recipe, "checks_size")))
			fputs("; cannot check the size of packets", stream);
		fputc(')', stream);
		write_classes(stream, "\n      takes ", json_object_get(recipe, "takes"));
		write_classes(stream, "\n      takes VLAN tags: ", json_object_get(recipe, "tags"));
	}
	write_member(stream, ", ", pair, "reason");
	write_member(stream, ": ", pair, "reason_text");
	if (json_is_object(recipe))
		write_classes(stream, "\n      refuses ", json_object_get(pair, "refuses"));
	write_refusal(stream, json_object_get(pair, "refusal"));
	if (int_in(pair, "hit") || int_in(pair, "not_hit"))
		fprintf(stream,
			"\n      directions with packets counted in hardware: %" JSON_INTEGER_FORMAT
			", without: %" JSON_INTEGER_FORMAT,
			int_in(pair, "hit"), int_in(pair, "not_hit"));
	fputc('\n', stream);
}

static void write_bypass(FILE *stream, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *what = json_array_get(list, i);

		write_text(stream, i ? ", " : "  offload would bypass: ", what, "what");
		write_text(stream, " (", what, "side");
		fputs(is_true_in(what, "allowed") ? ", allowed)" : ")", stream);
	}
	if (json_array_size(list))
		fputc('\n', stream);
}

static void put_device(struct out *out, const json_t *device)
{
	const json_t *pairs = json_object_get(device, "pairs");

	text_of(out)->has_devices = true;
	write_text(out->stream, "", device, "name");
	write_text(out->stream, ": ", device, "state");
	write_member(out->stream, ", ", device, "reason");
	write_member(out->stream, ": ", device, "reason_text");
	fputc('\n', out->stream);
	if (json_is_string(json_object_get(device, "hw_tc_offload"))) {
		write_member(out->stream, "  driver ", device, "driver");
		write_member(out->stream, " at ", device, "bus");
		write_member(out->stream, ", hw-tc-offload ", device, "hw_tc_offload");
		write_member(out->stream, ", eswitch ", device, "eswitch");
		write_member(out->stream, ", switch id ", device, "switch_id");
		write_member(out->stream, ", port ", device, "port_name");
		fputc('\n', out->stream);
	}
	write_text(out->stream, "  guard for packets about to expire: ", device, "guard");
	fputc('\n', out->stream);
	write_bypass(out->stream, json_object_get(device, "bypass"));
	write_table(out->stream, json_object_get(device, "table"));
	for (size_t i = 0; i < json_array_size(pairs); i++)
		write_pair(out->stream, json_array_get(pairs, i));
}

static void end_devices(struct out *out)
{
	if (!text_of(out)->has_devices)
		fputs("no devices\n", out->stream);
}

/* ---- doctor */

static void end_group(struct out *out)
{
	struct out_text *text = text_of(out);

	if (text->todo[0]) {
		fputs("      -> ", out->stream);
		write_clean(out->stream, text->todo);
		fputc('\n', out->stream);
	}
	text->todo[0] = '\0';
}

static void put_severity(struct out *out, const char *severity)
{
	struct out_text *text = text_of(out);
	bool is_fine = strcmp(severity, "fine") == 0;

	write_clean(out->stream, severity);
	fputs(is_fine ? ":\n" : "s:\n", out->stream);
	snprintf(text->severity, sizeof(text->severity), "%s", severity);
}

static void put_finding(struct out *out, const json_t *finding)
{
	struct out_text *text = text_of(out);
	const char *severity = string_in(finding, "severity");
	const char *todo = json_string_value(json_object_get(finding, "todo"));
	bool is_new = strncmp(text->severity, severity, sizeof(text->severity) - 1) != 0;

	if (is_new || !todo || strncmp(text->todo, todo, sizeof(text->todo) - 1) != 0)
		end_group(out);
	if (is_new)
		put_severity(out, severity);
	write_text(out->stream, "  ", finding, "what");
	fputc('\n', out->stream);
	snprintf(text->todo, sizeof(text->todo), "%s", todo ? todo : "");
}

static void end_findings(struct out *out)
{
	end_group(out);
	if (!text_of(out)->severity[0])
		fputs("no findings\n", out->stream);
}

/* ---- why, flush, errors */

/* The tuple may be a text, or an object with its parts. */
static void write_why_tuple(struct out *out, const json_t *tuple)
{
	STRBUF_ON_STACK(sb, 256);

	if (json_is_string(tuple)) {
		put_clean(&sb, json_string_value(tuple));
	} else {
		put_clean(&sb, string_in(tuple, "proto"));
		strbuf_put(&sb, " ");
		put_tuple(&sb, tuple);
	}
	fprintf(out->stream, "%s\n", strbuf_str(&sb));
}

static void write_verdict(struct out *out, const json_t *why)
{
	const char *reason = json_string_value(json_object_get(why, "reason"));

	if (!is_true_in(why, "found")) {
		fputs("-> no such connection\n", out->stream);
		return;
	}
	write_text(out->stream, "-> ", why, "state");
	if (reason) {
		write_text(out->stream, ": ", why, "reason");
		write_text(out->stream, " - ", why, "reason_text");
	}
	fputc('\n', out->stream);
}

static void put_why(struct out *out, const json_t *why)
{
	const json_t *steps = json_object_get(why, "steps");
	const json_t *rules = json_object_get(why, "rules");

	write_why_tuple(out, json_object_get(why, "tuple"));
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		STRBUF_ON_STACK(name, 64);

		put_clean(&name, string_in(step, "step"));
		fprintf(out->stream, "  %s  %-10s ", is_true_in(step, "ok") ? "ok" : "no",
			strbuf_str(&name));
		write_clean(out->stream, string_in(step, "text"));
		fputc('\n', out->stream);
	}
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const char *rule = json_string_value(json_array_get(rules, i));

		fputs("  rule  ", out->stream);
		write_clean(out->stream, rule ? rule : "?");
		fputc('\n', out->stream);
	}
	write_verdict(out, why);
}

static void put_flush(struct out *out, const json_t *flush)
{
	json_int_t n = int_in(flush, "flushed");

	fprintf(out->stream, "%" JSON_INTEGER_FORMAT " %s returned to the CPU\n", n,
		n == 1 ? "connection" : "connections");
}

static void put_error(struct out *out, const struct session_error *error)
{
	struct out_text *text = text_of(out);

	/* Write the rows that came before the error. */
	table_end(text->flows);
	text->flows = NULL;
	end_group(out);
	fflush(out->stream);
	fputs("nft-offload: ", text->errors);
	write_clean(text->errors, error->text);
	fputc('\n', text->errors);
}

static void free_text(struct out *out)
{
	table_end(text_of(out)->flows);
	free(out);
}

static const struct out_ops ops = {
	.status = put_status,
	.flow = put_flow,
	.flows_end = end_flows,
	.device = put_device,
	.devices_end = end_devices,
	.finding = put_finding,
	.findings_end = end_findings,
	.why = put_why,
	.flush = put_flush,
	.error = put_error,
	.free = free_text,
};

struct out *out_text_new(FILE *stream, FILE *errors)
{
	struct out_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->out.ops = &ops;
	text->out.stream = stream;
	text->errors = errors;
	return &text->out;
}
