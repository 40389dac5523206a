/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow.h"

#include "base/util.h"

#define CELL(next_state, act) { FLOW_##next_state, FLOW_ACT_##act }
#define BUG(state)	      { FLOW_##state, FLOW_ACT_BUG }
#define NOP(state)	      { FLOW_##state, FLOW_ACT_IGNORE }

/* Answers to a look-up or refresh may arrive in any state: the flow can have
 * moved on while the question was out. Answers of a worker cannot. */
static const struct flow_cell table[FLOW_STATE__COUNT][FLOW_INPUT__COUNT] = {
	[FLOW_REFUSED] = {
		[FLOW_IN_ADMIT] = CELL(RESOLVE, ASK_PATH),
		[FLOW_IN_LEAVE] = CELL(REFUSED, STAY_REFUSED),
		[FLOW_IN_END] = CELL(REFUSED, FREE),
		[FLOW_IN_RECHECK] = CELL(RESOLVE, ASK_PATH),
		[FLOW_IN_PATH_SAME] = NOP(REFUSED),
		[FLOW_IN_PATH_NEW] = NOP(REFUSED),
		[FLOW_IN_PATH_BAD] = NOP(REFUSED),
		[FLOW_IN_TAKEN] = BUG(REFUSED),
		[FLOW_IN_INSTALLED] = BUG(REFUSED),
		[FLOW_IN_NOT_INSTALLED] = BUG(REFUSED),
		[FLOW_IN_UNCERTAIN] = BUG(REFUSED),
		[FLOW_IN_LOST] = BUG(REFUSED),
		[FLOW_IN_REMOVED] = BUG(REFUSED),
		[FLOW_IN_NOT_REMOVED] = BUG(REFUSED),
	},
	[FLOW_RESOLVE] = {
		[FLOW_IN_ADMIT] = NOP(RESOLVE),
		[FLOW_IN_LEAVE] = CELL(REFUSED, REFUSE),
		[FLOW_IN_END] = CELL(RESOLVE, FREE),
		[FLOW_IN_RECHECK] = CELL(RESOLVE, ASK_PATH),
		[FLOW_IN_PATH_SAME] = CELL(WAIT, QUEUE),
		[FLOW_IN_PATH_NEW] = CELL(WAIT, QUEUE),
		[FLOW_IN_PATH_BAD] = CELL(REFUSED, REFUSE),
		[FLOW_IN_TAKEN] = BUG(RESOLVE),
		[FLOW_IN_INSTALLED] = BUG(RESOLVE),
		[FLOW_IN_NOT_INSTALLED] = BUG(RESOLVE),
		[FLOW_IN_UNCERTAIN] = BUG(RESOLVE),
		[FLOW_IN_LOST] = BUG(RESOLVE),
		[FLOW_IN_REMOVED] = BUG(RESOLVE),
		[FLOW_IN_NOT_REMOVED] = BUG(RESOLVE),
	},
	[FLOW_WAIT] = {
		[FLOW_IN_ADMIT] = NOP(WAIT),
		[FLOW_IN_LEAVE] = CELL(REFUSED, REFUSE),
		[FLOW_IN_END] = CELL(WAIT, FREE),
		[FLOW_IN_RECHECK] = CELL(RESOLVE, ASK_PATH),
		[FLOW_IN_PATH_SAME] = NOP(WAIT),
		[FLOW_IN_PATH_NEW] = NOP(WAIT),
		[FLOW_IN_PATH_BAD] = CELL(REFUSED, REFUSE),
		[FLOW_IN_TAKEN] = CELL(INSTALL, TAKE),
		[FLOW_IN_INSTALLED] = BUG(WAIT),
		[FLOW_IN_NOT_INSTALLED] = BUG(WAIT),
		[FLOW_IN_UNCERTAIN] = BUG(WAIT),
		[FLOW_IN_LOST] = BUG(WAIT),
		[FLOW_IN_REMOVED] = BUG(WAIT),
		[FLOW_IN_NOT_REMOVED] = BUG(WAIT),
	},
	[FLOW_INSTALL] = {
		[FLOW_IN_ADMIT] = NOP(INSTALL),
		[FLOW_IN_LEAVE] = CELL(INSTALL, GOAL),
		[FLOW_IN_END] = CELL(INSTALL, GOAL),
		[FLOW_IN_RECHECK] = CELL(INSTALL, GOAL),
		[FLOW_IN_PATH_SAME] = NOP(INSTALL),
		[FLOW_IN_PATH_NEW] = NOP(INSTALL),
		[FLOW_IN_PATH_BAD] = NOP(INSTALL),
		[FLOW_IN_TAKEN] = BUG(INSTALL),
		[FLOW_IN_INSTALLED] = CELL(ACTIVE, SETTLE),
		[FLOW_IN_NOT_INSTALLED] = CELL(REFUSED, AFTER),
		[FLOW_IN_UNCERTAIN] = CELL(DRAIN, DRAIN),
		[FLOW_IN_LOST] = BUG(INSTALL),
		[FLOW_IN_REMOVED] = BUG(INSTALL),
		[FLOW_IN_NOT_REMOVED] = BUG(INSTALL),
	},
	[FLOW_ACTIVE] = {
		[FLOW_IN_ADMIT] = NOP(ACTIVE),
		[FLOW_IN_LEAVE] = CELL(DRAIN, DRAIN),
		[FLOW_IN_END] = CELL(DRAIN, DRAIN),
		[FLOW_IN_RECHECK] = CELL(ACTIVE, ASK_PATH),
		[FLOW_IN_PATH_SAME] = CELL(ACTIVE, ACTIVATE),
		[FLOW_IN_PATH_NEW] = CELL(DRAIN, DRAIN),
		[FLOW_IN_PATH_BAD] = CELL(DRAIN, DRAIN),
		[FLOW_IN_TAKEN] = BUG(ACTIVE),
		[FLOW_IN_INSTALLED] = BUG(ACTIVE),
		[FLOW_IN_NOT_INSTALLED] = BUG(ACTIVE),
		[FLOW_IN_UNCERTAIN] = BUG(ACTIVE),
		[FLOW_IN_LOST] = CELL(DRAIN, DRAIN),
		[FLOW_IN_REMOVED] = BUG(ACTIVE),
		[FLOW_IN_NOT_REMOVED] = BUG(ACTIVE),
	},
	[FLOW_DRAIN] = {
		[FLOW_IN_ADMIT] = CELL(DRAIN, GOAL),
		[FLOW_IN_LEAVE] = CELL(DRAIN, GOAL),
		[FLOW_IN_END] = CELL(DRAIN, GOAL),
		[FLOW_IN_RECHECK] = NOP(DRAIN),
		[FLOW_IN_PATH_SAME] = NOP(DRAIN),
		[FLOW_IN_PATH_NEW] = NOP(DRAIN),
		[FLOW_IN_PATH_BAD] = NOP(DRAIN),
		[FLOW_IN_TAKEN] = CELL(REMOVE, TAKE),
		[FLOW_IN_INSTALLED] = BUG(DRAIN),
		[FLOW_IN_NOT_INSTALLED] = BUG(DRAIN),
		[FLOW_IN_UNCERTAIN] = BUG(DRAIN),
		[FLOW_IN_LOST] = BUG(DRAIN),
		[FLOW_IN_REMOVED] = BUG(DRAIN),
		[FLOW_IN_NOT_REMOVED] = BUG(DRAIN),
	},
	[FLOW_REMOVE] = {
		[FLOW_IN_ADMIT] = CELL(REMOVE, GOAL),
		[FLOW_IN_LEAVE] = CELL(REMOVE, GOAL),
		[FLOW_IN_END] = CELL(REMOVE, GOAL),
		[FLOW_IN_RECHECK] = NOP(REMOVE),
		[FLOW_IN_PATH_SAME] = NOP(REMOVE),
		[FLOW_IN_PATH_NEW] = NOP(REMOVE),
		[FLOW_IN_PATH_BAD] = NOP(REMOVE),
		[FLOW_IN_TAKEN] = BUG(REMOVE),
		[FLOW_IN_INSTALLED] = BUG(REMOVE),
		[FLOW_IN_NOT_INSTALLED] = BUG(REMOVE),
		[FLOW_IN_UNCERTAIN] = BUG(REMOVE),
		[FLOW_IN_LOST] = BUG(REMOVE),
		[FLOW_IN_REMOVED] = CELL(REFUSED, AFTER),
		[FLOW_IN_NOT_REMOVED] = CELL(DRAIN, RETRY_DRAIN),
	},
};

