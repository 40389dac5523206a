/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink - one request of the control protocol, from bytes to a value; and the
 * org.varlink.service methods, which are the same for every service.
 *
 * The bytes come from anybody who may open the socket. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/compiler.h"

struct varlink_request {
	json_t *root; /* owns the rest */
	const char *method;
	json_t *parameters; /* an object */
	bool wants_more;
	bool is_oneway; /* no answer is wanted */
};

/*
 * Reads one message without its NUL. 0; -EINVAL, with a sentence for people in
 * ret_text (size bytes); -ENOMEM. Free the request with varlink_request_fini().
 */
MUST_CHECK int varlink_request_parse(const char *message, size_t len, struct varlink_request *ret,
				     char *ret_text, size_t size);
void varlink_request_fini(struct varlink_request *request);

/* True for methods of org.varlink.service. */
bool varlink_is_service_method(const char *method);

/*
 * Answers such a method. The reply's parameters, a new reference, or NULL when
 * there is no memory. When the answer is an error, its name is in ret_error, else
 * NULL.
 */
MUST_CHECK json_t *varlink_service_call(const char *method, const json_t *parameters,
					const char **ret_error);

/* The interface of a method: what stands before its last dot. NULL when there is no memory. */
json_t *varlink_interface_of(const char *method);
