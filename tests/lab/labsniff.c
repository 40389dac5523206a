// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labsniff - checks every TCP and UDP packet that arrives at a device.
 *
 *	labsniff DEV FLOW... [--seconds N]
 *
 * A packet is right if it matches one of the flows, its checksums (IPv4 header, TCP,
 * UDP) are right, and it is not truncated. All packets that arrive count, also those
 * for another MAC address. A flow is a list of values that its packets must have:
 *
 *	proto=udp,src=203.0.113.1,dst=203.0.113.2,dport=5201,ttl=63,dmac=02:00:00:00:02:02
 *
 * Keys are proto, src, dst, sport, dport, ttl (or hop limit), smac, dmac. A number
 * may be a range, 30000-30999. A flow matches any value of a key that it does not
 * name, but addresses also set the family. labsniff does not check the ports and the
 * TCP or UDP checksum of a fragment.
 *
 * Prints "listening" as soon as it sees packets. At the end (SIGTERM, or --seconds) it
 * prints one line of JSON: the number of packets, in all and for each flow in the order
 * given, and the first few wrong packets. The "why" of a wrong packet says what is
 * broken in it. If nothing is broken, "why" names the keys that do not match the flow
 * that the packet matches best. The exit status is 1 if a packet was wrong, the socket
 * dropped packets, or labsniff failed. It is 2 if no packet arrived.
 *
 * labsniff disables GRO on the device, because a merged packet was never on the wire.
 * The sender must fill in checksums itself: nicsim does, veth does only after
 * "ethtool -K DEV tx off" at the sender.
 *
 * It is in C because an emulated machine takes half a second to start an interpreter,
 * which then decodes packets more slowly than they arrive.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define RCVBUF (128 << 20)
#define FRAME_MAX 65536
#define BATCH 32
#define WAIT_US 50000
#define DRAIN_SECONDS 0.05
#define SHOWN 10	/* wrong packets */
#define SHOWN_BYTES 96	/* of each */

enum key { PROTO, FAMILY, SRC, DST, SPORT, DPORT, TTL, SMAC, DMAC, KEYS };

static const char *const key_names[KEYS] = {
	"proto", "family", "src", "dst", "sport", "dport", "ttl", "smac", "dmac",
};

struct packet {
	unsigned int family;	/* AF_INET or AF_INET6 */
	uint8_t proto, ttl;
	const uint8_t *src, *dst, *smac, *dmac;
	bool has_ports;		/* false for a fragment */
	uint16_t sport, dport;
};

struct range {
	unsigned int low, high;
};

/* One key that a flow's packets must have. */
struct want {
	enum key key;
	struct range range;	/* of a number */
	unsigned int family;	/* of an address */
	uint8_t bytes[16];	/* of an address */
};

struct flow {
	const char *text;
	struct want want[KEYS];	/* in the order given, which is the order in reports */
	unsigned int n_wants;
	uint64_t packets, bytes;
};

enum kind { OTHER, BROKEN, WHOLE };

struct part {
	const uint8_t *at;
	size_t len;
};

static struct flow *flows;
static unsigned int n_flows;
static uint64_t packets, others, wrong;
static json_t *kinds, *first_wrong;
static char why[128];		/* why the last packet is wrong */
static int fd;
static double seconds;
static volatile sig_atomic_t is_stopped;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("labsniff: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- decoding packets ---- */

static enum kind __attribute__((format(printf, 1, 2))) broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return BROKEN;
}

static uint16_t be16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/*
 * A ones' complement sum of 16 bits is a remainder modulo 65535. A word of 32 bits has
 * the same remainder as the sum of its halves, and takes half as many steps.
 */
static uint64_t sum(const uint8_t *data, size_t len)
{
	uint64_t total = 0;
	uint32_t word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		total += be32toh(word);
	}
	word = 0;
	memcpy(&word, data, len);
	return total + be32toh(word);
}

static bool is_good_sum(uint64_t total)
{
	return total % 65535 == 0;
}

static enum kind parse_ports(struct packet *p, struct part l4)
{
	size_t address_len = p->family == AF_INET ? 4 : 16;

	if (l4.len < (p->proto == IPPROTO_TCP ? 20 : 8))
		return broken("truncated");
	p->has_ports = true;
	p->sport = be16_at(l4.at);
	p->dport = be16_at(l4.at + 2);
	if (p->proto == IPPROTO_UDP) {
		if (be16_at(l4.at + 4) != l4.len)
			return broken("UDP length %u of %zu", be16_at(l4.at + 4), l4.len);
		/* 0 means that the sender made no checksum, which only IPv4 allows. */
		if (!be16_at(l4.at + 6))
			return p->family == AF_INET ? WHOLE : broken("no UDP checksum");
	}
	if (!is_good_sum(sum(l4.at, l4.len) + sum(p->src, address_len) + sum(p->dst, address_len) +
			 p->proto + l4.len))
		return broken("%s checksum", p->proto == IPPROTO_TCP ? "TCP" : "UDP");
	return WHOLE;
}

