/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes-lab - asks the fake kernel of the tests (fake/fakekernel.h) and the real kernel for the
 * same routes, and compares their answers.
 *
 * Makes a random configuration of links and routes from a seed. It puts the configuration into
 * the fake kernel, and prints it as commands for "ip -batch", which the case puts into the real
 * one. Then it asks both the same random questions. Step 0 is the configuration from which the
 * seed begins. Step 1 replaces and deletes some of it.
 *
 * Routes of struct fake_route that are only for some packets are in a table of their own, to which
 * a rule of "ip rule" leads. The order of the rules is that of rank() in fakekernel.c.
 *
 * Not compared, because no fake kernel of a test has it:
 * - routes of kind ROUTE_OTHER, such as those of broadcast addresses;
 * - VRFs that are deleted, and policy rules for the devices in them;
 * - local routes that are only for some packets or have an MTU;
 * - links that are administratively down, which lose their routes (fib_disable_ip); a fake link
 *   that is not up has no carrier;
 * - questions with a source but without a device, for which IPv4 has a check of its own
 *   (ip_route_output_key_hash_rcu), and the reverse (ip_route_input_slow). The engine asks neither.
 *
 * No look-up has a TOS, so the routes for packets with a TOS are only seen not to match.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/path/path.h"
#include "fake/fakekernel.h"
#include "kern/rt/routes.h"
#include "splitmix.h"

static const char usage[] =
	"usage: routes-lab SEED STEP links|4|6|ask\n"
	"  links   the links of this step (0 or 1), for ip -batch\n"
	"  4, 6    its routes and rules, for ip -4 -batch and ip -6 -batch\n"
	"  ask     ask both kernels; print differences, and the numbers of answers of each kind\n"
	"Exits with 1 if an answer is different.\n";

#define FIRST_DEV 11
#define LAST_DEV 16
#define LAST_PLAIN 14 /* the devices behind it are in the VRF, if there is one */
#define VRF 20
#define GONE FIRST_DEV /* step 1 deletes this device */
#define NO_DEV 99
#define NETS 4
#define MAIN_TABLE 254
#define N_SELECTORS 10
#define N_ROUTES 22 /* of each family */
#define N_QUESTIONS 300
#define N_AT_ONCE 100 /* up to ROUTES_LOOKUPS_MAX */
#define N_WALKS 100
#define MAX_SHOWN 20

/* The packets for which the routes of a table are. */
struct selector {
	bool has_tos;
	uint32_t iif, mark; /* 0 = any */
};

enum tally {
	TALLY_ASKED,
	TALLY_DIRECT,
	TALLY_GATEWAY,
	TALLY_OTHER_GATEWAY, /* of the other family */
	TALLY_MTU,
	TALLY_LOCAL,
	TALLY_ENCAP,
	TALLY_NO_ROUTE,
	TALLY_UNREACHABLE,
	TALLY_PROHIBIT,
	TALLY_BLACKHOLE,
	TALLY_SOURCE, /* refused for its source */
	TALLY_NO_DEVICE,
	TALLY_NO_CARRIER, /* the device of the answer has none */
	TALLY_BY_MARK,    /* without the mark, the answer is another */
	TALLY_BY_DEVICE,
	TALLY_BY_VRF, /* the packet arrives on a device in the VRF, and its table decides */
	TALLY_FOUND,  /* walks that end with a path */
	TALLY__COUNT,
};

static const char *const tally_names[TALLY__COUNT] = {
	[TALLY_ASKED] = "asked",
	[TALLY_DIRECT] = "direct",
	[TALLY_GATEWAY] = "gateway",
	[TALLY_OTHER_GATEWAY] = "gateway-of-other-family",
	[TALLY_MTU] = "mtu",
	[TALLY_LOCAL] = "local",
	[TALLY_ENCAP] = "encap",
	[TALLY_NO_ROUTE] = "no-route",
	[TALLY_UNREACHABLE] = "unreachable",
	[TALLY_PROHIBIT] = "prohibit",
	[TALLY_BLACKHOLE] = "blackhole",
	[TALLY_SOURCE] = "own-source",
	[TALLY_NO_DEVICE] = "no-device",
	[TALLY_NO_CARRIER] = "no-carrier",
	[TALLY_BY_MARK] = "by-mark",
	[TALLY_BY_DEVICE] = "by-device",
	[TALLY_BY_VRF] = "by-vrf",
	[TALLY_FOUND] = "walks-found",
};

