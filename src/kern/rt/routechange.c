/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/routechange.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kern/rt/netconf.h"
#include "nl/nlget.h"

static const unsigned char *payload(const struct nlmsghdr *nlh)
{
	return (const unsigned char *)nlh + NLMSG_HDRLEN;
}

static int get_route(const struct nlmsghdr *nlh, struct route_change *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct rtmsg));
	const struct nlattr *attr;
	struct rtmsg header;

	if (g.is_malformed)
		return -EBADMSG;
	memcpy(&header, payload(nlh), sizeof(header));
	ret->family = (uint8_t)family_from_af(header.rtm_family);
	if (ret->family == FAMILY_NONE)
		return -ENOMSG;
	ret->len = header.rtm_dst_len;
	ret->has_tos = header.rtm_tos;
	if (ret->len > addr_len((enum family)ret->family) * 8)
		return -EBADMSG;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == RTA_DST)
			nlget_bytes(&g, attr, ret->prefix.b, addr_len((enum family)ret->family));
	}
	return g.is_malformed ? -EBADMSG : 0;
}

/* For rules and addresses, whose headers begin with the family. */
static int get_family(const struct nlmsghdr *nlh, size_t header_len, struct route_change *ret)
{
	struct nlget g = nlget_begin(nlh, header_len);

	if (g.is_malformed)
		return -EBADMSG;
	ret->family = (uint8_t)family_from_af(*payload(nlh));
	return ret->family == FAMILY_NONE ? -ENOMSG : 0;
}

/*
 * Settings of a device (forwarding, rp_filter) concern packets that arrive on it. The kernel
 * also sends such messages when a device comes or goes (__devinet_sysctl_register), so they
 * must not count for all devices. The defaults concern only devices that are not there yet.
 */
static int get_setting(const struct nlmsghdr *nlh, struct route_change *ret)
{
	struct netconf conf;
	int err = netconf_get(nlh, &conf);

	if (err)
		return err;
	if (conf.ifindex < 0 && conf.ifindex != NETCONF_ALL)
		return -ENOMSG;
	ret->family = conf.is_ip6 ? FAMILY_IP6 : FAMILY_IP4;
	ret->ifindex = conf.ifindex > 0 ? (uint32_t)conf.ifindex : 0;
	return 0;
}

int routechange_get(const struct nlmsghdr *nlh, struct route_change *ret)
{
	struct route_change change = { .family = FAMILY_NONE };
	int err = 0;

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		err = get_route(nlh, &change);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		err = get_family(nlh, sizeof(struct fib_rule_hdr), &change);
		change.is_hidden = true;
		break;
	case RTM_DELADDR:
		/* The kernel sends no event when it deletes the routes whose preferred source
		 * is this address (fib_sync_down_addr). It does announce the routes that it
		 * adds with an address, so RTM_NEWADDR is not needed. */
		err = get_family(nlh, sizeof(struct ifaddrmsg), &change);
		break;
	case RTM_NEWNEXTHOP:
		/* No route uses a new next hop yet. The message has the flags of the
		 * request (nexthop_notify). */
		err = nlh->nlmsg_flags & NLM_F_REPLACE ? 0 : -ENOMSG;
		break;
	case RTM_DELNEXTHOP:
	/* A bucket of a resilient group has another next hop, because no packet has used it for a while
	 * (nh_res_bucket_migrate). Look-ups show it. */
	case RTM_NEWNEXTHOPBUCKET:
		break;
	case RTM_NEWNETCONF:
		err = get_setting(nlh, &change);
		break;
	default:
		err = -ENOMSG;
		break;
	}
	if (!err)
		*ret = change;
	return err;
}
