/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"

LOG_TAG("testlog");

struct seen {
	unsigned int count;
	enum log_level level;
	char tag[32];
	char text[LOG_LINE_BYTES];
};

static struct seen seen;
static mono_t fake_time;

static void note(void *ctx, enum log_level level, const char *tag, const char *text)
{
	assert_ptr_equal(ctx, &seen);
	errno = EIO; /* log_write() has to restore it */
	seen.count++;
	seen.level = level;
	snprintf(seen.tag, sizeof(seen.tag), "%s", tag);
	snprintf(seen.text, sizeof(seen.text), "%s", text);
}

static mono_t fake_now(void)
{
	return fake_time;
}

static int set_up(void **state UNUSED)
{
	memset(&seen, 0, sizeof(seen));
	/* Late enough after the previous test that the bucket of each site is full again. */
	fake_time = mono_add_ms(fake_time, 100000);
	log_set_clock(fake_now);
	log_set_hook(note, &seen);
	return log_set_level(NULL, LOG_LEVEL_INFO);
}

static void passes_level_tag_and_text(void **state UNUSED)
{
	errno = ENOENT;
	log_warning("eth%d: gone", 7);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(seen.level, LOG_LEVEL_WARNING);
	assert_string_equal(seen.tag, "testlog");
	assert_string_equal(seen.text, "eth7: gone");
	log_error("e");
	assert_int_equal(seen.level, LOG_LEVEL_ERROR);
	log_notice("n");
	assert_int_equal(seen.level, LOG_LEVEL_NOTICE);
	log_info("i");
	assert_int_equal(seen.level, LOG_LEVEL_INFO);
	assert_int_equal(seen.count, 4);
}

static int evaluated;

static int expensive(void)
{
	return ++evaluated;
}

static void debug_is_free_when_off(void **state UNUSED)
{
	evaluated = 0;
	log_debug("%d", expensive());
	assert_int_equal(evaluated, 0);
	assert_false(log_debug_is_enabled());
	assert_int_equal(log_set_level("testlog", LOG_LEVEL_DEBUG), 0);
	assert_true(log_debug_is_enabled());
	/* When enabled, debug messages are not limited. */
	for (int i = 0; i < 50; i++)
		log_debug("%d", expensive());
	assert_int_equal(seen.count, 50);
}

static void levels_are_per_tag(void **state UNUSED)
{
	const struct log_tag *tag = log_tag_next(NULL);
	bool found = false;

	assert_int_equal(log_set_level("nobody", LOG_LEVEL_DEBUG), -ENOENT);
	assert_int_equal(log_set_level("bug", LOG_LEVEL_ERROR), 0);
	log_info("still here");
	assert_int_equal(seen.count, 1);
	assert_int_equal(log_set_level("testlog", LOG_LEVEL_ERROR), 0);
	log_warning("not here");
	assert_int_equal(seen.count, 1);
	for (; tag; tag = log_tag_next(tag)) {
		assert_int_equal(log_tag_level(tag), LOG_LEVEL_ERROR);
		found |= strcmp(tag->name, "testlog") == 0;
	}
	assert_true(found);
}

