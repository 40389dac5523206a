/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonline - see jsonline.h. A record is a small jansson tree, which is written and freed
 * when the record ends. The tree owns its nested parts, so stack[0] is the only reference
 * to release.
 */
#include "base/jsonline.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"

static void fail(struct jsonline *out, int err)
{
	if (!out->err)
		out->err = err;
}

static void drop_record(struct jsonline *out)
{
	if (out->depth > 0)
		json_decref(out->stack[0]);
	out->depth = 0;
}

void jsonline_init(struct jsonline *out, char terminator, jsonline_sink_fn sink, void *ctx)
{
	*out = (struct jsonline){ .sink = sink, .ctx = ctx, .terminator = terminator };
}

void jsonline_fini(struct jsonline *out)
{
	drop_record(out);
}

void jsonline_begin(struct jsonline *out)
{
	drop_record(out);
	out->err = 0;
	out->stack[0] = json_object();
	if (out->stack[0])
		out->depth = 1;
	else
		fail(out, -ENOMEM);
}

/* Passes text and terminator in one piece: the terminator replaces the NUL. */
static int write_record(struct jsonline *out)
{
	char *text = json_dumps(out->stack[0], JSON_COMPACT);
	size_t len;
	int err;

	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len] = out->terminator;
	err = out->sink(out->ctx, text, len + 1);
	free(text);
	return err;
}

int jsonline_end(struct jsonline *out)
{
	int err;

	if (out->depth != 1)
		fail(out, -EINVAL);
	err = out->err ? out->err : write_record(out);
	drop_record(out);
	out->err = 0;
	return err;
}

void jsonline_json(struct jsonline *out, const char *key, struct json_t *value)
{
	json_t *parent;
	int failed;

	if (!value)
		fail(out, -ENOMEM);
	if (!out->err && out->depth == 0)
		fail(out, -EINVAL);
	if (out->err) {
		json_decref(value);
		return;
	}
	parent = out->stack[out->depth - 1];
	if (json_is_array(parent) != !key) {
		fail(out, -EINVAL);
		json_decref(value);
		return;
	}
	/* Both take over the reference, even if they fail. */
	failed = key ? json_object_set_new(parent, key, value)
		     : json_array_append_new(parent, value);
	if (failed)
		fail(out, -ENOMEM);
}

/* JSON is UTF-8, but names from the kernel may contain any bytes. */
static json_t *string_of_bytes(const char *str)
{
	char *ascii = strdup(str);
	json_t *value;

	if (!ascii)
		return NULL;
	for (char *pos = ascii; *pos; pos++) {
		if ((unsigned char)*pos >= 0x80)
			*pos = '?';
	}
	value = json_string(ascii);
	free(ascii);
	return value;
}

struct json_t *jsonline_string(const char *str)
{
	json_t *value = json_string(str);

	return value ? value : string_of_bytes(str);
}

void jsonline_str(struct jsonline *out, const char *key, const char *str)
{
	if (str)
		jsonline_json(out, key, jsonline_string(str));
	else
		jsonline_null(out, key);
}

void jsonline_strf(struct jsonline *out, const char *key, const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		fail(out, -ENOMEM);
		return;
	}
	jsonline_str(out, key, text);
	free(text);
}

void jsonline_u64(struct jsonline *out, const char *key, uint64_t value)
{
	jsonline_i64(out, key, (int64_t)MIN(value, (uint64_t)INT64_MAX));
}

void jsonline_i64(struct jsonline *out, const char *key, int64_t value)
{
	jsonline_json(out, key, json_integer(value));
}

void jsonline_real(struct jsonline *out, const char *key, double value)
{
	/* JSON has no infinity and no NaN; jansson rejects both. */
	jsonline_json(out, key, __builtin_isfinite(value) ? json_real(value) : json_null());
}

void jsonline_bool(struct jsonline *out, const char *key, bool value)
{
	jsonline_json(out, key, json_boolean(value));
}

void jsonline_null(struct jsonline *out, const char *key)
{
	jsonline_json(out, key, json_null());
}

static void nested_begin(struct jsonline *out, const char *key, json_t *value)
{
	if (out->depth == JSONLINE_DEPTH_MAX)
		fail(out, -EINVAL);
	jsonline_json(out, key, value);
	if (!out->err)
		out->stack[out->depth++] = value;
}

void jsonline_object_begin(struct jsonline *out, const char *key)
{
	nested_begin(out, key, json_object());
}

void jsonline_array_begin(struct jsonline *out, const char *key)
{
	nested_begin(out, key, json_array());
}

void jsonline_nested_end(struct jsonline *out)
{
	if (out->err)
		return;
	if (out->depth < 2)
		fail(out, -EINVAL);
	else
		out->depth--;
}

int jsonline_to_strbuf(void *ctx, const char *data, size_t len)
{
	struct strbuf *sb = ctx;

	strbuf_put_mem(sb, data, len);
	return strbuf_is_truncated(sb) ? -EMSGSIZE : 0;
}
