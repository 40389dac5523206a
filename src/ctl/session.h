/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - a connection to the daemon's control socket, for one request and its replies.
 *
 * Blocking, with a time limit for each reply. Errors are described in words, because the
 * caller only shows them.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/compiler.h"

/* How long the daemon may take for one reply. */
#define SESSION_TIMEOUT_MS 30000

struct session;

/* An error: a name for programs and a sentence for people. */
struct session_error {
	char name[128]; /* the daemon's CTL_ERROR_...; or "unreachable", "no-answer", "protocol",
			 * "output", "cleanup" */
	char text[512];
};

/*
 * Connects. Returns 0, or -errno with error filled, including advice if the daemon is not
 * running or the socket is not accessible.
 */
MUST_CHECK int session_open(const char *path, struct session **ret, struct session_error *error);
void session_close(struct session *session);

/*
 * Sends a request; parameters are stolen. Returns 0, or -errno with error filled.
 */
MUST_CHECK int session_call(struct session *session, const char *method, json_t *parameters,
			    bool wants_more, struct session_error *error);

/*
 * Waits for the next reply. *ret_parameters is a new reference to an object; *ret_continues
 * is true if another reply follows. Returns 0, or -errno with error filled: -EREMOTEIO if the
 * daemon replied with an error.
 */
MUST_CHECK int session_next(struct session *session, json_t **ret_parameters, bool *ret_continues,
			    struct session_error *error);

/* Fills an error. Longer texts are truncated. */
PRINTF_LIKE(3, 4)
void session_error_set(struct session_error *error, const char *name, const char *fmt, ...);

/* For tests: replaces SESSION_TIMEOUT_MS. */
void session_set_timeout_ms(struct session *session, unsigned int ms);
