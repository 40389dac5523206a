/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/portstate.h"

#define TO(state) FSM_TO(PORT_##state)

/*
 * An answer can come in nearly any state, because it may be about an earlier device with the same
 * index. The last answer counts. In NONE and WANTED no worker has an order for the current device:
 * the answer is ignored.
 */
#define ANY_ANSWER                                                                                 \
	[PORT_IN_OPENED] = TO(CLSACT),                                                             \
	[PORT_IN_NOT_OPENED] = TO(FAILED),                                                         \
	[PORT_IN_GUARDED] = TO(OPEN),                                                              \
	[PORT_IN_NOT_GUARDED] = TO(UNGUARDED),                                                     \
	[PORT_IN_ENDED] = TO(CLOSED)

static const uint8_t port_table[PORT_STATE__COUNT][PORT_INPUT__COUNT] = {
	[PORT_NONE] = {
		[PORT_IN_WANT] = TO(WANTED),
		[PORT_IN_CHANGED] = TO(WANTED),
		[PORT_IN_LEAVE_CLEAN] = TO(NONE),
	},
	[PORT_WANTED] = {
		[PORT_IN_WANT] = TO(WANTED),
		[PORT_IN_CHANGED] = TO(WANTED),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_LEAVE_CLEAN] = TO(NONE),
		[PORT_IN_OPEN_TAKEN] = TO(OPENING),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
	},
	[PORT_OPENING] = {
		[PORT_IN_WANT] = TO(OPENING),
		[PORT_IN_CHANGED] = TO(OPENING),
		[PORT_IN_LEAVE] = TO(OPENING),
		ANY_ANSWER,
	},
	[PORT_FAILED] = {
		[PORT_IN_WANT] = TO(FAILED),
		[PORT_IN_CHANGED] = TO(WANTED),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_LEAVE_CLEAN] = TO(FAILED),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
		ANY_ANSWER,
	},
	[PORT_CLSACT] = {
		[PORT_IN_WANT] = TO(CLSACT),
		[PORT_IN_CHANGED] = TO(CLSACT),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_NO_GUARDS] = TO(OPEN),
		[PORT_IN_BARE] = TO(WANTED),
		[PORT_IN_GUARD_TAKEN] = TO(GUARDING),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
		ANY_ANSWER,
	},
	[PORT_GUARDING] = {
		[PORT_IN_WANT] = TO(GUARDING),
		[PORT_IN_CHANGED] = TO(GUARDING),
		[PORT_IN_LEAVE] = TO(GUARDING),
		ANY_ANSWER,
	},
	[PORT_OPEN] = {
		[PORT_IN_WANT] = TO(OPEN),
		[PORT_IN_CHANGED] = TO(OPEN),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_BARE] = TO(WANTED),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
		ANY_ANSWER,
	},
	[PORT_UNGUARDED] = {
		[PORT_IN_WANT] = TO(UNGUARDED),
		[PORT_IN_CHANGED] = TO(CLSACT),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
		ANY_ANSWER,
	},
	[PORT_UNWANTED] = {
		[PORT_IN_WANT] = TO(WANTED),
		[PORT_IN_CHANGED] = TO(WANTED),
		[PORT_IN_LEAVE] = TO(UNWANTED),
		[PORT_IN_CLOSE_TAKEN] = TO(CLOSING),
		ANY_ANSWER,
	},
	[PORT_CLOSING] = {
		[PORT_IN_WANT] = TO(CLOSING),
		[PORT_IN_CHANGED] = TO(CLOSING),
		[PORT_IN_LEAVE] = TO(CLOSING),
		[PORT_IN_STOP] = TO(CLOSING_RETRY),
		ANY_ANSWER,
	},
	[PORT_CLOSING_RETRY] = {
		[PORT_IN_LEAVE] = TO(CLOSING_RETRY),
		[PORT_IN_RETRY] = TO(UNWANTED),
		ANY_ANSWER,
	},
	[PORT_CLOSED] = {
		[PORT_IN_WANT] = TO(WANTED),
		[PORT_IN_CHANGED] = TO(WANTED),
		[PORT_IN_LEAVE_CLEAN] = TO(CLOSED),
		[PORT_IN_RETRY] = TO(UNWANTED),
		ANY_ANSWER,
	},
};

#undef TO
#define TO(state) FSM_TO(GUARDS_##state)

static const uint8_t guards_table[GUARDS_STATE__COUNT][GUARDS_INPUT__COUNT] = {
	[GUARDS_TRUSTED] = {
		[GUARDS_IN_DOUBT] = TO(DOUBTED),
		[GUARDS_IN_EXPIRE] = TO(DOUBTED),
		[GUARDS_IN_SAMPLED] = TO(TRUSTED),
	},
	[GUARDS_DOUBTED] = {
		[GUARDS_IN_DOUBT] = TO(DOUBTED),
		[GUARDS_IN_EXPIRE] = TO(DOUBTED),
		[GUARDS_IN_TAKEN] = TO(RENEWING),
		[GUARDS_IN_SAMPLED] = TO(DOUBTED),
	},
	[GUARDS_RENEWING] = {
		[GUARDS_IN_DOUBT] = TO(RENEWING),
		[GUARDS_IN_EXPIRE] = TO(RENEWING),
		[GUARDS_IN_DONE] = TO(RENEWED),
		[GUARDS_IN_SAMPLED] = TO(RENEWING),
	},
	/* At most one renewal per sampling round: what raised a doubt may have happened before. */
	[GUARDS_RENEWED] = {
		[GUARDS_IN_DOUBT] = TO(RENEWED),
		[GUARDS_IN_EXPIRE] = TO(DOUBTED),
		[GUARDS_IN_SAMPLED] = TO(TRUSTED),
	},
};

FSM_TEXTS(port, PORT_STATE_LIST, PORT_INPUT_LIST);
FSM_TEXTS(guards, GUARDS_STATE_LIST, GUARDS_INPUT_LIST);

const struct fsm portstate_fsm = FSM_INIT("port", port);
const struct fsm portstate_guards_fsm = FSM_INIT("guards", guards);
