/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of portstate: what must be true of every cell, and each row as it is meant to be.
 */
#include "unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "base/util.h"
#include "core/port/portstate.h"

static const struct fsm *const machines[] = { &portstate_fsm, &portstate_guards_fsm };

/* FSM_TO() of the next state; 0 if the input cannot come. */
static unsigned int cell(const struct fsm *fsm, unsigned int state, unsigned int input)
{
	return fsm->next[state * fsm->n_inputs + input];
}

static bool can_come(const struct fsm *fsm, unsigned int state, unsigned int input)
{
	return cell(fsm, state, input) != 0;
}

/* The states to which any number of inputs can lead, as bits. */
static uint32_t reachable_from(const struct fsm *fsm, unsigned int first)
{
	uint32_t found = 1u << first, before;

	do {
		before = found;
		for (unsigned int s = 0; s < fsm->n_states; s++) {
			for (unsigned int i = 0; (found & 1u << s) && i < fsm->n_inputs; i++) {
				if (can_come(fsm, s, i))
					found |= 1u << (cell(fsm, s, i) - 1);
			}
		}
	} while (found != before);
	return found;
}

/* -- every cell ----------------------------------------------------------- */

static void tables_have_the_size_of_their_lists(void **state UNUSED)
{
	assert_int_equal(portstate_fsm.n_states, PORT_STATE__COUNT);
	assert_int_equal(portstate_fsm.n_inputs, PORT_INPUT__COUNT);
	assert_int_equal(portstate_guards_fsm.n_states, GUARDS_STATE__COUNT);
	assert_int_equal(portstate_guards_fsm.n_inputs, GUARDS_INPUT__COUNT);
	assert_string_equal(portstate_fsm.name, "port");
	assert_string_equal(portstate_guards_fsm.name, "guards");
	assert_string_equal(portstate_fsm.state[PORT_CLOSING_RETRY], "CLOSING_RETRY");
	assert_string_equal(portstate_fsm.input[PORT_IN_STOP], "STOP");
	assert_string_equal(portstate_guards_fsm.state[GUARDS_RENEWED], "RENEWED");
	assert_string_equal(portstate_guards_fsm.input[GUARDS_IN_SAMPLED], "SAMPLED");
}

static void every_cell_names_a_state(void **state UNUSED)
{
	for (unsigned int m = 0; m < array_size(machines); m++) {
		for (unsigned int s = 0; s < machines[m]->n_states; s++) {
			for (unsigned int i = 0; i < machines[m]->n_inputs; i++)
				assert_true(cell(machines[m], s, i) <= machines[m]->n_states);
		}
	}
}

/* A record that was zeroed is in the first state. */
static void every_state_is_reachable_from_the_first(void **state UNUSED)
{
	assert_int_equal(PORT_NONE, 0);
	assert_int_equal(GUARDS_TRUSTED, 0);
	for (unsigned int m = 0; m < array_size(machines); m++)
		assert_int_equal(reachable_from(machines[m], 0), (1u << machines[m]->n_states) - 1);
}

/* Whatever happens to a port, it can be opened, closed and forgotten afterwards. */
static void no_state_is_a_dead_end(void **state UNUSED)
{
	for (unsigned int m = 0; m < array_size(machines); m++) {
		for (unsigned int s = 0; s < machines[m]->n_states; s++)
			assert_int_equal(reachable_from(machines[m], s),
					 (1u << machines[m]->n_states) - 1);
	}
}

static bool changes_a_state(const struct fsm *fsm, unsigned int input)
{
	for (unsigned int s = 0; s < fsm->n_states; s++) {
		if (can_come(fsm, s, input) && cell(fsm, s, input) != FSM_TO(s))
			return true;
	}
	return false;
}

static void every_input_changes_some_state(void **state UNUSED)
{
	for (unsigned int m = 0; m < array_size(machines); m++) {
		for (unsigned int i = 0; i < machines[m]->n_inputs; i++)
			assert_true(changes_a_state(machines[m], i));
	}
}

/* Links are reported again and again. */
static void an_input_that_has_come_changes_nothing_when_it_comes_again(void **state UNUSED)
{
	static const enum port_input facts[] = { PORT_IN_WANT, PORT_IN_CHANGED, PORT_IN_LEAVE,
						 PORT_IN_LEAVE_CLEAN };

	for (unsigned int n = 0; n < array_size(facts); n++) {
		for (unsigned int s = 0; s < PORT_STATE__COUNT; s++) {
			unsigned int to = cell(&portstate_fsm, s, facts[n]);

			if (to)
				assert_int_equal(cell(&portstate_fsm, to - 1, facts[n]), to);
		}
	}
}

