/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes - asks the kernel for the routes of packets.
 *
 * The kernel does the look-up (RTM_GETROUTE) with source, mark, ingress device,
 * protocol and ports, so policy rules, multipath and VRFs apply as they do to the
 * real packet. Synchronous, on a socket of its own. One system call asks many
 * questions.
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

/* Most look-ups in one call of routes_lookup_many(). */
#define ROUTES_LOOKUPS_MAX 128

/*
 * Looks up @n routes, at most ROUTES_LOOKUPS_MAX; each has its own result. All forms of
 * "unreachable" are answers: kind ROUTE_NONE and the kernel's errno in answer.err. A negative
 * errno in err means that there is no answer (-EINVAL: a family without routes; or the socket
 * failed, or the answer was malformed); the caller may try again or close.
 */
void routes_lookup_many(struct routes *r, struct route_lookup lookup[], unsigned int n);
/* Looks up one route. Returns 0 and *ret, or the err of the look-up. */
MUST_CHECK int routes_lookup(struct routes *r, const struct route_query *query,
			     struct route_answer *ret);

/* Decodes the kernel's answer. 0; or -ENOMSG (not a route), -EBADMSG or -ENOMEM, and ret is
 * untouched. */
MUST_CHECK int routes_get(const struct nlmsghdr *nlh, struct route_answer *ret);
