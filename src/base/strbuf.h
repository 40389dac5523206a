/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strbuf - builds text in a buffer that the caller provides. Text that does not fit is
 * cut, and the cut can be detected.
 *
 * The text is a valid string at any time. After the first cut the buffer takes no more
 * text, so it always holds a prefix of the full text.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* Embedded or on the stack; members are private to strbuf.c. */
struct strbuf {
	char *buf;
	size_t size; /* of buf, including the final NUL; at least 1 */
	size_t len;  /* of the text, without the NUL */
	bool truncated;
};

/* Starts an empty text in buf, which is borrowed and must outlive sb. size is at least 1. */
void strbuf_init(struct strbuf *sb, char *buf, size_t size);

/* Declares a strbuf with its own memory on the stack. */
#define STRBUF_ON_STACK(name, size)                                                                \
	char name##_mem_[size];                                                                    \
	struct strbuf name;                                                                        \
	strbuf_init(&name, name##_mem_, sizeof(name##_mem_))

/* Empties the text. */
void strbuf_reset(struct strbuf *sb);

/* Append to the text. If not all of it fits, append what fits and mark the text as truncated. */
void strbuf_put(struct strbuf *sb, const char *str);
void strbuf_put_char(struct strbuf *sb, char c);
void strbuf_put_mem(struct strbuf *sb, const char *data, size_t len);
PRINTF_LIKE(2, 3) void strbuf_printf(struct strbuf *sb, const char *fmt, ...);
PRINTF_LIKE(2, 0) void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list args);

/* The text so far; stored in the caller's buffer. */
const char *strbuf_str(const struct strbuf *sb);
size_t strbuf_len(const struct strbuf *sb);
bool strbuf_is_truncated(const struct strbuf *sb);
