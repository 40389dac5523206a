// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labstray - measures how long after a change packets still take the old way.
 *
 *	labstray [--for SECONDS] [--in NAMESPACE] WATCH... -- COMMAND [ARG...]
 *
 * A watch counts packets that are right before the change and wrong after it:
 *
 *	NAMESPACE:DEVICE[:smac=MAC][:dmac=MAC][:ip=4|6]
 *				UDP packets that arrive on the device
 *	@FILE:NAME		the growth of a number in a file of lines "NAME NUMBER"
 *
 * labstray first waits until every watch has seen a packet, because a watch that sees none proves
 * nothing. Then it runs the command, and goes on watching for --for seconds (default 3) after the
 * command has ended. The time of the change is that of the first rtnetlink notification after the
 * start of the command, in the namespace of --in (default "router"). The start of the command itself
 * is too early, because to start a program takes longer than to change a route. Notifications about
 * neighbours do not count unless a process caused them, because the kernel may confirm a neighbour at
 * any time. Times of packets are the kernel's (SO_TIMESTAMPNS), so it does not matter when labstray
 * reads the packets.
 *
 * Prints a line of JSON: how long the command ran, and when it made the change; and for each watch,
 * the packets before and after the change, and the time from the change to the last packet, in
 * milliseconds. The exit status is 1 if a watch saw no packet before the change, the command failed
 * or the kernel reported no change.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCHES_MAX 8
#define SNAP 64
#define RCVBUF (16 << 20)
#define POLL_MS 2
#define FIRST_SECONDS 15
#define MS 1e3

struct watch {
	const char *text;
	int fd; /* packet socket, or -1 */
	char file[200];
	const char *name; /* of the number in the file */
	uint64_t value;
	bool has_smac, has_dmac;
	uint8_t smac[6], dmac[6];
	int ip; /* 4, 6, 0 = both */
	uint64_t before, after;
	double last; /* seconds */
};

static struct watch watches[WATCHES_MAX];
static unsigned int n_watches;
static int bus = -1;	      /* rtnetlink socket */
static double begun, changed; /* times of the command's start and of the change; 0 = not yet */

static void fail(const char *what, const char *of)
{
	fprintf(stderr, "labstray: %s: %s: %s\n", of, what, strerror(errno));
	exit(1);
}

static void usage(const char *what)
{
	fprintf(stderr, "labstray: %s\n", what);
	exit(2);
}

static double seconds(const struct timespec *t)
{
	return (double)t->tv_sec + (double)t->tv_nsec / 1e9;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return seconds(&t);
}

static void saw(struct watch *w, uint64_t n, double at)
{
	if (changed == 0 || at < changed) {
		w->before += n;
		return;
	}
	w->after += n;
	w->last = at;
}

/* ---- packets ---- */

static void take_option(struct watch *w, const char *option)
{
	struct ether_addr mac;
	const char *value = strchr(option, '=');

	if (!value)
		usage("a watch has an option that is not NAME=VALUE");
	value++;
	if (strncmp(option, "ip=", 3) == 0) {
		w->ip = atoi(value);
		return;
	}
	if (!ether_aton_r(value, &mac))
		usage("a watch has a bad MAC address");
	if (strncmp(option, "smac=", 5) == 0) {
		w->has_smac = true;
		memcpy(w->smac, &mac, 6);
	} else if (strncmp(option, "dmac=", 5) == 0) {
		w->has_dmac = true;
		memcpy(w->dmac, &mac, 6);
	} else {
		usage("a watch has an unknown option");
	}
}

/* MAC addresses contain colons, so an option ends at a colon with an option's name behind it. */
static char *next_option(char **rest)
{
	static const char *const names[] = { ":smac=", ":dmac=", ":ip=" };
	char *option = *rest, *end = NULL;

	if (!option)
		return NULL;
	for (unsigned int i = 0; i < 3; i++) {
		char *at = strstr(option, names[i]);

		if (at && (!end || at < end))
			end = at;
	}
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return option;
}

