// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labtraffic - sends data both ways over one TCP connection or UDP flow, and checks
 * every byte.
 *
 * Cases of the lab must be able to hold a connection at certain points: after it is
 * established, before the bulk of the data, before it is closed. So a run has phases,
 * and the client prints a line at the start of each:
 *
 *   connect - warm-up trickle - wait for a file or a line - bulk - hold - close
 *
 * The client decides everything; the server learns it from the first message.
 * Content is a function of seed, direction and position, so the receiver needs
 * nothing but the bytes to check them. For UDP, labtraffic has sequence numbers, a
 * window and acknowledgements: a slow emulated machine loses no packet by overload,
 * and a lost packet is sent again and counted instead of ending the run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x4c545246
#define CHUNK 65536
#define PERIOD 1000003		/* prime: packets do not repeat the same content */
#define WINDOW_MAX 64		/* bits of the selective acknowledgement */
#define POLL_MS 20
#define PING_SECONDS 0.1
#define RETRY_SECONDS 0.25
#define RESEND_SECONDS 1.0

struct options {
	bool udp;
	const char *address;	/* server's, or the one to listen on */
	const char *port;
	const char *source;
	uint16_t sport;
	uint64_t up;		/* bytes from client to server */
	uint64_t down;
	uint32_t size;		/* UDP: bytes in a packet, including struct message */
	uint32_t window;	/* UDP: packets in flight */
	uint64_t rate;		/* bytes per second and direction; 0: no limit */
	uint64_t seed;
	bool sequential;
	bool abort;		/* end with a reset */
	int ttl;		/* 0: the system's */
	int mss;		/* 0: the system's */
	double warm;
	double stall;
	const char *wait_file;
	bool wait_stdin;
	bool quiet_wait;
	const char *until_file;	/* TCP: the bulk repeats until this file exists */
	const char *hold_file;
	bool hold_ping;
	int count;		/* connections to serve; 0: no limit */
};

static struct options opt = {
	.port = "5201",
	.size = 1400,
	.window = 32,
	.stall = 20,
	.count = 1,
};

static const char *phase = "start";

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "labtraffic: error in phase %s: ", phase);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void __attribute__((noreturn)) fail_errno(const char *what)
{
	if (errno == ECONNRESET)
		fail("connection reset by the other side");
	if (opt.udp && errno == ECONNREFUSED)
		fail("port unreachable");
	fail("%s: %s", what, strerror(errno));
}

static void enter(const char *name)
{
	phase = name;
	printf("%s\n", name);
	fflush(stdout);
}

/* ---- content ---- */

/* The bytes of both directions. A chunk that begins within PERIOD needs no wrapping. */
static unsigned char content[2][PERIOD + CHUNK];

enum direction { UP, DOWN };

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void content_make(uint64_t seed)
{
	size_t i;
	int dir;

	for (dir = UP; dir <= DOWN; dir++) {
		uint64_t x = mix(seed * 2 + (uint64_t)dir);

		for (i = 0; i < PERIOD; i += 8) {
			x = mix(x);
			memcpy(content[dir] + i, &x, PERIOD - i < 8 ? PERIOD - i : 8);
		}
		memcpy(content[dir] + PERIOD, content[dir], CHUNK);
	}
}

static const unsigned char *content_at(enum direction dir, uint64_t position)
{
	return content[dir] + position % PERIOD;
}

static void content_check(enum direction dir, uint64_t position, const unsigned char *data, size_t len)
{
	const unsigned char *want = content_at(dir, position);
	size_t i = 0;

	if (memcmp(data, want, len) == 0)
		return;
	while (data[i] == want[i])
		i++;
	fail("corrupt data %s at byte %llu: 0x%02x instead of 0x%02x", dir == UP ? "up" : "down",
	     (unsigned long long)(position + i), data[i], want[i]);
}

/* ---- messages ---- */

enum message_type {
	MSG_HELLO = 1,
	MSG_PING,
	MSG_GO,
	MSG_DONE,	/* TCP: the server has received and sent everything; UDP: answer to bye */
	MSG_BYE,
	MSG_DATA,
	MSG_ACK,
};

enum {
	FLAG_ANSWER = 1,
	FLAG_SEQUENTIAL = 2,
	FLAG_ABORT = 4,
	FLAG_RESENT = 8,
};

/* The head of every UDP packet. In TCP, a whole message, sent between phases, not within the bulk. */
struct message {
	uint32_t magic;
	uint8_t type;
	uint8_t flags;
	uint16_t size;		/* hello: options.size; data: bytes of content that follow */
	uint32_t session;	/* random; distinguishes flows and runs that use the same ports */
	uint16_t window;
	uint16_t stall;		/* tenths of a second */
	uint64_t a;		/* hello: up; data: sequence number; done: bytes received */
	uint64_t b;		/* hello: down; data, ack: next number expected from the peer; done: resent */
	uint64_t c;		/* hello: seed; data, ack: bitmap of numbers received after b; done: duplicates */
	uint64_t d;		/* hello: rate; done: reordered */
};

static uint32_t session;

static struct message make_message(enum message_type type, int flags)
{
	struct message m = {
		.magic = htobe32(MAGIC),
		.type = (uint8_t)type,
		.flags = (uint8_t)flags,
		.session = htobe32(session),
	};

	return m;
}

static struct message make_hello(void)
{
	struct message m = make_message(MSG_HELLO, (opt.sequential ? FLAG_SEQUENTIAL : 0) |
						   (opt.abort ? FLAG_ABORT : 0));

	m.size = htobe16((uint16_t)opt.size);
	m.window = htobe16((uint16_t)opt.window);
	m.stall = htobe16((uint16_t)(opt.stall * 10));
	m.a = htobe64(opt.up);
	m.b = htobe64(opt.down);
	m.c = htobe64(opt.seed);
	m.d = htobe64(opt.rate);
	return m;
}

static bool message_valid(const struct message *m)
{
	return m->magic == htobe32(MAGIC);
}