struct lab {
	struct splitmix random;
	struct fake kernel;
	struct routes *routes;
	const char *wanted; /* what to print */
	bool is_wanted;     /* this is the step that is wanted */
	bool has_vrf;
	struct selector selector[N_SELECTORS];
	unsigned int n_selectors;
	unsigned int n[TALLY__COUNT];
	unsigned int n_different;
};

static const uint32_t marks[] = { 1, 2, 0x1001, 0x80000001 };

static int die(const char *what, int err)
{
	fprintf(stderr, "routes-lab: %s: %s\n", what, strerror(-err));
	exit(2);
}

static uint32_t below(struct lab *l, uint32_t n)
{
	return splitmix_below(&l->random, n);
}

static bool one_in(struct lab *l, uint32_t n)
{
	return below(l, n) == 0;
}

/* Prints a command for the real kernel, if it is of the batch that is wanted. */
PRINTF_LIKE(3, 4) static void say(const struct lab *l, const char *batch, const char *fmt, ...)
{
	va_list args;

	if (!l->is_wanted || strcmp(l->wanted, batch))
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

static const char *batch_of(uint8_t family)
{
	return family == FAMILY_IP4 ? "4" : "6";
}

static unsigned int bits_of(uint8_t family)
{
	return 8 * addr_len((enum family)family);
}

/* -- links ---------------------------------------------------------------- */

static bool is_in_vrf(const struct lab *l, uint32_t ifindex)
{
	return l->has_vrf && ifindex > LAST_PLAIN && ifindex <= LAST_DEV;
}

static void put_link(struct lab *l, uint32_t ifindex, const char *name, bool is_up)
{
	struct link link = { .ifindex = ifindex,
			     .mtu = 1500,
			     .vrf = is_in_vrf(l, ifindex) ? VRF : 0,
			     .is_up = is_up,
			     .is_ether = true };

	snprintf(link.name, sizeof(link.name), "%s", name);
	fake_put_link(&l->kernel, &link);
}

/* A device that gets a master goes down for a moment (cycle_netdev), so the links come before the
 * routes. */
static void put_links(struct lab *l)
{
	char name[LINK_NAME_SIZE];

	l->has_vrf = !one_in(l, 4);
	if (l->has_vrf) {
		put_link(l, VRF, "blue", true);
		say(l, "links", "link add blue index %u type vrf table %u\nlink set blue up\n", VRF,
		    VRF);
	}
	for (uint32_t i = FIRST_DEV; i <= LAST_DEV; i++) {
		bool is_up = !one_in(l, 4);

		snprintf(name, sizeof(name), "d%u", i);
		put_link(l, i, name, is_up);
		say(l, "links", "link add %s index %u type dummy\n", name, i);
		if (is_in_vrf(l, i))
			say(l, "links", "link set %s master blue\n", name);
		say(l, "links", "link set %s up\n", name);
		if (!is_up)
			say(l, "links", "link set %s carrier off\n", name);
	}
}

/* Any device, or one in the VRF. */
static uint32_t any_device(struct lab *l, bool in_vrf)
{
	for (;;) {
		uint32_t i = FIRST_DEV + below(l, LAST_DEV - FIRST_DEV + 1);

		if (fake_find_link(&l->kernel, i) && (!in_vrf || is_in_vrf(l, i)))
			return i;
	}
}

/* -- addresses ------------------------------------------------------------ */

/* As those of random worlds: 10.0.n.h, fd00:n::h. */
static struct addr address(uint8_t family, unsigned int net, unsigned int host)
{
	if (family == FAMILY_IP4)
		return (struct addr){ { 10, 0, (uint8_t)net, (uint8_t)host } };
	return (struct addr){ { 0xfd, 0, 0, (uint8_t)net, [15] = (uint8_t)host } };
}

/* No route leads to the gateways: then the kernel accepts them on each device, with "onlink"
 * (fib_check_nh_v4_gw, ip6_route_check_nh_onlink). */
static struct addr gateway(uint8_t family, uint32_t ifindex)
{
	if (family == FAMILY_IP4)
		return (struct addr){ { 192, 168, (uint8_t)ifindex, 1 } };
	return (struct addr){ { 0xfc, 1, 0, (uint8_t)ifindex, [15] = 1 } };
}

static struct addr any_host(struct lab *l, uint8_t family)
{
	unsigned int net = below(l, NETS);

	return address(family, net, 1 + below(l, 3));
}

/* An address that this route is for. */
static struct addr in_prefix(struct lab *l, const struct fake_route *r)
{
	struct addr addr = r->prefix;

	for (unsigned int bit = r->len; bit < bits_of(r->family); bit++)
		addr.b[bit / 8] |= (uint8_t)(below(l, 2) << (7 - bit % 8));
	return addr;
}

static struct addr any_address(struct lab *l, uint8_t family)
{
	const struct fake_route *r = &l->kernel.route[below(l, l->kernel.n_routes)];

	switch (below(l, 8)) {
	case 0: return address(family, below(l, NETS), 254);
	case 1: /* in no net */
		return family == FAMILY_IP4 ? (struct addr){ { 10, 200, 0, 1 } }
					    : (struct addr){ { 0xfd, 0, 200, [15] = 1 } };
	case 2:
	case 3:
	case 4:
		/* Not in a default route, which is also for addresses of other kinds. */
		if (r->family == family && r->len)
			return in_prefix(l, r);
		break;
	default: break;
	}
	return any_host(l, family);
}

/* -- rules ---------------------------------------------------------------- */

static uint32_t table_of(const struct lab *l, const struct selector *s)
{
	unsigned int n = (unsigned int)(s - l->selector);

	return n == 0 ? MAIN_TABLE : s->iif == VRF ? VRF : 1000 + n;
}

static bool is_selector(const struct lab *l, const struct selector *s)
{
	for (unsigned int i = 0; i < l->n_selectors; i++) {
		const struct selector *old = &l->selector[i];

		if (old->has_tos == s->has_tos && old->iif == s->iif && old->mark == s->mark)
			return true;
	}
	return false;
}

/* The rules before the one for VRFs (1000, vrf_add_fib_rules) are those with an input device. No
 * packet that they are for arrives in the VRF, so the order among them does not matter. */
static void say_rule(const struct lab *l, const struct selector *s, uint8_t family)
{
	const char *batch = batch_of(family);
	unsigned int rank = (s->has_tos ? 4u : 0) + (s->iif ? 2u : 0) + (s->mark ? 1u : 0);

	say(l, batch, "rule add pref %u", 150 * (8 - rank) + (unsigned int)(s - l->selector));
	if (s->has_tos)
		say(l, batch, " tos 0x10");
	if (s->iif)
		say(l, batch, " iif d%u", s->iif);
	if (s->mark)
		say(l, batch, " fwmark 0x%x", s->mark);
	say(l, batch, " lookup %u\n", table_of(l, s));
}

/* The first selector is that of the main table, the second may be that of the VRF. */
static void put_rules(struct lab *l)
{
	l->n_selectors = 1;
	if (l->has_vrf)
		l->selector[l->n_selectors++].iif = VRF;
	while (l->n_selectors < N_SELECTORS) {
		struct selector *s = &l->selector[l->n_selectors];

		*s = (struct selector){ .has_tos = one_in(l, 8) };
		if (one_in(l, 2))
			s->iif = FIRST_DEV + below(l, LAST_PLAIN - FIRST_DEV + 1);
		if (one_in(l, 2))
			s->mark = marks[below(l, array_size(marks))];
		if (is_selector(l, s))
			continue;
		l->n_selectors++;
		say_rule(l, s, FAMILY_IP4);
		say_rule(l, s, FAMILY_IP6);
	}
}

/* -- routes --------------------------------------------------------------- */

static const struct selector *selector_of(const struct lab *l, const struct fake_route *r)
{
	const struct selector *s = l->selector;

	while (s->has_tos != r->has_tos || s->iif != r->iif || s->mark != r->mark)
		s++;
	return s;
}

static const char *prefix_to_str(const struct fake_route *r, char buf[ADDR_STR_SIZE + 4])
{
	addr_to_str((enum family)r->family, &r->prefix, buf);
	snprintf(buf + strlen(buf), 5, "/%u", r->len);
	return buf;
}

/* Local addresses are on the loopback device, so they do not go with another device. */
static void say_local(const struct lab *l, const struct fake_route *r, const char *verb)
{
	char prefix[ADDR_STR_SIZE + 4];

	say(l, batch_of(r->family), "addr %s %s dev lo\n", verb, prefix_to_str(r, prefix));
}

static const char *type_of(const struct route_answer *a)
{
	if (a->kind != ROUTE_NONE)
		return "";
	return a->err == -EHOSTUNREACH ? "unreachable "
	       : a->err == -EACCES     ? "prohibit "
				       : "blackhole ";
}

static void say_route(const struct lab *l, const struct fake_route *r)
{
	const char *batch = batch_of(r->family);
	const struct route_answer *a = &r->answer;
	char text[ADDR_STR_SIZE + 4];

	say(l, batch, "route replace %s%s table %u", type_of(a), prefix_to_str(r, text),
	    table_of(l, selector_of(l, r)));
	if (a->kind == ROUTE_ENCAP)
		say(l, batch, " encap %s id 7 dst %s", r->family == FAMILY_IP4 ? "ip" : "ip6",
		    r->family == FAMILY_IP4 ? "192.168.99.1" : "fc01:99::1");
	if (a->has_gateway)
		say(l, batch, " via %s %s onlink",
		    a->gateway_family == FAMILY_IP4 ? "inet" : "inet6",
		    addr_to_str((enum family)a->gateway_family, &a->gateway, text));
	if (a->oif)
		say(l, batch, " dev d%u", a->oif);
	if (a->mtu)
		say(l, batch, " mtu %u", a->mtu);
	say(l, batch, "\n");
}

static void set_answer(struct lab *l, struct fake_route *r)
{
	static const int errors[] = { -EHOSTUNREACH, -EACCES, -EINVAL };
	struct route_answer *a = &r->answer;

	*a = (struct route_answer){ .kind = ROUTE_UNICAST };
	if (one_in(l, 5)) {
		a->kind = ROUTE_NONE;
		a->err = errors[below(l, array_size(errors))];
		return;
	}
	a->oif = any_device(l, r->iif == VRF);
	if (one_in(l, 10)) {
		a->kind = ROUTE_ENCAP;
		return;
	}
	a->has_gateway = one_in(l, 2);
	if (a->has_gateway) {
		a->gateway_family = one_in(l, 3) ? FAMILY_IP6 : r->family;
		a->gateway = gateway(a->gateway_family, a->oif);
	}
	if (one_in(l, 3))
		a->mtu = 1280 + below(l, 200);
}

/* Half of the routes are in the main table. */
static struct fake_route random_route(struct lab *l, uint8_t family)
{
	static const uint8_t lens[][8] = { { 0, 8, 16, 22, 24, 24, 25, 32 },
					   { 0, 16, 32, 48, 64, 64, 65, 128 } };
	const struct selector *s = &l->selector[one_in(l, 2) ? 0 : below(l, l->n_selectors)];
	struct addr host = any_host(l, family);
	struct fake_route r = {
		.family = family, .iif = s->iif, .mark = s->mark, .has_tos = s->has_tos
	};

	r.len = lens[family == FAMILY_IP6][below(l, 8)];
	r.prefix = addr_prefix(&host, r.len);
	set_answer(l, &r);
	return r;
}

/* An address of the router itself. Sometimes there is also a route to it, which is never used. */
static struct fake_route local_route(struct lab *l, uint8_t family, unsigned int net)
{
	struct fake_route r = { .family = family,
				.len = (uint8_t)bits_of(family),
				.prefix = address(family, net, 254) };

	if (one_in(l, 4)) {
		set_answer(l, &r);
		fake_put_route(&l->kernel, &r);
		say_route(l, &r);
	}
	r.answer = (struct route_answer){ .kind = ROUTE_LOCAL, .oif = 1 };
	return r;
}

static void put_route(struct lab *l, const struct fake_route *r)
{
	fake_put_route(&l->kernel, r);
	if (r->answer.kind == ROUTE_LOCAL)
		say_local(l, r, "replace");
	else
		say_route(l, r);
}

static void put_routes(struct lab *l, uint8_t family)
{
	for (unsigned int net = 0; net < NETS; net++) {
		struct fake_route r = local_route(l, family, net);

		put_route(l, &r);
	}
	for (unsigned int i = 0; i < N_ROUTES; i++) {
		struct fake_route r = random_route(l, family);

		put_route(l, &r);
	}
}

static void del_route(struct lab *l)
{
	struct fake_route r = l->kernel.route[below(l, l->kernel.n_routes)];
	char prefix[ADDR_STR_SIZE + 4];

	if (r.answer.kind == ROUTE_LOCAL)
		say_local(l, &r, "del");
	else
		say(l, batch_of(r.family), "route del %s table %u\n", prefix_to_str(&r, prefix),
		    table_of(l, selector_of(l, &r)));
	fake_del_route(&l->kernel, &r);
}

/* -- steps ---------------------------------------------------------------- */

static void begin(struct lab *l)
{
	put_links(l);
	put_rules(l);
	put_routes(l, FAMILY_IP4);
	put_routes(l, FAMILY_IP6);
}

static void change(struct lab *l)
{
	fake_del_link(&l->kernel, GONE);
	say(l, "links", "link del d%u\n", GONE);
	for (unsigned int i = 0; i < 10; i++) {
		struct fake_route r = l->kernel.route[below(l, l->kernel.n_routes)];

		if (r.answer.kind == ROUTE_LOCAL)
			continue;
		set_answer(l, &r);
		put_route(l, &r);
	}
	for (unsigned int i = 0; i < 10; i++)
		del_route(l);
	for (unsigned int i = 0; i < 6; i++) {
		struct fake_route r = random_route(l, i % 2 ? FAMILY_IP4 : FAMILY_IP6);

		put_route(l, &r);
	}
}

/* -- questions ------------------------------------------------------------ */

static const char *answer_to_str(const struct route_answer *a, char buf[128])
{
	static const char *const kinds[] = {
		"none", "failed", "unicast", "local", "encap", "other"
	};
	char text[ADDR_STR_SIZE];

	snprintf(buf, 128, "%s err=%d oif=%u gateway=%s family=%u mtu=%u", kinds[a->kind], a->err,
		 a->oif,
		 addr_to_str(a->has_gateway ? (enum family)a->gateway_family : FAMILY_NONE,
			     &a->gateway, text),
		 a->gateway_family, a->mtu);
	return buf;
}

static bool is_equal(const struct route_answer *a, const struct route_answer *b)
{
	return a->kind == b->kind && a->err == b->err && a->oif == b->oif &&
	       a->has_gateway == b->has_gateway && a->gateway_family == b->gateway_family &&
	       addr_is_equal(&a->gateway, &b->gateway) && a->mtu == b->mtu;
}

static void show_difference(struct lab *l, const struct route_query *q,
			    const struct route_answer *real, const struct route_answer *fake)
{
	char src[ADDR_STR_SIZE], dst[ADDR_STR_SIZE], answer[128];

	if (l->n_different++ >= MAX_SHOWN)
		return;
	addr_to_str(q->with_src ? (enum family)q->family : FAMILY_NONE, &q->src, src);
	addr_to_str((enum family)q->family, &q->dst, dst);
	printf("different: from %s to %s iif %u mark 0x%x proto %u sport %u dport %u\n", src, dst,
	       q->iif, q->mark, q->proto, q->sport, q->dport);
	printf("  real %s\n", answer_to_str(real, answer));
	printf("  fake %s\n", answer_to_str(fake, answer));
}

/* The fake kernel gives another answer to the question @other. */
static bool differs(const struct lab *l, const struct route_query *other,
		    const struct route_answer *a)
{
	struct route_answer b;

	fake_ask_route(&l->kernel, other, &b);
	return !is_equal(a, &b);
}

/* -EINVAL, for the route or for the source. */
static enum tally tally_of_einval(const struct lab *l, const struct route_query *q)
{
	struct route_query ask = { .family = q->family, .dst = q->src };
	struct route_answer source;

	fake_ask_route(&l->kernel, &ask, &source);
	return q->with_src && source.kind == ROUTE_LOCAL ? TALLY_SOURCE : TALLY_BLACKHOLE;
}

static enum tally tally_of(const struct lab *l, const struct route_query *q,
			   const struct route_answer *a)
{
	if (a->kind == ROUTE_LOCAL)
		return TALLY_LOCAL;
	if (a->kind == ROUTE_ENCAP)
		return TALLY_ENCAP;
	if (a->kind == ROUTE_UNICAST && !a->has_gateway)
		return TALLY_DIRECT;
	if (a->kind == ROUTE_UNICAST)
		return a->gateway_family == q->family ? TALLY_GATEWAY : TALLY_OTHER_GATEWAY;
	switch (a->err) {
	case -EHOSTUNREACH: return TALLY_UNREACHABLE;
	case -EACCES: return TALLY_PROHIBIT;
	case -ENODEV: return TALLY_NO_DEVICE;
	case -EINVAL: return tally_of_einval(l, q);
	default: return TALLY_NO_ROUTE;
	}
}

static void count(struct lab *l, const struct route_query *q, const struct route_answer *a)
{
	const struct fake_link *out = fake_find_link(&l->kernel, a->oif);
	struct route_query other = *q;

	l->n[TALLY_ASKED]++;
	l->n[tally_of(l, q, a)]++;
	l->n[TALLY_MTU] += a->mtu != 0;
	l->n[TALLY_NO_CARRIER] += out && !out->link.is_up;
	other.mark = 0;
	l->n[TALLY_BY_MARK] += differs(l, &other, a);
	if (!q->iif || a->err == -ENODEV || a->err == -EINVAL)
		return;
	other = *q;
	other.iif = 0;
	other.with_src = false;
	if (differs(l, &other, a))
		l->n[is_in_vrf(l, q->iif) ? TALLY_BY_VRF : TALLY_BY_DEVICE]++;
}

/* Asks both kernels @n questions. Stores the answers of the real one in *ret. */
static void ask(struct lab *l, const struct route_query q[], unsigned int n,
		struct route_answer ret[])
{
	struct route_lookup lookup[N_AT_ONCE];

	for (unsigned int i = 0; i < n; i++)
		lookup[i].query = &q[i];
	routes_lookup_many(l->routes, lookup, n);
	for (unsigned int i = 0; i < n; i++) {
		struct route_answer fake;

		ret[i] = lookup[i].answer;
		if (lookup[i].err)
			ret[i] =
				(struct route_answer){ .kind = ROUTE_FAILED, .err = lookup[i].err };
		fake_ask_route(&l->kernel, &q[i], &fake);
		count(l, &q[i], &fake);
		if (!is_equal(&ret[i], &fake))
			show_difference(l, &q[i], &ret[i], &fake);
	}
}

static uint32_t any_mark(struct lab *l)
{
	return one_in(l, 3) ? 0 : one_in(l, 5) ? 3 : marks[below(l, array_size(marks))];
}

/* Also the VRF, a device that never existed, and in step 1 one that is gone. */
static uint32_t any_arrival(struct lab *l)
{
	if (one_in(l, 20))
		return NO_DEV;
	if (l->has_vrf && one_in(l, 5))
		return VRF;
	return FIRST_DEV + below(l, LAST_DEV - FIRST_DEV + 1);
}

static struct tuple any_tuple(struct lab *l)
{
	static const uint8_t protos[] = { L4_TCP, L4_UDP, 1 };
	struct tuple t = { .family = one_in(l, 2) ? FAMILY_IP4 : FAMILY_IP6 };

	t.proto = protos[below(l, array_size(protos))];
	t.sport = (uint16_t)(1 + below(l, 65535));
	t.dport = (uint16_t)(1 + below(l, 65535));
	t.src = any_address(l, t.family);
	t.dst = any_address(l, t.family);
	return t;
}

/* With source and device of arrival, as of a packet that is forwarded; or with neither. */
static struct route_query any_question(struct lab *l)
{
	struct tuple t = any_tuple(l);
	struct route_query q = { .family = t.family,
				 .proto = t.proto,
				 .sport = t.sport,
				 .dport = t.dport,
				 .dst = t.dst,
				 .mark = any_mark(l) };

	if (!one_in(l, 3)) {
		q.with_src = true;
		q.src = t.src;
		q.iif = any_arrival(l);
	}
	return q;
}

static void ask_any(struct lab *l)
{
	struct route_query q[N_AT_ONCE];
	struct route_answer answer[N_AT_ONCE];

	for (unsigned int i = 0; i < N_AT_ONCE; i++)
		q[i] = any_question(l);
	ask(l, q, N_AT_ONCE, answer);
}

/* What packets noted of their ways is random, so it rarely agrees with the routes. */
static void make_notes(struct lab *l, struct path_query *q)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct seen_way *way = &q->seen[d];

		way->is_known = true;
		way->iif = any_arrival(l);
		way->oif = any_device(l, false);
		way->mark = any_mark(l);
		way->next_hop = any_address(l, q->orig.family);
	}
	path_use_notes(q);
}

