// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labcrowd - runs many UDP flows and TCP connections at once, and checks every byte.
 *
 * One process has both ends: it creates its sockets in two network namespaces, so
 * it knows what was sent and what arrived for each flow and each direction. Whatever
 * is between the namespaces (a router, NAT, hardware) sees ordinary hosts. In an
 * emulated machine this also saves half of the switches between processes, which
 * cost more than the packets.
 *
 * Flows are described in classes, which share nothing but the event loop:
 *
 *	labcrowd --seconds 30 mice:udp,flows=4900,size=64,rate=0.1 elephants:udp,flows=100,size=1400,rate=20
 *
 * Each class paces the rate of its flows, which send in turn. If the machine is too
 * slow, the class sends less than asked for and reports by how much ("behind_s");
 * packets do not pile up.
 *
 * A flow opens with a question from the client, which the server answers. UDP flows
 * ask again after more than two seconds, because only then does conntrack call them
 * assured. When all flows of the classes without "open" are that far, labcrowd prints
 * "ready", --seconds begins to count, and classes with "open" begin.
 *
 * Content is a function of flow, direction and position, so every packet and every
 * byte of a stream can be checked by itself. A packet that arrives at a socket of
 * another flow counts as misdelivered.
 *
 * labcrowd ends after --seconds or with SIGTERM. It waits a moment for packets that
 * are under way, closes the TCP connections, and prints one line of JSON with the
 * counts. The exit status is 1 if content was wrong, a packet was misdelivered, a
 * connection was refused, broken or not closed, a flow got no answer, or not all
 * flows became ready. Packets lost later are only counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x4c435244
#define PERIOD 65521		/* prime: packets do not repeat the same content */
#define SIZE_MAX_BYTES 9000
#define CLASSES_MAX 8
#define SERVER_SOCKETS 16	/* UDP: ports of the server over which a class spreads its flows */
#define TCP_PER_PORT 20000	/* TCP: connections to one port of the server */
#define BATCH 32
#define OPENING_MAX 64		/* unanswered questions, when opening at full speed */
#define ASSURED_SECONDS 2.1
#define RETRY_SECONDS 1.0
#define RETRIES 5		/* these limits, and CLOSE_SECONDS, are scaled: see patience() */
#define BEHIND_SECONDS 0.25
#define SCAN_SECONDS 0.1
#define DRAIN_SECONDS 2.0
#define CLOSE_SECONDS 10.0

enum end { CLIENT, SERVER, ENDS };
enum way { UP, DOWN, WAYS };

/* The direction in which an end sends, and in which it receives. */
#define SENDS(end) ((end) == CLIENT ? UP : DOWN)
#define HEARS(end) ((end) == CLIENT ? DOWN : UP)

enum state {
	FRESH,
	ASKING,		/* UDP: the first question is out; TCP: connecting, then the same */
	ANSWERED,	/* UDP: waits until ASSURED_SECONDS have passed */
	ASKING_AGAIN,
	READY,
	CLOSING,	/* TCP: the client has shut down its direction */
	CLOSED,
	FAILED,
};

/* Each UDP packet begins with a head. A TCP stream from the client begins with one. */
struct head {
	uint32_t magic;
	uint32_t flow;
	uint32_t seq;
	uint16_t size;
	uint8_t class;
	uint8_t way;
};

/* Sequence numbers that have arrived: the highest, and a bitmap of the last 64 up to it. */
struct seen {
	uint32_t top;
	uint64_t bits;
};

struct flow {
	uint8_t state;
	uint8_t tries;
	double opened;
	double asked;
	double answered;	/* the first time; conntrack has known the flow for longer */
	uint32_t next_seq;
	struct seen seen[WAYS];
	/* TCP */
	int fd[ENDS];
	uint64_t wanted[ENDS];	/* bytes that an end has to send */
	uint64_t sent[ENDS];
	uint64_t heard[ENDS];
	bool is_waiting[ENDS];	/* for room in the socket buffer */
};

struct tally {
	uint64_t packets_sent, packets_received, bytes_sent, bytes_received;
	uint64_t corrupt, misdelivered, duplicate, reordered;
};

struct class {
	/* from the command line */
	char name[32];
	bool is_tcp;
	uint32_t n_flows;
	double open;		/* flows per second; 0: as fast as the server answers */
	double hold;		/* seconds of a flow's life; 0: until the end */
	uint32_t size, answer;
	double rate;		/* packets per second and flow */
	/* state */
	struct flow *flow;
	uint32_t n_opened, n_ready, n_closed, n_failed, n_asking;
	uint32_t first;		/* all flows before it are closed or failed */
	uint32_t again;		/* the next flow to ask its second question */
	uint32_t turn;		/* the next flow to send */
	double open_due, send_due, behind, scanned;
	bool is_open;
	uint16_t sport, dport;	/* the first ports */
	uint32_t n_socks[ENDS];
	int *sock[ENDS];
	struct tally tally[WAYS];
};

static struct class classes[CLASSES_MAX];
static unsigned int n_classes;

