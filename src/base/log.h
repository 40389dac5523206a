/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - writes one line per message to standard error, with level and tag.
 *
 * Each file that logs has LOG_TAG("name") once, after its includes. Then it calls
 * log_error() and the other log macros like printf, without a newline at the end. Levels:
 *
 *	error	 the administrator must act
 *	warning	 degraded; the line says what the daemon does instead
 *	notice	 life-cycle and machine-readable events
 *	info	 rare normal facts
 *	debug	 everything else; arguments are not evaluated when it is off
 *
 * base, model, core, nl and kern log at level debug only: they return errors. The
 * exception is BUG_ON().
 *
 * Each place in the source may write 5 lines at once, and one per second after that.
 * Further lines are suppressed and counted; the next line that is written reports their
 * number: "(17 similar messages suppressed)". Debug lines are not limited.
 *
 * Under the journal (JOURNAL_STREAM names our standard error) a line is "<4>path: text",
 * otherwise "warning: path: text". The text may contain data from the kernel or a file,
 * so control characters in it are replaced by '?'. A text that is too long ends in "...".
 * Each line is one write(2). Any thread may log.
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

/* Longest line, including prefix and newline. */
#define LOG_LINE_BYTES 1024

/* Name of a file in its messages. Several files may have the same name. */
struct log_tag {
	const char *name;
	atomic_int level; /* enum log_level: messages of this and more urgent levels are written */
	struct log_tag *next;
};

/* One place in the source that logs. Private to log.c. */
struct log_site {
	_Atomic int64_t full_at_us; /* when the token bucket is full again */
	atomic_uint suppressed;     /* lines suppressed since the last one written */
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

/* Returns true if this file writes debug lines: lets it skip work that only feeds one. */
#define log_debug_is_enabled() log_is_enabled_(&log_tag_, LOG_LEVEL_DEBUG)

/* Called by the log macros. */
PRINTF_LIKE(4, 5)
void log_write(struct log_tag *tag, struct log_site *site, enum log_level level, const char *fmt,
	       ...);

/* Called by LOG_TAG, before main(). */
void log_register(struct log_tag *tag);

/*
 * Sets the level of every file with this tag, or of all files if tag is NULL. Returns 0,
 * or -ENOENT if no file has this tag.
 */
MUST_CHECK int log_set_level(const char *tag, enum log_level level);

/*
 * Returns the tag after prev, or the first one if prev is NULL; NULL at the end. Names
 * may repeat.
 */
const struct log_tag *log_tag_next(const struct log_tag *prev);
enum log_level log_tag_level(const struct log_tag *tag);

/* "error", "warning", ... */
const char *log_level_to_str(enum log_level level);
/* Accepts exactly the names above. Returns 0 or -EINVAL. */
MUST_CHECK int log_level_from_str(const char *str, enum log_level *ret_level);

/*
 * Passes messages to fn instead of writing them to standard error; NULL restores standard
 * error. The text has no prefix and no newline. For tests and for other sinks. fn may be
 * called from any thread that logs. Set it before threads start.
 */
typedef void (*log_hook_fn)(void *ctx, enum log_level level, const char *tag, const char *text);
void log_set_hook(log_hook_fn fn, void *ctx);

/* For tests: sets the clock of the rate limit; NULL restores mono_now(). */
void log_set_clock(mono_t (*now)(void));

/*
 * Determines again whether standard error is the journal. The first message does this by
 * itself; call it only after descriptor 2 has been replaced.
 */
void log_detect_journal(void);
