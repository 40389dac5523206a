/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * benchload - generates load for benchmarks, and measures the limits to compare the daemon with.
 * For the limits, it sends the requests of the daemon, but prepares them in advance and does
 * nothing else.
 *
 *	benchload entries create|delete FIRST COUNT [RATE]
 *		creates or deletes conntrack entries by ctnetlink, at most RATE a second
 *	benchload rules install|delete LAN WAN FIRST COUNT [update]
 *		installs or deletes both rules of such connections; with "update", first sends the
 *		conntrack updates that the daemon sends
 *	benchload dump rules|entries [DEV...]
 *		reads a dump to its end without decoding it
 *	benchload events COUNT
 *		receives COUNT conntrack events without decoding them
 *	benchload delays LAN FIRST COUNT RATE
 *		creates entries, and measures the time from the request for an entry to the
 *		notification of its rule on LAN
 *
 * Connection number n is a TCP connection of a client in 10.0.0.0/8, behind source NAT to
 * 198.51.100.0/24, to 203.0.113.2 port 443. Prints a line of JSON: what was done, how long it
 * took, and the CPU time of this program, including that in the kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/util.h"
#include "core/path/plan.h"
#include "core/rules/slot.h"
#include "kern/ct/ctnl.h"
#include "kern/tc/flower.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

/* Messages per system call. Larger batches are slower (measured: 86 k rules/s with 64, 59 k
 * with 256). */
#define BATCH	    64
#define MSG_BYTES   2048
#define PORTS	    60000u
#define TIMEOUT_S   432000
#define RCVBUF	    (512 << 20)
/* Connections whose messages are prepared at a time, before the clock is started. */
#define PREPARED    8192u

static void die(const char *what, int err)
{
	fprintf(stderr, "benchload: %s: %s\n", what, strerror(err));
	exit(1);
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > UINT32_MAX)
		die(text, EINVAL);
	return (uint32_t)n;
}

static uint32_t device(const char *name)
{
	uint32_t ifindex = if_nametoindex(name);

	if (!ifindex)
		die(name, errno);
	return ifindex;
}

/* -- connections ---------------------------------------------------------- */

static void tuples_of(uint32_t n, struct tuple *orig, struct tuple *reply)
{
	char text[96];

	snprintf(text, sizeof(text), "tcp 10.%u.%u.%u:%u > 203.0.113.2:443", n >> 16 & 255, n >> 8 & 255,
		 n & 255, 1024 + n % PORTS);
	if (tuple_from_str(text, orig))
		die(text, EINVAL);
	snprintf(text, sizeof(text), "tcp 203.0.113.2:443 > 198.51.100.%u:%u", n / PORTS % 250,
		 1024 + n % PORTS);
	if (tuple_from_str(text, reply))
		die(text, EINVAL);
}

static void put_tuple(struct nlput *w, uint16_t type, const struct tuple *t)
{
	struct nlput_nest tuple = nlput_nest_begin(w, type | NLA_F_NESTED);
	struct nlput_nest part = nlput_nest_begin(w, CTA_TUPLE_IP | NLA_F_NESTED);

	nlput_bytes(w, CTA_IP_V4_SRC, &t->src, 4);
	nlput_bytes(w, CTA_IP_V4_DST, &t->dst, 4);
	nlput_nest_end(w, part);
	part = nlput_nest_begin(w, CTA_TUPLE_PROTO | NLA_F_NESTED);
	nlput_u8(w, CTA_PROTO_NUM, IPPROTO_TCP);
	nlput_be16(w, CTA_PROTO_SRC_PORT, t->sport);
	nlput_be16(w, CTA_PROTO_DST_PORT, t->dport);
	nlput_nest_end(w, part);
	nlput_nest_end(w, tuple);
}