static const char *netns[ENDS] = { "client", "server" };
static struct sockaddr_storage to, from, at;
static socklen_t addr_len;
static uint16_t next_dport = 6000, next_sport = 10000;
static double seconds;
static int ttl;
static int epoll_fd;
static volatile sig_atomic_t is_stopped;
static unsigned char content[PERIOD + SIZE_MAX_BYTES + 65536];

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("labcrowd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A limit that detects hangs, as long as the guest is slow (LAB_PATIENCE, a percentage). */
static double patience(double limit)
{
	const char *text = getenv("LAB_PATIENCE");
	double percent = text ? strtod(text, NULL) : 0;

	return percent > 100 ? limit * percent / 100 : limit;
}

static void *take(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("out of memory");
	return p;
}

/* ---- content ---- */

static void make_content(void)
{
	uint64_t x = 88172645463325252ull;

	for (size_t i = 0; i < PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		content[i] = (unsigned char)x;
	}
	for (size_t i = PERIOD; i < sizeof(content); i++)
		content[i] = content[i - PERIOD];
}

/* The content of a flow from this position on. At least SIZE_MAX_BYTES + 65536 bytes are valid. */
static const unsigned char *content_at(uint32_t flow, enum way way, uint64_t position)
{
	return content + (flow * 7919ull + way * 31337ull + position) % PERIOD;
}

/* ---- sockets ---- */

static void set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET)
		((struct sockaddr_in *)a)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && !memcmp(&a6->sin6_addr, &b6->sin6_addr, 16);
}

static void enter(enum end end)
{
	static int current = -1;
	char path[128];
	int fd;

	if (current == (int)end)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", netns[end]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("cannot enter %s: %s", path, strerror(errno));
	close(fd);
	current = end;
}

static void set_option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt: %s", strerror(errno));
}

/* The epoll data of a socket. The index is that of the flow or, for a UDP socket or a listener, of
 * the socket. */
static uint64_t event_key(unsigned int c, enum end end, bool is_flow, uint32_t index)
{
	return (uint64_t)c << 40 | (uint64_t)end << 39 | (uint64_t)is_flow << 38 | index;
}

static void watch(int op, int fd, uint32_t events, uint64_t key)
{
	struct epoll_event e = { .events = events, .data.u64 = key };

	if (epoll_ctl(epoll_fd, op, fd, &e))
		die("epoll: %s", strerror(errno));
}

