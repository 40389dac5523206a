/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "core/flow/flow.h"

static bool is_bug(enum flow_state state, enum flow_input input)
{
	return flow_step(state, input)->action == FLOW_ACT_BUG;
}

static bool has_rules(unsigned int state)
{
	struct flow f = { .state = (uint8_t)state };

	return flow_has_rules(&f);
}

/* Invariants of every cell of the state machine. */
static void invariants_of_every_cell(void **state UNUSED)
{
	for (unsigned int s = 0; s < FLOW_STATE__COUNT; s++) {
		for (unsigned int i = 0; i < FLOW_INPUT__COUNT; i++) {
			const struct flow_cell *c = flow_step(s, i);

			assert_true(c->next < FLOW_STATE__COUNT);
			assert_true(c->action < FLOW_ACT__COUNT);
			if (c->action == FLOW_ACT_BUG || c->action == FLOW_ACT_IGNORE ||
			    c->action == FLOW_ACT_GOAL)
				assert_int_equal(c->next, s);
			/* Rules are not forgotten: only these two inputs mean that none is in. */
			if (has_rules(s) && !has_rules(c->next))
				assert_true(i == FLOW_IN_REMOVED || i == FLOW_IN_NOT_INSTALLED);
			if (!has_rules(s) && has_rules(c->next))
				assert_true(s == FLOW_WAIT && i == FLOW_IN_TAKEN);
			if (c->action == FLOW_ACT_FREE)
				assert_false(has_rules(s));
			/* A flow becomes active only when both its rules are confirmed, or
			 * when its adopted rules are found to be right. */
			if (c->next == FLOW_ACTIVE && s != FLOW_ACTIVE)
				assert_true((s == FLOW_INSTALL && i == FLOW_IN_INSTALLED) ||
					    (s == FLOW_MOVING && i == FLOW_IN_MOVED) ||
					    (s == FLOW_ADOPTED && i == FLOW_IN_PATH_SAME));
			/* No transition leads to FLOW_ADOPTED. */
			assert_true(c->next != FLOW_ADOPTED || s == FLOW_ADOPTED);
		}
	}
}

/* Inputs from outside may come in any state. A worker's answer may come only in the
 * state that waits for it. */