/* Parses the part behind the IP header, if it is TCP or UDP. */
static enum kind parse_l4(struct packet *p, struct part l4, bool is_fragment)
{
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return OTHER;
	return is_fragment ? WHOLE : parse_ports(p, l4);
}

static enum kind parse_ip4(struct packet *p, struct part ip)
{
	const uint8_t *h = ip.at;
	size_t ihl, len;

	if (ip.len < 20)
		return broken("IPv4 header");
	ihl = (h[0] & 15) * 4u;
	len = be16_at(h + 2);
	if (h[0] >> 4 != 4 || ihl < 20 || len < ihl || len > ip.len)
		return broken("IPv4 header");
	if (!is_good_sum(sum(h, ihl)))
		return broken("IPv4 checksum");
	p->family = AF_INET;
	p->ttl = h[8];
	p->proto = h[9];
	p->src = h + 12;
	p->dst = h + 16;
	/* More fragments, or an offset. */
	return parse_l4(p, (struct part){ h + ihl, len - ihl }, be16_at(h + 6) & 0x3fff);
}

static enum kind parse_ip6(struct packet *p, struct part ip)
{
	const uint8_t *h = ip.at;
	bool is_fragment = false;
	struct part l4;

	if (ip.len < 40 || h[0] >> 4 != 6 || 40u + be16_at(h + 4) > ip.len)
		return broken("IPv6 header");
	p->family = AF_INET6;
	p->proto = h[6];
	p->ttl = h[7];
	p->src = h + 8;
	p->dst = h + 24;
	l4 = (struct part){ h + 40, be16_at(h + 4) };
	while ((p->proto == IPPROTO_HOPOPTS || p->proto == IPPROTO_ROUTING ||
		p->proto == IPPROTO_FRAGMENT || p->proto == IPPROTO_DSTOPTS) && l4.len >= 8) {
		size_t len = 8;

		if (p->proto != IPPROTO_FRAGMENT)
			len += l4.at[1] * 8u;
		else if (be16_at(l4.at + 2) & 0xfff9)
			is_fragment = true;
		if (len > l4.len)
			len = l4.len;
		p->proto = l4.at[0];
		l4 = (struct part){ l4.at + len, l4.len - len };
	}
	return parse_l4(p, l4, is_fragment);
}

static enum kind parse(struct packet *p, struct part frame)
{
	struct part ip;

	if (frame.len < ETH_HLEN)
		return broken("truncated");
	ip = (struct part){ frame.at + ETH_HLEN, frame.len - ETH_HLEN };
	*p = (struct packet){ .dmac = frame.at, .smac = frame.at + ETH_ALEN };
	switch (be16_at(frame.at + 2 * ETH_ALEN)) {
	case ETH_P_IP: return parse_ip4(p, ip);
	case ETH_P_IPV6: return parse_ip6(p, ip);
	default: return OTHER;
	}
}

/* ---- matching flows ---- */

static bool is_in(struct range range, unsigned int number)
{
	return range.low <= number && number <= range.high;
}

static bool is_address(const struct want *w, unsigned int family, const uint8_t *address)
{
	return w->family == family && !memcmp(w->bytes, address, family == AF_INET ? 4 : 16);
}

static bool fits(const struct want *w, const struct packet *p)
{
	switch (w->key) {
	case PROTO: return is_in(w->range, p->proto);
	case FAMILY: return p->family == w->family;
	case SRC: return is_address(w, p->family, p->src);
	case DST: return is_address(w, p->family, p->dst);
	case SPORT: return !p->has_ports || is_in(w->range, p->sport);
	case DPORT: return !p->has_ports || is_in(w->range, p->dport);
	case TTL: return is_in(w->range, p->ttl);
	case SMAC: return !memcmp(w->bytes, p->smac, ETH_ALEN);
	case DMAC: return !memcmp(w->bytes, p->dmac, ETH_ALEN);
	default: return false;
	}
}

/* Writes the keys that do not match to ret; returns their number. */
static unsigned int differences(const struct flow *f, const struct packet *p, enum key ret[KEYS])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->n_wants; i++) {
		if (!fits(&f->want[i], p))
			ret[n++] = f->want[i].key;
	}
	return n;
}

/* Returns the flow that a packet belongs to. If there is none, writes the reason to why. */
static struct flow *find_flow(const struct packet *p)
{
	enum key key[KEYS], best[KEYS];
	unsigned int n_best = KEYS + 1;
	size_t len = 0;