static int make_socket(const struct class *c, enum end end, uint16_t port)
{
	struct sockaddr_storage a = { .ss_family = to.ss_family };
	int fd;

	enter(end);
	fd = socket(to.ss_family, (c->is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (end == CLIENT)
		a = from;
	else if (at.ss_family)
		a = at;
	set_port(&a, port);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (to.ss_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!c->is_tcp)
		set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
	else
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (ttl && to.ss_family == AF_INET)
		set_option(fd, IPPROTO_IP, IP_TTL, ttl);
	if (ttl && to.ss_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
	if (bind(fd, (struct sockaddr *)&a, addr_len))
		die("%s: cannot bind port %u: %s", c->name, port, strerror(errno));
	return fd;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Flow k of a UDP class uses this socket of the client, and this one of the server. */
static uint32_t client_socket(const struct class *c, uint32_t k)
{
	return k / c->n_socks[SERVER];
}

static uint32_t server_socket(const struct class *c, uint32_t k)
{
	return k % c->n_socks[SERVER];
}

static uint16_t take_ports(uint16_t *next, uint32_t n)
{
	uint16_t first = *next;

	if (first + n > 65536)
		die("not enough ports");
	*next = (uint16_t)(first + n);
	return first;
}

/* Makes all sockets of a UDP class, or the listeners of a TCP class. */
static void make_sockets(struct class *c)
{
	unsigned int index = (unsigned int)(c - classes);

	if (c->is_tcp) {
		c->n_socks[SERVER] = (c->n_flows + TCP_PER_PORT - 1) / TCP_PER_PORT;
		c->sport = take_ports(&next_sport, min_u32(c->n_flows, TCP_PER_PORT));
	} else {
		c->n_socks[SERVER] = min_u32(c->n_flows, SERVER_SOCKETS);
		c->n_socks[CLIENT] = (c->n_flows + c->n_socks[SERVER] - 1) / c->n_socks[SERVER];
		c->sport = take_ports(&next_sport, c->n_socks[CLIENT]);
	}
	c->dport = take_ports(&next_dport, c->n_socks[SERVER]);
	for (int end = SERVER; end >= CLIENT; end--) {
		uint16_t port = end == CLIENT ? c->sport : c->dport;

		c->sock[end] = take(c->n_socks[end], sizeof(int));
		for (uint32_t i = 0; i < c->n_socks[end]; i++) {
			c->sock[end][i] = make_socket(c, end, (uint16_t)(port + i));
			if (c->is_tcp && listen(c->sock[end][i], 4096))
				die("listen: %s", strerror(errno));
			watch(EPOLL_CTL_ADD, c->sock[end][i], EPOLLIN, event_key(index, end, false, i));
		}
	}
}

/* ---- states ---- */

static void set_state(struct class *c, struct flow *f, enum state state)
{
	bool was_asking = f->state == ASKING || f->state == ASKING_AGAIN;
	bool is_asking = state == ASKING || state == ASKING_AGAIN;

	c->n_asking = c->n_asking + is_asking - was_asking;
	c->n_ready += state == READY;
	c->n_closed += state == CLOSED;
	c->n_failed += state == FAILED;
	f->state = (uint8_t)state;
}

static void __attribute__((format(printf, 3, 4))) flow_fails(struct class *c, struct flow *f,
							      const char *fmt, ...)
{
	va_list ap;

	if (c->n_failed < 5) {
		fprintf(stderr, "labcrowd: %s: flow %u: ", c->name, (unsigned int)(f - c->flow));
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
		fputc('\n', stderr);
	}
	for (int end = 0; c->is_tcp && end < ENDS; end++) {
		if (f->fd[end] >= 0)
			close(f->fd[end]);
		f->fd[end] = -1;
	}
	set_state(c, f, FAILED);
}

/* The server has answered: moves the flow to its next state. */
static void is_answered(struct class *c, struct flow *f, double t)
{
	f->tries = 0;
	if (f->state == ASKING) {
		f->answered = t;
		set_state(c, f, c->is_tcp ? READY : ANSWERED);
	} else if (f->state == ASKING_AGAIN) {
		set_state(c, f, READY);
	}
}

/* ---- UDP ---- */

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage peer[BATCH];
	unsigned char data[BATCH][SIZE_MAX_BYTES];
	unsigned int n;
	int fd;
};

static struct batch out, in;

static void flush_batch(void)
{
	unsigned int done = 0;

	while (done < out.n) {
		int n = sendmmsg(out.fd, out.msg + done, out.n - done, 0);

		/* An ICMP error for an earlier packet, or no buffer. The packet counts as lost. */
		if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH ||
			      errno == ENETDOWN || errno == ENOBUFS || errno == EAGAIN))
			n = 1;
		if (n <= 0)
			die("sendmmsg: %s", strerror(errno));
		done += (unsigned int)n;
	}
	out.n = 0;
}

static void send_packet(struct class *c, enum end end, uint32_t k, uint32_t seq, uint32_t size,
			const struct sockaddr_storage *peer)
{
	int fd = c->sock[end][end == CLIENT ? client_socket(c, k) : server_socket(c, k)];
	struct head head = { MAGIC, k, seq, (uint16_t)size, (uint8_t)(c - classes), SENDS(end) };
	unsigned int i;

	if (out.n == BATCH || (out.n && out.fd != fd))
		flush_batch();
	out.fd = fd;
	i = out.n++;
	memcpy(out.data[i], &head, sizeof(head));
	memcpy(out.data[i] + sizeof(head), content_at(k, SENDS(end), seq * 104729ull), size - sizeof(head));
	out.peer[i] = *peer;
	out.iov[i] = (struct iovec){ out.data[i], size };
	out.msg[i].msg_hdr = (struct msghdr){ .msg_name = &out.peer[i], .msg_namelen = addr_len,
					      .msg_iov = &out.iov[i], .msg_iovlen = 1 };
	c->tally[SENDS(end)].packets_sent++;
	c->tally[SENDS(end)].bytes_sent += size;
}

static void ask(struct class *c, uint32_t k)
{
	struct sockaddr_storage peer = to;

	set_port(&peer, (uint16_t)(c->dport + server_socket(c, k)));
	send_packet(c, CLIENT, k, ++c->flow[k].next_seq, c->size, &peer);
}

/* Returns false for a sequence number that has arrived before. */
static bool note_seq(struct tally *t, struct seen *seen, uint32_t seq)
{
	uint32_t back;

	if (seq > seen->top) {
		back = seq - seen->top;
		seen->bits = back < 64 ? seen->bits << back | 1 : 1;
		seen->top = seq;
		return true;
	}
	back = seen->top - seq;
	if (back < 64 && seen->bits >> back & 1) {
		t->duplicate++;
		return false;
	}
	if (back < 64)
		seen->bits |= 1ull << back;
	t->reordered++;
	return true;
}

static bool is_in_place(const struct class *c, enum end end, uint32_t index, uint32_t k,
			const struct sockaddr_storage *peer)
{
	struct sockaddr_storage wanted = to;

	if (end == SERVER)
		return server_socket(c, k) == index;
	set_port(&wanted, (uint16_t)(c->dport + server_socket(c, k)));
	return client_socket(c, k) == index && is_same_address(peer, &wanted);
}

static void got_packet(struct class *c, enum end end, uint32_t index, const unsigned char *data,
		       uint32_t len, const struct sockaddr_storage *peer, double t)
{
	struct tally *tally = &c->tally[HEARS(end)];
	struct head head;
	struct flow *f;

	memcpy(&head, data, sizeof(head));
	if (len < sizeof(head) || head.magic != MAGIC || head.size != len || head.flow >= c->n_flows ||
	    head.way != HEARS(end) ||
	    memcmp(data + sizeof(head), content_at(head.flow, HEARS(end), head.seq * 104729ull),
		   len - sizeof(head))) {
		tally->corrupt++;
		return;
	}
	if (head.class != c - classes || !is_in_place(c, end, index, head.flow, peer)) {
		tally->misdelivered++;
		return;
	}
	f = &c->flow[head.flow];
	if (!note_seq(tally, &f->seen[HEARS(end)], head.seq))
		return;
	tally->packets_received++;
	tally->bytes_received += len;
	if (end == CLIENT)
		is_answered(c, f, t);
	else if (c->answer || f->state != READY)
		send_packet(c, SERVER, head.flow, head.seq, c->answer ? c->answer : sizeof(head), peer);
}

static void read_udp(struct class *c, enum end end, uint32_t index)
{
	double t;
	int n;

	do {
		for (unsigned int i = 0; i < BATCH; i++) {
			in.iov[i] = (struct iovec){ in.data[i], sizeof(in.data[i]) };
			in.msg[i].msg_hdr = (struct msghdr){ .msg_name = &in.peer[i],
							     .msg_namelen = sizeof(in.peer[i]),
							     .msg_iov = &in.iov[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(c->sock[end][index], in.msg, BATCH, MSG_DONTWAIT, NULL);
		/* Errors other than EAGAIN come from ICMP messages. */
		if (n < 0 && errno != EAGAIN)
			continue;
		t = now();
		for (int i = 0; i < n; i++)
			got_packet(c, end, index, in.data[i], in.msg[i].msg_len, &in.peer[i], t);
	} while (n == BATCH || (n < 0 && errno != EAGAIN));
	flush_batch();
}

/* ---- TCP ---- */

static uint64_t flow_key(const struct class *c, enum end end, const struct flow *f)
{
	return event_key((unsigned int)(c - classes), end, true, (uint32_t)(f - c->flow));
}

static void set_waiting(struct class *c, struct flow *f, enum end end, bool is_waiting)
{
	if (f->is_waiting[end] == is_waiting)
		return;
	f->is_waiting[end] = is_waiting;
	watch(EPOLL_CTL_MOD, f->fd[end], EPOLLIN | (is_waiting ? EPOLLOUT : 0), flow_key(c, end, f));
}

/* Sends what the end still has to send, as far as the socket has room. */
static void write_stream(struct class *c, struct flow *f, enum end end)
{
	uint32_t k = (uint32_t)(f - c->flow);

	while (f->sent[end] < f->wanted[end]) {
		uint64_t len = f->wanted[end] - f->sent[end];
		ssize_t n = send(f->fd[end], content_at(k, SENDS(end), f->sent[end]),
				 len > 65536 ? 65536 : (size_t)len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			flow_fails(c, f, "%s: send: %s", netns[end], strerror(errno));
			return;
		}
		f->sent[end] += (uint64_t)n;
		c->tally[SENDS(end)].bytes_sent += (uint64_t)n;
	}
	set_waiting(c, f, end, f->sent[end] < f->wanted[end]);
}

static void ask_stream(struct class *c, struct flow *f)
{
	f->wanted[CLIENT] += c->size;
	c->tally[UP].packets_sent++;
	write_stream(c, f, CLIENT);
}

static void connect_flow(struct class *c, uint32_t k)
{
	struct sockaddr_storage peer = to;
	struct flow *f = &c->flow[k];
	int fd = make_socket(c, CLIENT, (uint16_t)(c->sport + k % TCP_PER_PORT));

	set_port(&peer, (uint16_t)(c->dport + k / TCP_PER_PORT));
	f->fd[CLIENT] = fd;
	if (connect(fd, (struct sockaddr *)&peer, addr_len) && errno != EINPROGRESS) {
		flow_fails(c, f, "connect: %s", strerror(errno));
		return;
	}
	f->is_waiting[CLIENT] = true;
	watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT, flow_key(c, CLIENT, f));
}

/* The first bytes of a stream name its flow. */
static void connected(struct class *c, struct flow *f)
{
	struct head head = { MAGIC, (uint32_t)(f - c->flow), 0, 0, (uint8_t)(c - classes), UP };

	if (send(f->fd[CLIENT], &head, sizeof(head), MSG_NOSIGNAL) != sizeof(head)) {
		flow_fails(c, f, "cannot begin: %s", strerror(errno));
		return;
	}
	ask_stream(c, f);
}

/* A connection that the server has accepted, but whose head has not arrived yet. */
struct stranger {
	int fd;
	double since;
};

static struct stranger strangers[8192];
static unsigned int n_strangers;

/* Finds the flow of an accepted connection. Returns false if its head has not arrived yet. */
static bool introduce(struct class *c, int fd)
{
	struct head head;
	ssize_t n = recv(fd, &head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
	struct flow *f;

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n > 0 && n < (ssize_t)sizeof(head))
		return false;
	if (n <= 0 || head.magic != MAGIC || head.class != c - classes || head.flow >= c->n_flows ||
	    c->flow[head.flow].fd[SERVER] >= 0) {
		c->tally[UP].misdelivered += n > 0;
		close(fd);
		return true;
	}
	n = recv(fd, &head, sizeof(head), MSG_DONTWAIT);
	f = &c->flow[head.flow];
	f->fd[SERVER] = fd;
	watch(EPOLL_CTL_ADD, fd, EPOLLIN, flow_key(c, SERVER, f));
	return true;
}

static struct class *class_of_port(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	uint16_t port;

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		die("getsockname: %s", strerror(errno));
	port = ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port :
					      ((struct sockaddr_in6 *)&a)->sin6_port);
	for (unsigned int i = 0; i < n_classes; i++) {
		struct class *c = &classes[i];

		if (c->is_tcp && port >= c->dport && port < c->dport + c->n_socks[SERVER])
			return c;
	}
	die("a connection to a port of no class");
}

static void read_strangers(void)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n_strangers; i++) {
		if (!introduce(class_of_port(strangers[i].fd), strangers[i].fd))
			strangers[kept++] = strangers[i];
	}
	n_strangers = kept;
}