/* The server uses the options of the client. */
static void hello_apply(const struct message *m)
{
	session = be32toh(m->session);
	opt.sequential = m->flags & FLAG_SEQUENTIAL;
	opt.abort = m->flags & FLAG_ABORT;
	opt.size = be16toh(m->size);
	opt.window = be16toh(m->window);
	opt.stall = be16toh(m->stall) / 10.0;
	opt.up = be64toh(m->a);
	opt.down = be64toh(m->b);
	opt.seed = be64toh(m->c);
	opt.rate = be64toh(m->d);
	if (opt.size <= sizeof(*m) || opt.size > CHUNK || opt.window < 1 || opt.window > WINDOW_MAX)
		fail("bad hello from the client");
	content_make(opt.seed);
}

/* ---- pieces that TCP and UDP share ---- */

/* Progress of one direction's bulk, as one end sees it. */
struct stream {
	enum direction dir;
	uint64_t total;
	uint64_t done;
};

/* How many more bytes the rate allows now. */
static uint64_t rate_budget(double start, uint64_t done)
{
	double allowed;

	if (!opt.rate)
		return UINT64_MAX;
	allowed = (double)opt.rate * (now() - start) + CHUNK / 8.0;
	return allowed > (double)done ? (uint64_t)(allowed - (double)done) : 0;
}

static void check_stall(double last, const struct stream *tx, const struct stream *rx)
{
	if (now() - last < opt.stall)
		return;
	if (tx->total + rx->total == 0)
		fail("no answer for %.0f s", opt.stall);
	fail("stalled for %.0f s: %llu of %llu bytes sent, %llu of %llu received", opt.stall,
	     (unsigned long long)tx->done, (unsigned long long)tx->total,
	     (unsigned long long)rx->done, (unsigned long long)rx->total);
}

static bool stdin_line(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char c = 0;

	while (poll(&p, 1, 0) > 0) {
		if (read(STDIN_FILENO, &c, 1) != 1)
			fail("end of standard input instead of a line");
		if (c == '\n')
			return true;
	}
	return false;
}

/* True if the file or line that ends the wait before the bulk is there. */
static bool wait_over(void)
{
	if (opt.wait_file && access(opt.wait_file, F_OK) < 0)
		return false;
	if (!opt.wait_stdin)
		return true;
	return stdin_line();
}

static bool hold_over(void)
{
	return !opt.hold_file || access(opt.hold_file, F_OK) == 0;
}

/* The address of an IPv4 peer of an IPv6 socket without the prefix "::ffff:". */
static const char *without_mapping(const char *host)
{
	return strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host;
}

static void print_endpoints(int fd)
{
	struct sockaddr_storage local, peer;
	socklen_t len = sizeof(local), plen = sizeof(peer);
	char host[2][NI_MAXHOST], port[2][NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&local, &len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &plen) < 0)
		fail_errno("socket name");
	getnameinfo((struct sockaddr *)&local, len, host[0], NI_MAXHOST, port[0], NI_MAXSERV,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	getnameinfo((struct sockaddr *)&peer, plen, host[1], NI_MAXHOST, port[1], NI_MAXSERV,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	printf("connected %s %s %s %s\n", without_mapping(host[0]), port[0], without_mapping(host[1]), port[1]);
	fflush(stdout);
}

static struct addrinfo *resolve(const char *host, const char *port, int family, int flags)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = opt.udp ? SOCK_DGRAM : SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | flags,
	};
	struct addrinfo *ai;
	int error = getaddrinfo(host, port, &hints, &ai);

	if (error)
		fail("%s: %s", host ? host : port, gai_strerror(error));
	return ai;
}

static void set_option(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		fail_errno(what);
}

static void set_ttl(int fd, int family)
{
	if (!opt.ttl)
		return;
	if (family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, opt.ttl, "hop limit");
	else
		set_option(fd, IPPROTO_IP, IP_TTL, opt.ttl, "TTL");
}

/* Returns a socket bound to the chosen source that is connected, or connecting, to the server. */
static int client_socket(void)
{
	struct addrinfo *to = resolve(opt.address, opt.port, AF_UNSPEC, 0);
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char sport[16];

	if (fd < 0)
		fail_errno("socket");
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	set_ttl(fd, to->ai_family);
	if (opt.mss && !opt.udp)
		set_option(fd, IPPROTO_TCP, TCP_MAXSEG, opt.mss, "MSS");
	if (opt.source || opt.sport) {
		struct addrinfo *from;

		snprintf(sport, sizeof(sport), "%u", opt.sport);
		from = resolve(opt.source, sport, to->ai_family, AI_PASSIVE);
		if (bind(fd, from->ai_addr, from->ai_addrlen) < 0)
			fail_errno("bind");
		freeaddrinfo(from);
	}
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS)
		fail_errno("connect");
	freeaddrinfo(to);
	return fd;
}

static int server_socket(void)
{
	struct addrinfo *ai = resolve(opt.address, opt.port, opt.address ? AF_UNSPEC : AF_INET6, AI_PASSIVE);
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail_errno("socket");
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (ai->ai_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, opt.address != NULL, "V6ONLY");
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		fail_errno("bind");
	freeaddrinfo(ai);
	return fd;
}

/* ---- TCP ---- */

/* Waits for events on fd. Returns false after one interval without any. */
static bool ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, POLL_MS) > 0;
}

static void tcp_send_message(int fd, struct message m)
{
	const char *p = (const char *)&m;
	const struct stream none = { 0 };
	size_t done = 0;
	double last = now();

	while (done < sizeof(m)) {
		ssize_t n = send(fd, p + done, sizeof(m) - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			fail_errno("send");
		else if (!ready(fd, POLLOUT))
			check_stall(last, &none, &none);
	}
}

/* Reads the next message. Returns false at the end of the connection. */
static bool tcp_read_message(int fd, struct message *m, double stall)
{
	const struct stream none = { 0 };
	size_t done = 0;
	double last = now();

	while (done < sizeof(*m)) {
		ssize_t n = recv(fd, (char *)m + done, sizeof(*m) - done, 0);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 && done == 0)
			return false;
		else if (n == 0)
			fail("connection closed within a message");
		else if (errno != EAGAIN && errno != EINTR)
			fail_errno("receive");
		else if (!ready(fd, POLLIN) && stall > 0)
			check_stall(last, &none, &none);
	}
	if (!message_valid(m))
		fail("corrupt message");
	return true;
}

