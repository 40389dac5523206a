/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <linux/lwtunnel.h>
#include <linux/mpls.h>
#include <linux/mpls_iptunnel.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/util.h"
#include "kern/rt/routechange.h"
#include "kern/rt/routes.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[1024];
	struct nlput w;
};

/* -- answers -------------------------------------------------------------- */

static void begin_route(struct msg *m, uint8_t family, uint8_t type)
{
	struct rtmsg header = { .rtm_family = family, .rtm_type = type, .rtm_flags = RTM_F_CLONED };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, RTM_NEWROUTE, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_u32(&m->w, RTA_TABLE, 254);
	nlput_u32(&m->w, RTA_OIF, 5);
}

static struct route_answer get_route(struct msg *m)
{
	struct route_answer answer;

	assert_int_equal(nlput_end(&m->w), 0);
	assert_int_equal(routes_get(nlput_msg(&m->w), &answer), 0);
	return answer;
}

static void route_with_gateway_and_mtu(void **state UNUSED)
{
	struct route_answer answer;
	struct nlput_nest nest;
	struct msg m;

	begin_route(&m, AF_INET, RTN_UNICAST);
	nlput_bytes(&m.w, RTA_GATEWAY, "\xc0\0\2\1", 4);
	nest = nlput_nest_begin(&m.w, RTA_METRICS);
	nlput_u32(&m.w, RTAX_MTU, 1400);
	nlput_nest_end(&m.w, nest);
	answer = get_route(&m);
	assert_int_equal(answer.kind, ROUTE_UNICAST);
	assert_int_equal(answer.err, 0);
	assert_int_equal(answer.oif, 5);
	assert_true(answer.has_gateway);
	assert_int_equal(answer.gateway_family, FAMILY_IP4);
	assert_memory_equal(answer.gateway.b, "\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(answer.mtu, 1400);
}

static void route_on_link(void **state UNUSED)
{
	struct route_answer answer;
	struct msg m;

	begin_route(&m, AF_INET6, RTN_UNICAST);
	answer = get_route(&m);
	assert_int_equal(answer.kind, ROUTE_UNICAST);
	assert_false(answer.has_gateway);
	assert_int_equal(answer.mtu, 0);
}

/* An IPv4 route over an IPv6 next hop. */
static void route_via_the_other_family(void **state UNUSED)
{
	static const unsigned char via[18] = { AF_INET6, 0, 0xfe, 0x80, [17] = 9 };
	struct route_answer answer;
	struct msg m;

	begin_route(&m, AF_INET, RTN_UNICAST);
	nlput_bytes(&m.w, RTA_VIA, via, sizeof(via));
	answer = get_route(&m);
	assert_true(answer.has_gateway);
	assert_int_equal(answer.gateway_family, FAMILY_IP6);
	assert_memory_equal(answer.gateway.b, via + 2, 16);
}

static void next_hops_that_break_the_library(void **state UNUSED)
{
	static const struct rtnexthop none = { .rtnh_len = 0 };
	struct route_answer answer;
	struct msg m;

	begin_route(&m, AF_INET, RTN_UNICAST);
	nlput_bytes(&m.w, RTA_MULTIPATH, &none, sizeof(none));
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(routes_get(nlput_msg(&m.w), &answer), -EBADMSG);
	begin_route(&m, AF_INET, RTN_UNICAST);
	nlput_bytes(&m.w, RTA_VIA, "\x0a", 1);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(routes_get(nlput_msg(&m.w), &answer), -EBADMSG);
}

static void route_that_encapsulates(void **state UNUSED)
{
	static const struct mpls_label label = { .entry = 0 };
	struct nlput_nest nest;
	struct msg m;

	begin_route(&m, AF_INET, RTN_UNICAST);
	nlput_bytes(&m.w, RTA_GATEWAY, "\xc0\0\2\1", 4);
	nlput_u16(&m.w, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_MPLS);
	nest = nlput_nest_begin(&m.w, RTA_ENCAP);
	nlput_bytes(&m.w, MPLS_IPTUNNEL_DST, &label, sizeof(label));
	nlput_nest_end(&m.w, nest);
	assert_int_equal(get_route(&m).kind, ROUTE_ENCAP);
	/* A kind that libnl does not know. */
	begin_route(&m, AF_INET6, RTN_UNICAST);
	nlput_u16(&m.w, RTA_ENCAP_TYPE, 99);
	assert_int_equal(get_route(&m).kind, ROUTE_ENCAP);
}

static void kinds_of_routes(void **state UNUSED)
{
	static const struct {
		uint8_t type;
		enum route_kind kind;
	} cases[] = {
		{ RTN_UNICAST, ROUTE_UNICAST }, { RTN_LOCAL, ROUTE_LOCAL },
		{ RTN_BROADCAST, ROUTE_OTHER }, { RTN_MULTICAST, ROUTE_OTHER },
		{ RTN_ANYCAST, ROUTE_OTHER },   { RTN_BLACKHOLE, ROUTE_OTHER },
	};
	struct route_answer answer;
	struct msg m;

	for (size_t i = 0; i < array_size(cases); i++) {
		begin_route(&m, AF_INET, cases[i].type);
		assert_int_equal(get_route(&m).kind, cases[i].kind);
	}
	nlput_begin(&m.w, RTM_DELROUTE, 0);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_int_equal(routes_get(nlput_msg(&m.w), &answer), -ENOMSG);
}

static void real_lookup(void **state UNUSED)
{
	struct route_query query = { .family = FAMILY_IP4,
				     .proto = L4_TCP,
				     .sport = 1,
				     .dport = 2,
				     .dst = { { 127, 0, 0, 1 } } };
	struct route_answer answer;
	struct routes *routes;

	if (routes_open(&routes))
		unit_return_because("no route socket");
	/* If the loopback interface is down, there is no such route. */
	assert_int_equal(routes_lookup(routes, &query, &answer), 0);
	assert_true(answer.kind == ROUTE_LOCAL ? answer.oif == 1 && answer.err == 0 && answer.table
					       : answer.kind == ROUTE_NONE && answer.err < 0);
	/* A source address that is not valid. */
	query.dst = (struct addr){ { 0 } };
	query.src = (struct addr){ { 224, 0, 0, 1 } };
	query.with_src = true;
	assert_int_equal(routes_lookup(routes, &query, &answer), 0);
	assert_int_equal(answer.kind, ROUTE_NONE);
	assert_int_equal(answer.err, -EINVAL);
	/* A device that does not exist. */
	query = (struct route_query){ .family = FAMILY_IP6,
				      .proto = 58,
				      .iif = 0x7ffffff0,
				      .dst = { { 0x20, 1, 0xd, 0xb8, 1 } } };
	assert_int_equal(routes_lookup(routes, &query, &answer), 0);
	assert_int_equal(answer.kind, ROUTE_NONE);
	assert_int_equal(answer.err, -ENODEV);
	query.family = FAMILY_NONE;
	assert_int_equal(routes_lookup(routes, &query, &answer), -EINVAL);
	routes_close(routes);
	routes_close(NULL);
}

/* -- changes of routes ---------------------------------------------------- */

static void put_route(struct msg *m, uint16_t type, uint8_t family, uint8_t len, const char *dst)
{
	struct rtmsg header = { .rtm_family = family, .rtm_dst_len = len };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	if (dst)
		nlput_bytes(&m->w, RTA_DST, dst, family == AF_INET ? 4 : 16);
	assert_int_equal(nlput_end(&m->w), 0);
}

static void put_bare(struct msg *m, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, flags);
	nlput_header(&m->w, header, len);
	assert_int_equal(nlput_end(&m->w), 0);
}