	for (unsigned int i = 0; i < n_flows; i++) {
		unsigned int n = differences(&flows[i], p, key);

		if (!n)
			return &flows[i];
		if (n < n_best) {
			n_best = n;
			memcpy(best, key, sizeof(best));
		}
	}
	for (unsigned int i = 0; i < n_best; i++)
		len += (size_t)snprintf(why + len, sizeof(why) - len, "%s%s", i ? ", " : "",
					key_names[best[i]]);
	return NULL;
}

/* ---- the count ---- */

static void __attribute__((noreturn)) die_of_json(void)
{
	die("out of memory, or a flow is not UTF-8");
}

static void show_wrong(struct part frame)
{
	size_t len = frame.len < SHOWN_BYTES ? frame.len : SHOWN_BYTES;
	char hex[2 * SHOWN_BYTES + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame.at[i]);
	if (json_array_append_new(first_wrong, json_pack("{s:s, s:s}", "why", why, "frame", hex)))
		die_of_json();
}

static void is_wrong(struct part frame)
{
	json_int_t n = json_integer_value(json_object_get(kinds, why));

	wrong++;
	if (json_object_set_new(kinds, why, json_integer(n + 1)))
		die_of_json();
	if (json_array_size(first_wrong) < SHOWN)
		show_wrong(frame);
}

static void look(struct part frame)
{
	struct flow *f = NULL;
	struct packet p;
	enum kind kind = parse(&p, frame);

	if (kind == OTHER) {
		others++;
		return;
	}
	packets++;
	if (kind == WHOLE)
		f = find_flow(&p);
	if (!f) {
		is_wrong(frame);
		return;
	}
	f->packets++;
	f->bytes += frame.len;
}

/* Returns the exit status. */
static int print_result(void)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	json_t *result, *list = json_array();

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("statistics of the socket: %s", strerror(errno));
	for (unsigned int i = 0; i < n_flows; i++) {
		const struct flow *f = &flows[i];

		if (json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "flow", f->text, "packets",
							  (json_int_t)f->packets, "bytes",
							  (json_int_t)f->bytes)))
			die_of_json();
	}
	result = json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "packets", (json_int_t)packets,
			   "others", (json_int_t)others, "wrong", (json_int_t)wrong, "unseen",
			   (json_int_t)stats.tp_drops, "kinds", kinds, "flows", list, "first_wrong",
			   first_wrong);
	if (!result || json_dumpf(result, stdout, JSON_PRESERVE_ORDER))
		die_of_json();
	putchar('\n');
	json_decref(result);
	if (wrong || stats.tp_drops)
		return 1;
	return packets ? 0 : 2;
}

/* ---- the device ---- */

static void set_option(int level, int name, const void *value, socklen_t len)
{
	if (setsockopt(fd, level, name, value, len))
		die("setsockopt: %s", strerror(errno));
}

/* The device may refuse the request if GRO is off anyway. */
static void switch_gro_off(const char *dev)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = 0 };
	struct ifreq request = { .ifr_data = (void *)&value };
	int error = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCETHTOOL, &request))
		error = errno;
	value = (struct ethtool_value){ .cmd = ETHTOOL_GGRO };
	if (ioctl(fd, SIOCETHTOOL, &request))
		die("%s: cannot tell whether GRO is off: %s", dev, strerror(errno));
	if (value.data)
		die("%s: cannot disable GRO: %s", dev, error ? strerror(error) : "it stays on");
}

static void open_device(const char *dev)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct timeval timeout = { .tv_usec = WAIT_US };
	int size = RCVBUF, on = 1;

	at.sll_ifindex = (int)if_nametoindex(dev);
	if (!at.sll_ifindex)
		die("%s: %s", dev, strerror(errno));
	/* With protocol 0, the socket receives nothing until it is bound to the device. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	switch_gro_off(dev);
	set_option(SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	set_option(SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	set_option(SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("%s: cannot bind: %s", dev, strerror(errno));
}

/* Reads a batch of packets. Without MSG_DONTWAIT, waits a moment for the first. Returns false if the
 * batch is not full. */
