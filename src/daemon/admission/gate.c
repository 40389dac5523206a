/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/gate.h"

#define TO(state) FSM_TO(GATE_##state)

static const uint8_t gate_table[GATE_STATE__COUNT][GATE_INPUT__COUNT] = {
	[GATE_CLOSED] = {
		[GATE_IN_NEXT] = TO(OPENING),
		[GATE_IN_RESUME] = TO(OPEN),
		[GATE_IN_CLOSE] = TO(CLOSED),
	},
	[GATE_OPENING] = {
		[GATE_IN_CLOSE] = TO(CLOSING),
		[GATE_IN_WRITTEN] = TO(OPEN),
		[GATE_IN_FAILED] = TO(CLOSED),
	},
	[GATE_OPEN] = {
		[GATE_IN_CLOSE] = TO(CLOSED),
	},
	[GATE_CLOSING] = {
		[GATE_IN_CLOSE] = TO(CLOSING),
		[GATE_IN_WRITTEN] = TO(CLOSED),
		[GATE_IN_FAILED] = TO(CLOSED),
	},
};

static const uint8_t epoch_table[GATE_EPOCH_STATE__COUNT][GATE_EPOCH_INPUT__COUNT] = {
	[GATE_EPOCH_KNOWN] = {
		[GATE_EPOCH_IN_WRITTEN] = TO(EPOCH_KNOWN),
		[GATE_EPOCH_IN_FAILED] = TO(EPOCH_UNSURE),
	},
	[GATE_EPOCH_UNSURE] = {
		[GATE_EPOCH_IN_WRITTEN] = TO(EPOCH_KNOWN),
		[GATE_EPOCH_IN_FAILED] = TO(EPOCH_UNSURE),
		[GATE_EPOCH_IN_LOOK] = TO(EPOCH_LOOKING),
	},
	/* No EPOCH job is ordered meanwhile: the next epoch is dirty, and it is cleaned only after
	 * we know that the table does not write it. */
	[GATE_EPOCH_LOOKING] = {
		[GATE_EPOCH_IN_SEEN] = TO(EPOCH_KNOWN),
		[GATE_EPOCH_IN_NOT_SEEN] = TO(EPOCH_UNSURE),
	},
};

static const uint8_t pass_table[GATE_PASS_STATE__COUNT][GATE_PASS_INPUT__COUNT] = {
	[GATE_PASS_IDLE] = {
		[GATE_PASS_IN_BEGIN] = TO(PASS_CLEANING),
		[GATE_PASS_IN_FAILED] = TO(PASS_IDLE),
	},
	[GATE_PASS_CLEANING] = {
		[GATE_PASS_IN_CLEARED] = TO(PASS_FENCE),
		[GATE_PASS_IN_FAILED] = TO(PASS_IDLE),
	},
	[GATE_PASS_FENCE] = {
		[GATE_PASS_IN_PASSED] = TO(PASS_IDLE),
	},
};

FSM_TEXTS(gate, GATE_STATE_LIST, GATE_INPUT_LIST);
FSM_TEXTS(epoch, GATE_EPOCH_STATE_LIST, GATE_EPOCH_INPUT_LIST);
FSM_TEXTS(pass, GATE_PASS_STATE_LIST, GATE_PASS_INPUT_LIST);

const struct fsm gate_fsm = FSM_INIT("gate", gate);
const struct fsm gate_epoch_fsm = FSM_INIT("epoch", epoch);
const struct fsm gate_pass_fsm = FSM_INIT("pass", pass);
