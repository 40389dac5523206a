/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routechange - tells from an rtnetlink message which routes may have changed.
 *
 * Covers messages about routes, rules, addresses, next hops and settings of devices, but not
 * about links: which routes go or come back with a link is not announced (core/path/topology).
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;

/*
 * 0: the routes in ret may have changed. -ENOMSG: another kind of message, or one that changes
 * the path of no packet. -EBADMSG: malformed. ret is untouched in both cases.
 */
MUST_CHECK int routechange_get(const struct nlmsghdr *nlh, struct route_change *ret);