static void changed_routes(void **state UNUSED)
{
	static const char header[12] = { AF_INET6 };
	struct route_change c = { .len = 77 };
	struct msg m;

	put_route(&m, RTM_NEWROUTE, AF_INET, 24, "\xc0\0\2\0");
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_IP4);
	assert_int_equal(c.len, 24);
	assert_int_equal(c.prefix.b[0], 192);
	assert_int_equal(c.ifindex, 0);
	/* A default route has no destination. */
	put_route(&m, RTM_DELROUTE, AF_INET6, 0, NULL);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_IP6);
	assert_int_equal(c.len, 0);
	c.len = 77;
	put_route(&m, RTM_NEWROUTE, AF_INET, 33, "\xc0\0\2\0");
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), -EBADMSG);
	put_route(&m, RTM_NEWROUTE, 99, 8, NULL);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), -ENOMSG);
	/* New objects that no route uses yet. */
	put_bare(&m, RTM_NEWADDR, 0, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), -ENOMSG);
	put_bare(&m, RTM_NEWNEXTHOP, NLM_F_CREATE, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), -ENOMSG);
	assert_int_equal(c.len, 77);
	put_bare(&m, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_NONE);
	c.len = 77;
	put_bare(&m, RTM_NEWNEXTHOPBUCKET, NLM_F_REPLACE, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_NONE);
	assert_int_equal(c.len, 0);
	put_bare(&m, RTM_DELADDR, 0, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_IP6);
	assert_int_equal(c.len, 0);
	put_bare(&m, RTM_NEWRULE, 0, header, 12);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), 0);
	assert_int_equal(c.family, FAMILY_IP6);
	put_bare(&m, RTM_NEWRULE, 0, header, 8);
	assert_int_equal(routechange_get(nlput_msg(&m.w), &c), -EBADMSG);
}

static void changed_settings(void **state UNUSED)
{
	static const struct {
		int32_t ifindex;
		int err;
		uint32_t device;
	} cases[] = {
		{ NETCONFA_IFINDEX_ALL, 0, 0 },
		{ NETCONFA_IFINDEX_DEFAULT, -ENOMSG, 0 },
		{ 5, 0, 5 },
	};
	struct netconfmsg header = { .ncm_family = AF_INET };

	for (size_t i = 0; i < array_size(cases); i++) {
		struct route_change c;
		struct msg m;

		put_bare(&m, RTM_NEWNETCONF, 0, &header, sizeof(header));
		nlput_u32(&m.w, NETCONFA_IFINDEX, (uint32_t)cases[i].ifindex);
		assert_int_equal(nlput_end(&m.w), 0);
		assert_int_equal(routechange_get(nlput_msg(&m.w), &c), cases[i].err);
		if (cases[i].err == 0)
			assert_int_equal(c.ifindex, cases[i].device);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_with_gateway_and_mtu),
		cmocka_unit_test(route_on_link),
		cmocka_unit_test(route_via_the_other_family),
		cmocka_unit_test(next_hops_that_break_the_library),
		cmocka_unit_test(route_that_encapsulates),
		cmocka_unit_test(kinds_of_routes),
		cmocka_unit_test(real_lookup),
		cmocka_unit_test(changed_routes),
		cmocka_unit_test(changed_settings),
	};

	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