static struct message tcp_expect(int fd, enum message_type type)
{
	struct message m;

	if (!tcp_read_message(fd, &m, opt.stall))
		fail("connection closed by the other side");
	if (m.type != type)
		fail("message %d instead of %d", m.type, type);
	return m;
}

static void tcp_ping(int fd)
{
	tcp_send_message(fd, make_message(MSG_PING, 0));
	tcp_expect(fd, MSG_PING);
}

/* One step of an idle phase: either a ping, if one is due, or one interval in which the other end
 * must be silent. Steps are short, so that the caller soon notices the end of the phase. */
static void tcp_idle(int fd, bool ping)
{
	static double last;

	if (ping && now() - last >= PING_SECONDS) {
		last = now();
		tcp_ping(fd);
		return;
	}
	if (ready(fd, POLLIN)) {
		char c;
		ssize_t n = recv(fd, &c, 1, MSG_PEEK);

		if (n == 0)
			fail("connection closed by the other side");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			fail_errno("receive");
		fail("unexpected data");
	}
}

static bool tcp_send_some(int fd, struct stream *tx, double start)
{
	uint64_t left = tx->total - tx->done, budget = rate_budget(start, tx->done);
	ssize_t n;

	if (left > CHUNK)
		left = CHUNK;
	if (left > budget)
		left = budget;
	if (!left)
		return false;
	n = send(fd, content_at(tx->dir, tx->done), left, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail_errno("send");
	if (n <= 0)
		return false;
	tx->done += (uint64_t)n;
	return true;
}

static bool tcp_receive_some(int fd, struct stream *rx)
{
	unsigned char buf[CHUNK];
	uint64_t left = rx->total - rx->done;
	ssize_t n = recv(fd, buf, left < CHUNK ? left : CHUNK, 0);

	if (n == 0)
		fail("connection closed after %llu of %llu bytes", (unsigned long long)rx->done,
		     (unsigned long long)rx->total);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail_errno("receive");
	if (n <= 0)
		return false;
	content_check(rx->dir, rx->done, buf, (size_t)n);
	rx->done += (uint64_t)n;
	return true;
}

/* Sends and receives the bulk. In a sequential run, the server receives all before it sends. */
static void tcp_bulk(int fd, struct stream *tx, struct stream *rx, bool receive_first)
{
	double start = now(), last = start;

	while (tx->done < tx->total || rx->done < rx->total) {
		bool may_send = tx->done < tx->total && !(receive_first && rx->done < rx->total);
		bool want_out = may_send && rate_budget(start, tx->done) > 0;
		bool progress = false;

		if (ready(fd, (short)((rx->done < rx->total ? POLLIN : 0) | (want_out ? POLLOUT : 0)))) {
			if (rx->done < rx->total)
				progress |= tcp_receive_some(fd, rx);
			if (may_send)
				progress |= tcp_send_some(fd, tx, start);
		}
		if (progress)
			last = now();
		else
			check_stall(last, tx, rx);
		if (!progress && !want_out && rx->done == rx->total)
			usleep(1000);
	}
}

static void tcp_reset(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static void tcp_connect(int fd)
{
	double start = now();
	int error = 0;
	socklen_t len = sizeof(error);

	while (!ready(fd, POLLOUT)) {
		if (now() - start > opt.stall)
			fail("no connection within %.0f s", opt.stall);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		errno = error;
		fail_errno("connect");
	}
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
}

/* Sends our FIN, then waits for that of the other end. */
static void tcp_close(int fd)
{
	double start = now();
	char c;

	if (shutdown(fd, SHUT_WR) < 0)
		fail_errno("shutdown");
	for (;;) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n == 0)
			break;
		if (n > 0)
			fail("data after the end");
		if (errno != EAGAIN && errno != EINTR)
			fail_errno("receive");
		if (!ready(fd, POLLIN) && now() - start > opt.stall)
			fail("the other side did not close within %.0f s", opt.stall);
	}
	close(fd);
}

static void tcp_send_main(void)
{
	struct stream tx = { .dir = UP, .total = opt.up }, rx = { .dir = DOWN, .total = opt.down };
	uint64_t up = 0, down = 0;
	double start, took;
	int fd;

	phase = "connect";
	fd = client_socket();
	tcp_connect(fd);
	tcp_send_message(fd, make_hello());
	tcp_expect(fd, MSG_HELLO);
	print_endpoints(fd);
	enter("warm");
	for (start = now(); now() - start < opt.warm;)
		tcp_idle(fd, true);
	enter("waiting");
	while (!wait_over())
		tcp_idle(fd, !opt.quiet_wait);
	enter("bulk");
	start = now();
	do {
		tx.done = rx.done = 0;
		tcp_send_message(fd, make_message(MSG_GO, 0));
		tcp_bulk(fd, &tx, &rx, false);
		tcp_expect(fd, MSG_DONE);
		up += tx.done;
		down += rx.done;
	} while (opt.until_file && access(opt.until_file, F_OK) < 0);
	took = now() - start;
	enter("holding");
	while (!hold_over())
		tcp_idle(fd, opt.hold_ping);
	enter("closing");
	if (opt.abort)
		tcp_reset(fd);
	else
		tcp_close(fd);
	printf("ok proto=tcp up=%llu down=%llu seconds=%.2f lost=0 reordered=0 closed=%s\n",
	       (unsigned long long)up, (unsigned long long)down, took, opt.abort ? "reset" : "fin");
}

/* Serves one bulk, then tells the client that it is done. */
static void tcp_serve_bulk(int fd, struct stream *tx, struct stream *rx)
{
	tx->done = rx->done = 0;
	tcp_bulk(fd, tx, rx, opt.sequential);
	tcp_send_message(fd, make_message(MSG_DONE, 0));
}

