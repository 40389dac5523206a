/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsm - a state machine as a table: state and input give the next state.
 *
 * The owner keeps the state, reads the next one here and performs what the change requires. The
 * names and texts come from the X-macro lists that also make the enums, so that
 * `nft-offloadd --dump-fsm` prints what the code does.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/util.h"

/* A cell of a table. A cell that is not set says that the input cannot come in this state. */
#define FSM_TO(state) ((uint8_t)((state) + 1))

struct fsm {
	const char *name; /* as --dump-fsm takes it */
	const char *const *state, *const *state_text;
	const char *const *input, *const *input_text;
	const uint8_t *next; /* [state][input]: FSM_TO() */
	uint8_t n_states, n_inputs;
};

#define FSM_NAME_(id, text) #id,
#define FSM_TEXT_(id, text) text,
#define FSM_TEXTS_(x, kind, list)                                                                  \
	static const char *const x##_##kind[] = { list(FSM_NAME_) };                               \
	static const char *const x##_##kind##_text[] = { list(FSM_TEXT_) }
/* Define a machine from the table x_table and the lists X(id, text) of its states and inputs. */
#define FSM_TEXTS(x, states, inputs)                                                               \
	FSM_TEXTS_(x, state, states);                                                              \
	FSM_TEXTS_(x, input, inputs)
#define FSM_INIT(machine_name, x)                                                                  \
	{                                                                                          \
		.name = machine_name, .state = x##_state, .state_text = x##_state_text,            \
		.input = x##_input, .input_text = x##_input_text, .next = &x##_table[0][0],        \
		.n_states = array_size(x##_state), .n_inputs = array_size(x##_input),              \
	}

/* Returns the next state. BUG_ON, and @state itself, if the input cannot come in this state. */
uint8_t fsm_next(const struct fsm *fsm, unsigned int state, unsigned int input);
/* Prints the states and the changes of state as Markdown tables. Inputs that leave a state as it
 * is are not printed. */
void fsm_print(const struct fsm *fsm, FILE *out);
