/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden-lab - functions of kern/ as commands, for the cases that test them on a
 * real kernel. Prints one line for each result, and exits with 1 only when a
 * command could not be executed at all.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "base/util.h"
#include "golden/golden.h"
#include "kern/ct/ctnl.h"
#include "kern/hw/devlink.h"
#include "kern/tc/flower.h"
#include "kern/hw/hwinfo.h"
#include "kern/rt/links.h"
#include "kern/rt/neighs.h"
#include "kern/tc/qdisc.h"
#include "kern/rt/routes.h"
#include "kern/rt/rtwatch.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

static const char usage[] =
	"usage: golden-lab [--on IN OUT PRIO] COMMAND...\n"
	"  --on IN OUT PRIO        rules for these ports and this prio, not those of the files\n"
	"  add DIR PATTERN         send the golden requests whose names contain PATTERN\n"
	"  check DIR PATTERN       read those rules back and compare\n"
	"  del DIR PATTERN         delete them\n"
	"  flush PRIO 4|6|all      delete a prio of port 103\n"
	"  qdisc DEV [add|del]     add or delete clsact; show the qdisc at ffff:\n"
	"  hw DEV                  facts about the hardware of a link\n"
	"  links | neighs          show a dump\n"
	"  route DST [from SRC] [iif DEV] [mark N]\n"
	"  conn get TUPLE | conn care TUPLE LIBERAL TIMEOUT | conn state TUPLE STATE TIMEOUT\n"
	"  conns                   show a dump of assured entries\n"
	"  watch SECONDS           events of conntrack, links, neighbours and routes\n"
	"  nft own up|epoch|check|down [WORD...], nft watch SECONDS [BYTES]\n";

/* --on: ports and prio that replace those of the rules; 0 = none. */
static uint32_t on_in, on_out;
static uint16_t on_prio;
static const char *on_name;

static int die(const char *what, int err)
{
	fprintf(stderr, "golden-lab: %s: %s\n", what, strerror(-err));
	exit(1);
}

static struct nlsock open_bus(int bus)
{
	struct nlsock sock;
	int err = nlsock_open(&sock, bus, 4 << 20);

	if (err)
		die("socket", err);
	return sock;
}

/* -- rules ---------------------------------------------------------------- */

struct request {
	_Alignas(4) unsigned char buf[GOLDEN_MSG_BYTES];
	struct nlput w;
};

static struct nlput *writer(struct request *r)
{
	nlput_init(&r->w, r->buf, sizeof(r->buf), 0);
	return &r->w;
}

/* The rules whose names contain a pattern. */
struct chosen {
	unsigned int n;
	struct rule rule[GOLDEN_RULES];
	char name[GOLDEN_RULES][GOLDEN_NAME_SIZE];
	struct flower_info echo[GOLDEN_RULES];
	bool has_echo[GOLDEN_RULES];
};

static void move(struct rule *rule)
{
	if (!on_in)
		return;
	rule->ifindex = on_in;
	rule->prio = on_prio;
	if (!rule_only_accepts(rule))
		rule->out_ifindex = on_out;
	if (rule->form & RULE_WITH_INDEV)
		snprintf(rule->indev, sizeof(rule->indev), "%s", on_name);
}

static void choose(struct chosen *c, const char *pattern)
{
	c->n = 0;
	for (unsigned int i = 0; i < GOLDEN_RULES; i++) {
		c->rule[c->n] = golden_rule(i, c->name[c->n]);
		move(&c->rule[c->n]);
		if (strstr(c->name[c->n], pattern))
			c->n++;
	}
}

static void put_file(struct nlput *w, const char *dir, const char *name)
{
	_Alignas(4) unsigned char buf[GOLDEN_MSG_BYTES];
	char path[4096];
	struct nlmsghdr *nlh = (void *)buf;
	int len;

	snprintf(path, sizeof(path), "%s/%s.hex", dir, name);
	len = golden_read(path, buf);
	if (len < 0)
		die(path, -EIO);
	nlput_begin(w, nlh->nlmsg_type, nlh->nlmsg_flags | NLM_F_ECHO);
	nlput_header(w, buf + NLMSG_HDRLEN, (size_t)len - NLMSG_HDRLEN);
}