static void accept_all(struct class *c, uint32_t index)
{
	int fd;

	while ((fd = accept4(c->sock[SERVER][index], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		if (introduce(c, fd))
			continue;
		if (n_strangers == sizeof(strangers) / sizeof(strangers[0]))
			die("too many connections that send nothing");
		strangers[n_strangers++] = (struct stranger){ fd, now() };
	}
}

/* The end has read the stream beyond the position @before. The server answers each complete question. */
static void hear(struct class *c, struct flow *f, enum end end, uint64_t before)
{
	uint32_t unit = end == SERVER ? c->size : c->answer;
	uint64_t n = unit ? f->heard[end] / unit - before / unit : 0;

	c->tally[HEARS(end)].packets_received += n;
	if (!n)
		return;
	if (end == CLIENT) {
		is_answered(c, f, now());
	} else {
		f->wanted[SERVER] += n * c->answer;
		c->tally[DOWN].packets_sent += n;
		write_stream(c, f, SERVER);
	}
}

static void hung_up(struct class *c, struct flow *f, enum end end)
{
	if (f->state != CLOSING || f->sent[CLIENT] != f->heard[SERVER] ||
	    (end == CLIENT && f->sent[SERVER] != f->heard[CLIENT])) {
		flow_fails(c, f, "%s: unexpected end of the connection", netns[end]);
		return;
	}
	close(f->fd[end]);
	f->fd[end] = -1;
	if (end == CLIENT)
		set_state(c, f, CLOSED);
}

static void read_stream(struct class *c, struct flow *f, enum end end)
{
	static unsigned char data[65536];
	uint32_t k = (uint32_t)(f - c->flow);
	ssize_t n;

	while (f->fd[end] >= 0 && (n = recv(f->fd[end], data, sizeof(data), MSG_DONTWAIT)) != 0) {
		uint64_t before = f->heard[end];

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			flow_fails(c, f, "%s: recv: %s", netns[end], strerror(errno));
			return;
		}
		if (memcmp(data, content_at(k, HEARS(end), before), (size_t)n)) {
			c->tally[HEARS(end)].corrupt++;
			flow_fails(c, f, "%s: wrong content after %llu bytes", netns[end],
				   (unsigned long long)before);
			return;
		}
		f->heard[end] += (uint64_t)n;
		c->tally[HEARS(end)].bytes_received += (uint64_t)n;
		hear(c, f, end, before);
		if (n < (ssize_t)sizeof(data))
			return;
	}
	if (f->fd[end] >= 0)
		hung_up(c, f, end);
}

static void stream_event(struct class *c, struct flow *f, enum end end, uint32_t events)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (f->fd[end] < 0)
		return;
	if (end == CLIENT && f->state == ASKING && !f->wanted[CLIENT]) {
		if (getsockopt(f->fd[end], SOL_SOCKET, SO_ERROR, &err, &len) || err)
			flow_fails(c, f, "connect: %s", strerror(err));
		else if (events & EPOLLOUT)
			connected(c, f);
		return;
	}
	if (events & EPOLLOUT)
		write_stream(c, f, end);
	if (f->fd[end] >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_stream(c, f, end);
}

/* Begins to close the connection if no data is under way; returns false if there is. */
static bool begin_close(struct class *c, struct flow *f)
{
	if (f->sent[CLIENT] != f->wanted[CLIENT] || f->heard[SERVER] != f->sent[CLIENT] ||
	    f->heard[CLIENT] != f->wanted[SERVER])
		return false;
	set_state(c, f, CLOSING);
	if (shutdown(f->fd[CLIENT], SHUT_WR))
		flow_fails(c, f, "shutdown: %s", strerror(errno));
	return true;
}

/* ---- timing ---- */

static void open_flow(struct class *c, uint32_t k, double t)
{
	struct flow *f = &c->flow[k];

	f->opened = f->asked = t;
	f->fd[CLIENT] = f->fd[SERVER] = -1;
	set_state(c, f, ASKING);
	if (c->is_tcp)
		connect_flow(c, k);
	else
		ask(c, k);
}

/* Returns how many events of a rate are due. If the machine is too slow, skips some events and adds
 * the delay to behind. */
static uint32_t due(double *at, double rate, double t, double *behind)
{
	double n;

	if (rate <= 0 || *at > t)
		return 0;
	if (t - *at > BEHIND_SECONDS) {
		*behind += t - *at - BEHIND_SECONDS;
		*at = t - BEHIND_SECONDS;
	}
	n = (t - *at) * rate;
	n = n < 1 ? 1 : n > BATCH ? BATCH : n;
	n = (double)(uint32_t)n;
	*at += n / rate;
	return (uint32_t)n;
}

static void open_flows(struct class *c, double t)
{
	uint32_t n = min_u32(BATCH, c->n_asking < OPENING_MAX ? OPENING_MAX - c->n_asking : 0);

	if (c->open > 0)
		n = due(&c->open_due, c->open, t, &c->behind);
	for (; n && c->n_opened < c->n_flows; n--)
		open_flow(c, c->n_opened++, t);
}

/* Asks the second questions, in the order of the first. */
static void ask_again(struct class *c, double t)
{
	uint32_t n = BATCH;

	while (n && c->again < c->n_opened && c->n_asking < 2 * OPENING_MAX) {
		struct flow *f = &c->flow[c->again];

		if (f->state != ANSWERED) {
			/* If the first answer is late, scan_flow() asks the second question. */
			if (f->state != ASKING || t - f->opened > RETRY_SECONDS)
				c->again++;
			else
				return;
			continue;
		}
		if (t - f->answered < ASSURED_SECONDS)
			return;
		f->asked = t;
		set_state(c, f, ASKING_AGAIN);
		ask(c, c->again++);
		n--;
	}
}

static void scan_flow(struct class *c, struct flow *f, double t)
{
	uint32_t k = (uint32_t)(f - c->flow);
	bool is_late = !c->is_tcp && t - f->asked > RETRY_SECONDS;

	switch ((enum state)f->state) {
	case ASKING:
	case ASKING_AGAIN:
		if (!is_late)
			break;
		if (++f->tries > patience(RETRIES)) {
			flow_fails(c, f, "no answer");
			break;
		}
		f->asked = t;
		ask(c, k);
		break;
	case ANSWERED:
		if (k >= c->again || t - f->answered < ASSURED_SECONDS)
			break;
		f->asked = t;
		set_state(c, f, ASKING_AGAIN);
		ask(c, k);
		break;
	case READY:
		if (c->hold <= 0 || t - f->opened < c->hold)
			break;
		if (c->is_tcp)
			begin_close(c, f);
		else
			set_state(c, f, CLOSED);
		break;
	case FRESH:
	case CLOSING:
	case CLOSED:
	case FAILED:
		break;
	}
}

static void scan_flows(struct class *c, double t)
{
	if (t - c->scanned < SCAN_SECONDS || (c->hold <= 0 && c->n_ready + c->n_failed == c->n_flows))
		return;
	c->scanned = t;
	while (c->first < c->n_opened && c->flow[c->first].state >= CLOSED)
		c->first++;
	for (uint32_t k = c->first; k < c->n_opened; k++)
		scan_flow(c, &c->flow[k], t);
}

static void send_turns(struct class *c, double t)
{
	uint32_t living = c->n_opened - c->first, n;

	if (!living || c->n_ready == c->n_closed) {
		c->send_due = t;
		return;
	}
	n = due(&c->send_due, c->rate * living, t, &c->behind);
	for (; n; n--) {
		struct flow *f;

		if (c->turn < c->first || c->turn >= c->n_opened)
			c->turn = c->first;
		f = &c->flow[c->turn++];
		if (f->state != READY)
			continue;
		if (!c->is_tcp)
			ask(c, (uint32_t)(f - c->flow));
		else if (!f->is_waiting[CLIENT])
			ask_stream(c, f);
	}
}

static void class_tick(struct class *c, double t)
{
	if (!c->is_open)
		return;
	open_flows(c, t);
	if (!c->is_tcp)
		ask_again(c, t);
	scan_flows(c, t);
	if (c->rate > 0)
		send_turns(c, t);
	flush_batch();
}

/* ---- the loop ---- */

static void take_events(int timeout_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll_fd, events, 256, timeout_ms);

	for (int i = 0; i < n; i++) {
		uint64_t key = events[i].data.u64;
		struct class *c = &classes[key >> 40];
		enum end end = key >> 39 & 1;
		uint32_t index = (uint32_t)key;

		if (key >> 38 & 1)
			stream_event(c, &c->flow[index], end, events[i].events);
		else if (c->is_tcp)
			accept_all(c, index);
		else
			read_udp(c, end, index);
	}
	if (n_strangers)
		read_strangers();
}

