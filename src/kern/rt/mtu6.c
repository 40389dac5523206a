/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/mtu6.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kern/rt/rtobj.h"
#include "nl/nlget.h"

int mtu6_get(const struct nlmsghdr *nlh, uint32_t *ret_ifindex, uint32_t *ret_mtu)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ifinfomsg));
	const struct nlattr *info, *conf;
	struct ifinfomsg header;
	int32_t values[DEVCONF_MTU6 + 1];

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return -ENOMSG;
	if (g.is_malformed)
		return -EBADMSG;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	if (header.ifi_family != AF_INET6)
		return -ENOMSG;
	info = nlget_find(g, IFLA_PROTINFO);
	conf = info ? nlget_find(nlget_enter(info), IFLA_INET6_CONF) : NULL;
	if (!conf || nlget_len(conf) < sizeof(values))
		return -EBADMSG;
	memcpy(values, nlget_data(conf), sizeof(values));
	*ret_ifindex = (uint32_t)header.ifi_index;
	*ret_mtu = (uint32_t)values[DEVCONF_MTU6];
	return 0;
}

struct dump {
	mtu6_fn fn;
	void *ctx;
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct dump *dump = ctx;
	uint32_t ifindex, mtu;

	if (mtu6_get(nlh, &ifindex, &mtu) == 0)
		dump->fn(ifindex, mtu, dump->ctx);
}

/* A kernel without IPv6 sends messages of another family (rtnl_getlink), which are passed over. */
int mtu6_dump(mtu6_fn fn, void *ctx)
{
	const struct ifinfomsg all = { .ifi_family = AF_INET6 };
	struct dump dump = { .fn = fn, .ctx = ctx };

	return rtobj_dump(RTM_GETLINK, &all, sizeof(all), on_message, &dump);
}