static void put_rule(struct nlput *w, const char *dir, const struct rule *rule, const char *name)
{
	if (!on_in)
		put_file(w, dir, name);
	else if (flower_put_add(w, rule, FLOWER_EXCL | FLOWER_ECHO))
		die(name, -EINVAL);
}

static void keep_echo(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct chosen *c = ctx;

	c->has_echo[index] = flower_get(nlh, &c->echo[index]) == 0;
}

static void run_batch(struct nlbatch *b, struct chosen *c)
{
	int err = nlbatch_run(b, 2000, keep_echo, c);

	if (err)
		die("batch", err);
}

static void add_rules(const char *dir, struct chosen *c)
{
	struct nlsock sock = open_bus(NETLINK_ROUTE);
	struct nlbatch b;

	if (nlbatch_init(&b, &sock, NLBATCH_MSGS_MAX))
		die("batch", -ENOMEM);
	for (unsigned int i = 0; i < c->n; i++) {
		put_rule(nlbatch_next(&b), dir, &c->rule[i], c->name[i]);
		if (nlbatch_commit(&b, i % 2) < 0)
			die(c->name[i], -EMSGSIZE);
	}
	run_batch(&b, c);
	for (unsigned int i = 0; i < c->n; i++) {
		const struct nlbatch_result *result = nlbatch_result(&b, i);
		bool is_same = c->has_echo[i] && c->echo[i].has_rule &&
			       rule_is_equal(&c->echo[i].rule, &c->rule[i]);

		printf("%s: %d %s%s\n", c->name[i], result->err.err, result->err.extack,
		       is_same ? "echo is equal" : "");
	}
	nlbatch_fini(&b);
	nlsock_close(&sock);
}

struct lookup {
	struct flower_info info;
	unsigned int n;
};

static void keep_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct lookup *l = ctx;

	if (flower_get(nlh, &l->info) == 0)
		l->n++;
}

static void check_rule(struct nlsock *sock, const struct rule *rule, const char *name)
{
	const struct rule_where where = rule_where(rule);
	struct lookup l = { .n = 0 };
	struct request r;
	int err = flower_put_get(writer(&r), &where);

	if (!err)
		err = nlsock_query(sock, nlput_msg(&r.w), 1000, keep_rule, &l, NULL);
	printf("%s: %d %s%s%s%s%s in_hw_count %u pkts %llu\n", name, err,
	       l.info.has_rule && rule_is_equal(&l.info.rule, rule) ? "equal" : "different",
	       l.info.is_ours ? " ours" : "", l.info.is_in_hw ? " in_hw" : "",
	       l.info.has_stats ? " stats" : "", l.info.has_age && l.info.age_ds < 100 ? " used" : "",
	       l.info.in_hw_count,
	       (unsigned long long)l.info.stats.pkts);
}

struct seen {
	unsigned int rules, ours, whole, stats;
};

static void count_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct seen *seen = ctx;
	struct flower_info info;

	if (flower_get(nlh, &info))
		return;
	seen->rules++;
	seen->ours += info.is_ours;
	seen->whole += info.has_rule;
	seen->stats += info.has_stats;
}

static void count_dump(struct nlsock *sock, uint16_t prio, enum family family, bool is_terse)
{
	struct seen seen = { 0 };
	struct request r;
	int err = flower_put_dump(writer(&r), on_in ? on_in : 103, prio, family, is_terse);

	if (!err)
		err = nlsock_query(sock, nlput_msg(&r.w), 1000, count_rule, &seen, NULL);
	printf("%s dump of prio %u: %d, %u rules, %u ours, %u whole, %u with stats\n",
	       is_terse ? "terse" : "full", prio, err, seen.rules, seen.ours, seen.whole,
	       seen.stats);
}