/* Enters a network namespace. Returns a descriptor of the old one, for leave(). */
static int enter(const char *ns)
{
	int home = open("/proc/self/ns/net", O_RDONLY), fd;
	char path[100];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	if (home < 0 || fd < 0 || setns(fd, CLONE_NEWNET))
		fail("namespace", ns);
	close(fd);
	return home;
}

static void leave(int home)
{
	if (setns(home, CLONE_NEWNET))
		fail("namespace", "own");
	close(home);
}

static void open_bus(const char *ns)
{
	static const int groups[] = { RTNLGRP_LINK,	   RTNLGRP_NEIGH,	RTNLGRP_IPV4_ROUTE,
				      RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,	RTNLGRP_IPV6_RULE,
				      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NEXTHOP,
				      RTNLGRP_IPV4_NETCONF };
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int home = enter(ns);

	bus = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (bus < 0 || bind(bus, (struct sockaddr *)&any, sizeof(any)))
		fail("route bus", ns);
	for (unsigned int i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (setsockopt(bus, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int)))
			fail("route bus", ns);
	}
	leave(home);
}

/* False for a notification about a neighbour that no process has changed. __neigh_notify() puts the
 * port ID of the process that made the change into the header, or 0. */
static bool is_change(const struct nlmsghdr *message)
{
	return message->nlmsg_pid || (message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH);
}

static void read_bus(void)
{
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} message;

	while (recv(bus, &message, sizeof(message), 0) >= (ssize_t)sizeof(message.header)) {
		if (begun && changed == 0 && is_change(&message.header))
			changed = now();
	}
}

static void open_socket(struct watch *w, const char *ns, const char *dev)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int home = enter(ns), size = RCVBUF, on = 1;

	w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	at.sll_ifindex = (int)if_nametoindex(dev);
	if (w->fd < 0 || !at.sll_ifindex ||
	    setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(w->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    bind(w->fd, (struct sockaddr *)&at, sizeof(at)))
		fail("packet socket", w->text);
	leave(home);
}

static bool matches(const struct watch *w, const uint8_t *p, size_t len)
{
	uint16_t type = (uint16_t)(p[12] << 8 | p[13]);
	bool is_udp = (type == ETH_P_IP && len > 23 && p[23] == IPPROTO_UDP) ||
		      (type == ETH_P_IPV6 && len > 20 && p[20] == IPPROTO_UDP);

	if (!is_udp || (w->ip && w->ip != (type == ETH_P_IP ? 4 : 6)))
		return false;
	return (!w->has_dmac || memcmp(p, w->dmac, 6) == 0) &&
	       (!w->has_smac || memcmp(p + 6, w->smac, 6) == 0);
}

static double stamp_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return seconds(&t);
	}
	return now();
}

static void read_packets(struct watch *w)
{
	for (;;) {
		uint8_t packet[SNAP], control[128];
		struct sockaddr_ll from;
		struct iovec iov = { packet, sizeof(packet) };
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
				    .msg_iov = &iov, .msg_iovlen = 1,
				    .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t len = recvmsg(w->fd, &m, 0);

		if (len < 0 && (errno == EAGAIN || errno == ENETDOWN))
			return;
		if (len < 0)
			fail("packet socket", w->text);
		if (len >= 14 && from.sll_pkttype != PACKET_OUTGOING && matches(w, packet, (size_t)len))
			saw(w, 1, stamp_of(&m));
	}
}

/* ---- numbers ---- */

static uint64_t read_number(const struct watch *w)
{
	FILE *f = fopen(w->file, "re");
	unsigned long long value;
	char name[64];

	if (!f)
		fail("file", w->file);
	while (fscanf(f, "%63s %llu", name, &value) == 2) {
		if (strcmp(name, w->name) == 0) {
			fclose(f);
			return value;
		}
	}
	fprintf(stderr, "labstray: %s has no %s\n", w->file, w->name);
	exit(1);
}

