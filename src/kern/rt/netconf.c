/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/netconf.h"

#include <errno.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 5000

_Static_assert(NETCONF_ALL == NETCONFA_IFINDEX_ALL, "the kernel's number");

int netconf_get(const struct nlmsghdr *nlh, struct netconf *ret)
{
	struct netconf conf = { .ifindex = 0 };
	const struct nlattr *attr;
	struct netconfmsg header;
	struct nlget g;

	if (nlh->nlmsg_type != RTM_NEWNETCONF)
		return -ENOMSG;
	g = nlget_begin(nlh, sizeof(header));
	if (g.is_malformed)
		return -EBADMSG;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	if (header.ncm_family != AF_INET && header.ncm_family != AF_INET6)
		return -ENOMSG;
	conf.is_ip6 = header.ncm_family == AF_INET6;
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NETCONFA_IFINDEX:
			conf.ifindex = (int32_t)nlget_u32(&g, attr);
			break;
		case NETCONFA_FORWARDING:
			conf.has_forwarding = true;
			conf.is_forwarding = nlget_u32(&g, attr);
			break;
		}
	}
	if (g.is_malformed)
		return -EBADMSG;
	*ret = conf;
	return 0;
}

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct netconf *conf = ctx, got;

	if (netconf_get(nlh, &got) == 0)
		*conf = got;
}

int netconf_ask_ip6(bool *ret_is_forwarding)
{
	const struct netconfmsg header = { .ncm_family = AF_INET6 };
	struct netconf conf = { .ifindex = 0 };
	_Alignas(4) unsigned char buf[64];
	struct nlsock sock;
	struct nlput w;
	int err = nlsock_open(&sock, NETLINK_ROUTE, 0);

	if (err)
		return err;
	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETNETCONF, 0);
	nlput_header(&w, &header, sizeof(header));
	nlput_u32(&w, NETCONFA_IFINDEX, (uint32_t)NETCONF_ALL);
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(&sock, nlput_msg(&w), TIMEOUT_MS, on_answer, &conf, NULL);
	nlsock_close(&sock);
	/* The kernel has no IPv6 (rtnetlink_rcv_msg). */
	if (err == -EOPNOTSUPP) {
		*ret_is_forwarding = true;
		return 0;
	}
	if (!err && !conf.has_forwarding)
		err = -EBADMSG;
	if (!err)
		*ret_is_forwarding = conf.is_forwarding;
	return err;
}