static bool take(int flags)
{
	static uint8_t frame[BATCH][FRAME_MAX];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	int n;

	for (unsigned int i = 0; i < BATCH && !iov[i].iov_len; i++) {
		iov[i] = (struct iovec){ frame[i], FRAME_MAX };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	n = recvmmsg(fd, msg, BATCH, flags | MSG_WAITFORONE, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		die("recvmmsg: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		look((struct part){ frame[i], msg[i].msg_len });
	return n == BATCH;
}

/* From now on the socket receives nothing. Packets in its queue stay there. */
static void let_nothing_in(void)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &none };

	set_option(SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void run(void)
{
	double end = now() + seconds;

	while (!is_stopped && (!seconds || now() < end))
		take(0);
	/*
	 * Packets that arrived before the stop count. The device may have counted a packet
	 * that the kernel has not handed to the socket yet, so read for another moment.
	 */
	end = now() + DRAIN_SECONDS;
	while (now() < end)
		take(0);
	let_nothing_in();
	while (take(MSG_DONTWAIT))
		;
}

/* ---- the command line ---- */

static const char usage_text[] =
	"usage: labsniff DEV FLOW... [--seconds N]\n"
	"  --seconds N  end after N seconds (default: at SIGTERM)\n"
	"A flow is KEY=VALUE[,KEY=VALUE...] with keys proto, src, dst, sport, dport, ttl, smac, dmac.\n";

/* A key that is given twice keeps its first place and gets its last value. */
static struct want *add_want(struct flow *f, enum key key)
{
	unsigned int i = 0;

	while (i < f->n_wants && f->want[i].key != key)
		i++;
	if (i == f->n_wants)
		f->n_wants++;
	f->want[i] = (struct want){ .key = key };
	return &f->want[i];
}

static struct range parse_range(const char *text)
{
	unsigned long low, high;
	char *end;

	low = high = strtoul(text, &end, 10);
	if (end != text && *end == '-') {
		text = end + 1;
		high = strtoul(text, &end, 10);
	}
	if (end == text || *end || low > high || high > UINT16_MAX)
		die("%s: neither a number nor a range", text);
	return (struct range){ (unsigned int)low, (unsigned int)high };
}

static void parse_address(struct flow *f, enum key key, const char *text)
{
	unsigned int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	struct want *w;

	add_want(f, FAMILY)->family = family;
	w = add_want(f, key);
	w->family = family;
	if (inet_pton((int)family, text, w->bytes) != 1)
		die("%s: not an address", text);
}

static void parse_mac(struct want *w, const char *text)
{
	struct ether_addr mac;

	if (!ether_aton_r(text, &mac))
		die("%s: not a MAC address", text);
	memcpy(w->bytes, &mac, ETH_ALEN);
}

static void parse_proto(struct want *w, const char *text)
{
	if (strcmp(text, "tcp") && strcmp(text, "udp"))
		die("%s: neither tcp nor udp", text);
	w->range.low = strcmp(text, "tcp") ? IPPROTO_UDP : IPPROTO_TCP;
	w->range.high = w->range.low;
}

static enum key find_key(const char *word, size_t len)
{
	for (enum key key = 0; key < KEYS; key++) {
		/* The family comes from the addresses. */
		if (key != FAMILY && strlen(key_names[key]) == len && !strncmp(word, key_names[key], len))
			return key;
	}
	die("%s: unknown key", word);
}

static void parse_word(struct flow *f, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word + len + (word[len] == '=');
	enum key key = find_key(word, len);

	if (!*value)
		die("%s: no value", word);
	switch (key) {
	case SRC:
	case DST:
		parse_address(f, key, value);
		break;
	case SMAC:
	case DMAC:
		parse_mac(add_want(f, key), value);
		break;
	case PROTO:
		parse_proto(add_want(f, key), value);
		break;
	default:
		add_want(f, key)->range = parse_range(value);
		break;
	}
}

static void parse_flow(struct flow *f, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (!copy)
		die("out of memory");
	f->text = text;
	while ((word = strsep(&rest, ",")))
		parse_word(f, word);
	free(copy);
}

static void parse_seconds(const char *text)
{
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0))
		die("%s: not a number of seconds", text);
}

/* Returns the device. */
static const char *parse_options(int argc, char **argv)
{
	static const struct option long_options[] = { { "seconds", required_argument, NULL, 's' },
						      { "help", no_argument, NULL, 'h' },
						      { NULL, 0, NULL, 0 } };
	int o;

	while ((o = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (o) {
		case 's': parse_seconds(optarg); break;
		case 'h': fputs(usage_text, stdout); exit(0);
		default: fputs(usage_text, stderr); exit(2);
		}
	}
	if (argc - optind < 2) {
		fputs(usage_text, stderr);
		exit(2);
	}
	n_flows = (unsigned int)(argc - optind - 1);
	flows = calloc(n_flows, sizeof(*flows));
	if (!flows)
		die("out of memory");
	for (unsigned int i = 0; i < n_flows; i++)
		parse_flow(&flows[i], argv[optind + 1 + (int)i]);
	return argv[optind];
}

static void on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

int main(int argc, char **argv)
{
	const char *dev = parse_options(argc, argv);

	kinds = json_object();
	first_wrong = json_array();
	open_device(dev);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	puts("listening");
	fflush(stdout);
	run();
	return print_result();
}
