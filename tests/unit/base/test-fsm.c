/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/bug.h"
#include "base/fsm.h"

#define LAMP_STATE_LIST(X)                                                                         \
	X(OFF, "dark")                                                                             \
	X(ON, "bright")                                                                            \
	X(BROKEN, "dark for ever")
#define LAMP_INPUT_LIST(X)                                                                         \
	X(PRESS, "the switch is pressed")                                                          \
	X(FALL, "the lamp falls down")                                                             \
	X(REPLACE, "the bulb is replaced")

enum lamp_state { OFF, ON, BROKEN, N_STATES };
enum lamp_input { PRESS, FALL, REPLACE, N_INPUTS };

static const uint8_t lamp_table[N_STATES][N_INPUTS] = {
	[OFF] = { [PRESS] = FSM_TO(ON), [FALL] = FSM_TO(BROKEN) },
	[ON] = { [PRESS] = FSM_TO(OFF), [FALL] = FSM_TO(BROKEN) },
	[BROKEN] = { [PRESS] = FSM_TO(BROKEN), [REPLACE] = FSM_TO(OFF) },
};

FSM_TEXTS(lamp, LAMP_STATE_LIST, LAMP_INPUT_LIST);
static const struct fsm lamp = FSM_INIT("lamp", lamp);

static void steps_follow_the_table(void **state)
{
	(void)state;
	assert_int_equal(fsm_next(&lamp, OFF, PRESS), ON);
	assert_int_equal(fsm_next(&lamp, ON, PRESS), OFF);
	assert_int_equal(fsm_next(&lamp, ON, FALL), BROKEN);
	assert_int_equal(fsm_next(&lamp, BROKEN, PRESS), BROKEN);
	assert_int_equal(fsm_next(&lamp, BROKEN, REPLACE), OFF);
	assert_int_equal(bug_count(), 0);
}

/* Only in builds in which BUG_ON() does not abort. */
static void impossible_input_keeps_the_state(void **state)
{
	(void)state;
	if (BUG_ABORTS)
		return;
	assert_int_equal(fsm_next(&lamp, OFF, REPLACE), OFF);
	assert_int_equal(fsm_next(&lamp, ON, N_INPUTS), ON);
	assert_int_equal(fsm_next(&lamp, N_STATES, PRESS), N_STATES);
	assert_int_equal(bug_count(), 3);
}

/* One row for all states from which an input leads to the same state; no row for an input that
 * changes nothing. */
static void print_lists_states_and_changes(void **state)
{
	static const char expected[] = "| state | meaning |\n"
				       "|---|---|\n"
				       "| OFF | dark |\n"
				       "| ON | bright |\n"
				       "| BROKEN | dark for ever |\n"
				       "\n"
				       "| input | from | to |\n"
				       "|---|---|---|\n"
				       "| PRESS: the switch is pressed | ON | OFF |\n"
				       "| PRESS: the switch is pressed | OFF | ON |\n"
				       "| FALL: the lamp falls down | OFF, ON | BROKEN |\n"
				       "| REPLACE: the bulb is replaced | BROKEN | OFF |\n";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	fsm_print(&lamp, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_follow_the_table),
		cmocka_unit_test(impossible_input_keeps_the_state),
		cmocka_unit_test(print_lists_states_and_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