static void put_entry(struct nlput *w, bool is_create, uint32_t n)
{
	struct nfgenmsg header = { .nfgen_family = AF_INET };
	struct nlput_nest info, tcp;
	struct tuple orig, reply;

	tuples_of(n, &orig, &reply);
	nlput_begin(w,
		    (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 |
			       (is_create ? IPCTNL_MSG_CT_NEW : IPCTNL_MSG_CT_DELETE)),
		    is_create ? NLM_F_CREATE : 0);
	nlput_header(w, &header, sizeof(header));
	put_tuple(w, CTA_TUPLE_ORIG, &orig);
	if (!is_create)
		return;
	put_tuple(w, CTA_TUPLE_REPLY, &reply);
	nlput_be32(w, CTA_STATUS, IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED);
	nlput_be32(w, CTA_TIMEOUT, TIMEOUT_S);
	info = nlput_nest_begin(w, CTA_PROTOINFO | NLA_F_NESTED);
	tcp = nlput_nest_begin(w, CTA_PROTOINFO_TCP | NLA_F_NESTED);
	nlput_u8(w, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nlput_nest_end(w, tcp);
	nlput_nest_end(w, info);
}

/* -- messages ------------------------------------------------------------- */

/* Consecutive messages, in batches of one system call each. */
struct prepared {
	unsigned char *bytes;
	size_t len;
	size_t batch_end[PREPARED / BATCH * 4 + 4];
	unsigned int n_batches, n_in_batch;
};

static void prepare_room(struct prepared *p)
{
	if (!p->bytes)
		p->bytes = malloc((size_t)PREPARED * 4 * MSG_BYTES);
	if (!p->bytes)
		die("messages", ENOMEM);
	p->len = 0;
	p->n_batches = p->n_in_batch = 0;
}

static void begin(const struct prepared *p, struct nlput *w)
{
	nlput_init(w, p->bytes + p->len, MSG_BYTES, 0);
}

/* Only the last message of a batch asks for an acknowledgement. */
static void end_batch(struct prepared *p, struct nlmsghdr *last)
{
	last->nlmsg_flags |= NLM_F_ACK;
	p->batch_end[p->n_batches++] = p->len;
	p->n_in_batch = 0;
}

static void add(struct prepared *p, struct nlput *w, bool is_last)
{
	struct nlmsghdr *nlh;

	if (nlput_end(w))
		die("message", EMSGSIZE);
	nlh = nlput_msg(w);
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	p->len += NLMSG_ALIGN(nlh->nlmsg_len);
	if (++p->n_in_batch == BATCH || is_last)
		end_batch(p, nlh);
}

struct totals {
	uint64_t requests, refused;
	struct nlerr first; /* the first refusal */
	int64_t us;
};

/* Reads answers up to the acknowledgement of the batch. Refusals of other messages come first. */
static void read_answers(int fd, struct totals *t)
{
	unsigned char buf[65536];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		unsigned int left = n > 0 ? (unsigned int)n : 0;

		if (n < 0)
			die("recv", errno);
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);
			struct nlerr err;

			if (nlerr_get(h, &err))
				continue;
			if (err.err && t->refused++ == 0)
				t->first = err;
			if (e->msg.nlmsg_flags & NLM_F_ACK)
				return;
		}
	}
}

static void send_batch(int fd, const struct prepared *p, unsigned int i, struct totals *t)
{
	size_t from = i ? p->batch_end[i - 1] : 0;

	if (send(fd, p->bytes + from, p->batch_end[i] - from, 0) < 0)
		die("send", errno);
	read_answers(fd, t);
}

static int open_socket(int bus)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, bus), on = 1, size = 4 << 20;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		die("socket", errno);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		die("setsockopt", errno);
	return fd;
}

/* -- time ----------------------------------------------------------------- */

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(const char *what, const struct totals *t, double cpu)
{
	double seconds = (double)t->us / 1e6;

	printf("{\"what\":\"%s\",\"requests\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"error\":\"%s %s\",\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"per_second\":%.0f}\n",
	       what, t->requests, t->refused, t->refused ? strerror(-t->first.err) : "", t->first.extack, seconds, cpu,
	       seconds > 0 ? (double)t->requests / seconds : 0);
}

static void wait_until(mono_t due)
{
	int64_t us = mono_diff_us(due, mono_now());

	if (us > 0)
		usleep((useconds_t)us);
}

/* -- entries -------------------------------------------------------------- */