static void begin_class(struct class *c, double t)
{
	c->is_open = true;
	c->open_due = t;
}

static bool is_everyone_ready(void)
{
	for (unsigned int i = 0; i < n_classes; i++) {
		if (classes[i].open <= 0 && classes[i].n_ready + classes[i].n_failed < classes[i].n_flows)
			return false;
	}
	return true;
}

/* Returns how long nothing is due, in milliseconds, about 20 at most. */
static int pause_ms(double t)
{
	double until = t + 0.02;

	for (unsigned int i = 0; i < n_classes; i++) {
		const struct class *c = &classes[i];

		if (!c->is_open)
			continue;
		if (c->open > 0 && c->n_opened < c->n_flows && c->open_due < until)
			until = c->open_due;
		if (c->rate > 0 && c->n_ready > c->n_closed && c->send_due < until)
			until = c->send_due;
		if (c->open <= 0 && c->n_opened < c->n_flows && c->n_asking < OPENING_MAX)
			return 0;
	}
	return until <= t ? 0 : (int)((until - t) * 1000) + 1;
}

/* Returns the seconds since "ready", or 0 if it was not reached. */
static double run(void)
{
	double t = now(), ready = 0;

	for (unsigned int i = 0; i < n_classes; i++) {
		if (classes[i].open <= 0)
			begin_class(&classes[i], t);
	}
	while (!is_stopped && !(ready && seconds && t - ready >= seconds)) {
		for (unsigned int i = 0; i < n_classes; i++)
			class_tick(&classes[i], t);
		take_events(pause_ms(now()));
		t = now();
		if (ready || !is_everyone_ready())
			continue;
		ready = t;
		puts("ready");
		fflush(stdout);
		for (unsigned int i = 0; i < n_classes; i++) {
			if (!classes[i].is_open)
				begin_class(&classes[i], t);
		}
	}
	return ready ? t - ready : 0;
}

