/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/rtwatch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/util.h"
#include "kern/rt/bridges.h"
#include "kern/rt/links.h"
#include "kern/rt/mtu6.h"
#include "kern/rt/neighs.h"
#include "kern/rt/netconf.h"
#include "kern/rt/routechange.h"
#include "nl/nlsock.h"

struct rtwatch {
	struct nlsock sock;
	struct rtwatch_callbacks cb;
	bool is_lost; /* rtwatch_read() met a message that could not be decoded */
};

int rtwatch_open(struct rtwatch **ret, int rcvbuf_bytes, const struct rtwatch_callbacks *callbacks)
{
	static const unsigned int groups[] = {
		RTNLGRP_LINK,        RTNLGRP_NEIGH,       RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NEXTHOP,
		RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_BRVLAN,
		RTNLGRP_IPV6_IFINFO,
	};
	struct rtwatch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->cb = *callbacks;
	err = nlsock_open(&w->sock, NETLINK_ROUTE, rcvbuf_bytes);
	if (!err)
		err = nlsock_set_nonblock(&w->sock);
	for (size_t i = 0; i < array_size(groups) && !err; i++)
		err = nlsock_join(&w->sock, groups[i]);
	if (err) {
		rtwatch_close(w);
		return err;
	}
	*ret = w;
	return 0;
}

void rtwatch_close(struct rtwatch *w)
{
	if (!w)
		return;
	nlsock_close(&w->sock);
	free(w);
}

int rtwatch_fd(const struct rtwatch *w)
{
	return nlsock_fd(&w->sock);
}

int rtwatch_grow(struct rtwatch *w, int limit_bytes)
{
	return nlsock_grow(&w->sock, limit_bytes);
}

static void on_link(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	struct link link;
	int err = links_get(nlh, &link);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else if (nlh->nlmsg_type == RTM_DELLINK)
		w->cb.link_gone(link.ifindex, w->cb.ctx);
	else
		w->cb.link(&link, w->cb.ctx);
}

static void on_mtu6(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	uint32_t ifindex, mtu;
	int err = mtu6_get(nlh, &ifindex, &mtu);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else
		w->cb.mtu6(ifindex, mtu, w->cb.ctx);
}

static void on_neigh(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	struct neigh neigh;
	int err = neighs_get(nlh, &neigh);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else if (nlh->nlmsg_type == RTM_DELNEIGH)
		w->cb.neigh_gone(&neigh, w->cb.ctx);
	else
		w->cb.neigh(&neigh, w->cb.ctx);
}

static void on_station(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	struct station station;
	int err = bridges_get_station(nlh, &station);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else
		w->cb.station(&station, w->cb.ctx);
}

static void on_netconf(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	struct netconf conf;
	int err = netconf_get(nlh, &conf);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else if (conf.is_ip6 && conf.ifindex == NETCONF_ALL && conf.has_forwarding)
		w->cb.forwards_ip6(conf.is_forwarding, w->cb.ctx);
}

static void on_route(struct rtwatch *w, const struct nlmsghdr *nlh)
{
	struct route_change change;
	int err = routechange_get(nlh, &change);

	if (err == -ENOMSG)
		return;
	if (err)
		w->is_lost = true;
	else
		w->cb.routes(&change, w->cb.ctx);
}

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct rtwatch *w = ctx;

	if (bridges_have_changed(nlh)) {
		w->cb.bridges(w->cb.ctx);
		return;
	}
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(w, nlh);
		on_mtu6(w, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		on_neigh(w, nlh);
		on_station(w, nlh);
		break;
	case RTM_NEWNETCONF:
		on_netconf(w, nlh);
		on_route(w, nlh);
		break;
	default: on_route(w, nlh); break;
	}
}

int rtwatch_read(struct rtwatch *w, unsigned int budget)
{
	int n;

	w->is_lost = false;
	n = nlsock_recv_many(&w->sock, budget, on_message, w);
	return w->is_lost && n >= 0 ? -ENOBUFS : n;
}