static void level_names_go_both_ways(void **state UNUSED)
{
	enum log_level level = LOG_LEVEL_ERROR;

	for (int i = 0; i < LOG_LEVEL__COUNT; i++) {
		assert_int_equal(log_level_from_str(log_level_to_str((enum log_level)i), &level),
				 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_from_str("Warning", &level), -EINVAL);
	assert_int_equal(log_level_from_str("", &level), -EINVAL);
}

static void repeat(int n)
{
	log_warning("%d", n);
}

static void each_site_is_limited_and_reports_it(void **state UNUSED)
{
	uint64_t before = counter_read(counter_find("ct_log_suppressed"));

	for (int i = 0; i < 20; i++)
		repeat(i);
	assert_int_equal(seen.count, 5);
	assert_string_equal(seen.text, "4");
	assert_int_equal(counter_read(counter_find("ct_log_suppressed")), before + 15);
	fake_time = mono_add_ms(fake_time, 999);
	repeat(100);
	assert_int_equal(seen.count, 5);
	fake_time = mono_add_ms(fake_time, 1);
	repeat(101);
	assert_int_equal(seen.count, 6);
	assert_string_equal(seen.text, "101 (16 similar messages suppressed)");
	repeat(102);
	assert_int_equal(seen.count, 6);
	/* Another site has its own bucket. */
	log_warning("other");
	assert_int_equal(seen.count, 7);
	/* After a pause, a full burst is allowed again. */
	fake_time = mono_add_ms(fake_time, 60000);
	for (int i = 0; i < 20; i++)
		repeat(i);
	assert_int_equal(seen.count, 12);
}

static void hostile_text_stays_one_line(void **state UNUSED)
{
	log_warning("%s", "a\nerror: forged\x1b[31m\x7f\tend");
	assert_string_equal(seen.text, "a?error: forged?[31m??end");
	log_warning("%s", "stra\xc3\x9f"
			  "e");
	assert_string_equal(seen.text, "stra\xc3\x9f"
				       "e");
}

static void long_text_ends_in_dots(void **state UNUSED)
{
	char text[LOG_LINE_BYTES * 2];
	size_t len;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_warning("%s", text);
	len = strlen(seen.text);
	assert_in_range(len, LOG_LINE_BYTES / 2, LOG_LINE_BYTES - 1);
	assert_string_equal(seen.text + len - 4, "x...");
}

/* Returns what fn writes to standard error, in a static buffer. */
static const char *captured(void (*fn)(void), bool as_journal)
{
	static char text[8192];
	int saved = dup(STDERR_FILENO);
	int fd = memfd_create("stderr", MFD_CLOEXEC);
	struct stat st;
	char stream[64];
	ssize_t len;

	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + !as_journal);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_detect_journal();
	fn();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	log_detect_journal();
	len = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	close(fd);
	return text;
}

static void one_of_each(void)
{
	log_set_hook(NULL, NULL);
	log_error("down");
	log_warning("slow");
	log_notice("up");
	log_info("fact");
	log_debug("detail");
}

static void plain_lines_name_the_level(void **state UNUSED)
{
	assert_string_equal(captured(one_of_each, false), "error: testlog: down\n"
							  "warning: testlog: slow\n"
							  "notice: testlog: up\n"
							  "info: testlog: fact\n");
}

static void journal_lines_carry_the_priority(void **state UNUSED)
{
	assert_int_equal(log_set_level("testlog", LOG_LEVEL_DEBUG), 0);
	assert_string_equal(captured(one_of_each, true), "<3>testlog: down\n"
							 "<4>testlog: slow\n"
							 "<5>testlog: up\n"
							 "<6>testlog: fact\n"
							 "<7>testlog: detail\n");
}

static void longest_line(void)
{
	char text[LOG_LINE_BYTES * 2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_set_hook(NULL, NULL);
	log_warning("%s", text);
}

static void the_longest_line_has_its_newline(void **state UNUSED)
{
	const char *line = captured(longest_line, false);

	assert_in_range(strlen(line), 100, LOG_LINE_BYTES);
	assert_string_equal(line + strlen(line) - 4, "...\n");
}

static atomic_uint lines;

static void count_line(void *ctx UNUSED, enum log_level level UNUSED, const char *tag UNUSED,
		       const char *text UNUSED)
{
	atomic_fetch_add(&lines, 1);
}

static void *log_much(void *ctx UNUSED)
{
	for (int i = 0; i < 1000; i++)
		log_warning("from a thread");
	return NULL;
}

static void the_limit_holds_across_threads(void **state UNUSED)
{
	pthread_t threads[4];

	log_set_hook(count_line, NULL);
	for (size_t i = 0; i < array_size(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_much, NULL), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&lines), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(passes_level_tag_and_text, set_up),
		cmocka_unit_test_setup(debug_is_free_when_off, set_up),
		cmocka_unit_test_setup(levels_are_per_tag, set_up),
		cmocka_unit_test_setup(level_names_go_both_ways, set_up),
		cmocka_unit_test_setup(each_site_is_limited_and_reports_it, set_up),
		cmocka_unit_test_setup(hostile_text_stays_one_line, set_up),
		cmocka_unit_test_setup(long_text_ends_in_dots, set_up),
		cmocka_unit_test_setup(plain_lines_name_the_level, set_up),
		cmocka_unit_test_setup(journal_lines_carry_the_priority, set_up),
		cmocka_unit_test_setup(the_longest_line_has_its_newline, set_up),
		cmocka_unit_test_setup(the_limit_holds_across_threads, set_up),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
