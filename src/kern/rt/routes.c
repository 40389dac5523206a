/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/routes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/rt/rtobj.h"
#include "nl/nlbatch.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 1000

/* Holds the answers to all questions of a batch. */
#define RCVBUF_BYTES (512 * 1024)

struct routes {
	struct nlsock sock;
	struct nlbatch batch;
};

int routes_open(struct routes **ret)
{
	struct routes *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = nlsock_open(&r->sock, NETLINK_ROUTE, RCVBUF_BYTES);
	if (!err)
		err = nlbatch_init(&r->batch, &r->sock, ROUTES_LOOKUPS_MAX);
	if (err) {
		routes_close(r);
		return err;
	}
	*ret = r;
	return 0;
}

void routes_close(struct routes *r)
{
	if (!r)
		return;
	nlbatch_fini(&r->batch);
	nlsock_close(&r->sock);
	free(r);
}

static int put_query(struct nlput *w, const struct route_query *q)
{
	size_t len = addr_len((enum family)q->family);
	struct rtmsg header = {
		.rtm_family = (uint8_t)family_to_af((enum family)q->family),
		.rtm_dst_len = (uint8_t)(len * 8),
		.rtm_src_len = q->with_src ? (uint8_t)(len * 8) : 0,
		/* Else each IPv4 route seems to be in the main table (inet_rtm_getroute). For IPv6 the kernel
		 * always tells, and refuses the flag (inet6_rtm_valid_getroute_req). */
		.rtm_flags = q->family == FAMILY_IP4 ? RTM_F_LOOKUP_TABLE : 0,
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
	/* Policy rules and multipath hashes use the ports. The kernel accepts ports
	 * with these protocols only (rtm_getroute_parse_ip_proto). */
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

/* The address of the next hop. It is in RTA_VIA when its family is not that of the route. */
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
	struct route_answer answer = { .kind = get_kind(rtnl_route_get_type(route)),
				       .table = rtnl_route_get_table(route) };
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

/* The route has a lightweight tunnel (rt_fill_info, rt6_fill_node). The device of the answer is the one behind
 * it, so nothing else tells. */
static bool has_encap(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct rtmsg));

	return nlget_find(g, RTA_ENCAP_TYPE) || nlget_find(g, RTA_ENCAP);
}

/*
 * False for messages that libnl cannot be trusted with (rtnl_route_parse): it reads an
 * RTA_MULTIPATH entry of length 0 over and over until memory is used up, and copies -1 bytes of
 * an RTA_VIA without an address. The kernel's answers to look-ups have one next hop and complete
 * addresses.
 */
static bool is_sane(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct rtmsg));
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == RTA_MULTIPATH ||
		    (nlget_type(attr) == RTA_VIA && nlget_len(attr) <= sizeof(struct rtvia)))
			return false;
	}
	return !g.is_malformed;
}

int routes_get(const struct nlmsghdr *nlh, struct route_answer *ret)
{
	struct nl_object *object;
	int err;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return -ENOMSG;
	if (!is_sane(nlh))
		return -EBADMSG;
	if (has_encap(nlh)) {
		*ret = (struct route_answer){ .kind = ROUTE_ENCAP };
		return 0;
	}
	err = rtobj_get(nlh, &object);
	if (err)
		return err;
	*ret = make_answer((struct rtnl_route *)object);
	nl_object_put(object);
	return 0;
}

/*
 * True for the errors that mean that the kernel would not forward this packet: no
 * route; a route of type unreachable, prohibit or blackhole (inet_rtm_getroute and
 * inet6_rtm_getroute fail with the error of the route); the reverse path filter
 * (-EXDEV, fib_validate_source); a source address that is not valid on that device;
 * a device that is gone.
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

/* Where on_answer() stores answers; indexed by the request's number in the batch. */
struct lookups {
	struct route_lookup **asked;
	bool *is_answered;
};

static void on_answer(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	const struct lookups *l = ctx;

	if (routes_get(nlh, &l->asked[index]->answer) == 0)
		l->is_answered[index] = true;
}

/* Adds the question to the batch. False when that failed: l->err says why. */
static bool ask(struct routes *r, struct route_lookup *l)
{
	struct nlput *w = nlbatch_next(&r->batch);
	int index;

	*l = (struct route_lookup){ .query = l->query, .err = -EINVAL };
	if (l->query->family != FAMILY_IP4 && l->query->family != FAMILY_IP6)
		return false;
	l->err = put_query(w, l->query);
	if (l->err)
		return false;
	/* No ACK: on success the kernel answers with the route. */
	index = nlbatch_commit(&r->batch, false);
	l->err = MIN(index, 0);
	return index >= 0;
}

static void conclude(struct route_lookup *l, int err, bool is_answered)
{
	if (is_answer(err))
		l->answer = (struct route_answer){ .kind = ROUTE_NONE, .err = err };
	else if (err)
		l->err = err;
	else if (!is_answered)
		l->err = -EBADMSG;
}

void routes_lookup_many(struct routes *r, struct route_lookup lookup[], unsigned int n)
{
	struct route_lookup *asked[ROUTES_LOOKUPS_MAX];
	bool is_answered[ROUTES_LOOKUPS_MAX] = { false };
	struct lookups l = { asked, is_answered };
	unsigned int n_asked = 0;

	nlbatch_reset(&r->batch);
	for (unsigned int i = 0; i < n; i++) {
		if (ask(r, &lookup[i]))
			asked[n_asked++] = &lookup[i];
	}
	/* nlbatch_err() gives the result of each request. */
	IGNORE_RESULT(nlbatch_run(&r->batch, TIMEOUT_MS, on_answer, &l));
	for (unsigned int i = 0; i < n_asked; i++)
		conclude(asked[i], nlbatch_err(&r->batch, i), is_answered[i]);
}

int routes_lookup(struct routes *r, const struct route_query *query, struct route_answer *ret)
{
	struct route_lookup lookup = { .query = query };

	routes_lookup_many(r, &lookup, 1);
	if (!lookup.err)
		*ret = lookup.answer;
	return lookup.err;
}
