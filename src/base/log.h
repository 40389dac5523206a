/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - one line on standard error per message, with level and tag.
 *
 * Each file that logs says LOG_TAG("name") once, after its includes, and then
 * uses log_error() and its sisters like printf, without newline. Levels:
 *
 *	error	 somebody must act
 *	warning	 degraded; the line says what we do instead
 *	notice	 life-cycle and machine-readable events
 *	info	 rare normal facts
 *	debug	 everything else; arguments are not evaluated when it is off
 *
 * base, model, core, nl and kern use debug only: they return errors.
 *
 * Each place in the source may write 5 lines at once and one per second after
 * that; what was held back is added up and shown by the next line that passes:
 * "(17 similar messages suppressed)". Debug lines are not limited.
 *
 * Under the journal (JOURNAL_STREAM names our standard error) a line is
 * "<4>path: text", elsewhere "warning: path: text". Control characters in the
 * text, which may come from the kernel or a file, become '?'; a text that is too
 * long ends in "...". One write(2) per line; any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL__COUNT,
};

/* Longest line, with prefix and newline. */
#define LOG_LINE_BYTES 1024

/* What a file is called in its messages. Two files may use the same name. */
struct log_tag {
	const char *name;
	atomic_int level; /* enum log_level: this and more urgent ones are written */
	struct log_tag *next;
};

/* One call of a log macro. Private to log.c. */
struct log_site {
	_Atomic int64_t full_at_us; /* when the bucket is full again */
	atomic_uint suppressed;     /* lines held back since the last one written */
};

#define LOG_TAG(tag_name)                                                                          \
	static struct log_tag log_tag_ = { tag_name, LOG_LEVEL_INFO, NULL };                       \
	__attribute__((constructor)) static void log_tag_register_(void)                           \
	{                                                                                          \
		log_register(&log_tag_);                                                           \
	}                                                                                          \
	static_assert(sizeof(tag_name) > 1, "a tag has a name")

#define log_error(...) LOG_AT_(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT_(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) LOG_AT_(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) LOG_AT_(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT_(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define LOG_AT_(level, ...)                                                                        \
	do {                                                                                       \
		static struct log_site log_site_;                                                  \
		if (log_is_enabled_(&log_tag_, level))                                             \
			log_write(&log_tag_, &log_site_, level, __VA_ARGS__);                      \
	} while (0)

static inline bool log_is_enabled_(const struct log_tag *tag, enum log_level level)
{
	return (int)level <= atomic_load_explicit(&tag->level, memory_order_relaxed);
}

/* True when this file writes debug lines: to skip work that only feeds one. */
#define log_debug_is_enabled() log_is_enabled_(&log_tag_, LOG_LEVEL_DEBUG)

/* What the macros call. */
PRINTF_LIKE(4, 5)
void log_write(struct log_tag *tag, struct log_site *site, enum log_level level, const char *fmt,
	       ...);

/* What LOG_TAG calls, before main(). */
void log_register(struct log_tag *tag);

/* Sets the level of every file with this tag, or of all files when tag is NULL. 0 or -ENOENT. */
MUST_CHECK int log_set_level(const char *tag, enum log_level level);

/* The tag after prev, or the first when prev is NULL; NULL at the end. Names may repeat. */
const struct log_tag *log_tag_next(const struct log_tag *prev);
enum log_level log_tag_level(const struct log_tag *tag);

/* "error", "warning", ... */
const char *log_level_to_str(enum log_level level);
/* Strict. 0 or -EINVAL. */
MUST_CHECK int log_level_from_str(const char *str, enum log_level *ret_level);

/*
 * Sends messages to fn instead of standard error; NULL undoes it. The text is
 * without prefix and newline. For tests, and for who wants a second sink (fn
 * may be called from any thread that logs). Set before threads start.
 */
typedef void (*log_hook_fn)(void *ctx, enum log_level level, const char *tag, const char *text);
void log_set_hook(log_hook_fn fn, void *ctx);

/* For tests: the clock of the rate limit; NULL is mono_now(). */
void log_set_clock(mono_t (*now)(void));

/*
 * Looks at JOURNAL_STREAM and standard error again. The first message does it by
 * itself; needed only by who replaces descriptor 2 later.
 */
void log_detect_journal(void);