static void inputs_that_are_bugs(void **state UNUSED)
{
	static const enum flow_input outside[] = { FLOW_IN_ADMIT, FLOW_IN_LEAVE,
						   FLOW_IN_END,	  FLOW_IN_RECHECK,
						   FLOW_IN_PATH_SAME, FLOW_IN_PATH_NEW,
						   FLOW_IN_PATH_BAD };

	for (unsigned int s = 0; s < FLOW_STATE__COUNT; s++) {
		for (unsigned int i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
			assert_false(is_bug(s, outside[i]));
		assert_int_equal(is_bug(s, FLOW_IN_INSTALLED), s != FLOW_INSTALL);
		assert_int_equal(is_bug(s, FLOW_IN_NOT_INSTALLED), s != FLOW_INSTALL);
		assert_int_equal(is_bug(s, FLOW_IN_UNCERTAIN), s != FLOW_INSTALL);
		assert_int_equal(is_bug(s, FLOW_IN_REMOVED), s != FLOW_REMOVE);
		assert_int_equal(is_bug(s, FLOW_IN_NOT_REMOVED), s != FLOW_REMOVE);
		assert_int_equal(is_bug(s, FLOW_IN_TAKEN),
				 s != FLOW_WAIT && s != FLOW_DRAIN && s != FLOW_MOVE);
		assert_int_equal(is_bug(s, FLOW_IN_MOVED), s != FLOW_MOVING);
		assert_int_equal(is_bug(s, FLOW_IN_NOT_MOVED), s != FLOW_MOVING);
	}
}

static void assert_cell(enum flow_state from, enum flow_input input, enum flow_state to,
			enum flow_action action)
{
	const struct flow_cell *c = flow_step(from, input);

	assert_string_equal(flow_state_name(c->next), flow_state_name(to));
	assert_string_equal(flow_action_name(c->action), flow_action_name(action));
}

/* The life of a flow without failures, then its exits. */
static void normal_life(void **state UNUSED)
{
	assert_cell(FLOW_REFUSED, FLOW_IN_ADMIT, FLOW_RESOLVE, FLOW_ACT_ASK_PATH);
	assert_cell(FLOW_RESOLVE, FLOW_IN_PATH_NEW, FLOW_WAIT, FLOW_ACT_QUEUE);
	assert_cell(FLOW_WAIT, FLOW_IN_TAKEN, FLOW_INSTALL, FLOW_ACT_TAKE);
	assert_cell(FLOW_INSTALL, FLOW_IN_INSTALLED, FLOW_ACTIVE, FLOW_ACT_SETTLE);
	assert_cell(FLOW_ACTIVE, FLOW_IN_END, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_DRAIN, FLOW_IN_TAKEN, FLOW_REMOVE, FLOW_ACT_TAKE);
	assert_cell(FLOW_REMOVE, FLOW_IN_REMOVED, FLOW_REFUSED, FLOW_ACT_AFTER);

	assert_cell(FLOW_ACTIVE, FLOW_IN_PATH_MOVED, FLOW_MOVE, FLOW_ACT_MOVE);
	assert_cell(FLOW_MOVE, FLOW_IN_TAKEN, FLOW_MOVING, FLOW_ACT_TAKE);
	assert_cell(FLOW_MOVING, FLOW_IN_MOVED, FLOW_ACTIVE, FLOW_ACT_SETTLE);
	assert_cell(FLOW_MOVING, FLOW_IN_NOT_MOVED, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_MOVE, FLOW_IN_LEAVE, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_MOVE, FLOW_IN_END, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_MOVING, FLOW_IN_END, FLOW_MOVING, FLOW_ACT_GOAL);

	assert_cell(FLOW_RESOLVE, FLOW_IN_PATH_BAD, FLOW_REFUSED, FLOW_ACT_REFUSE);
	assert_cell(FLOW_RESOLVE, FLOW_IN_RECHECK, FLOW_RESOLVE, FLOW_ACT_ASK_PATH);
	assert_cell(FLOW_INSTALL, FLOW_IN_UNCERTAIN, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_ACTIVE, FLOW_IN_PATH_BAD, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_ACTIVE, FLOW_IN_LEAVE, FLOW_DRAIN, FLOW_ACT_DRAIN);
	assert_cell(FLOW_REMOVE, FLOW_IN_NOT_REMOVED, FLOW_DRAIN, FLOW_ACT_RETRY_DRAIN);
	/* The connection may end in any state. */
	assert_cell(FLOW_REFUSED, FLOW_IN_END, FLOW_REFUSED, FLOW_ACT_FREE);
	assert_cell(FLOW_RESOLVE, FLOW_IN_END, FLOW_RESOLVE, FLOW_ACT_FREE);
	assert_cell(FLOW_WAIT, FLOW_IN_END, FLOW_WAIT, FLOW_ACT_FREE);
	assert_cell(FLOW_INSTALL, FLOW_IN_END, FLOW_INSTALL, FLOW_ACT_GOAL);
	assert_cell(FLOW_DRAIN, FLOW_IN_END, FLOW_DRAIN, FLOW_ACT_GOAL);
	assert_cell(FLOW_REMOVE, FLOW_IN_END, FLOW_REMOVE, FLOW_ACT_GOAL);
}

static void names(void **state UNUSED)
{
	assert_string_equal(flow_state_name(FLOW_REFUSED), "REFUSED");
	assert_string_equal(flow_state_name(FLOW_REMOVE), "REMOVE");
	assert_string_equal(flow_state_name(FLOW_STATE__COUNT), "?");
	assert_string_equal(flow_input_name(FLOW_IN_NOT_REMOVED), "NOT_REMOVED");
	assert_string_equal(flow_input_name(FLOW_INPUT__COUNT), "?");
	for (unsigned int a = 0; a < FLOW_ACT__COUNT; a++)
		assert_true(flow_action_name(a)[0] >= 'a');
	assert_string_equal(flow_action_name(FLOW_ACT__COUNT), "?");
}

/* Each cell that is not a bug gives one row. */
static void dump_of_the_fsm(void **state UNUSED)
{
	char *text = NULL, *line, *save = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned int n = 0, wanted = 0;

	assert_non_null(out);
	flow_dump_fsm(out);
	fclose(out);
	for (unsigned int s = 0; s < FLOW_STATE__COUNT; s++) {
		for (unsigned int i = 0; i < FLOW_INPUT__COUNT; i++)
			wanted += !is_bug(s, i);
	}
	line = strtok_r(text, "\n", &save);
	assert_string_equal(line, "| state | input | next | action |");
	line = strtok_r(NULL, "\n", &save);
	assert_string_equal(line, "|---|---|---|---|");
	while ((line = strtok_r(NULL, "\n", &save))) {
		assert_null(strstr(line, "bug"));
		assert_null(strstr(line, "?"));
		n++;
	}
	assert_int_equal(n, wanted);
	free(text);
}

/* With a million flows, they take most of the memory. */
static void size_of_a_flow(void **state UNUSED)
{
	assert_true(sizeof(struct flow) <= 216);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invariants_of_every_cell),
		cmocka_unit_test(inputs_that_are_bugs),
		cmocka_unit_test(normal_life),
		cmocka_unit_test(names),
		cmocka_unit_test(dump_of_the_fsm),
		cmocka_unit_test(size_of_a_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
