/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portstate - the states of a port and of its guards, and what changes them.
 *
 * portfsm keeps the states in struct link_rec, decides which input has come, and makes the orders
 * that a state asks for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fsm.h"

/* In order: portstate_is_ours() and portstate_is_ready() compare. */
#define PORT_STATE_LIST(X)                                                                         \
	X(NONE, "the link is not a port")                                                          \
	X(WANTED, "to be opened")                                                                  \
	X(FAILED, "could not be opened; err and extack say why")                                   \
	X(CLOSED, "was closed; if err is set, something of ours may be left")                      \
	X(OPENING, "a worker is removing old rules of ours and adding clsact")                     \
	X(CLSACT, "has clsact; guards are added once the recipe is known")                         \
	X(GUARDING, "a worker is adding the guards")                                               \
	X(OPEN, "has clsact, and the guards that it needs and the driver accepts")                 \
	X(UNGUARDED, "has clsact; a guard was refused, err and extack say why")                    \
	X(UNWANTED, "not a port any more; closed when no flow uses it")                            \
	X(CLOSING, "a worker is removing our rules and clsact")                                    \
	X(CLOSING_RETRY, "the same, and if that fails it is tried once more")

enum port_state {
#define X(id, text) PORT_##id,
	PORT_STATE_LIST(X)
#undef X
	PORT_STATE__COUNT,
};

#define PORT_INPUT_LIST(X)                                                                         \
	X(WANT, "the link can be a port")                                                          \
	X(CHANGED, "the link has changed, and can be a port")                                      \
	X(LEAVE, "the link cannot be a port any more; something of ours may be on it")             \
	X(LEAVE_CLEAN, "the link cannot be a port any more; nothing of ours is on it")             \
	X(OPEN_TAKEN, "a worker has the order to open it")                                         \
	X(GUARD_TAKEN, "a worker has the order to guard it")                                       \
	X(CLOSE_TAKEN, "a worker has the order to close it")                                       \
	X(OPENED, "the worker has opened it")                                                      \
	X(NOT_OPENED, "the worker could not open it")                                              \
	X(GUARDED, "the guards are in, or the NIC is used without those that it refused")          \
	X(NOT_GUARDED, "a software guard could not be added")                                      \
	X(NO_GUARDS, "the recipe is known, and needs no guards")                                   \
	X(BARE, "somebody has deleted its clsact or guards")                                       \
	X(ENDED, "the worker has closed it, or could not")                                         \
	X(RETRY, "the daemon stops, and closing has failed before")                                \
	X(STOP, "the daemon begins to stop")

enum port_input {
#define X(id, text) PORT_IN_##id,
	PORT_INPUT_LIST(X)
#undef X
	PORT_INPUT__COUNT,
};

/* Hardware only: whether new rules may rely on the guards of an open port. */
#define GUARDS_STATE_LIST(X)                                                                       \
	X(TRUSTED, "as far as known the NIC has them")                                             \
	X(DOUBTED, "the NIC may have lost them: to be added again")                                \
	X(RENEWING, "a worker is adding them again")                                               \
	X(RENEWED, "added again since the port was last sampled")

enum guards_state {
#define X(id, text) GUARDS_##id,
	GUARDS_STATE_LIST(X)
#undef X
	GUARDS_STATE__COUNT,
};

#define GUARDS_INPUT_LIST(X)                                                                       \
	X(DOUBT, "something shows that the NIC may have lost rules")                               \
	X(EXPIRE, "for some rounds nothing has shown that the NIC still has them")                 \
	X(TAKEN, "a worker has the order to add them again")                                       \
	X(DONE, "the worker has answered")                                                         \
	X(SAMPLED, "all rules of the port were read")

enum guards_input {
#define X(id, text) GUARDS_IN_##id,
	GUARDS_INPUT_LIST(X)
#undef X
	GUARDS_INPUT__COUNT,
};

/* What of ours may be on a link whose state does not say it. */
enum port_residue {
	RESIDUE_NONE,
	RESIDUE_UNKNOWN, /* opening or closing failed, or an earlier run left something */
	RESIDUE_RULES,	 /* being opened again because its guards or clsact were deleted; its
			  * flows keep their rules */
};

extern const struct fsm portstate_fsm, portstate_guards_fsm;

/* True when the port has our clsact or rules, or a worker is adding or removing them. */
static inline bool portstate_is_ours(enum port_state state)
{
	return state >= PORT_OPENING;
}

/* True when the port has clsact and is not being closed. */
static inline bool portstate_is_ready(enum port_state state)
{
	return state >= PORT_CLSACT && state <= PORT_UNGUARDED;
}
