/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink - decodes one request of the control protocol, and implements the methods of
 * org.varlink.service, which are the same for every service.
 *
 * The bytes are untrusted: anyone may open the socket. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/compiler.h"

struct varlink_request {
	json_t *root; /* owns the other members */
	const char *method;
	json_t *parameters; /* an object */
	bool wants_more;
	bool is_oneway; /* the client wants no reply */
};

/*
 * Parses one message without its NUL. Returns 0, or -EINVAL with a sentence for people in
 * ret_text (size bytes), also if memory is short. Free the request with
 * varlink_request_fini().
 */
MUST_CHECK int varlink_request_parse(const char *message, size_t len, struct varlink_request *ret,
				     char *ret_text, size_t size);
void varlink_request_fini(struct varlink_request *request);

/* True for methods of org.varlink.service. */
bool varlink_is_service_method(const char *method);

/*
 * Executes a method of org.varlink.service. Returns the parameters of the reply, a new
 * reference, or NULL if memory is short. ret_error is the name of the error if the reply is
 * one, else NULL.
 */
MUST_CHECK json_t *varlink_service_call(const char *method, const json_t *parameters,
					const char **ret_error);

/* The interface of a method: the part before its last dot. NULL if memory is short. */
json_t *varlink_interface_of(const char *method);