/* All questions that the engine asks about a connection (daemon/work/questions). */
static void walk(struct lab *l)
{
	struct tuple orig = any_tuple(l), reply = tuple_inverse(&orig);
	uint32_t iif[DIR__COUNT];
	struct path_query q;
	enum path_verdict verdict;
	enum reason reason;

	for (unsigned int d = 0; d < DIR__COUNT; d++)
		iif[d] = any_arrival(l);
	if (one_in(l, 3)) /* masquerade */
		reply.dst = address(orig.family, below(l, NETS), 254);
	else if (one_in(l, 3)) /* port forwarding */
		orig.dst = address(orig.family, below(l, NETS), 254);
	path_begin(&q, &orig, &reply, any_mark(l), 0);
	if (one_in(l, 4))
		make_notes(l, &q);
	else if (one_in(l, 2))
		path_use_arrivals(&q, iif);
	do {
		struct route_query questions[2] = { q.ask };
		struct route_answer answers[2];
		bool has_ahead = path_ask_ahead(&q, &questions[1]);

		ask(l, questions, has_ahead ? 2 : 1, answers);
		if (has_ahead)
			path_take_ahead(&q, &answers[1]);
		q.answer[q.step] = answers[0];
		verdict = path_advance(&q, &reason);
	} while (verdict == PATH_ASK);
	l->n[TALLY_FOUND] += verdict == PATH_FOUND;
}

