/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routechange - what a message of the route bus says about other routes.
 *
 * Of routes themselves, rules, addresses, next hops and settings of devices. Links are not
 * among them: what goes and comes back with a link is not announced at all (core/path/topology).
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;

/*
 * 0: such routes may be others now. -ENOMSG: no message of these kinds, or it changes the way
 * of no packet. -EBADMSG: it makes no sense. ret is untouched in both cases.
 */
MUST_CHECK int routechange_get(const struct nlmsghdr *nlh, struct route_change *ret);