static void check_rules(struct chosen *c)
{
	struct nlsock sock = open_bus(NETLINK_ROUTE);

	for (unsigned int i = 0; i < c->n; i++)
		check_rule(&sock, &c->rule[i], c->name[i]);
	count_dump(&sock, 0, FAMILY_NONE, false);
	count_dump(&sock, 0, FAMILY_NONE, true);
	count_dump(&sock, 20, FAMILY_IP4, true);
	count_dump(&sock, 21, FAMILY_IP6, false);
	count_dump(&sock, on_in ? on_prio : 30, FAMILY_NONE, true);
	nlsock_close(&sock);
}

static void del_rules(struct chosen *c)
{
	struct nlsock sock = open_bus(NETLINK_ROUTE);
	struct nlbatch b;

	if (nlbatch_init(&b, &sock, NLBATCH_MSGS_MAX))
		die("batch", -ENOMEM);
	for (unsigned int i = 0; i < c->n; i++) {
		struct rule_where where = rule_where(&c->rule[i]);

		if (flower_put_del(nlbatch_next(&b), &where, true) || nlbatch_commit(&b, true) < 0)
			die(c->name[i], -EMSGSIZE);
	}
	run_batch(&b, c);
	for (unsigned int i = 0; i < c->n; i++)
		printf("%s: %d%s%s\n", c->name[i], nlbatch_result(&b, i)->err.err,
		       c->has_echo[i] && c->echo[i].is_gone ? " echo" : "",
		       c->has_echo[i] && c->echo[i].has_stats ? " stats" : "");
	nlbatch_fini(&b);
	nlsock_close(&sock);
}

static void flush(unsigned int prio, enum family family)
{
	struct nlsock sock = open_bus(NETLINK_ROUTE);
	struct request r;
	int err = flower_put_flush(writer(&r), 103, (uint16_t)prio, family);

	if (!err)
		err = nlsock_query(&sock, nlput_msg(&r.w), 1000, NULL, NULL, NULL);
	printf("flush: %d\n", err);
	nlsock_close(&sock);
}

static void qdisc(const char *dev, const char *verb)
{
	static const char *const kinds[] = { "none", "clsact", "ingress", "other" };
	struct nlsock sock = open_bus(NETLINK_ROUTE);
	uint32_t ifindex = if_nametoindex(dev);
	struct qdisc_ingress found = { QDISC_NONE, 0 };
	bool is_unused = false;
	struct nlerr why = { 0, "" };
	struct request r;
	int err = 0;

	if (strcmp(verb, "add") == 0)
		err = qdisc_put_clsact(writer(&r), ifindex);
	else if (strcmp(verb, "del") == 0)
		err = qdisc_put_clsact_del(writer(&r), ifindex);
	if (!err && *verb)
		err = nlsock_query(&sock, nlput_msg(&r.w), 1000, NULL, NULL, &why);
	if (*verb)
		printf("%s: %d %s\n", verb, err, why.extack);
	err = qdisc_find_ingress(&sock, ifindex, &found, &why);
	if (!err)
		err = qdisc_is_unused(&sock, ifindex, &is_unused);
	printf("%s: %d %s block %u%s\n", dev, err, kinds[found.kind], found.ingress_block,
	       is_unused ? " unused" : "");
	nlsock_close(&sock);
}

/* -- links, neighbours, routes -------------------------------------------- */

static void print_link(const struct link *l, void *ctx UNUSED)
{
	char mac[MAC_STR_SIZE];

	printf("link %u %s kind=%s mac=%s mtu=%u master=%u lower=%u vlan=%u%s%s%s\n", l->ifindex,
	       l->name, l->kind, mac_to_str(&l->mac, mac), l->mtu, l->master, l->lower, l->vlan.id,
	       l->is_up ? " up" : "", l->is_ether ? " ether" : "",
	       l->is_loopback ? " loopback" : "");
	fflush(stdout);
}

struct wanted {
	const char *name;
	struct link link;
};

