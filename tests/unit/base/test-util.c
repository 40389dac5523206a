/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "base/util.h"

static int calls;

static int counted(int value)
{
	calls++;
	return value;
}

static void min_and_max_evaluate_once(void **state UNUSED)
{
	calls = 0;
	assert_int_equal(MIN(counted(3), counted(4)), 3);
	assert_int_equal(MAX(counted(3), counted(4)), 4);
	assert_int_equal(calls, 4);
	assert_int_equal(MIN(MIN(5, 2), MAX(1, 3)), 2);
	assert_true(MIN_T(uint64_t, 7u, UINT64_C(1) << 40) == 7);
	assert_true(MAX_T(int64_t, -1, INT64_C(-5)) == -1);
}

static void seq_is_later_handles_wraparound(void **state)
{
	(void)state;
	assert_true(seq_is_later(2, 1));
	assert_false(seq_is_later(1, 1));
	assert_false(seq_is_later(1, 2));
	assert_true(seq_is_later(1, UINT32_MAX));
	assert_false(seq_is_later(UINT32_MAX, 1));
}

static void array_size_counts_elements(void **state UNUSED)
{
	uint16_t numbers[7];

	assert_int_equal(array_size(numbers), 7);
}

static void container_of_finds_the_object(void **state UNUSED)
{
	struct outer {
		int before;
		int member;
	} outer;

	assert_ptr_equal(container_of(&outer.member, struct outer, member), &outer);
}

static char freed_value;

static void note_freed(char **value)
{
	if (*value)
		freed_value = **value;
}

static char *scope_that_frees(char *value)
{
	CLEANUP(note_freed) char *mine = value;

	return mine == value ? NULL : mine;
}

static char *scope_that_hands_on(char *value)
{
	CLEANUP(note_freed) char *mine = value;

	return take_ptr(mine);
}

static void cleanup_runs_unless_taken(void **state UNUSED)
{
	char value = 'x';

	freed_value = 0;
	assert_null(scope_that_frees(&value));
	assert_int_equal(freed_value, 'x');
	freed_value = 0;
	assert_ptr_equal(scope_that_hands_on(&value), &value);
	assert_int_equal(freed_value, 0);
}

static int errors_logged;

static void count_errors(void *ctx UNUSED, enum log_level level, const char *tag UNUSED,
			 const char *text UNUSED)
{
	errors_logged += level == LOG_LEVEL_ERROR;
}

static bool check(int value)
{
	return BUG_ON(value > 1);
}

static void bug_on_counts_and_logs_once(void **state UNUSED)
{
	unsigned int before = bug_count();

	assert_false(check(1));
	assert_int_equal(bug_count(), before);
	if (BUG_ABORTS)
		return;
	errors_logged = 0;
	log_set_hook(count_errors, NULL);
	assert_true(check(2));
	assert_true(check(3));
	log_set_hook(NULL, NULL);
	assert_int_equal(bug_count(), before + 2);
	assert_int_equal(errors_logged, 1);
}

static void bug_on_aborts_when_asked_to(void **state UNUSED)
{
	int status;
	pid_t child;

	if (!BUG_ABORTS)
		return;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		log_set_hook(count_errors, NULL);
		signal(SIGABRT, SIG_DFL);
		_exit(check(2));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(min_and_max_evaluate_once),
		cmocka_unit_test(seq_is_later_handles_wraparound),
		cmocka_unit_test(array_size_counts_elements),
		cmocka_unit_test(container_of_finds_the_object),
		cmocka_unit_test(cleanup_runs_unless_taken),
		cmocka_unit_test(bug_on_counts_and_logs_once),
		cmocka_unit_test(bug_on_aborts_when_asked_to),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