static bool is_all_there(void)
{
	for (unsigned int i = 0; i < n_classes; i++) {
		const struct tally *t = classes[i].tally;

		for (int way = 0; way < WAYS; way++) {
			if (t[way].bytes_received != t[way].bytes_sent)
				return false;
		}
	}
	return true;
}

static unsigned int count_open(bool do_close)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_classes; i++) {
		struct class *c = &classes[i];

		for (uint32_t k = c->first; c->is_tcp && k < c->n_opened; k++) {
			if (do_close && c->flow[k].state == READY)
				begin_close(c, &c->flow[k]);
			n += c->flow[k].state < CLOSED;
		}
	}
	return n;
}

static void print_end(const struct class *c, uint32_t k, int end)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	if (c->flow[k].fd[end] < 0 || getsockopt(c->flow[k].fd[end], IPPROTO_TCP, TCP_INFO, &info, &len))
		fprintf(stderr, "; %s has no socket", netns[end]);
	else
		fprintf(stderr, "; %s state %u, %u unacknowledged, retransmitted %u times, RTO %u ms, "
			"last ack %u ms ago", netns[end], info.tcpi_state, info.tcpi_unacked,
			info.tcpi_retransmits, info.tcpi_rto / 1000,
			info.tcpi_last_ack_recv);
}