static void keep_link(const struct link *l, void *ctx)
{
	struct wanted *w = ctx;

	if (strcmp(l->name, w->name) == 0)
		w->link = *l;
}

static void hw(const char *name)
{
	static const char *const tcs[] = { "none", "off", "on" };
	static const char *const modes[] = { "none", "legacy", "switchdev" };
	struct wanted w = { .name = name };
	struct link_hw *hw = &w.link.hw;
	enum link_eswitch mode = LINK_ESWITCH_NONE;
	struct hwinfo *h = NULL;
	struct devlink *d = NULL;
	int err, eswitch_err;

	if (links_dump(keep_link, &w) || hwinfo_open(&h) || devlink_open(&d))
		die("socket", -EIO);
	err = hwinfo_read(h, name, hw);
	eswitch_err = devlink_read_eswitch(d, hw->bus, &mode);
	printf("%s: %d kind=%s driver=%s bus=%s%s tc=%s eswitch=%s %d port=%s switch=", name, err,
	       w.link.kind, hw->driver, hw->bus, devlink_is_pci_name(hw->bus) ? " pci" : "",
	       tcs[hw->tc], modes[mode], eswitch_err, hw->port_name);
	for (unsigned int i = 0; i < hw->switch_id_len; i++)
		printf("%02x", hw->switch_id[i]);
	printf("\n");
	devlink_close(d);
	hwinfo_close(h);
}

static void print_link_gone(uint32_t ifindex, void *ctx UNUSED)
{
	printf("link %u gone\n", ifindex);
	fflush(stdout);
}

static void print_neigh(const struct neigh *n, void *ctx UNUSED)
{
	char addr[ADDR_STR_SIZE], mac[MAC_STR_SIZE];

	printf("neigh %u %s mac=%s%s\n", n->ifindex,
	       addr_to_str((enum family)n->family, &n->addr, addr), mac_to_str(&n->mac, mac),
	       n->is_valid ? " valid" : "");
	fflush(stdout);
}

static void print_routes(const struct route_change *c, void *ctx UNUSED)
{
	char addr[ADDR_STR_SIZE];

	printf("routes changed: device %u, %s/%u\n", c->ifindex,
	       addr_to_str((enum family)c->family, &c->prefix, addr), c->len);
	fflush(stdout);
}

static void print_mtu6(uint32_t ifindex, uint32_t mtu, void *ctx UNUSED)
{
	printf("mtu6 %u %u\n", ifindex, mtu);
	fflush(stdout);
}

static void print_bridges(void *ctx UNUSED)
{
	printf("bridges changed\n");
	fflush(stdout);
}

static void print_station(const struct station *s, void *ctx UNUSED)
{
	char mac[MAC_STR_SIZE];

	printf("station bridge=%u port=%u vlan=%u %s\n", s->bridge, s->port, s->vlan, mac_to_str(&s->mac, mac));
	fflush(stdout);
}

static void print_forwarding(bool forwards, void *ctx UNUSED)
{
	printf("forwards IPv6: %s\n", forwards ? "yes" : "no");
	fflush(stdout);
}

static void print_answer(int err, const struct route_answer *a)
{
	static const char *const kinds[] = {
		[ROUTE_NONE] = "none",   [ROUTE_FAILED] = "failed", [ROUTE_UNICAST] = "unicast",
		[ROUTE_LOCAL] = "local", [ROUTE_ENCAP] = "encap",   [ROUTE_OTHER] = "other",
	};
	char addr[ADDR_STR_SIZE];

	if (err) {
		printf("no answer: %d\n", err);
		return;
	}
	printf("%s err=%d oif=%u gateway=%s mtu=%u\n", kinds[a->kind], a->err, a->oif,
	       a->has_gateway ? addr_to_str((enum family)a->gateway_family, &a->gateway, addr)
			      : "-",
	       a->mtu);
}

