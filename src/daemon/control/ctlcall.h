/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlcall - one client of the control socket, and the call that it has made.
 *
 * The first half is for the owner of the command table: what a handler may do
 * with its call. The second half is for ctlsock, which makes the clients.
 *
 * A call lives from start() until its final reply. One client has one call at
 * a time; further requests wait in its input. Nothing is written from inside a
 * handler: answers go to the client's queue, and the loop empties it. So a
 * client never vanishes while a handler of its own runs.
 *
 * Everything runs on the loop's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/compiler.h"
#include "base/ds/list.h"
#include "base/loop.h"

/* No more rows are asked for while this much is waiting to be read by the client. */
#define CTL_QUEUE_HIGH_BYTES (256u * 1024)
/* A client whose queue would grow beyond this is dropped: a handler ignores the mark. */
#define CTL_QUEUE_MAX_BYTES (4u * 1024 * 1024)

struct ctl_call;

/* One row of the owner's command table; the table outlives the ctlsock. */
struct ctl_command {
	const char *method; /* full name: CTL_METHOD_... */
	bool mutates;       /* not for the control group */
	/*
	 * Begins to answer. parameters is the request's object, borrowed for
	 * the call; empty when the request had none. Sends the final reply,
	 * or calls ctl_call_set_more() before it returns.
	 */
	void (*start)(struct ctl_call *call, json_t *parameters);
	bool needs_more; /* requests without "more" are refused (ExpectedMore) */
};

/*
 * ctl_call_reply(), ctl_call_end() and the ctl_call_error functions are final:
 * afterwards neither the call nor the state given to ctl_call_set_more() may
 * be used. The state is destroyed before they return; when they are called
 * inside start() or more(), after that has returned.
 *
 * References to JSON values are stolen. A NULL as parameters of an answer means
 * that building it failed: the client gets an error in its place and nothing
 * after it, and the handler goes on as if nothing had happened. The same holds
 * for an answer above CTL_REPLY_MAX_BYTES. Only an error may go without parameters.
 */

/* The ctx that was given to ctlsock_new(). */
void *ctl_call_ctx(const struct ctl_call *call);
/* The command that is being answered. */
const struct ctl_command *ctl_call_command(const struct ctl_call *call);
/* Who asks, for the log. */
uid_t ctl_call_uid(const struct ctl_call *call);
pid_t ctl_call_pid(const struct ctl_call *call);
/* The request said "more": it takes several answers. */
bool ctl_call_wants_more(const struct ctl_call *call);

/* The only answer, or the last one. */
void ctl_call_reply(struct ctl_call *call, json_t *parameters);
/* One of several answers; not unless the client wants more. */
void ctl_call_row(struct ctl_call *call, json_t *parameters);
/* The last answer, without content: ends what ctl_call_row() began. */
void ctl_call_end(struct ctl_call *call);
/* error_name is CTL_ERROR_... */
void ctl_call_error(struct ctl_call *call, const char *error_name, json_t *parameters);
/* The same with {"text": ...} as parameters. */
PRINTF_LIKE(3, 4)
void ctl_call_error_text(struct ctl_call *call, const char *error_name, const char *fmt, ...);
/* InvalidParameter for the parameter of that name, and why. */
PRINTF_LIKE(3, 4)
void ctl_call_error_parameter(struct ctl_call *call, const char *parameter, const char *fmt, ...);

/*
 * Goes on later: more(call, state) is called from the loop, again and again
 * while the client's queue is below the mark, until it returns false or has sent
 * a final reply. A false without a final reply is ctl_call_end(). It sends a
 * bounded number of rows each time, and stops early when ctl_call_has_room()
 * says no. It may be NULL when somebody else will send the final reply.
 *
 * destroy(state) is called exactly once, whatever ends the call: also when the
 * client vanishes or the ctlsock is freed. That is how a handler that waits for
 * something else learns that its call is gone. It uses no ctl_call function.
 * It may be NULL when there is nothing to free and nobody else holds the call.
 */
void ctl_call_set_more(struct ctl_call *call, bool (*more)(struct ctl_call *call, void *state),
		       void *state, void (*destroy)(void *state));

/* Below the high mark. */
bool ctl_call_has_room(const struct ctl_call *call);

/* No more() until ctl_call_resume(): the handler waits for something itself. A
 * call may be paused before or after ctl_call_set_more(). */
void ctl_call_pause(struct ctl_call *call);
void ctl_call_resume(struct ctl_call *call);

/* ---- for ctlsock */

enum ctl_rights {
	CTL_RIGHTS_NONE, /* org.varlink.service only */
	CTL_RIGHTS_READ, /* commands that do not mutate */
	CTL_RIGHTS_FULL,
	CTL_RIGHTS__COUNT,
};

/* What all clients share. Filled by ctlsock; list and counts are kept here. */
struct ctl_host {
	struct loop *loop;
	const struct ctl_command *commands;
	size_t n_commands;
	void *ctx;
	const char *group; /* "" without one; for texts */
	struct list clients;
	unsigned int n_clients[CTL_RIGHTS__COUNT];
};

/*
 * Makes a client of a connected, non-blocking stream socket. The descriptor
 * moves here, also on failure. 0 or -ENOMEM.
 */
MUST_CHECK int ctl_client_new(struct ctl_host *host, int fd, enum ctl_rights rights);

/* Drops clients that are gone or take nothing for stall_ms. To be called about every second. */
void ctl_client_check_all(struct ctl_host *host, unsigned int stall_ms);

/* Drops all. */
void ctl_client_free_all(struct ctl_host *host);