static int entries(bool is_create, uint32_t first, uint32_t count, uint32_t rate)
{
	struct totals t = { .requests = count };
	static struct prepared p;
	int fd = open_socket(NETLINK_NETFILTER);
	double cpu = 0;
	uint32_t done = 0;
	mono_t start = mono_now();

	while (done < count) {
		uint32_t n = MIN_T(uint32_t, count - done, PREPARED);
		struct nlput w;
		double cpu_start;
		mono_t t0;

		prepare_room(&p);
		for (uint32_t i = 0; i < n; i++) {
			begin(&p, &w);
			put_entry(&w, is_create, first + done + i);
			add(&p, &w, i + 1 == n);
		}
		cpu_start = cpu_seconds();
		t0 = mono_now();
		for (unsigned int i = 0; i < p.n_batches; i++) {
			if (rate)
				wait_until(mono_add_us(start, (int64_t)(done + i * BATCH) * 1000000 / rate));
			send_batch(fd, &p, i, &t);
		}
		t.us += mono_diff_us(mono_now(), t0);
		cpu += cpu_seconds() - cpu_start;
		done += n;
	}
	report(is_create ? "create" : "delete", &t, cpu);
	return t.refused != 0;
}

/* -- rules ---------------------------------------------------------------- */

static const struct mac lan_mac = { { 2, 0, 0, 0, 1, 1 } }, client_mac = { { 2, 0, 0, 0, 1, 2 } },
			wan_mac = { { 2, 0, 0, 0, 2, 1 } }, server_mac = { { 2, 0, 0, 0, 2, 2 } };

/* Makes a rule like those of the daemon. */
static struct rule rule_of(uint32_t n, enum dir dir, uint32_t in, uint32_t out)
{
	struct tuple orig, reply;
	struct rule r = {
		.ifindex = in,
		.prio = 3,
		.handle = n * 2 + (uint32_t)dir + 1,
		.family = FAMILY_IP4,
		.kind = RULE_FLOW,
		.place = RULE_SOFTWARE,
		.form = RULE_WITH_CSUM,
		.rewrite = RULE_SET_MACS | RULE_DEC_TTL,
		.eth_src = dir == DIR_ORIG ? wan_mac : lan_mac,
		.eth_dst = dir == DIR_ORIG ? server_mac : client_mac,
		.out_ifindex = out,
		.cookie = { .instance = 1, .ct_id = n, .kind = RULE_FLOW, .dir = (uint8_t)dir },
	};

	tuples_of(n, &orig, &reply);
	r.rewrite |= dir == DIR_ORIG ? RULE_SET_SRC : RULE_SET_DST;
	r.match = dir == DIR_ORIG ? orig : reply;
	r.to = tuple_inverse(dir == DIR_ORIG ? &reply : &orig);
	return r;
}

struct both {
	struct prepared rules, updates;
};

static void prepare_rules(struct both *b, bool is_install, const uint32_t port[], uint32_t first,
			  uint32_t n, bool with_update)
{
	struct nlput w;

	prepare_room(&b->rules);
	prepare_room(&b->updates);
	for (uint32_t i = 0; i < n; i++) {
		struct tuple orig, reply;

		for (unsigned int d = 0; d < DIR__COUNT; d++) {
			struct rule r = rule_of(first + i, (enum dir)d, port[d], port[!d]);
			struct rule_where where = rule_where(&r);
			int err;

			begin(&b->rules, &w);
			err = is_install ? flower_put_add(&w, &r, FLOWER_EXCL) :
					   flower_put_del(&w, &where, false);
			if (err)
				die("rule", -err);
			add(&b->rules, &w, i + 1 == n && d == DIR_REPLY);
		}
		if (!with_update)
			continue;
		tuples_of(first + i, &orig, &reply);
		begin(&b->updates, &w);
		if (ctnl_put_care(&w, &orig, true, 0))
			die("update", EMSGSIZE);
		add(&b->updates, &w, i + 1 == n);
	}
}