static void route(char **args)
{
	struct route_query q = { .proto = L4_TCP, .sport = 1000, .dport = 80 };
	struct route_answer answer;
	struct routes *routes;
	enum family family, src_family;

	if (addr_from_str(args[0], &family, &q.dst))
		die(args[0], -EINVAL);
	q.family = (uint8_t)family;
	for (args++; args[0] && args[1]; args += 2) {
		if (strcmp(args[0], "from") == 0)
			q.with_src = addr_from_str(args[1], &src_family, &q.src) == 0;
		else if (strcmp(args[0], "iif") == 0)
			q.iif = if_nametoindex(args[1]);
		else if (strcmp(args[0], "mark") == 0)
			q.mark = (uint32_t)strtoul(args[1], NULL, 0);
	}
	if (routes_open(&routes))
		die("socket", -EIO);
	print_answer(routes_lookup(routes, &q, &answer), &answer);
	routes_close(routes);
}

/* -- conntrack ------------------------------------------------------------ */

struct reader {
	struct ctnl *ctnl;
	const char *prefix;
};

static void print_conn(const struct nlmsghdr *nlh, void *ctx)
{
	static const char *const what_names[] = { "new", "update", "destroy" };
	struct reader *r = ctx;
	char orig[TUPLE_STR_SIZE], reply[TUPLE_STR_SIZE];
	enum ctnl_what what;
	struct conn c;
	int err = ctnl_get(r->ctnl, nlh, &c, &what);

	if (err == -ENOMSG)
		return;
	if (err) {
		printf("%s malformed\n", r->prefix);
		return;
	}
	printf("%s %s %s / %s status=%#x", r->prefix, what_names[what], tuple_to_str(&c.orig, orig),
	       tuple_to_str(&c.reply, reply), c.status);
	if (c.has & CONN_HAS_TIMEOUT)
		printf(" timeout=%u", c.timeout_s);
	if (c.has & CONN_HAS_MARK)
		printf(" mark=%#x", c.mark);
	if (c.has & CONN_HAS_TCP_STATE)
		printf(" %s", conn_tcp_state_to_str(c.tcp_state));
	if (c.has & CONN_HAS_COUNTERS)
		printf(" pkts=%llu/%llu", (unsigned long long)c.pkts[0],
		       (unsigned long long)c.pkts[1]);
	if (c.has & CONN_HAS_HELPER)
		printf(" helper=%s", c.helper);
	printf("%s%s%s\n", c.has & CONN_HAS_ID ? " id" : "",
	       c.has & CONN_HAS_MASTER ? " master" : "", nlh->nlmsg_pid ? " caused" : "");
	fflush(stdout);
}

static struct reader open_reader(const char *prefix)
{
	struct reader r = { .prefix = prefix };

	if (ctnl_new(&r.ctnl))
		die("conntrack", -ENOMEM);
	return r;
}

static int put_conn(struct nlput *w, char **args)
{
	struct tuple t;

	if (!args[1] || tuple_from_str(args[1], &t))
		return -EINVAL;
	if (strcmp(args[0], "get") == 0)
		return ctnl_put_get(w, &t);
	if (!args[2] || !args[3])
		return -EINVAL;
	if (strcmp(args[0], "care") == 0)
		return ctnl_put_care(w, &t, atoi(args[2]), (uint32_t)atoi(args[3]));
	return ctnl_put_tcp_state(w, &t, (uint8_t)atoi(args[2]), (uint32_t)atoi(args[3]));
}

static void query_conns(struct nlput *w)
{
	struct nlsock sock = open_bus(NETLINK_NETFILTER);
	struct reader r = open_reader("conn");
	struct nlerr why = { 0, "" };

	printf("conn: %d\n", nlsock_query(&sock, nlput_msg(w), 1000, print_conn, &r, &why));
	ctnl_free(r.ctnl);
	nlsock_close(&sock);
}

static void conn(char **args)
{
	struct request r;
	int err = put_conn(writer(&r), args);

	if (err)
		die(args[0], err);
	query_conns(&r.w);
}