/* Prints which streams were not closed, and the state of their sockets. */
static void explain_open(void)
{
	for (unsigned int i = 0; i < n_classes; i++) {
		const struct class *c = &classes[i];
		unsigned int said = 0;

		for (uint32_t k = c->first; c->is_tcp && k < c->n_opened && said < 5; k++) {
			const struct flow *f = &c->flow[k];

			if (f->state >= CLOSED)
				continue;
			said++;
			fprintf(stderr, "labcrowd: %s: flow %u, port %u to %u, opened %.1f s ago, not closed: "
				"state %u", c->name, k, c->sport + k % TCP_PER_PORT,
				c->dport + k / TCP_PER_PORT, now() - f->opened, f->state);
			print_end(c, k, CLIENT);
			print_end(c, k, SERVER);
			fputc('\n', stderr);
		}
	}
}

/* Lets packets that are under way arrive, then closes the streams. */
static void wind_up(void)
{
	double t0 = now();

	while (!is_all_there() && now() - t0 < DRAIN_SECONDS)
		take_events(20);
	t0 = now();
	while (count_open(true) && now() - t0 < patience(CLOSE_SECONDS))
		take_events(20);
	explain_open();
}

/* ---- the result ---- */

static void print_tally(const char *name, const struct tally *t)
{
	printf(",\"%s\":{\"packets_sent\":%llu,\"packets_received\":%llu,\"bytes_sent\":%llu,"
	       "\"bytes_received\":%llu,\"lost\":%lld,\"corrupt\":%llu,\"misdelivered\":%llu,"
	       "\"duplicate\":%llu,\"reordered\":%llu}",
	       name, (unsigned long long)t->packets_sent, (unsigned long long)t->packets_received,
	       (unsigned long long)t->bytes_sent, (unsigned long long)t->bytes_received,
	       (long long)(t->packets_sent - t->packets_received), (unsigned long long)t->corrupt,
	       (unsigned long long)t->misdelivered, (unsigned long long)t->duplicate,
	       (unsigned long long)t->reordered);
}

/* Returns true if nothing was wrong. */
static bool print_result(double took)
{
	bool is_good = true;

	printf("{\"seconds\":%.2f,\"classes\":{", took);
	for (unsigned int i = 0; i < n_classes; i++) {
		const struct class *c = &classes[i];
		uint32_t unfinished = 0;

		for (uint32_t k = 0; c->is_tcp && k < c->n_opened; k++)
			unfinished += c->flow[k].state < CLOSED;
		printf("%s\"%s\":{\"proto\":\"%s\",\"flows\":%u,\"opened\":%u,\"ready\":%u,\"closed\":%u,"
		       "\"failed\":%u,\"unfinished\":%u,\"behind_s\":%.2f,\"sport\":%u,\"dport\":%u",
		       i ? "," : "", c->name, c->is_tcp ? "tcp" : "udp", c->n_flows, c->n_opened,
		       c->n_ready, c->n_closed, c->n_failed, unfinished, c->behind, c->sport, c->dport);
		print_tally("up", &c->tally[UP]);
		print_tally("down", &c->tally[DOWN]);
		putchar('}');
		for (int way = 0; way < WAYS; way++)
			is_good &= !c->tally[way].corrupt && !c->tally[way].misdelivered;
		is_good &= !c->n_failed && !unfinished;
	}
	puts("}}");
	return is_good;
}

/* ---- the command line ---- */

