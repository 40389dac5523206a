/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netconf - whether the kernel forwards at all, as the route bus tells it.
 *
 * For IPv4 it is a property of the device on which a packet arrives, and a
 * look-up of the route of such a packet fails while it is off
 * (ip_route_input_slow). For IPv6 only the setting of "all" counts, that of a
 * device does not (ip6_forward), and a look-up succeeds all the same: who does
 * not ask here does not know.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;

#define NETCONF_ALL (-1) /* NETCONFA_IFINDEX_ALL */

struct netconf {
	bool is_ip6;
	int32_t ifindex;	/* or NETCONF_ALL, or another negative number */
	bool has_forwarding;	/* messages say what changed */
	bool is_forwarding;
};

/* Decodes RTM_NEWNETCONF of IPv4 and IPv6. 0, -ENOMSG (none of these) or
 * -EBADMSG; ret is untouched then. */
MUST_CHECK int netconf_get(const struct nlmsghdr *nlh, struct netconf *ret);

/* Asks whether IPv6 packets are forwarded. True in a kernel without IPv6, where
 * there are none. 0 or -errno. */
MUST_CHECK int netconf_ask_ip6(bool *ret_is_forwarding);