/* Serves another bulk, or answers a ping. */
static void tcp_serve_more(int fd, struct stream *tx, struct stream *rx)
{
	struct message m;

	if (!tcp_read_message(fd, &m, opt.stall) || (m.type != MSG_PING && m.type != MSG_GO))
		fail("unexpected message");
	if (m.type == MSG_GO)
		tcp_serve_bulk(fd, tx, rx);
	else
		tcp_send_message(fd, make_message(MSG_PING, FLAG_ANSWER));
}

/* Serves until the connection ends. Fails unless it ends the way that the client announced. */
static void tcp_serve_end(int fd, struct stream *tx, struct stream *rx)
{
	char c;

	for (;;) {
		if (ready(fd, POLLIN)) {
			ssize_t n = recv(fd, &c, 1, MSG_PEEK);

			if (n == 0 && !opt.abort)
				return;
			if (n == 0)
				fail("connection closed instead of reset");
			if (n < 0 && errno == ECONNRESET && opt.abort)
				return;
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				fail_errno("receive");
			if (n > 0)
				tcp_serve_more(fd, tx, rx);
		}
	}
}

static void tcp_serve_one(int fd)
{
	struct stream tx = { .dir = DOWN }, rx = { .dir = UP };
	struct message m;

	phase = "connect";
	fcntl(fd, F_SETFL, O_NONBLOCK);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
	if (opt.ttl) {
		set_option(fd, IPPROTO_IP, IP_TTL, opt.ttl, "TTL");
		set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, opt.ttl, "hop limit");
	}
	m = tcp_expect(fd, MSG_HELLO);
	hello_apply(&m);
	tx.total = opt.down;
	rx.total = opt.up;
	print_endpoints(fd);
	tcp_send_message(fd, make_message(MSG_HELLO, FLAG_ANSWER));
	phase = "waiting";
	for (;;) {
		if (!tcp_read_message(fd, &m, 0))
			fail("connection closed before the bulk");
		if (m.type == MSG_GO)
			break;
		tcp_send_message(fd, make_message(MSG_PING, FLAG_ANSWER));
	}
	phase = "bulk";
	tcp_serve_bulk(fd, &tx, &rx);
	phase = "holding";
	tcp_serve_end(fd, &tx, &rx);
	close(fd);
	printf("ok proto=tcp up=%llu down=%llu closed=%s\n", (unsigned long long)rx.done,
	       (unsigned long long)tx.done, opt.abort ? "reset" : "fin");
}

/* ---- UDP ---- */

struct udp {
	int fd;
	struct stream tx, rx;
	uint32_t payload;	/* bytes of content in a full packet */
	uint64_t tx_packets;	/* packets to send */
	uint64_t tx_next;	/* the first that was never sent */
	uint64_t tx_acked;	/* all before it are acknowledged */
	uint64_t tx_sacked;	/* bitmap of those acknowledged from tx_acked + 1 on */
	double tx_time[WINDOW_MAX];	/* when sent last, by number modulo WINDOW_MAX */
	uint64_t rx_packets;	/* packets to receive */
	uint64_t rx_next;	/* all before it have arrived */
	uint64_t rx_map;	/* bitmap of those arrived from rx_next + 1 on */
	uint64_t rx_highest;	/* 1 + the highest that arrived */
	uint64_t unacked;	/* packets that arrived since the last acknowledgement */
	double start;		/* of the bulk */
	double last_progress;
	double last_heard;
	uint64_t resent, duplicates, reordered;
	int ttl_min, ttl_max;	/* of the data packets that arrived */
	struct message last;	/* the last message other than data and ack */
};

