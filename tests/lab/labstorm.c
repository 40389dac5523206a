// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labstorm - creates and deletes conntrack entries with ctnetlink as fast as the kernel allows.
 * This causes more events than a listener can read.
 *
 *	labstorm create|delete FIRST COUNT [ROUNDS]
 *
 * Entries are UDP, assured, from the client of the lab's topology to its server. Entry number n
 * has the source port 1024 + n % 60000 and the destination port 20000 + n / 60000. With ROUNDS,
 * labstorm first creates and deletes (or deletes and creates) all of them ROUNDS times. Prints
 * the number of requests, requests per second, and requests that the kernel refused.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define MESSAGE_MAX 256
#define PORTS 60000u
#define TIMEOUT_S 600

static const char client[] = "192.168.1.2", server[] = "203.0.113.2";

struct batch {
	_Alignas(8) unsigned char bytes[BATCH * MESSAGE_MAX];
	size_t len;
	unsigned int n;
};

static void fail(const char *what)
{
	fprintf(stderr, "labstorm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *put(struct batch *b, size_t len)
{
	void *at = b->bytes + b->len;

	memset(at, 0, NLMSG_ALIGN(len));
	b->len += NLMSG_ALIGN(len);
	return at;
}

static void put_attr(struct batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = put(b, NLA_HDRLEN + len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)attr + NLA_HDRLEN, data, len);
}

static struct nlattr *begin(struct batch *b, uint16_t type)
{
	struct nlattr *attr = put(b, NLA_HDRLEN);

	attr->nla_type = type | NLA_F_NESTED;
	return attr;
}

static void end(struct batch *b, struct nlattr *attr)
{
	attr->nla_len = (uint16_t)(b->bytes + b->len - (unsigned char *)attr);
}

static void put_tuple(struct batch *b, uint16_t type, const char *src, const char *dst, uint16_t sport,
		      uint16_t dport)
{
	struct nlattr *tuple = begin(b, type), *part = begin(b, CTA_TUPLE_IP);
	uint32_t addr = inet_addr(src);
	uint8_t proto = IPPROTO_UDP;
	uint16_t port = htons(sport);

	put_attr(b, CTA_IP_V4_SRC, &addr, sizeof(addr));
	addr = inet_addr(dst);
	put_attr(b, CTA_IP_V4_DST, &addr, sizeof(addr));
	end(b, part);
	part = begin(b, CTA_TUPLE_PROTO);
	put_attr(b, CTA_PROTO_NUM, &proto, sizeof(proto));
	put_attr(b, CTA_PROTO_SRC_PORT, &port, sizeof(port));
	port = htons(dport);
	put_attr(b, CTA_PROTO_DST_PORT, &port, sizeof(port));
	end(b, part);
	end(b, tuple);
}

static void put_entry(struct batch *b, bool is_create, uint32_t number)
{
	size_t start = b->len;
	struct nlmsghdr *nlh = put(b, sizeof(*nlh));
	struct nfgenmsg *nfg = put(b, sizeof(*nfg));
	uint16_t sport = (uint16_t)(1024 + number % PORTS);
	uint16_t dport = (uint16_t)(20000 + number / PORTS);
	uint32_t status = htonl(IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED);
	uint32_t timeout = htonl(TIMEOUT_S);

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 |
			  (is_create ? IPCTNL_MSG_CT_NEW : IPCTNL_MSG_CT_DELETE);
	nlh->nlmsg_flags = NLM_F_REQUEST | (is_create ? NLM_F_CREATE : 0);
	nfg->nfgen_family = AF_INET;
	put_tuple(b, CTA_TUPLE_ORIG, client, server, sport, dport);
	if (is_create) {
		put_tuple(b, CTA_TUPLE_REPLY, server, client, dport, sport);
		put_attr(b, CTA_STATUS, &status, sizeof(status));
		put_attr(b, CTA_TIMEOUT, &timeout, sizeof(timeout));
	}
	nlh->nlmsg_len = (uint32_t)(b->len - start);
	b->n++;
}

/* Returns how many requests the kernel refused. The requests ask for no acknowledgement, so each
 * answer is an error. */
static unsigned int read_refusals(int fd)
{
	unsigned char buf[8192];
	unsigned int n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static unsigned int flush(int fd, struct batch *b)
{
	if (b->n && send(fd, b->bytes, b->len, 0) < 0)
		fail("send");
	b->len = b->n = 0;
	return read_refusals(fd);
}

static unsigned int all(int fd, bool is_create, uint32_t first, uint32_t count)
{
	static struct batch b;
	unsigned int refused = 0;

	for (uint32_t i = 0; i < count; i++) {
		put_entry(&b, is_create, first + i);
		if (b.n == BATCH)
			refused += flush(fd, &b);
	}
	return refused + flush(fd, &b);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint32_t first, count, rounds, n = 0;
	unsigned int refused = 0;
	bool is_create;
	double start;
	int fd;

	if (argc < 4 || argc > 5 || (strcmp(argv[1], "create") && strcmp(argv[1], "delete"))) {
		fprintf(stderr, "usage: labstorm create|delete FIRST COUNT [ROUNDS]\n");
		return 2;
	}
	is_create = !strcmp(argv[1], "create");
	first = (uint32_t)strtoul(argv[2], NULL, 10);
	count = (uint32_t)strtoul(argv[3], NULL, 10);
	rounds = argc == 5 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		fail("socket");
	start = now();
	for (uint32_t i = 0; i < rounds; i++) {
		refused += all(fd, is_create, first, count) + all(fd, !is_create, first, count);
		n += 2 * count;
	}
	refused += all(fd, is_create, first, count);
	n += count;
	printf("%u requests, %.0f a second, %u refused\n", n, n / (now() - start), refused);
	close(fd);
	return 0;
}