const struct flow_cell *flow_step(enum flow_state state, enum flow_input input)
{
	return &table[state][input];
}

const char *flow_state_name(enum flow_state state)
{
	static const char *const names[] = {
#define X(id, text) #id,
		FLOW_STATE_LIST(X)
#undef X
	};

	return (size_t)state < array_size(names) ? names[state] : "?";
}

const char *flow_input_name(enum flow_input input)
{
	static const char *const names[] = {
#define X(id, text) #id,
		FLOW_INPUT_LIST(X)
#undef X
	};

	return (size_t)input < array_size(names) ? names[input] : "?";
}

const char *flow_action_name(enum flow_action action)
{
	static const char *const names[FLOW_ACT__COUNT] = {
		[FLOW_ACT_BUG] = "bug",
		[FLOW_ACT_IGNORE] = "ignore",
		[FLOW_ACT_STAY_REFUSED] = "stay-refused",
		[FLOW_ACT_ASK_PATH] = "ask-path",
		[FLOW_ACT_QUEUE] = "queue",
		[FLOW_ACT_REFUSE] = "refuse",
		[FLOW_ACT_TAKE] = "take",
		[FLOW_ACT_GOAL] = "goal",
		[FLOW_ACT_SETTLE] = "settle",
		[FLOW_ACT_ACTIVATE] = "activate",
		[FLOW_ACT_DRAIN] = "drain",
		[FLOW_ACT_AFTER] = "after",
		[FLOW_ACT_RETRY_DRAIN] = "retry-drain",
		[FLOW_ACT_FREE] = "free",
	};

	return (size_t)action < array_size(names) ? names[action] : "?";
}

void flow_dump_fsm(FILE *out)
{
	fprintf(out, "| state | input | next | action |\n|---|---|---|---|\n");
	for (unsigned int s = 0; s < FLOW_STATE__COUNT; s++) {
		for (unsigned int i = 0; i < FLOW_INPUT__COUNT; i++) {
			const struct flow_cell *c = flow_step(s, i);

			if (c->action == FLOW_ACT_BUG)
				continue;
			fprintf(out, "| %s | %s | %s | %s |\n", flow_state_name(s),
				flow_input_name(i), flow_state_name(c->next),
				flow_action_name(c->action));
		}
	}
}
