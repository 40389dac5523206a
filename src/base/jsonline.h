/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonline - writes records as JSON objects, one after the other, through
 * jansson: never more than one record in memory, however long the table.
 *
 *	jsonline_init(&out, '\n', sink, ctx);
 *	for each row:
 *		jsonline_begin(&out);
 *		jsonline_str(&out, "state", "active");
 *		jsonline_u64(&out, "bytes", bytes);
 *		err = jsonline_end(&out);
 *
 * Members appear in the order written. The functions that add members do not
 * return errors: the first failure (no memory, nested too deep, begin and end
 * that do not pair, a key where there must be none) sticks and is reported by
 * jsonline_end(); a broken record is not written at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct json_t;
struct strbuf;

/* Deepest nesting, with the record itself. */
#define JSONLINE_DEPTH_MAX 8

/*
 * Takes one whole record with its terminator; called once per record. data is
 * borrowed for the call. 0 or -errno, which jsonline_end() returns.
 */
typedef int (*jsonline_sink_fn)(void *ctx, const char *data, size_t len);

/* Embedded or on the stack; members are private to jsonline.c. */
struct jsonline {
	jsonline_sink_fn sink;
	void *ctx;
	struct json_t *stack[JSONLINE_DEPTH_MAX]; /* open objects and arrays; [0] is the record */
	unsigned int depth;                       /* open ones; 0: between records */
	int err;                                  /* first failure of this record */
	char terminator;
};

/* Prepares a writer. terminator follows each record: newline for files, 0 for varlink. */
void jsonline_init(struct jsonline *out, char terminator, jsonline_sink_fn sink, void *ctx);

/* Frees a record that was begun and not ended. */
void jsonline_fini(struct jsonline *out);

/* Starts a record; one that was not ended is thrown away. */
void jsonline_begin(struct jsonline *out);

/*
 * Writes the record. 0, the first failure inside the record (-ENOMEM or -EINVAL) or
 * what the sink returned.
 */
MUST_CHECK int jsonline_end(struct jsonline *out);

/*
 * Add a member to the open object; inside an array key is NULL. A NULL str is
 * null; in a text that is not UTF-8 every byte beyond ASCII becomes '?'. An u64
 * above INT64_MAX is written as INT64_MAX, as JSON readers go no further; a real
 * that is not finite is null.
 */
void jsonline_str(struct jsonline *out, const char *key, const char *str);
void jsonline_u64(struct jsonline *out, const char *key, uint64_t value);
void jsonline_i64(struct jsonline *out, const char *key, int64_t value);
void jsonline_real(struct jsonline *out, const char *key, double value);
void jsonline_bool(struct jsonline *out, const char *key, bool value);
void jsonline_null(struct jsonline *out, const char *key);
PRINTF_LIKE(3, 4)
void jsonline_strf(struct jsonline *out, const char *key, const char *fmt, ...);

/* The value that jsonline_str() adds, for who builds with jansson: names of devices
 * may be any bytes. NULL when there is no memory. */
struct json_t *jsonline_string(const char *str);

/* Adds a value built with jansson; its reference moves here. NULL counts as -ENOMEM. */
void jsonline_json(struct jsonline *out, const char *key, struct json_t *value);

/* Open a nested object or array, and close the innermost one. */
void jsonline_object_begin(struct jsonline *out, const char *key);
void jsonline_array_begin(struct jsonline *out, const char *key);
void jsonline_nested_end(struct jsonline *out);

/* A sink that appends to a strbuf (the ctx). -EMSGSIZE when it does not fit; it is then truncated. */
int jsonline_to_strbuf(void *ctx, const char *data, size_t len);