static void udp_transmit(struct udp *u, const struct message *m, const void *data, size_t len)
{
	struct iovec iov[] = {
		{ .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	while (sendmsg(u->fd, &msg, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			ready(u->fd, POLLOUT);
			continue;
		}
		/* A local rule dropped it, or an ICMP error for an earlier packet: treat it as lost. */
		if (errno == EPERM || errno == EHOSTUNREACH || errno == ENETUNREACH)
			return;
		fail_errno("send");
	}
}

static void udp_send_message(struct udp *u, enum message_type type, int flags)
{
	struct message m = make_message(type, flags);

	udp_transmit(u, &m, NULL, 0);
}

/*
 * If an answer is lost, the request comes again, at any time. So requests are answered
 * as soon as they arrive. Only the answer to "bye" waits until the bulk is over.
 */
static void udp_take_request(struct udp *u, const struct message *m)
{
	if (m->type == MSG_BYE) {
		/* A client that says bye has received everything, even if its last ack was lost. */
		u->tx_acked = u->tx_packets;
		u->tx_sacked = 0;
		u->tx.done = u->tx.total;
	} else {
		udp_send_message(u, (enum message_type)m->type, FLAG_ANSWER);
	}
}

static void udp_fill_ack(struct udp *u, struct message *m)
{
	m->b = htobe64(u->rx_next);
	m->c = htobe64(u->rx_map);
	u->unacked = 0;
}

static void udp_send_ack(struct udp *u)
{
	struct message m = make_message(MSG_ACK, 0);

	udp_fill_ack(u, &m);
	udp_transmit(u, &m, NULL, 0);
}

static void udp_send_packet(struct udp *u, uint64_t number, bool again)
{
	struct message m = make_message(MSG_DATA, again ? FLAG_RESENT : 0);
	uint64_t position = number * u->payload;
	uint64_t len = u->tx.total - position < u->payload ? u->tx.total - position : u->payload;

	m.size = htobe16((uint16_t)len);
	m.a = htobe64(number);
	udp_fill_ack(u, &m);
	udp_transmit(u, &m, content_at(u->tx.dir, position), len);
	u->tx_time[number % WINDOW_MAX] = now();
	u->resent += again;
}

static void udp_take_ack(struct udp *u, const struct message *m)
{
	uint64_t ack = be64toh(m->b);

	if (ack < u->tx_acked || ack > u->tx_next)
		return;
	if (ack == u->tx_acked) {
		u->tx_sacked |= be64toh(m->c);
		return;
	}
	u->tx_acked = ack;
	u->tx_sacked = be64toh(m->c);
	u->tx.done = ack == u->tx_packets ? u->tx.total : ack * u->payload;
	u->last_progress = now();
}

static void udp_take_data(struct udp *u, const struct message *m, const unsigned char *data, size_t len)
{
	uint64_t number = be64toh(m->a), behind;
	uint64_t want;

	if (number >= u->rx_packets || number > u->rx_next + WINDOW_MAX)
		fail("packet %llu out of the window at %llu", (unsigned long long)number,
		     (unsigned long long)u->rx_next);
	want = number == u->rx_packets - 1 ? u->rx.total - number * u->payload : u->payload;
	if (len != want || be16toh(m->size) != len)
		fail("packet %llu has %zu bytes instead of %llu", (unsigned long long)number, len,
		     (unsigned long long)want);
	content_check(u->rx.dir, number * u->payload, data, len);
	u->unacked++;
	behind = number - u->rx_next - 1;
	if (number < u->rx_next || (number > u->rx_next && u->rx_map >> behind & 1)) {
		u->duplicates++;
		return;
	}
	if (number < u->rx_highest && !(m->flags & FLAG_RESENT))
		u->reordered++;
	if (number >= u->rx_highest)
		u->rx_highest = number + 1;
	u->rx.done += len;
	u->last_progress = now();
	if (number > u->rx_next) {
		u->rx_map |= 1ULL << behind;
		return;
	}
	u->rx_next++;
	while (u->rx_map & 1) {
		u->rx_next++;
		u->rx_map >>= 1;
	}
	u->rx_map >>= 1;
}

static int received_ttl(struct msghdr *msg)
{
	struct cmsghdr *c;
	int ttl = 0;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
	}
	return ttl;
}

static void udp_note_ttl(struct udp *u, int ttl)
{
	if (!ttl)
		return;
	if (!u->ttl_min || ttl < u->ttl_min)
		u->ttl_min = ttl;
	if (ttl > u->ttl_max)
		u->ttl_max = ttl;
}

/* Receives one packet. Returns false if there is none. */
static bool udp_receive(struct udp *u)
{
	unsigned char buf[CHUNK + sizeof(struct message)];
	unsigned char control[256];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(u->fd, &msg, MSG_DONTWAIT);
	struct message m;

	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EHOSTUNREACH && errno != ENETUNREACH)
		fail_errno("receive");
	if (n < 0)
		return false;
	if ((size_t)n < sizeof(m))
		fail("packet of %zd bytes", n);
	memcpy(&m, buf, sizeof(m));
	if (!message_valid(&m))
		fail("corrupt packet head");
	if (be32toh(m.session) != session)
		return true;
	u->last_heard = now();
	if (m.type == MSG_DATA) {
		udp_note_ttl(u, received_ttl(&msg));
		udp_take_data(u, &m, buf + sizeof(m), (size_t)n - sizeof(m));
		udp_take_ack(u, &m);
	} else if (m.type == MSG_ACK) {
		udp_take_ack(u, &m);
	} else {
		u->last = m;
		if (!(m.flags & FLAG_ANSWER))
			udp_take_request(u, &m);
	}
	return true;
}

/* Waits for a packet for one interval, then receives all packets that are there. */
static void udp_receive_all(struct udp *u)
{
	if (ready(u->fd, POLLIN))
		while (udp_receive(u))
			;
}

static void udp_resend_lost(struct udp *u)
{
	double limit = now() - RESEND_SECONDS;
	uint64_t i;

	for (i = u->tx_acked; i < u->tx_next; i++) {
		bool arrived = i > u->tx_acked && u->tx_sacked >> (i - u->tx_acked - 1) & 1;

		if (!arrived && u->tx_time[i % WINDOW_MAX] < limit)
			udp_send_packet(u, i, true);
	}
}

/* Sends as many packets as window and rate allow. Returns false if they allow none. */
static bool udp_send_some(struct udp *u)
{
	bool sent = false;

	while (u->tx_next < u->tx_packets && u->tx_next - u->tx_acked < opt.window &&
	       rate_budget(u->start, u->tx_next * u->payload) >= u->payload) {
		udp_send_packet(u, u->tx_next, false);
		u->tx_next++;
		sent = true;
	}
	return sent;
}

static void udp_set_streams(struct udp *u, uint64_t tx, uint64_t rx)
{
	u->payload = opt.size - (uint32_t)sizeof(struct message);
	u->tx.total = tx;
	u->rx.total = rx;
	u->tx_packets = (tx + u->payload - 1) / u->payload;
	u->rx_packets = (rx + u->payload - 1) / u->payload;
}

static void udp_bulk(struct udp *u, bool receive_first)
{
	u->start = u->last_progress = now();
	while (u->tx_acked < u->tx_packets || u->rx_next < u->rx_packets) {
		bool may_send = !(receive_first && u->rx_next < u->rx_packets);
		bool sent = may_send && udp_send_some(u);

		if (u->unacked)
			udp_send_ack(u);
		if (!sent)
			udp_receive_all(u);
		else
			while (udp_receive(u))
				;
		udp_resend_lost(u);
		check_stall(u->last_progress, &u->tx, &u->rx);
	}
	udp_send_ack(u);
}

/* Sends a request until the peer answers. */
static void udp_request(struct udp *u, struct message m, enum message_type answer)
{
	const struct stream none = { 0 };
	double first = now(), last = 0;

	u->last.type = 0;
	while (u->last.type != answer) {
		if (now() - last >= RETRY_SECONDS) {
			udp_transmit(u, &m, NULL, 0);
			last = now();
		}
		udp_receive_all(u);
		if (u->unacked)
			udp_send_ack(u);
		check_stall(first, &none, &none);
	}
}

static void udp_idle(struct udp *u, bool ping)
{
	static double last;
	const struct stream none = { 0 };

	if (ping && now() - last >= PING_SECONDS) {
		last = now();
		udp_send_message(u, MSG_PING, 0);
	}
	udp_receive_all(u);
	if (u->unacked)
		udp_send_ack(u);
	if (ping)
		check_stall(u->last_heard, &none, &none);
	else
		u->last_heard = now();
}

