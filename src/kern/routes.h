/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes - asks the kernel for the route of one packet.
 *
 * The kernel's own look-up is used, with source, mark, ingress device, protocol
 * and ports, so policy rules, multipath and VRFs are what they are for the real
 * packet. Synchronous: one request, one answer, on a socket of its own; some
 * ten microseconds.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;
struct routes;

MUST_CHECK int routes_open(struct routes **ret);
void routes_close(struct routes *r);

/*
 * Looks up one route. "Unreachable" in all its forms is an answer: kind
 * ROUTE_NONE and the kernel's errno in ret->err, and the function returns 0. A
 * negative errno means that there is no answer (socket broken, message
 * malformed); the caller may try again or close.
 */
MUST_CHECK int routes_lookup(struct routes *r, const struct route_query *query,
			     struct route_answer *ret);

/* Decodes the answer. 0, -ENOMSG (not a route), -EBADMSG or -ENOMEM; ret is untouched then. */
MUST_CHECK int routes_get(const struct nlmsghdr *nlh, struct route_answer *ret);