/* -- the order of the list ------------------------------------------------ */

static const struct {
	bool is_ours, is_ready;
} helpers[PORT_STATE__COUNT] = {
	[PORT_NONE] = { false, false },	   [PORT_WANTED] = { false, false },
	[PORT_FAILED] = { false, false },  [PORT_CLOSED] = { false, false },
	[PORT_OPENING] = { true, false },  [PORT_CLSACT] = { true, true },
	[PORT_GUARDING] = { true, true },  [PORT_OPEN] = { true, true },
	[PORT_UNGUARDED] = { true, true }, [PORT_UNWANTED] = { true, false },
	[PORT_CLOSING] = { true, false },  [PORT_CLOSING_RETRY] = { true, false },
};

static void helpers_agree_with_the_list(void **state UNUSED)
{
	for (unsigned int s = 0; s < PORT_STATE__COUNT; s++) {
		assert_int_equal(portstate_is_ours((enum port_state)s), helpers[s].is_ours);
		assert_int_equal(portstate_is_ready((enum port_state)s), helpers[s].is_ready);
	}
}

/* A port that has something of ours is never forgotten as one that has nothing, and each that has
 * or may have something can leave. */
static void only_a_port_without_anything_of_ours_leaves_clean(void **state UNUSED)
{
	for (unsigned int s = 0; s < PORT_STATE__COUNT; s++) {
		bool may_have_residue = s == PORT_WANTED || s == PORT_FAILED;

		assert_int_equal(can_come(&portstate_fsm, s, PORT_IN_LEAVE_CLEAN),
				 !portstate_is_ours((enum port_state)s));
		assert_int_equal(can_come(&portstate_fsm, s, PORT_IN_LEAVE),
				 portstate_is_ours((enum port_state)s) || may_have_residue);
	}
}

/* While a worker has an order, neither the link nor the stop give the port another one. */
static void an_order_that_is_out_is_waited_for(void **state UNUSED)
{
	static const enum port_state with_worker[] = { PORT_OPENING, PORT_GUARDING, PORT_CLOSING,
						       PORT_CLOSING_RETRY };
	static const enum port_input taken[] = { PORT_IN_OPEN_TAKEN, PORT_IN_GUARD_TAKEN,
						 PORT_IN_CLOSE_TAKEN, PORT_IN_BARE,
						 PORT_IN_NO_GUARDS };

	for (unsigned int n = 0; n < array_size(with_worker); n++) {
		for (unsigned int i = 0; i < array_size(taken); i++)
			assert_false(can_come(&portstate_fsm, with_worker[n], taken[i]));
		assert_int_equal(fsm_next(&portstate_fsm, with_worker[n], PORT_IN_LEAVE),
				 with_worker[n]);
	}
}

/* -- rows ----------------------------------------------------------------- */

struct change {
	unsigned int input, to;
};

/* All that can come in a state, but for answers. */
struct row {
	unsigned int from;
	bool takes_answers;
	unsigned int n;
	struct change change[8];
};

/* The last answer counts, whatever it is about. */
static const struct change answers[] = {
	{ PORT_IN_OPENED, PORT_CLSACT },      { PORT_IN_NOT_OPENED, PORT_FAILED },
	{ PORT_IN_GUARDED, PORT_OPEN },	      { PORT_IN_NOT_GUARDED, PORT_UNGUARDED },
	{ PORT_IN_ENDED, PORT_CLOSED },
};

static unsigned int expected_cell(const struct row *row, unsigned int input)
{
	for (unsigned int i = 0; row->takes_answers && i < array_size(answers); i++) {
		if (answers[i].input == input)
			return FSM_TO(answers[i].to);
	}
	for (unsigned int i = 0; i < row->n; i++) {
		if (row->change[i].input == input)
			return FSM_TO(row->change[i].to);
	}
	return 0;
}

