/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netconf - decodes the forwarding settings that rtnetlink reports, and asks whether
 * IPv6 is forwarded.
 *
 * IPv4 forwarding is a setting of the ingress device; while it is off, the route
 * look-up for a packet fails (ip_route_input_slow). For IPv6 only the setting of
 * "all" counts and not that of a device (ip6_forward), and route look-ups succeed
 * while it is off. So it must be read here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;

#define NETCONF_ALL (-1) /* NETCONFA_IFINDEX_ALL */

struct netconf {
	bool is_ip6;
	int32_t ifindex;	/* NETCONF_ALL; other negative values: not of a device */
	bool has_forwarding;	/* is_forwarding is set: messages carry only what changed */
	bool is_forwarding;
};

/* Decodes RTM_NEWNETCONF of IPv4 and IPv6. 0; or -ENOMSG (another message or family) or
 * -EBADMSG, and ret is untouched. */
MUST_CHECK int netconf_get(const struct nlmsghdr *nlh, struct netconf *ret);

/* Asks whether the kernel forwards IPv6. True for a kernel without IPv6, where it does
 * not matter. 0 or -errno. */
MUST_CHECK int netconf_ask_ip6(bool *ret_is_forwarding);
