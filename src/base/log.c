/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - see log.h.
 *
 * The list of tags is built before main() and only read afterwards. Levels, rate limits
 * and the kind of sink are atomics. So nothing here takes a lock. Each line is one
 * write(2), which the kernel does not mix with others (to the journal's socket, and to
 * pipes up to PIPE_BUF).
 *
 * The rate limit is a token bucket that is stored as one number: the time at which it is
 * full again. Each line moves that time one second later. A line is written only if the
 * time is then at most BURST seconds ahead.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/strbuf.h"
#include "base/util.h"

COUNTER(ct_log_suppressed, "log lines suppressed by the rate limit");

#define BURST 5
#define INTERVAL_US INT64_C(1000000)
/* Size of the text, without level, tag and the note on suppressed lines. */
#define TEXT_BYTES (LOG_LINE_BYTES - 128)

enum sink {
	SINK_UNKNOWN, /* not determined yet */
	SINK_PLAIN,
	SINK_JOURNAL,
};

static struct log_tag *all_tags;
static atomic_int sink;
static log_hook_fn hook;
static void *hook_ctx;
static mono_t (*clock_now)(void) = mono_now;

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };
static_assert(array_size(level_names) == LOG_LEVEL__COUNT, "a name for each level");

void log_register(struct log_tag *tag)
{
	tag->next = all_tags;
	all_tags = tag;
}

int log_set_level(const char *name, enum log_level level)
{
	bool found = false;

	for (struct log_tag *tag = all_tags; tag; tag = tag->next) {
		if (name && strcmp(tag->name, name) != 0)
			continue;
		atomic_store_explicit(&tag->level, (int)level, memory_order_relaxed);
		found = true;
	}
	return found || !name ? 0 : -ENOENT;
}

const struct log_tag *log_tag_next(const struct log_tag *prev)
{
	return prev ? prev->next : all_tags;
}

enum log_level log_tag_level(const struct log_tag *tag)
{
	return (enum log_level)atomic_load_explicit(&tag->level, memory_order_relaxed);
}

const char *log_level_to_str(enum log_level level)
{
	return level < LOG_LEVEL__COUNT ? level_names[level] : "?";
}

int log_level_from_str(const char *str, enum log_level *ret_level)
{
	for (size_t i = 0; i < array_size(level_names); i++) {
		if (strcmp(str, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_hook(log_hook_fn fn, void *ctx)
{
	hook = fn;
	hook_ctx = ctx;
}

void log_set_clock(mono_t (*now)(void))
{
	clock_now = now ? now : mono_now;
}

/* JOURNAL_STREAM is "device:inode" of the stream that the service manager passed to us. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char expected[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(expected, sizeof(expected), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, expected) == 0;
}

void log_detect_journal(void)
{
	atomic_store_explicit(&sink, is_journal() ? SINK_JOURNAL : SINK_PLAIN,
			      memory_order_relaxed);
}

/* Takes a token from this site's bucket. Returns false if it is empty. */
static bool take_token(struct log_site *site)
{
	int64_t now = clock_now().us;
	int64_t full_at = atomic_load_explicit(&site->full_at_us, memory_order_relaxed);
	int64_t next;

	do {
		next = MAX(full_at, now) + INTERVAL_US;
		if (next - now > BURST * INTERVAL_US)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&site->full_at_us, &full_at, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void blank_control_chars(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

PRINTF_LIKE(3, 0)
static void build_text(struct strbuf *text, unsigned int suppressed, const char *fmt, va_list args)
{
	char cut[TEXT_BYTES];
	struct strbuf body;

	strbuf_init(&body, cut, sizeof(cut));
	strbuf_vprintf(&body, fmt, args);
	blank_control_chars(cut);
	strbuf_put(text, strbuf_str(&body));
	if (strbuf_is_truncated(&body))
		strbuf_put(text, "...");
	if (suppressed > 0)
		strbuf_printf(text, " (%u similar messages suppressed)", suppressed);
}

static void write_line(enum log_level level, const char *tag, const char *text)
{
	/* syslog priorities: our five levels are 3 to 7. */
	static const int priorities[] = { 3, 4, 5, 6, 7 };
	char mem[LOG_LINE_BYTES];
	struct strbuf line;

	if (atomic_load_explicit(&sink, memory_order_relaxed) == SINK_UNKNOWN)
		log_detect_journal();
	strbuf_init(&line, mem, sizeof(mem) - 1);
	if (atomic_load_explicit(&sink, memory_order_relaxed) == SINK_JOURNAL)
		strbuf_printf(&line, "<%d>%s: %s", priorities[level], tag, text);
	else
		strbuf_printf(&line, "%s: %s: %s", level_names[level], tag, text);
	mem[strbuf_len(&line)] = '\n';
	/* If standard error fails, there is nowhere left to report it. */
	IGNORE_RESULT(write(STDERR_FILENO, mem, strbuf_len(&line) + 1));
}

void log_write(struct log_tag *tag, struct log_site *site, enum log_level level, const char *fmt,
	       ...)
{
	char mem[LOG_LINE_BYTES];
	struct strbuf text;
	int saved_errno = errno;
	va_list args;

	if (level != LOG_LEVEL_DEBUG && !take_token(site)) {
		atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
		counter_inc(&ct_log_suppressed);
		return;
	}
	strbuf_init(&text, mem, sizeof(mem));
	va_start(args, fmt);
	build_text(&text, atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed), fmt,
		   args);
	va_end(args);
	if (hook)
		hook(hook_ctx, level, tag->name, strbuf_str(&text));
	else
		write_line(level, tag->name, strbuf_str(&text));
	errno = saved_errno;
}