static void ask_all(struct lab *l)
{
	int err = routes_open(&l->routes);

	if (err)
		die("socket", err);
	for (unsigned int i = 0; i < N_QUESTIONS; i += N_AT_ONCE)
		ask_any(l);
	for (unsigned int i = 0; i < N_WALKS; i++)
		walk(l);
	routes_close(l->routes);
	for (unsigned int i = 0; i < TALLY__COUNT; i++)
		printf("count %s %u\n", tally_names[i], l->n[i]);
}

int main(int argc, char **argv)
{
	static struct lab lab;
	unsigned int step;

	if (argc != 4 || (strcmp(argv[2], "0") && strcmp(argv[2], "1"))) {
		fputs(usage, stderr);
		return 2;
	}
	lab.random.state = strtoull(argv[1], NULL, 0);
	step = (unsigned int)atoi(argv[2]);
	lab.wanted = argv[3];
	lab.is_wanted = step == 0;
	begin(&lab);
	lab.is_wanted = true;
	if (step)
		change(&lab);
	if (!strcmp(lab.wanted, "ask"))
		ask_all(&lab);
	if (lab.n_different)
		printf("seed %s step %u: %u of %u answers are different\n", argv[1], step,
		       lab.n_different, lab.n[TALLY_ASKED]);
	return lab.n_different > 0;
}
