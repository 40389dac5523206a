/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strbuf - see strbuf.h. Invariant: len < size and buf[len] is NUL.
 */
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#include "base/bug.h"

void strbuf_init(struct strbuf *sb, char *buf, size_t size)
{
	static char nothing[1];

	if (BUG_ON(size == 0)) {
		buf = nothing;
		size = 1;
	}
	*sb = (struct strbuf){ .buf = buf, .size = size };
	strbuf_reset(sb);
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->truncated = false;
	sb->buf[0] = '\0';
}

void strbuf_put_mem(struct strbuf *sb, const char *data, size_t len)
{
	size_t room = sb->size - 1 - sb->len;

	if (sb->truncated)
		return;
	if (len > room) {
		sb->truncated = true;
		len = room;
	}
	memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void strbuf_put(struct strbuf *sb, const char *str)
{
	strbuf_put_mem(sb, str, strlen(str));
}

void strbuf_put_char(struct strbuf *sb, char c)
{
	strbuf_put_mem(sb, &c, 1);
}

void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list args)
{
	size_t room = sb->size - sb->len;
	int len;

	if (sb->truncated)
		return;
	len = vsnprintf(sb->buf + sb->len, room, fmt, args);
	if (BUG_ON(len < 0)) {
		sb->buf[sb->len] = '\0';
		sb->truncated = true;
	} else if ((size_t)len >= room) {
		sb->len = sb->size - 1;
		sb->truncated = true;
	} else {
		sb->len += (size_t)len;
	}
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(sb, fmt, args);
	va_end(args);
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->buf;
}

size_t strbuf_len(const struct strbuf *sb)
{
	return sb->len;
}

bool strbuf_is_truncated(const struct strbuf *sb)
{
	return sb->truncated;
}