static void udp_prepare(struct udp *u, int family)
{
	int space = 2 * WINDOW_MAX * CHUNK;

	if (family == AF_INET6)
		set_option(u->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
	else
		set_option(u->fd, IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL");
	/* Make room for a full window of large packets. Only root can exceed the system's limit. */
	if (setsockopt(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)) < 0)
		set_option(u->fd, SOL_SOCKET, SO_RCVBUF, space, "SO_RCVBUF");
	u->last_heard = u->last_progress = now();
}

static int socket_family(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		fail_errno("socket name");
	return sa.ss_family;
}

static void udp_send_main(void)
{
	static struct udp u = { .tx.dir = UP, .rx.dir = DOWN };
	uint64_t peer_resent, peer_duplicates, lost;
	double start, took;

	phase = "connect";
	u.fd = client_socket();
	udp_prepare(&u, socket_family(u.fd));
	udp_set_streams(&u, opt.up, opt.down);
	udp_request(&u, make_hello(), MSG_HELLO);
	print_endpoints(u.fd);
	enter("warm");
	for (start = now(); now() - start < opt.warm;)
		udp_idle(&u, true);
	enter("waiting");
	while (!wait_over())
		udp_idle(&u, !opt.quiet_wait);
	enter("bulk");
	start = now();
	udp_request(&u, make_message(MSG_GO, 0), MSG_GO);
	udp_bulk(&u, false);
	took = now() - start;
	enter("holding");
	while (!hold_over())
		udp_idle(&u, opt.hold_ping);
	enter("closing");
	udp_request(&u, make_message(MSG_BYE, 0), MSG_DONE);
	if (be64toh(u.last.a) != opt.up)
		fail("the server received %llu of %llu bytes", (unsigned long long)be64toh(u.last.a),
		     (unsigned long long)opt.up);
	/* A packet that arrived twice was not lost but resent too early. */
	peer_resent = be64toh(u.last.b);
	peer_duplicates = be64toh(u.last.c);
	lost = u.resent + peer_resent;
	lost = lost > u.duplicates + peer_duplicates ? lost - u.duplicates - peer_duplicates : 0;
	printf("ok proto=udp up=%llu down=%llu seconds=%.2f lost=%llu reordered=%llu ttl=%d-%d closed=bye\n",
	       (unsigned long long)opt.up, (unsigned long long)u.rx.done, took, (unsigned long long)lost,
	       (unsigned long long)(u.reordered + be64toh(u.last.d)), u.ttl_min, u.ttl_max);
}

static void udp_answer_bye(struct udp *u)
{
	struct message m = make_message(MSG_DONE, FLAG_ANSWER);

	m.a = htobe64(u->rx.done);
	m.b = htobe64(u->resent);
	m.c = htobe64(u->duplicates);
	m.d = htobe64(u->reordered);
	udp_transmit(u, &m, NULL, 0);
}

/* Answers "bye". Stays for a moment to repeat the answer, because it may be lost. */
static void udp_serve_end(struct udp *u)
{
	double end = 0;

	while (end <= 0 || now() < end) {
		if (u->last.type == MSG_BYE) {
			u->last.type = 0;
			udp_answer_bye(u);
			if (end <= 0)
				end = now() + 2 * RETRY_SECONDS;
		}
		udp_receive_all(u);
		if (u->unacked)
			udp_send_ack(u);
	}
}

static void udp_serve_one(int fd, const struct message *hello)
{
	static struct udp u = { .tx.dir = DOWN, .rx.dir = UP };

	u.fd = fd;
	hello_apply(hello);
	udp_prepare(&u, socket_family(fd));
	set_ttl(fd, socket_family(fd));
	udp_set_streams(&u, opt.down, opt.up);
	print_endpoints(fd);
	phase = "waiting";
	udp_send_message(&u, MSG_HELLO, FLAG_ANSWER);
	while (u.last.type != MSG_GO) {
		udp_receive_all(&u);
		if (u.last.type == MSG_BYE)
			fail("the client ended before the bulk");
	}
	phase = "bulk";
	udp_bulk(&u, opt.sequential);
	phase = "holding";
	udp_serve_end(&u);
	printf("ok proto=udp up=%llu down=%llu resent=%llu duplicates=%llu reordered=%llu ttl=%d-%d closed=bye\n",
	       (unsigned long long)u.rx.done, (unsigned long long)u.tx.done, (unsigned long long)u.resent,
	       (unsigned long long)u.duplicates, (unsigned long long)u.reordered, u.ttl_min, u.ttl_max);
}

/* ---- server: one process per connection ---- */

static int children, failures;

static void serve_reap(int flags)
{
	int status;

	while (children > 0 && waitpid(-1, &status, flags) > 0) {
		children--;
		failures += status != 0;
	}
}

static void serve_fork(int fd, const struct message *hello)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail_errno("fork");
	if (pid > 0) {
		children++;
		close(fd);
		return;
	}
	if (hello)
		udp_serve_one(fd, hello);
	else
		tcp_serve_one(fd);
	exit(0);
}

static void tcp_serve_main(void)
{
	int listener = server_socket(), served = 0;

	if (listen(listener, 1024) < 0)
		fail_errno("listen");
	enter("listening");
	while (!opt.count || served < opt.count) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		serve_reap(WNOHANG);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			fail_errno("accept");
		serve_fork(fd, NULL);
		served++;
	}
}

/* Finds the destination address of a packet. Answers must come from that address. */
static bool packet_destination(struct msghdr *msg, struct in6_addr *to)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*to = info.ipi6_addr;
			return true;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memset(to, 0, sizeof(*to));
			to->s6_addr[10] = to->s6_addr[11] = 0xff;
			memcpy(to->s6_addr + 12, &info.ipi_addr, 4);
			return true;
		}
	}
	return false;
}