static void conns(void)
{
	struct request r;
	int err = ctnl_put_dump(writer(&r), FAMILY_NONE, true);

	if (err)
		die("dump", err);
	query_conns(&r.w);
}

/* -- events --------------------------------------------------------------- */

static void watch(int seconds)
{
	struct rtwatch_callbacks callbacks = {
		.link = print_link,
		.link_gone = print_link_gone,
		.mtu6 = print_mtu6,
		.neigh = print_neigh,
		.neigh_gone = print_neigh,
		.bridges = print_bridges,
		.station = print_station,
		.forwards_ip6 = print_forwarding,
		.routes = print_routes,
	};
	mono_t end = mono_add_ms(mono_now(), seconds * 1000);
	struct reader r = open_reader("event");
	struct rtwatch *rt;
	struct nlsock ct;

	if (rtwatch_open(&rt, 1 << 20, &callbacks) || ctnl_events_open(&ct, 1 << 20, 0))
		die("events", -EIO);
	printf("ready\n");
	fflush(stdout);
	while (mono_before(mono_now(), end)) {
		struct pollfd fds[] = { { .fd = rtwatch_fd(rt), .events = POLLIN },
					{ .fd = nlsock_fd(&ct), .events = POLLIN } };

		if (poll(fds, 2, 100) > 0 &&
		    (rtwatch_read(rt, 100) < 0 || nlsock_recv_many(&ct, 100, print_conn, &r) < 0))
			printf("lost\n");
	}
	nlsock_close(&ct);
	rtwatch_close(rt);
	ctnl_free(r.ctnl);
}

static int run_rules(const char *verb, char **args)
{
	static struct chosen c;

	choose(&c, args[1]);
	if (strcmp(verb, "add") == 0)
		add_rules(args[0], &c);
	else if (strcmp(verb, "check") == 0)
		check_rules(&c);
	else
		del_rules(&c);
	return 0;
}

/* Reads --on. Returns the number of arguments that it took. */
static int set_place(int argc, char **argv)
{
	if (argc < 5 || strcmp(argv[1], "--on") != 0)
		return 0;
	on_name = argv[2];
	on_in = if_nametoindex(argv[2]);
	on_out = if_nametoindex(argv[3]);
	on_prio = (uint16_t)atoi(argv[4]);
	if (!on_in || !on_out || !on_prio)
		die("--on", -EINVAL);
	return 4;
}

int main(int argc, char **argv)
{
	int skip = set_place(argc, argv), n = argc - skip - 2;
	const char *verb = n >= 0 ? argv[skip + 1] : "";
	char **args = argv + skip + 2;

	if (n == 2 && (!strcmp(verb, "add") || !strcmp(verb, "check") || !strcmp(verb, "del")))
		return run_rules(verb, args);
	if (n == 2 && !strcmp(verb, "flush"))
		flush((unsigned int)atoi(args[0]), args[1][0] == '6' ? FAMILY_IP6 :
						   args[1][0] == '4' ? FAMILY_IP4 : FAMILY_NONE);
	else if (n >= 1 && !strcmp(verb, "qdisc"))
		qdisc(args[0], n > 1 ? args[1] : "");
	else if (n == 1 && !strcmp(verb, "hw"))
		hw(args[0]);
	else if (n == 0 && !strcmp(verb, "links"))
		return links_dump(print_link, NULL) ? 1 : 0;
	else if (n == 0 && !strcmp(verb, "neighs"))
		return neighs_dump(print_neigh, NULL) ? 1 : 0;
	else if (n >= 1 && !strcmp(verb, "route"))
		route(args);
	else if (n >= 2 && !strcmp(verb, "conn"))
		conn(args);
	else if (n == 0 && !strcmp(verb, "conns"))
		conns();
	else if (n == 1 && !strcmp(verb, "watch"))
		watch(atoi(args[0]));
	else if (n >= 1 && !strcmp(verb, "nft"))
		return golden_nft(args);
	else
		return fputs(usage, stderr), 1;
	return 0;
}
