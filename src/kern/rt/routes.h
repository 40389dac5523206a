/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes - asks the kernel for the route of one packet.
 *
 * The kernel's own look-up is used, with source, mark, ingress device, protocol
 * and ports, so policy rules, multipath and VRFs are what they are for the real
 * packet. Synchronous, on a socket of its own; many questions are asked in one
 * system call.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;
struct routes;

MUST_CHECK int routes_open(struct routes **ret);
void routes_close(struct routes *r);

struct route_lookup {
	const struct route_query *query; /* borrowed */
	struct route_answer answer;	 /* valid when err is 0 */
	int err;
};

/* As many as are looked up in one system call. */
#define ROUTES_LOOKUPS_MAX 64

/*
 * Looks up @n routes, at most ROUTES_LOOKUPS_MAX; each has its own result. "Unreachable" in all its
 * forms is an answer: kind ROUTE_NONE and the kernel's errno in answer.err. A negative
 * errno in err means that there is no answer (-EINVAL: not a family with routes; socket
 * broken, message malformed); the caller may try again or close.
 */
void routes_lookup_many(struct routes *r, struct route_lookup lookup[], unsigned int n);
/* The same for one. 0 or err. */
MUST_CHECK int routes_lookup(struct routes *r, const struct route_query *query,
			     struct route_answer *ret);

/* Decodes the answer. 0, -ENOMSG (not a route), -EBADMSG or -ENOMEM; ret is untouched then. */
MUST_CHECK int routes_get(const struct nlmsghdr *nlh, struct route_answer *ret);
