/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate - the states of admission, and what changes them.
 *
 * admission keeps the states and does what they require. All inputs are events that the main
 * thread processes.
 */
#pragma once

#include <stdbool.h>

#include "base/fsm.h"

/* Whether connections are admitted: the engine has an epoch that counts, and the table writes
 * it. */
#define GATE_STATE_LIST(X)                                                                         \
	X(CLOSED, "no epoch counts")                                                               \
	X(OPENING, "the engine has the next epoch; an EPOCH job is making the table write it")     \
	X(OPEN, "the table writes the epoch that the engine has")                                  \
	X(CLOSING, "no epoch counts any more, but the EPOCH job has not been answered")

enum gate_state {
#define X(id, text) GATE_##id,
	GATE_STATE_LIST(X)
#undef X
	GATE_STATE__COUNT,
};

#define GATE_INPUT_LIST(X)                                                                         \
	X(NEXT, "an epoch is chosen and ordered")                                                  \
	X(RESUME, "the table and the ruleset are as the earlier run left them")                    \
	X(CLOSE, "the ruleset has changed for every connection, or its changes were lost")         \
	X(WRITTEN, "the table writes the ordered epoch")                                           \
	X(FAILED, "the table could not be changed")

enum gate_input {
#define X(id, text) GATE_IN_##id,
	GATE_INPUT_LIST(X)
#undef X
	GATE_INPUT__COUNT,
};

/* Whether we know which epoch the table writes. */
#define GATE_EPOCH_STATE_LIST(X)                                                                   \
	X(KNOWN, "the one that was ordered last")                                                  \
	X(UNSURE, "the one that was ordered last, or the one before")                              \
	X(LOOKING, "the same, and a LOOK job is finding out which")

enum gate_epoch_state {
#define X(id, text) GATE_EPOCH_##id,
	GATE_EPOCH_STATE_LIST(X)
#undef X
	GATE_EPOCH_STATE__COUNT,
};

#define GATE_EPOCH_INPUT_LIST(X)                                                                   \
	X(WRITTEN, "an EPOCH job succeeded")                                                       \
	X(FAILED, "an EPOCH job failed")                                                           \
	X(LOOK, "a LOOK job is ordered")                                                           \
	X(SEEN, "the LOOK job succeeded")                                                          \
	X(NOT_SEEN, "the LOOK job failed")

enum gate_epoch_input {
#define X(id, text) GATE_EPOCH_IN_##id,
	GATE_EPOCH_INPUT_LIST(X)
#undef X
	GATE_EPOCH_INPUT__COUNT,
};

/* The pass through conntrack that clears the marks that changes of the ruleset may concern. */
#define GATE_PASS_STATE_LIST(X)                                                                    \
	X(IDLE, "no pass is under way; changes may wait for the next one")                         \
	X(CLEANING, "the mark cleaner has the job")                                                \
	X(FENCE, "the marks are cleared; older conntrack reports are still to be processed")

enum gate_pass_state {
#define X(id, text) GATE_PASS_##id,
	GATE_PASS_STATE_LIST(X)
#undef X
	GATE_PASS_STATE__COUNT,
};

#define GATE_PASS_INPUT_LIST(X)                                                                    \
	X(BEGIN, "a change waits, and the pause after the last pass is over")                      \
	X(CLEARED, "the mark cleaner is done")                                                     \
	X(FAILED, "the mark cleaner has failed, or memory is short")                               \
	X(PASSED, "all older reports have been processed: the changes are settled")

enum gate_pass_input {
#define X(id, text) GATE_PASS_IN_##id,
	GATE_PASS_INPUT_LIST(X)
#undef X
	GATE_PASS_INPUT__COUNT,
};

extern const struct fsm gate_fsm, gate_epoch_fsm, gate_pass_fsm;

/* The engine has an epoch that counts. */
static inline bool gate_is_open(enum gate_state state)
{
	return state == GATE_OPENING || state == GATE_OPEN;
}

/* An EPOCH job has not been answered. */
static inline bool gate_is_ordered(enum gate_state state)
{
	return state == GATE_OPENING || state == GATE_CLOSING;
}