/* Converts a mapped address to IPv4: IPv4 options need an IPv4 socket. */
static socklen_t plain_address(struct sockaddr_storage *sa, const struct in6_addr *addr, uint16_t port,
			       uint32_t scope)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = *addr, .sin6_port = port };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };

	memset(sa, 0, sizeof(*sa));
	if (IN6_IS_ADDR_V4MAPPED(addr)) {
		memcpy(&v4.sin_addr, addr->s6_addr + 12, 4);
		memcpy(sa, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.sin6_scope_id = scope;
	memcpy(sa, &v6, sizeof(v6));
	return sizeof(v6);
}

static int udp_flow_socket(const struct sockaddr_in6 *from, const struct in6_addr *to, uint16_t port)
{
	struct sockaddr_storage local, peer;
	uint32_t scope = IN6_IS_ADDR_LINKLOCAL(to) ? from->sin6_scope_id : 0;
	socklen_t len = plain_address(&local, to, port, scope);
	socklen_t plen = plain_address(&peer, &from->sin6_addr, from->sin6_port, from->sin6_scope_id);
	int fd = socket(local.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		fail_errno("socket");
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (bind(fd, (struct sockaddr *)&local, len) < 0)
		fail_errno("bind");
	if (connect(fd, (struct sockaddr *)&peer, plen) < 0)
		fail_errno("connect");
	return fd;
}

static struct sockaddr_in6 mapped_address(const struct sockaddr_storage *sa)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4;

	if (sa->ss_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		return v6;
	}
	memcpy(&v4, sa, sizeof(v4));
	v6.sin6_port = v4.sin_port;
	v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(v6.sin6_addr.s6_addr + 12, &v4.sin_addr, 4);
	return v6;
}

/* True if a hello of this session was seen before. It must not start a second process. */
static bool session_known(uint32_t number)
{
	static uint32_t seen[256];
	static unsigned int next;
	unsigned int i;

	for (i = 0; i < 256; i++)
		if (seen[i] == number)
			return true;
	seen[next++ % 256] = number;
	return false;
}

static void udp_serve_main(void)
{
	int listener = server_socket(), served = 0;
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	struct sockaddr_in6 bound;

	if (socket_family(listener) == AF_INET6)
		set_option(listener, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
	else
		set_option(listener, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
	if (getsockname(listener, (struct sockaddr *)&own, &len) < 0)
		fail_errno("socket name");
	bound = mapped_address(&own);
	enter("listening");
	while (!opt.count || served < opt.count) {
		struct sockaddr_storage from;
		struct sockaddr_in6 peer;
		struct in6_addr to;
		struct message m;
		unsigned char control[256];
		struct iovec iov = { .iov_base = &m, .iov_len = sizeof(m) };
		struct msghdr msg = {
			.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(listener, &msg, 0);

		serve_reap(WNOHANG);
		if (n != sizeof(m) || !message_valid(&m) || m.type != MSG_HELLO)
			continue;
		if (session_known(be32toh(m.session)) || !packet_destination(&msg, &to))
			continue;
		peer = mapped_address(&from);
		serve_fork(udp_flow_socket(&peer, &to, bound.sin6_port), &m);
		served++;
	}
}

static int serve_main(void)
{
	if (opt.udp)
		udp_serve_main();
	else
		tcp_serve_main();
	serve_reap(0);
	return failures ? 1 : 0;
}

/* ---- command line ---- */

static const char usage_text[] =
"usage: labtraffic serve tcp|udp [OPTION...]\n"
"       labtraffic send tcp|udp ADDRESS [OPTION...]\n"
"\n"
"serve waits for connections and does what each client asks for. It prints \"listening\" when it is\n"
"ready, and for each connection \"connected ...\" and \"ok ...\". Exit status 1 if any connection failed.\n"
"  --port N          port to listen on (default 5201)\n"
"  --bind ADDRESS    address to listen on (default: all, IPv4 and IPv6)\n"
"  --count N         end after N connections (default 1; 0: never)\n"
"  --ttl N           TTL or hop limit of its packets\n"
"\n"
"send makes one connection, sends and receives over it, checks every byte and closes it.\n"
"It prints one line for each phase that it enters: \"connected SOURCE PORT DESTINATION PORT\", \"warm\",\n"
"\"waiting\", \"bulk\", \"holding\", \"closing\", and at the end\n"
"  ok proto=tcp|udp up=BYTES down=BYTES seconds=S lost=N reordered=N [ttl=MIN-MAX] closed=fin|reset|bye\n"
"After an error it prints a message to standard error and ends with exit status 1.\n"
"  --port N          port of the server (default 5201)\n"
"  --bytes N         bytes to send each way (default 0); k, M, G are allowed\n"
"  --up N, --down N  bytes from client to server, from server to client (default 0)\n"
"  --sequential      send all up, then all down (default: both at a time)\n"
"  --rate N          bytes per second in each direction (default: no limit)\n"
"  --source ADDRESS, --sport N\n"
"                    source address and port\n"
"  --ttl N           TTL or hop limit of its packets\n"
"  --mss N           TCP: maximum segment size\n"
"  --size N          UDP: bytes in a packet, 49 to 65000 (default 1400)\n"
"  --window N        UDP: packets in flight, 1 to 64 (default 32)\n"
"  --warm SECONDS    first send small messages both ways, ten per second, for SECONDS\n"
"  --wait-file FILE  go on sending them until FILE exists, then begin the bulk\n"
"  --wait-stdin      the same, until a line comes on standard input\n"
"  --quiet-wait      send nothing while waiting\n"
"  --until FILE      TCP: repeat the bulk until FILE exists\n"
"  --hold-file FILE  after the bulk, keep the connection open without traffic until FILE exists\n"
"  --hold-ping       send small messages while holding\n"
"  --abort           TCP: end with a reset instead of FIN\n"
"  --stall SECONDS   both ends fail after SECONDS without progress (default 20)\n"
"  --seed N          seed of the content (default: random)\n";

static void __attribute__((noreturn)) usage_error(const char *what, const char *value)
{
	fprintf(stderr, "labtraffic: %s%s%s (see labtraffic --help)\n", what, value ? ": " : "", value ? value : "");
	exit(2);
}

static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end == 'k')
		n *= 1000, end++;
	else if (*end == 'M')
		n *= 1000000, end++;
	else if (*end == 'G')
		n *= 1000000000, end++;
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		usage_error("bad number", text);
	return n;
}

static double seconds(const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0 && s < 6500))
		usage_error("bad number of seconds", text);
	return s;
}