static const char usage_text[] =
	"usage: labcrowd [OPTION...] NAME:udp|tcp[,KEY=VALUE...]...\n"
	"  --seconds N          end N seconds after \"ready\" (default: at SIGTERM)\n"
	"  --client NS, --server NS\n"
	"                       network namespaces (default \"client\" and \"server\")\n"
	"  --to ADDRESS         address that the client connects to (default 203.0.113.2)\n"
	"  --source ADDRESS     source address of the client\n"
	"  --at ADDRESS         address of the server, and the source of its answers\n"
	"  --port N             first port of the server (default 6000)\n"
	"  --sport N            first port of the client (default 10000)\n"
	"  --ttl N              TTL or hop limit of all packets\n"
	"keys of a class, with defaults:\n"
	"  flows=1    number of flows\n"
	"  open=0     flows to open per second, from \"ready\" on; 0: open all before \"ready\"\n"
	"  hold=0     seconds until a flow ends; 0: at the end of labcrowd\n"
	"  size=64    bytes of a question from the client, 16 to 9000\n"
	"  answer=64  bytes of an answer, 16 to 9000; UDP: 0 for no answers once a flow is ready\n"
	"  rate=0     questions per second and flow\n";

static void parse_address(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in *a4 = (void *)ret;
	struct sockaddr_in6 *a6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &a4->sin_addr) == 1) {
		ret->ss_family = AF_INET;
		addr_len = sizeof(*a4);
	} else if (inet_pton(AF_INET6, text, &a6->sin6_addr) == 1) {
		ret->ss_family = AF_INET6;
		addr_len = sizeof(*a6);
	} else {
		die("%s: not an address", text);
	}
}

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || value < 0 || value > 1e7)
		die("%s: not a number from 0 to 10000000", text);
	return value;
}

static void parse_key(struct class *c, const char *key, const char *value)
{
	double n = number(value);

	if (!strcmp(key, "flows"))
		c->n_flows = (uint32_t)n;
	else if (!strcmp(key, "open"))
		c->open = n;
	else if (!strcmp(key, "hold"))
		c->hold = n;
	else if (!strcmp(key, "size"))
		c->size = (uint32_t)n;
	else if (!strcmp(key, "answer"))
		c->answer = (uint32_t)n;
	else if (!strcmp(key, "rate"))
		c->rate = n;
	else
		die("%s: no such key", key);
}

static void parse_class(char *text)
{
	struct class *c = &classes[n_classes++];
	char *rest, *word = strtok_r(text, ":", &rest);

	if (n_classes > CLASSES_MAX)
		die("too many classes");
	snprintf(c->name, sizeof(c->name), "%s", word);
	c->n_flows = 1;
	c->size = c->answer = 64;
	word = strtok_r(NULL, ",", &rest);
	if (!word || (strcmp(word, "tcp") && strcmp(word, "udp")))
		die("%s: neither tcp nor udp", c->name);
	c->is_tcp = !strcmp(word, "tcp");
	while ((word = strtok_r(NULL, ",", &rest))) {
		char *value = strchr(word, '=');

		if (!value)
			die("%s: not KEY=VALUE", word);
		*value++ = '\0';
		parse_key(c, word, value);
	}
	if (!c->n_flows || c->size < sizeof(struct head) || c->size > SIZE_MAX_BYTES ||
	    ((c->is_tcp || c->answer) && c->answer < sizeof(struct head)) || c->answer > SIZE_MAX_BYTES)
		die("%s: no flows, or a bad size", c->name);
}

static void parse_options(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seconds", required_argument, NULL, 's' }, { "client", required_argument, NULL, 'c' },
		{ "server", required_argument, NULL, 'S' },  { "to", required_argument, NULL, 't' },
		{ "source", required_argument, NULL, 'f' },  { "at", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },    { "sport", required_argument, NULL, 'P' },
		{ "ttl", required_argument, NULL, 'T' },     { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	parse_address("203.0.113.2", &to);
	while ((o = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (o) {
		case 's': seconds = number(optarg); break;
		case 'c': netns[CLIENT] = optarg; break;
		case 'S': netns[SERVER] = optarg; break;
		case 't': parse_address(optarg, &to); break;
		case 'f': parse_address(optarg, &from); break;
		case 'a': parse_address(optarg, &at); break;
		case 'p': next_dport = (uint16_t)number(optarg); break;
		case 'P': next_sport = (uint16_t)number(optarg); break;
		case 'T': ttl = (int)number(optarg); break;
		case 'h': fputs(usage_text, stdout); exit(0);
		default: fputs(usage_text, stderr); exit(2);
		}
	}
	if (optind == argc)
		die("no class; see --help");
	if ((from.ss_family && from.ss_family != to.ss_family) || (at.ss_family && at.ss_family != to.ss_family))
		die("addresses of different families");
	from.ss_family = to.ss_family;
	while (optind < argc)
		parse_class(argv[optind++]);
}

static void on_signal(int number_of)
{
	(void)number_of;
	is_stopped = 1;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 20, 1 << 20 };
	double took;

	parse_options(argc, argv);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	setrlimit(RLIMIT_NOFILE, &files);
	make_content();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll: %s", strerror(errno));
	for (unsigned int i = 0; i < n_classes; i++) {
		classes[i].flow = take(classes[i].n_flows, sizeof(struct flow));
		make_sockets(&classes[i]);
	}
	puts("listening");
	fflush(stdout);
	took = run();
	if (!took)
		fputs("labcrowd: ended before all were ready\n", stderr);
	wind_up();
	return print_result(took) && took ? 0 : 1;
}
