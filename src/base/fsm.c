/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fsm.h"

#include <stdbool.h>

#include "base/bug.h"

/* FSM_TO() of the next state; 0 if the input cannot come. */
static unsigned int cell(const struct fsm *fsm, unsigned int state, unsigned int input)
{
	return fsm->next[state * fsm->n_inputs + input];
}

uint8_t fsm_next(const struct fsm *fsm, unsigned int state, unsigned int input)
{
	if (BUG_ON(state >= fsm->n_states || input >= fsm->n_inputs || !cell(fsm, state, input)))
		return (uint8_t)state;
	return (uint8_t)(cell(fsm, state, input) - 1);
}

/* One row for all states that the input moves to @to. */
static void print_change(const struct fsm *fsm, unsigned int input, unsigned int to, FILE *out)
{
	bool any = false;

	for (unsigned int s = 0; s < fsm->n_states; s++) {
		if (s == to || cell(fsm, s, input) != FSM_TO(to))
			continue;
		if (any)
			fprintf(out, ", %s", fsm->state[s]);
		else
			fprintf(out, "| %s: %s | %s", fsm->input[input], fsm->input_text[input],
				fsm->state[s]);
		any = true;
	}
	if (any)
		fprintf(out, " | %s |\n", fsm->state[to]);
}

void fsm_print(const struct fsm *fsm, FILE *out)
{
	fprintf(out, "| state | meaning |\n|---|---|\n");
	for (unsigned int s = 0; s < fsm->n_states; s++)
		fprintf(out, "| %s | %s |\n", fsm->state[s], fsm->state_text[s]);
	fprintf(out, "\n| input | from | to |\n|---|---|---|\n");
	for (unsigned int i = 0; i < fsm->n_inputs; i++) {
		for (unsigned int to = 0; to < fsm->n_states; to++)
			print_change(fsm, i, to, out);
	}
}