enum option_id {
	O_ABORT = 256, O_BIND, O_BYTES, O_COUNT, O_DOWN, O_HELP, O_HOLD_FILE, O_HOLD_PING, O_MSS, O_PORT,
	O_QUIET_WAIT, O_RATE, O_SEED, O_SEQUENTIAL, O_SIZE, O_SOURCE, O_SPORT, O_STALL, O_TTL, O_UNTIL, O_UP,
	O_WAIT_FILE, O_WAIT_STDIN, O_WARM, O_WINDOW,
};

static const struct option long_options[] = {
	{ "abort", no_argument, NULL, O_ABORT },
	{ "bind", required_argument, NULL, O_BIND },
	{ "bytes", required_argument, NULL, O_BYTES },
	{ "count", required_argument, NULL, O_COUNT },
	{ "down", required_argument, NULL, O_DOWN },
	{ "help", no_argument, NULL, O_HELP },
	{ "hold-file", required_argument, NULL, O_HOLD_FILE },
	{ "hold-ping", no_argument, NULL, O_HOLD_PING },
	{ "mss", required_argument, NULL, O_MSS },
	{ "port", required_argument, NULL, O_PORT },
	{ "quiet-wait", no_argument, NULL, O_QUIET_WAIT },
	{ "rate", required_argument, NULL, O_RATE },
	{ "seed", required_argument, NULL, O_SEED },
	{ "sequential", no_argument, NULL, O_SEQUENTIAL },
	{ "size", required_argument, NULL, O_SIZE },
	{ "source", required_argument, NULL, O_SOURCE },
	{ "sport", required_argument, NULL, O_SPORT },
	{ "stall", required_argument, NULL, O_STALL },
	{ "ttl", required_argument, NULL, O_TTL },
	{ "until", required_argument, NULL, O_UNTIL },
	{ "up", required_argument, NULL, O_UP },
	{ "wait-file", required_argument, NULL, O_WAIT_FILE },
	{ "wait-stdin", no_argument, NULL, O_WAIT_STDIN },
	{ "warm", required_argument, NULL, O_WARM },
	{ "window", required_argument, NULL, O_WINDOW },
	{ NULL, 0, NULL, 0 },
};

static void take_option(int c)
{
	switch (c) {
	case O_ABORT:
		opt.abort = true;
		break;
	case O_BIND:
		opt.address = optarg;
		break;
	case O_BYTES:
		opt.up = opt.down = number(optarg, 0, UINT64_MAX / 2);
		break;
	case O_COUNT:
		opt.count = (int)number(optarg, 0, 1000000);
		break;
	case O_DOWN:
		opt.down = number(optarg, 0, UINT64_MAX / 2);
		break;
	case O_HELP:
		fputs(usage_text, stdout);
		exit(0);
	case O_HOLD_FILE:
		opt.hold_file = optarg;
		break;
	case O_HOLD_PING:
		opt.hold_ping = true;
		break;
	case O_MSS:
		opt.mss = (int)number(optarg, 1, 65535);
		break;
	case O_PORT:
		number(optarg, 1, 65535);
		opt.port = optarg;
		break;
	case O_QUIET_WAIT:
		opt.quiet_wait = true;
		break;
	case O_RATE:
		opt.rate = number(optarg, 1, UINT64_MAX / 2);
		break;
	case O_SEED:
		opt.seed = number(optarg, 0, UINT64_MAX / 4);
		break;
	case O_SEQUENTIAL:
		opt.sequential = true;
		break;
	case O_SIZE:
		opt.size = (uint32_t)number(optarg, sizeof(struct message) + 1, 65000);
		break;
	case O_SOURCE:
		opt.source = optarg;
		break;
	case O_SPORT:
		opt.sport = (uint16_t)number(optarg, 1, 65535);
		break;
	case O_STALL:
		opt.stall = seconds(optarg);
		break;
	case O_TTL:
		opt.ttl = (int)number(optarg, 1, 255);
		break;
	case O_UNTIL:
		opt.until_file = optarg;
		break;
	case O_UP:
		opt.up = number(optarg, 0, UINT64_MAX / 2);
		break;
	case O_WAIT_FILE:
		opt.wait_file = optarg;
		break;
	case O_WAIT_STDIN:
		opt.wait_stdin = true;
		break;
	case O_WARM:
		opt.warm = seconds(optarg);
		break;
	case O_WINDOW:
		opt.window = (uint32_t)number(optarg, 1, WINDOW_MAX);
		break;
	default:
		usage_error("bad option", NULL);
	}
}

static void choose_protocol(const char *name)
{
	if (!name || (strcmp(name, "tcp") && strcmp(name, "udp")))
		usage_error("neither tcp nor udp", name);
	opt.udp = strcmp(name, "udp") == 0;
}

int main(int argc, char **argv)
{
	int c;

	if (getrandom(&opt.seed, sizeof(opt.seed), 0) != sizeof(opt.seed) ||
	    getrandom(&session, sizeof(session), 0) != sizeof(session))
		fail_errno("getrandom");
	opt.seed /= 4;
	session |= 1;	/* never 0, which marks a free entry in session_known() */
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(c);
	argv += optind;
	argc -= optind;
	if (argc == 2 && strcmp(argv[0], "serve") == 0) {
		choose_protocol(argv[1]);
		return serve_main();
	}
	if (argc != 3 || strcmp(argv[0], "send"))
		usage_error("wrong arguments", NULL);
	choose_protocol(argv[1]);
	opt.address = argv[2];
	content_make(opt.seed);
	if (opt.udp && opt.until_file)
		usage_error("--until is for TCP", NULL);
	if (opt.udp)
		udp_send_main();
	else
		tcp_send_main();
	return 0;
}
