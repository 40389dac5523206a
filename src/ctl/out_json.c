/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/out.h"

#include <stdlib.h>

struct out_json {
	struct out out; /* must be first */
	size_t flags;   /* for json_dumpf() */
	bool in_list;   /* "[" has been written, "]" has not */
};

static struct out_json *json_of(struct out *out)
{
	return (struct out_json *)out;
}

static void put(struct out *out, const json_t *json)
{
	json_dumpf(json, out->stream, json_of(out)->flags);
}

static void put_line(struct out *out, const json_t *json)
{
	put(out, json);
	fputc('\n', out->stream);
}

static void put_row(struct out *out, const json_t *row)
{
	struct out_json *json = json_of(out);

	fputs(json->in_list ? ",\n" : "[\n", out->stream);
	json->in_list = true;
	put(out, row);
}

static void end_list(struct out *out)
{
	struct out_json *json = json_of(out);

	if (json->in_list)
		fputs("\n]\n", out->stream);
	json->in_list = false;
}

static void end_rows(struct out *out)
{
	if (!json_of(out)->in_list)
		fputs("[]\n", out->stream);
	end_list(out);
}

/* An error in the middle of a list goes to stderr, so that the list stays valid JSON. */
static void put_error(struct out *out, const struct session_error *error)
{
	json_t *json;

	if (json_of(out)->in_list) {
		end_list(out);
		fprintf(stderr, "nft-offload: %s\n", error->text);
		return;
	}
	json = json_pack("{s:s, s:s}", "error", error->name, "text", error->text);
	put_line(out, json);
	json_decref(json);
}

static void free_json(struct out *out)
{
	end_list(out);
	free(out);
}

static const struct out_ops ops = {
	.status = put_line,
	.flow = put_row,
	.flows_end = end_rows,
	.device = put_row,
	.devices_end = end_rows,
	.finding = put_row,
	.findings_end = end_rows,
	.why = put_line,
	.flush = put_line,
	.error = put_error,
	.free = free_json,
};

struct out *out_json_new(FILE *stream, bool is_pretty)
{
	struct out_json *json = calloc(1, sizeof(*json));

	if (!json)
		return NULL;
	json->out.ops = &ops;
	json->out.stream = stream;
	json->flags = is_pretty ? JSON_INDENT(2) : JSON_COMPACT;
	return &json->out;
}
