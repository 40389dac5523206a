/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlcall - one client of the control socket and its current call.
 *
 * The first half is for the owner of the command table: what a handler may do with its call.
 * The second half is for ctlsock, which creates the clients.
 *
 * A call lives from start() until its final reply. A client has one call at a time; its
 * further requests wait in the input buffer. Handlers never write to the socket: replies are
 * appended to the client's output queue, and the loop sends them. Therefore a client is never
 * freed while one of its handlers runs.
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

/* High mark: more() is not called while this many bytes wait to be sent to the client. */
#define CTL_QUEUE_HIGH_BYTES (256u * 1024)
/* Hard limit: a client is dropped if its queue would grow beyond this, which happens when a
 * handler ignores the high mark. */
#define CTL_QUEUE_MAX_BYTES (4u * 1024 * 1024)

struct ctl_call;

/* One row of the owner's command table. The table outlives the ctlsock. */
struct ctl_command {
	const char *method; /* full name: CTL_METHOD_... */
	bool mutates;       /* denied to the control group */
	/*
	 * Starts the call. parameters is the request's object, empty if the request had none;
	 * it is borrowed until start() returns. start() either sends the final reply or calls
	 * ctl_call_set_more() before it returns.
	 */
	void (*start)(struct ctl_call *call, json_t *parameters);
	bool needs_more; /* requests without "more" get ExpectedMore */
};

/*
 * ctl_call_reply(), ctl_call_end() and the ctl_call_error functions send the final reply.
 * After one of them, neither the call nor the state given to ctl_call_set_more() may be used.
 * They destroy the state before they return or, if they are called inside start() or more(),
 * after start() or more() has returned.
 *
 * References to JSON values are stolen. NULL parameters mean that building the reply failed:
 * the client gets an error instead and no further replies, and the handler continues as
 * usual. The same happens to a reply larger than CTL_REPLY_MAX_BYTES. Only an error may be
 * sent without parameters.
 */

/* The ctx that was given to ctlsock_new(). */
void *ctl_call_ctx(const struct ctl_call *call);
/* The command that is being executed. */
const struct ctl_command *ctl_call_command(const struct ctl_call *call);
/* The client's credentials, for the log. */
uid_t ctl_call_uid(const struct ctl_call *call);
pid_t ctl_call_pid(const struct ctl_call *call);
/* True if the request said "more": the client accepts several replies. */
bool ctl_call_wants_more(const struct ctl_call *call);

/* Sends the only reply, or the last one. */
void ctl_call_reply(struct ctl_call *call, json_t *parameters);
/* Sends one of several replies. Only allowed if the client wants more. */
void ctl_call_row(struct ctl_call *call, json_t *parameters);
/* Sends the last reply, with empty parameters, after rows sent by ctl_call_row(). */
void ctl_call_end(struct ctl_call *call);
/* Sends an error. error_name is CTL_ERROR_... */
void ctl_call_error(struct ctl_call *call, const char *error_name, json_t *parameters);
/* The same with {"text": ...} as parameters. */
PRINTF_LIKE(3, 4)
void ctl_call_error_text(struct ctl_call *call, const char *error_name, const char *fmt, ...);
/* Sends InvalidParameter with the name of the parameter and a text. */
PRINTF_LIKE(3, 4)
void ctl_call_error_parameter(struct ctl_call *call, const char *parameter, const char *fmt, ...);

/*
 * Lets the handler continue later. The loop calls more(call, state) repeatedly while the
 * client's queue is below the high mark, until more() returns false or has sent a final
 * reply. If more() returns false without a final reply, ctl_call_end() is called for it.
 * more() sends a bounded number of rows per call and stops early when ctl_call_has_room()
 * returns false. It may be NULL if other code will send the final reply.
 *
 * destroy(state) is called exactly once, however the call ends, including when the client
 * disconnects or the ctlsock is freed. A handler that waits for something else learns in this
 * way that its call is gone. destroy() must not call any ctl_call function. It may be NULL if
 * there is nothing to free and no one else holds a pointer to the call.
 */
void ctl_call_set_more(struct ctl_call *call, bool (*more)(struct ctl_call *call, void *state),
		       void *state, void (*destroy)(void *state));

/* True if the client's queue is below the high mark. */
bool ctl_call_has_room(const struct ctl_call *call);

/* Suspends more() until ctl_call_resume(), for a handler that waits for something else.
 * Allowed before and after ctl_call_set_more(). */
void ctl_call_pause(struct ctl_call *call);
void ctl_call_resume(struct ctl_call *call);

/* ---- for ctlsock */

enum ctl_rights {
	CTL_RIGHTS_NONE, /* only org.varlink.service */
	CTL_RIGHTS_READ, /* commands that do not mutate */
	CTL_RIGHTS_FULL,
	CTL_RIGHTS__COUNT,
};

/* State shared by all clients. Filled by ctlsock; the list and the counts are maintained by
 * ctlcall. */
struct ctl_host {
	struct loop *loop;
	const struct ctl_command *commands;
	size_t n_commands;
	void *ctx;
	const char *group; /* "" if there is none; for error texts */
	struct list clients;
	unsigned int n_clients[CTL_RIGHTS__COUNT];
};

/*
 * Creates a client for a connected, non-blocking stream socket. Takes ownership of fd, also
 * on failure. Returns 0 or -ENOMEM.
 */
MUST_CHECK int ctl_client_new(struct ctl_host *host, int fd, enum ctl_rights rights);

/* Drops clients that have disconnected, that have not read anything of a non-empty queue for
 * stall_ms, or that have no rights and have not sent anything for stall_ms. To be called
 * about once a second. */
void ctl_client_check_all(struct ctl_host *host, unsigned int stall_ms);

/* Drops all clients. */
void ctl_client_free_all(struct ctl_host *host);