static int rules(bool is_install, char **args, int n_args)
{
	const uint32_t port[DIR__COUNT] = { device(args[0]), device(args[1]) };
	uint32_t first = number(args[2]), count = number(args[3]), done = 0;
	bool with_update = n_args > 4;
	int rt = open_socket(NETLINK_ROUTE), ct = open_socket(NETLINK_NETFILTER);
	struct totals t = { .requests = 2 * (uint64_t)count };
	static struct both b;
	double cpu = 0;

	while (done < count) {
		uint32_t n = MIN_T(uint32_t, count - done, PREPARED);
		double cpu_start;
		mono_t t0;

		prepare_rules(&b, is_install, port, first + done, n, with_update);
		cpu_start = cpu_seconds();
		t0 = mono_now();
		for (unsigned int i = 0; i < b.rules.n_batches; i++) {
			if (i % 2 == 0 && i / 2 < b.updates.n_batches)
				send_batch(ct, &b.updates, i / 2, &t);
			send_batch(rt, &b.rules, i, &t);
		}
		t.us += mono_diff_us(mono_now(), t0);
		cpu += cpu_seconds() - cpu_start;
		done += n;
	}
	report(is_install ? "install" : "delete rules", &t, cpu);
	return t.refused != 0;
}

/* -- reading -------------------------------------------------------------- */

struct reader {
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	unsigned char data[BATCH][32768];
};

static struct reader *new_reader(void)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		die("buffers", ENOMEM);
	for (unsigned int i = 0; i < BATCH; i++) {
		r->vectors[i] = (struct iovec){ r->data[i], sizeof(r->data[i]) };
		r->headers[i].msg_hdr.msg_iov = &r->vectors[i];
		r->headers[i].msg_hdr.msg_iovlen = 1;
	}
	return r;
}

/* Receives a batch, and counts its messages without decoding them. */
static unsigned int take(int fd, struct reader *r, bool *ret_done)
{
	int n = recvmmsg(fd, r->headers, BATCH, MSG_WAITFORONE, NULL);
	unsigned int messages = 0;

	if (n < 0 && errno != ENOBUFS)
		die("recvmmsg", errno);
	for (int i = 0; i < n; i++) {
		unsigned int left = r->headers[i].msg_len;

		for (struct nlmsghdr *h = (void *)r->data[i]; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			*ret_done |= h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
			messages++;
		}
	}
	return messages;
}

static void dump_one(int fd, struct reader *r, struct nlput *w, struct totals *t)
{
	struct nlmsghdr *nlh = nlput_msg(w);
	bool is_done = false;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
		die("send", errno);
	while (!is_done)
		t->requests += take(fd, r, &is_done);
	t->requests--;
}

static int dump(char **args, int n_args)
{
	bool is_rules = !strcmp(args[0], "rules");
	int fd = open_socket(is_rules ? NETLINK_ROUTE : NETLINK_NETFILTER);
	struct reader *r = new_reader();
	unsigned char buf[MSG_BYTES];
	struct totals t = { 0 };
	double cpu = cpu_seconds();
	mono_t t0 = mono_now();
	struct nlput w;

	for (int i = 1; is_rules && i < n_args; i++) {
		nlput_init(&w, buf, sizeof(buf), 1);
		if (flower_put_dump(&w, device(args[i]), 0, FAMILY_NONE, true))
			die("dump", EMSGSIZE);
		dump_one(fd, r, &w, &t);
	}
	if (!is_rules) {
		nlput_init(&w, buf, sizeof(buf), 1);
		if (ctnl_put_dump(&w, FAMILY_IP4, false))
			die("dump", EMSGSIZE);
		dump_one(fd, r, &w, &t);
	}
	t.us = mono_diff_us(mono_now(), t0);
	report("dump", &t, cpu_seconds() - cpu);
	free(r);
	return 0;
}

static void join(int fd, int group)
{
	int size = RCVBUF;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		die("setsockopt", errno);
}

static int events(uint32_t count)
{
	int fd = open_socket(NETLINK_NETFILTER);
	struct reader *r = new_reader();
	struct totals t = { 0 };
	bool is_done = false;
	double cpu;
	mono_t t0;

	join(fd, NFNLGRP_CONNTRACK_NEW);
	join(fd, NFNLGRP_CONNTRACK_UPDATE);
	join(fd, NFNLGRP_CONNTRACK_DESTROY);
	puts("ready");
	fflush(stdout);
	cpu = cpu_seconds();
	t0 = mono_now();
	while (t.requests < count)
		t.requests += take(fd, r, &is_done);
	t.us = mono_diff_us(mono_now(), t0);
	report("events", &t, cpu_seconds() - cpu);
	free(r);
	return 0;
}

