/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/rtobj.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 1000

struct routes {
	struct nlsock sock;
};

int routes_open(struct routes **ret)
{
	struct routes *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = nlsock_open(&r->sock, NETLINK_ROUTE, 0);
	if (err) {
		free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void routes_close(struct routes *r)
{
	if (!r)
		return;
	nlsock_close(&r->sock);
	free(r);
}

static int put_query(struct nlput *w, const struct route_query *q)
{
	size_t len = addr_len((enum family)q->family);
	struct rtmsg header = {
		.rtm_family = q->family == FAMILY_IP4 ? AF_INET : AF_INET6,
		.rtm_dst_len = (uint8_t)(len * 8),
		.rtm_src_len = q->with_src ? (uint8_t)(len * 8) : 0,
	};

	nlput_begin(w, RTM_GETROUTE, 0);
	nlput_header(w, &header, sizeof(header));
	nlput_bytes(w, RTA_DST, q->dst.b, len);
	if (q->with_src)
		nlput_bytes(w, RTA_SRC, q->src.b, len);
	if (q->iif)
		nlput_u32(w, RTA_IIF, q->iif);
	if (q->mark)
		nlput_u32(w, RTA_MARK, q->mark);
	/* Ports are for policy rules and multipath hashes; the kernel takes them
	 * with these two protocols only (rtm_getroute_parse_ip_proto). */
	if (q->proto == L4_TCP || q->proto == L4_UDP) {
		nlput_u8(w, RTA_IP_PROTO, q->proto);
		nlput_be16(w, RTA_SPORT, q->sport);
		nlput_be16(w, RTA_DPORT, q->dport);
	}
	return nlput_end(w);
}

static uint8_t get_kind(uint8_t type)
{
	return type == RTN_UNICAST ? ROUTE_UNICAST : type == RTN_LOCAL ? ROUTE_LOCAL : ROUTE_OTHER;
}

/* The next hop's address; RTA_VIA where its family is not the route's. */
static void get_gateway(struct rtnl_nexthop *hop, struct route_answer *ret)
{
	const struct nl_addr *addr = rtnl_route_nh_get_gateway(hop);
	int af;

	if (!addr)
		addr = rtnl_route_nh_get_via(hop);
	if (!addr)
		return;
	af = nl_addr_get_family(addr);
	ret->gateway_family = af == AF_INET ? FAMILY_IP4 : FAMILY_IP6;
	if (nl_addr_get_len(addr) != addr_len((enum family)ret->gateway_family))
		return;
	memcpy(ret->gateway.b, nl_addr_get_binary_addr(addr), nl_addr_get_len(addr));
	ret->has_gateway = true;
}

static struct route_answer make_answer(struct rtnl_route *route)
{
	struct route_answer answer = { .kind = get_kind(rtnl_route_get_type(route)) };
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	uint32_t mtu;

	if (hop) {
		answer.oif = (uint32_t)rtnl_route_nh_get_ifindex(hop);
		get_gateway(hop, &answer);
	}
	if (rtnl_route_get_metric(route, RTAX_MTU, &mtu) == 0)
		answer.mtu = mtu;
	return answer;
}

int routes_get(const struct nlmsghdr *nlh, struct route_answer *ret)
{
	struct nl_object *object;
	int err;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return -ENOMSG;
	err = rtobj_get(nlh, &object);
	if (err)
		return err;
	*ret = make_answer((struct rtnl_route *)object);
	nl_object_put(object);
	return 0;
}

/* Where the answer goes. */
struct lookup {
	struct route_answer answer;
	bool is_answered;
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct lookup *lookup = ctx;

	if (routes_get(nlh, &lookup->answer) == 0)
		lookup->is_answered = true;
}

/*
 * What the kernel says when it has no route for this packet: no route and the
 * route types unreachable, prohibit and blackhole (both inet_rtm_getroute and
 * inet6_rtm_getroute fail with the route's own error), reverse path filter
 * (-EXDEV, fib_validate_source), an address that cannot arrive there, and a
 * device that is gone.
 */
static bool is_answer(int err)
{
	static const int errors[] = {
		-ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL, -EXDEV, -ENODEV, -ENETDOWN,
	};

	for (size_t i = 0; i < array_size(errors); i++) {
		if (err == errors[i])
			return true;
	}
	return false;
}

int routes_lookup(struct routes *r, const struct route_query *query, struct route_answer *ret)
{
	_Alignas(4) unsigned char buf[256];
	struct lookup lookup = { .is_answered = false };
	struct nlput w;
	int err;

	if (query->family != FAMILY_IP4 && query->family != FAMILY_IP6)
		return -EINVAL;
	nlput_init(&w, buf, sizeof(buf), 0);
	err = put_query(&w, query);
	if (!err)
		err = nlsock_query(&r->sock, nlput_msg(&w), TIMEOUT_MS, on_message, &lookup, NULL);
	if (is_answer(err)) {
		*ret = (struct route_answer){ .kind = ROUTE_NONE, .err = err };
		return 0;
	}
	if (err)
		return err;
	if (!lookup.is_answered)
		return -EBADMSG;
	*ret = lookup.answer;
	return 0;
}
