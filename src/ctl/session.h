/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - a connection to the daemon's control socket: one request, its answers.
 *
 * Blocking, with a limit on how long an answer may take. What goes wrong is
 * told in words, because that is all that the caller does with it.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/compiler.h"

/* How long the daemon may take for one answer. */
#define SESSION_TIMEOUT_MS 30000

struct session;

/* What went wrong: a name for programs and a sentence for people. */
struct session_error {
	char name[128]; /* the daemon's CTL_ERROR_..., or "unreachable", "no-answer", "protocol" */
	char text[512];
};

/*
 * Connects. 0, or negative errno with error filled: who may not connect or finds
 * nobody there is told what to do.
 */
MUST_CHECK int session_open(const char *path, struct session **ret, struct session_error *error);
void session_close(struct session *session);

/*
 * Sends a request; parameters are stolen. 0 or negative errno with error filled.
 */
MUST_CHECK int session_call(struct session *session, const char *method, json_t *parameters,
			    bool wants_more, struct session_error *error);

/*
 * Waits for the next answer. ret_parameters is a new reference to an object;
 * ret_continues says that another answer follows. 0, or negative errno with error
 * filled: -EREMOTEIO when the daemon answered with an error.
 */
MUST_CHECK int session_next(struct session *session, json_t **ret_parameters, bool *ret_continues,
			    struct session_error *error);

/* Fills an error, cut to fit. */
PRINTF_LIKE(3, 4)
void session_error_set(struct session_error *error, const char *name, const char *fmt, ...);

/* For tests: another limit than SESSION_TIMEOUT_MS. */
void session_set_timeout_ms(struct session *session, unsigned int ms);