/* -- delays --------------------------------------------------------------- */

struct delays {
	uint32_t count, ifindex, n_seen;
	mono_t *asked;
	int64_t *us; /* -1: not seen */
};

static void see(struct delays *d, const struct nlmsghdr *h, mono_t now)
{
	struct flower_info info;
	uint32_t n;

	if (h->nlmsg_type != RTM_NEWTFILTER || flower_get(h, &info) || !info.is_ours ||
	    info.where.ifindex != d->ifindex || info.cookie.kind != RULE_FLOW)
		return;
	/* The daemon gives out slots in the order of the connections. */
	n = slot_from_handle(info.where.handle) % d->count;
	if (d->us[n] < 0) {
		d->us[n] = mono_diff_us(now, d->asked[n]);
		d->n_seen++;
	}
}

/* Sleeps until @due or until a message arrives. On one CPU, the daemon runs meanwhile. */
static bool wait_for(int fd, mono_t due)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t us = MAX(mono_diff_us(due, mono_now()), (int64_t)0);
	struct timespec left = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	return ppoll(&pfd, 1, &left, NULL) == 1;
}

static void see_until(struct delays *d, int fd, mono_t due)
{
	static unsigned char buf[65536];

	while (wait_for(fd, due)) {
		ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		unsigned int left = len > 0 ? (unsigned int)len : 0;
		mono_t now = mono_now();

		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			see(d, h, now);
		if (d->n_seen == d->count)
			return;
	}
}

static int by_us(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int delays(const char *dev, uint32_t first, uint32_t count, uint32_t rate)
{
	struct delays d = { .count = count, .ifindex = device(dev) };
	int watch = open_socket(NETLINK_ROUTE), ct = open_socket(NETLINK_NETFILTER);
	static struct prepared p;
	struct totals t = { 0 };
	mono_t start;

	d.asked = calloc(count, sizeof(*d.asked));
	d.us = malloc(count * sizeof(*d.us));
	if (!d.asked || !d.us)
		die("table", ENOMEM);
	join(watch, RTNLGRP_TC);
	start = mono_now();
	for (uint32_t i = 0; i < count; i++) {
		struct nlput w;

		d.us[i] = -1;
		prepare_room(&p);
		begin(&p, &w);
		put_entry(&w, true, first + i);
		add(&p, &w, true);
		see_until(&d, watch, mono_add_us(start, (int64_t)i * 1000000 / rate));
		d.asked[i] = mono_now();
		send_batch(ct, &p, 0, &t);
	}
	see_until(&d, watch, mono_add_ms(mono_now(), 3000));
	qsort(d.us, count, sizeof(*d.us), by_us);
	printf("{\"what\":\"delays\",\"connections\":%u,\"not_seen\":%u,\"p50_us\":%" PRId64
	       ",\"p99_us\":%" PRId64 ",\"p999_us\":%" PRId64 ",\"max_us\":%" PRId64 "}\n",
	       count, count - d.n_seen, d.us[count / 2], d.us[(uint64_t)count * 99 / 100],
	       d.us[(uint64_t)count * 999 / 1000], d.us[count - 1]);
	return d.n_seen != count;
}

/* -- the command line ----------------------------------------------------- */

static int usage(void)
{
	fputs("usage: benchload entries create|delete FIRST COUNT [RATE]\n"
	      "       benchload rules install|delete LAN WAN FIRST COUNT [update]\n"
	      "       benchload dump rules|entries [DEV...]\n"
	      "       benchload events COUNT\n"
	      "       benchload delays LAN FIRST COUNT RATE\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "entries") && (argc == 5 || argc == 6))
		return entries(!strcmp(argv[2], "create"), number(argv[3]), number(argv[4]),
			       argc == 6 ? number(argv[5]) : 0);
	if (!strcmp(verb, "rules") && (argc == 7 || argc == 8))
		return rules(!strcmp(argv[2], "install"), argv + 3, argc - 3);
	if (!strcmp(verb, "dump") && argc >= 3)
		return dump(argv + 2, argc - 2);
	if (!strcmp(verb, "events") && argc == 3)
		return events(number(argv[2]));
	if (!strcmp(verb, "delays") && argc == 6)
		return delays(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	return usage();
}
