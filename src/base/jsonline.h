/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonline - writes records as JSON objects, one after the other, through jansson. Only
 * one record is in memory at a time, however long the table is.
 *
 *	jsonline_init(&out, '\n', sink, ctx);
 *	for each row:
 *		jsonline_begin(&out);
 *		jsonline_str(&out, "state", "active");
 *		jsonline_u64(&out, "bytes", bytes);
 *		err = jsonline_end(&out);
 *
 * Members appear in the order in which they are added. The functions that add members do
 * not return errors: jsonline_end() returns the first failure (no memory, nested too
 * deep, begin and end that do not match, a key inside an array or none inside an object).
 * A record with a failure is not written at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct json_t;
struct strbuf;

/* Maximum nesting depth, including the record itself. */
#define JSONLINE_DEPTH_MAX 8

/*
 * Receives one whole record with its terminator; called once per record. data is borrowed
 * for the call. Returns 0 or -errno, which jsonline_end() returns.
 */
typedef int (*jsonline_sink_fn)(void *ctx, const char *data, size_t len);

/* Embedded or on the stack; members are private to jsonline.c. */
struct jsonline {
	jsonline_sink_fn sink;
	void *ctx;
	struct json_t *stack[JSONLINE_DEPTH_MAX]; /* open objects and arrays; [0] is the record */
	unsigned int depth;                       /* number of open ones; 0: between records */
	int err;                                  /* first failure of this record */
	char terminator;
};

/* Initialises a writer. terminator follows each record: newline for files, 0 for varlink. */
void jsonline_init(struct jsonline *out, char terminator, jsonline_sink_fn sink, void *ctx);

/* Frees a record that was begun and not ended. */
void jsonline_fini(struct jsonline *out);

/* Starts a record. Drops the previous one if it was not ended. */
void jsonline_begin(struct jsonline *out);

/*
 * Writes the record. Returns 0, the first failure inside the record (-ENOMEM or -EINVAL),
 * or the result of the sink.
 */
MUST_CHECK int jsonline_end(struct jsonline *out);

/*
 * Add a member to the innermost open object, or an element to the innermost open array;
 * the key of an element is NULL. A NULL str is written as null. If str is not valid
 * UTF-8, every byte outside ASCII becomes '?'. A u64 above INT64_MAX is written as
 * INT64_MAX, because JSON readers support no more. A real that is not finite is written
 * as null.
 */
void jsonline_str(struct jsonline *out, const char *key, const char *str);
void jsonline_u64(struct jsonline *out, const char *key, uint64_t value);
void jsonline_i64(struct jsonline *out, const char *key, int64_t value);
void jsonline_real(struct jsonline *out, const char *key, double value);
void jsonline_bool(struct jsonline *out, const char *key, bool value);
void jsonline_null(struct jsonline *out, const char *key);
PRINTF_LIKE(3, 4)
void jsonline_strf(struct jsonline *out, const char *key, const char *fmt, ...);

/* Returns the value that jsonline_str() adds, for callers that use jansson directly:
 * device names may contain any bytes. Returns NULL if there is no memory. */
struct json_t *jsonline_string(const char *str);

/* Adds a value built with jansson and takes over its reference. NULL counts as -ENOMEM. */
void jsonline_json(struct jsonline *out, const char *key, struct json_t *value);

/* Open a nested object or array, and close the innermost one. */
void jsonline_object_begin(struct jsonline *out, const char *key);
void jsonline_array_begin(struct jsonline *out, const char *key);
void jsonline_nested_end(struct jsonline *out);

/*
 * A sink that appends to a strbuf (the ctx). Returns -EMSGSIZE if the record does not
 * fit; the text is then truncated.
 */
int jsonline_to_strbuf(void *ctx, const char *data, size_t len);
