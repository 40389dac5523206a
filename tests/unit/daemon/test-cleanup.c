/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cleanup_is_too_early(): whether a later start will use what the daemon has left in the kernel. */
#include "unit/unit.h"

#include <stdlib.h>

#include "daemon/life/cleanup.h"

static bool is_too_early(const char *result, const char *status, bool keep_rules)
{
	struct config config;

	conf_default(&config);
	config.keep_rules = keep_rules;
	unsetenv("SERVICE_RESULT");
	unsetenv("EXIT_STATUS");
	if (result)
		assert_int_equal(setenv("SERVICE_RESULT", result, 1), 0);
	if (status)
		assert_int_equal(setenv("EXIT_STATUS", status, 1), 0);
	return cleanup_is_too_early(&config);
}

/* systemd restarts the unit after these exits. */
static void unit_restarts(void **state UNUSED)
{
	assert_true(is_too_early("signal", "KILL", false));
	assert_true(is_too_early("core-dump", "ABRT", false));
	assert_true(is_too_early("watchdog", "ABRT", false));
	assert_true(is_too_early("oom-kill", "KILL", false));
	assert_true(is_too_early("timeout", "KILL", false));
	assert_true(is_too_early("exit-code", "3", false));
	assert_true(is_too_early("exit-code", "4", false));
}

static void unit_does_not_restart(void **state UNUSED)
{
	assert_false(is_too_early("success", "0", false));
	assert_false(is_too_early("exit-code", "1", false));
	assert_false(is_too_early("exit-code", "2", false));
	assert_false(is_too_early("start-limit-hit", NULL, false));
	/* Run by hand. */
	assert_false(is_too_early(NULL, NULL, false));
}

static void keeps_rules(void **state UNUSED)
{
	assert_true(is_too_early("success", "0", true));
	assert_true(is_too_early("exit-code", "1", true));
	assert_true(is_too_early(NULL, NULL, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_restarts),
		cmocka_unit_test(unit_does_not_restart),
		cmocka_unit_test(keeps_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