static void check_row(const struct fsm *fsm, const struct row *row)
{
	for (unsigned int i = 0; i < fsm->n_inputs; i++) {
		unsigned int is = cell(fsm, row->from, i), expected = expected_cell(row, i);

		if (is != expected)
			print_error("%s in %s leads to %s\n", fsm->input[i], fsm->state[row->from],
				    is ? fsm->state[is - 1] : "nowhere");
		assert_int_equal(is, expected);
	}
}

static void a_link_that_is_no_port_only_becomes_one(void **state UNUSED)
{
	static const struct row none = { PORT_NONE, false, 3,
					 { { PORT_IN_WANT, PORT_WANTED },
					   { PORT_IN_CHANGED, PORT_WANTED },
					   { PORT_IN_LEAVE_CLEAN, PORT_NONE } } };

	check_row(&portstate_fsm, &none);
}

static void a_wanted_port_is_opened_or_leaves(void **state UNUSED)
{
	static const struct row wanted = { PORT_WANTED, false, 6,
					   { { PORT_IN_WANT, PORT_WANTED },
					     { PORT_IN_CHANGED, PORT_WANTED },
					     { PORT_IN_LEAVE, PORT_UNWANTED },
					     { PORT_IN_LEAVE_CLEAN, PORT_NONE },
					     { PORT_IN_OPEN_TAKEN, PORT_OPENING },
					     { PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &wanted);
}

static void a_port_that_failed_waits_for_a_change_of_its_link(void **state UNUSED)
{
	static const struct row failed = { PORT_FAILED, true, 5,
					   { { PORT_IN_WANT, PORT_FAILED },
					     { PORT_IN_CHANGED, PORT_WANTED },
					     { PORT_IN_LEAVE, PORT_UNWANTED },
					     { PORT_IN_LEAVE_CLEAN, PORT_FAILED },
					     { PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &failed);
}

static void a_port_with_a_worker_stays_until_it_answers(void **state UNUSED)
{
	static const struct row opening = { PORT_OPENING, true, 3,
					    { { PORT_IN_WANT, PORT_OPENING },
					      { PORT_IN_CHANGED, PORT_OPENING },
					      { PORT_IN_LEAVE, PORT_OPENING } } };
	static const struct row guarding = { PORT_GUARDING, true, 3,
					     { { PORT_IN_WANT, PORT_GUARDING },
					       { PORT_IN_CHANGED, PORT_GUARDING },
					       { PORT_IN_LEAVE, PORT_GUARDING } } };
	static const struct row closing = { PORT_CLOSING, true, 4,
					    { { PORT_IN_WANT, PORT_CLOSING },
					      { PORT_IN_CHANGED, PORT_CLOSING },
					      { PORT_IN_LEAVE, PORT_CLOSING },
					      { PORT_IN_STOP, PORT_CLOSING_RETRY } } };

	check_row(&portstate_fsm, &opening);
	check_row(&portstate_fsm, &guarding);
	check_row(&portstate_fsm, &closing);
}

static void a_port_with_clsact_is_guarded_or_goes_without(void **state UNUSED)
{
	static const struct row clsact = { PORT_CLSACT, true, 7,
					   { { PORT_IN_WANT, PORT_CLSACT },
					     { PORT_IN_CHANGED, PORT_CLSACT },
					     { PORT_IN_LEAVE, PORT_UNWANTED },
					     { PORT_IN_NO_GUARDS, PORT_OPEN },
					     { PORT_IN_BARE, PORT_WANTED },
					     { PORT_IN_GUARD_TAKEN, PORT_GUARDING },
					     { PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &clsact);
}

static void an_open_port_leaves_or_is_mended(void **state UNUSED)
{
	static const struct row open = { PORT_OPEN, true, 5,
					 { { PORT_IN_WANT, PORT_OPEN },
					   { PORT_IN_CHANGED, PORT_OPEN },
					   { PORT_IN_LEAVE, PORT_UNWANTED },
					   { PORT_IN_BARE, PORT_WANTED },
					   { PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &open);
}

static void an_unguarded_port_is_guarded_anew_after_a_change(void **state UNUSED)
{
	static const struct row unguarded = { PORT_UNGUARDED, true, 4,
					      { { PORT_IN_WANT, PORT_UNGUARDED },
						{ PORT_IN_CHANGED, PORT_CLSACT },
						{ PORT_IN_LEAVE, PORT_UNWANTED },
						{ PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &unguarded);
}

static void an_unwanted_port_returns_or_is_closed(void **state UNUSED)
{
	static const struct row unwanted = { PORT_UNWANTED, true, 4,
					     { { PORT_IN_WANT, PORT_WANTED },
					       { PORT_IN_CHANGED, PORT_WANTED },
					       { PORT_IN_LEAVE, PORT_UNWANTED },
					       { PORT_IN_CLOSE_TAKEN, PORT_CLOSING } } };

	check_row(&portstate_fsm, &unwanted);
}

static void a_close_that_fails_is_tried_again_at_the_stop(void **state UNUSED)
{
	static const struct row retry = { PORT_CLOSING_RETRY, true, 2,
					  { { PORT_IN_LEAVE, PORT_CLOSING_RETRY },
					    { PORT_IN_RETRY, PORT_UNWANTED } } };
	static const struct row closed = { PORT_CLOSED, true, 4,
					   { { PORT_IN_WANT, PORT_WANTED },
					     { PORT_IN_CHANGED, PORT_WANTED },
					     { PORT_IN_LEAVE_CLEAN, PORT_CLOSED },
					     { PORT_IN_RETRY, PORT_UNWANTED } } };

	check_row(&portstate_fsm, &retry);
	check_row(&portstate_fsm, &closed);
}

static void guards_are_doubted_renewed_and_trusted_again(void **state UNUSED)
{
	static const struct row rows[] = {
		{ GUARDS_TRUSTED, false, 3,
		  { { GUARDS_IN_DOUBT, GUARDS_DOUBTED },
		    { GUARDS_IN_EXPIRE, GUARDS_DOUBTED },
		    { GUARDS_IN_SAMPLED, GUARDS_TRUSTED } } },
		{ GUARDS_DOUBTED, false, 4,
		  { { GUARDS_IN_DOUBT, GUARDS_DOUBTED },
		    { GUARDS_IN_EXPIRE, GUARDS_DOUBTED },
		    { GUARDS_IN_TAKEN, GUARDS_RENEWING },
		    { GUARDS_IN_SAMPLED, GUARDS_DOUBTED } } },
		{ GUARDS_RENEWING, false, 4,
		  { { GUARDS_IN_DOUBT, GUARDS_RENEWING },
		    { GUARDS_IN_EXPIRE, GUARDS_RENEWING },
		    { GUARDS_IN_DONE, GUARDS_RENEWED },
		    { GUARDS_IN_SAMPLED, GUARDS_RENEWING } } },
		{ GUARDS_RENEWED, false, 3,
		  { { GUARDS_IN_DOUBT, GUARDS_RENEWED },
		    { GUARDS_IN_EXPIRE, GUARDS_DOUBTED },
		    { GUARDS_IN_SAMPLED, GUARDS_TRUSTED } } },
	};

	assert_int_equal(array_size(rows), GUARDS_STATE__COUNT);
	for (unsigned int i = 0; i < array_size(rows); i++)
		check_row(&portstate_guards_fsm, &rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_have_the_size_of_their_lists),
		cmocka_unit_test(every_cell_names_a_state),
		cmocka_unit_test(every_state_is_reachable_from_the_first),
		cmocka_unit_test(no_state_is_a_dead_end),
		cmocka_unit_test(every_input_changes_some_state),
		cmocka_unit_test(an_input_that_has_come_changes_nothing_when_it_comes_again),
		cmocka_unit_test(helpers_agree_with_the_list),
		cmocka_unit_test(only_a_port_without_anything_of_ours_leaves_clean),
		cmocka_unit_test(an_order_that_is_out_is_waited_for),
		cmocka_unit_test(a_link_that_is_no_port_only_becomes_one),
		cmocka_unit_test(a_wanted_port_is_opened_or_leaves),
		cmocka_unit_test(a_port_that_failed_waits_for_a_change_of_its_link),
		cmocka_unit_test(a_port_with_a_worker_stays_until_it_answers),
		cmocka_unit_test(a_port_with_clsact_is_guarded_or_goes_without),
		cmocka_unit_test(an_open_port_leaves_or_is_mended),
		cmocka_unit_test(an_unguarded_port_is_guarded_anew_after_a_change),
		cmocka_unit_test(an_unwanted_port_returns_or_is_closed),
		cmocka_unit_test(a_close_that_fails_is_tried_again_at_the_stop),
		cmocka_unit_test(guards_are_doubted_renewed_and_trusted_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