static void look_at_number(struct watch *w)
{
	uint64_t value = read_number(w);

	/* The number may have grown at any time since the last read; the latest time is assumed. */
	if (value != w->value)
		saw(w, value - w->value, now());
	w->value = value;
}

/* ---- all watches ---- */

static void add_watch(char *text)
{
	struct watch *w = &watches[n_watches++];
	char *rest, *option, *dev;

	if (n_watches > WATCHES_MAX)
		usage("too many watches");
	*w = (struct watch){ .text = strdup(text), .fd = -1 };
	rest = strchr(text, ':');
	if (!rest)
		usage("a watch is NAMESPACE:DEVICE or @FILE:NAME");
	*rest++ = '\0';
	if (*text == '@') {
		snprintf(w->file, sizeof(w->file), "%s", text + 1);
		w->name = rest;
		w->value = read_number(w);
		return;
	}
	dev = next_option(&rest);
	while ((option = next_option(&rest)))
		take_option(w, option);
	open_socket(w, text, dev);
}

static void look(double until)
{
	struct pollfd fds[WATCHES_MAX + 1];

	do {
		for (unsigned int i = 0; i < n_watches; i++)
			fds[i] = (struct pollfd){ .fd = watches[i].fd, .events = POLLIN };
		fds[n_watches] = (struct pollfd){ .fd = bus, .events = POLLIN };
		poll(fds, n_watches + 1, POLL_MS);
		/* Read notifications first: packets after the change must be counted as such. */
		read_bus();
		for (unsigned int i = 0; i < n_watches; i++) {
			if (watches[i].fd >= 0)
				read_packets(&watches[i]);
			else
				look_at_number(&watches[i]);
		}
	} while (now() < until);
}

static bool all_saw(void)
{
	for (unsigned int i = 0; i < n_watches; i++) {
		if (watches[i].before == 0)
			return false;
	}
	return true;
}

static void print(double ended)
{
	printf("{\"command_ms\": %.1f, \"change_ms\": %.1f, \"watches\": [", (ended - begun) * MS,
	       (changed - begun) * MS);
	for (unsigned int i = 0; i < n_watches; i++) {
		const struct watch *w = &watches[i];

		printf("%s{\"watch\": \"%s\", \"before\": %llu, \"after\": %llu, "
		       "\"last_ms\": %.1f}",
		       i ? ", " : "", w->text, (unsigned long long)w->before,
		       (unsigned long long)w->after, w->after ? (w->last - changed) * MS : 0.0);
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "for", required_argument, NULL, 'f' },
						 { "in", required_argument, NULL, 'i' },
						 { NULL, 0, NULL, 0 } };
	double watch_for = 3, deadline, ended;
	const char *ns = "router";
	int status, i, c;
	pid_t pid;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'f')
			watch_for = atof(optarg);
		else if (c == 'i')
			ns = optarg;
		else
			return 2;
	}
	open_bus(ns);
	for (i = optind; i < argc && strcmp(argv[i], "--"); i++)
		add_watch(argv[i]);
	if (i + 1 >= argc || n_watches == 0)
		usage("usage: labstray [--for SECONDS] [--in NAMESPACE] WATCH... -- COMMAND [ARG...]");
	deadline = now() + FIRST_SECONDS;
	while (!all_saw() && now() < deadline)
		look(0);
	for (unsigned int w = 0; w < n_watches; w++) {
		if (watches[w].before == 0) {
			fprintf(stderr, "labstray: %s saw no packet before the change\n",
				watches[w].text);
			return 1;
		}
	}
	/* A real-time priority keeps labstray from reading the notification late. */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
	look(0);
	begun = now();
	pid = fork();
	if (pid == 0) {
		sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ .sched_priority = 0 });
		execvp(argv[i + 1], argv + i + 1);
		fail("command", argv[i + 1]);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		look(0);
	ended = now();
	look(ended + watch_for);
	if (changed == 0) {
		fprintf(stderr, "labstray: the kernel reported no change\n");
		return 1;
	}
	print(ended);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "labstray: the command failed\n");
		return 1;
	}
	return 0;
}
