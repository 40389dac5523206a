/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conntrack messages: the exact bytes of our requests, decoding of messages in the
 * format of ctnetlink, and the socket filter, tested on a socket pair (the kernel
 * runs it on any datagram).
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include "base/util.h"
#include "kern/ct/ctnl.h"

#define NEST(type) ((type) | NLA_F_NESTED)

static struct tuple tuple(const char *text)
{
	struct tuple t;

	assert_int_equal(tuple_from_str(text, &t), 0);
	return t;
}

/* -- requests ------------------------------------------------------------- */

struct msg {
	_Alignas(4) unsigned char buf[1024];
	struct nlput w;
};

static struct nlput *writer(struct msg *m)
{
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	return &m->w;
}

static void assert_bytes(const struct msg *m, const unsigned char *expected, size_t len)
{
	assert_int_equal(nlput_msg(&m->w)->nlmsg_len, len);
	assert_memory_equal(m->buf, expected, len);
}

/* clang-format off */

/* With NLM_F_REQUEST, and for a dump with NLM_F_DUMP. */
#define HEADER(len, type, dump) len, 0, 0, 0, type, 1, 1, 3 * dump, 0, 0, 0, 0, 0, 0, 0, 0
#define TUPLE4                                                                                     \
	52, 0, 1, 0x80, 20, 0, 1, 0x80, 8, 0, 1, 0, 192, 0, 2, 1, 8, 0, 2, 0, 198, 51, 100, 1, 28, \
		0, 2, 0x80, 5, 0, 1, 0, 6, 0, 0, 0, 6, 0, 2, 0, 0x0f, 0xa0, 0, 0, 6, 0, 3, 0, 0,   \
		80, 0, 0

static void request_to_get(void **state UNUSED)
{
	static const unsigned char plain[] = { HEADER(72, 1, 0), 2, 0, 0, 0, TUPLE4 };
	static const unsigned char zoned[] = { HEADER(80, 1, 0), 2, 0, 0, 0, TUPLE4,
					       6, 0, 18, 0, 1, 2, 0, 0 };
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	struct msg m;

	assert_int_equal(ctnl_put_get(writer(&m), &t), 0);
	assert_bytes(&m, plain, sizeof(plain));
	t.zone = 0x102;
	assert_int_equal(ctnl_put_get(writer(&m), &t), 0);
	assert_bytes(&m, zoned, sizeof(zoned));
}

static void request_for_care(void **state UNUSED)
{
	static const unsigned char all[] = {
		HEADER(104, 0, 0), 2, 0, 0, 0, TUPLE4,
		8, 0, 7, 0, 0, 1, 0x51, 0x80, /* 86400 seconds */
		24, 0, 4, 0x80, 20, 0, 1, 0x80,
		6, 0, 4, 0, 8, 8, 0, 0, /* the flag "be liberal", and its mask */
		6, 0, 5, 0, 8, 8, 0, 0,
	};
	static const unsigned char liberal[] = {
		HEADER(96, 0, 0), 2, 0, 0, 0, TUPLE4,
		24, 0, 4, 0x80, 20, 0, 1, 0x80, 6, 0, 4, 0, 8, 8, 0, 0, 6, 0, 5, 0, 8, 8, 0, 0,
	};
	static const unsigned char nothing[] = { HEADER(72, 0, 0), 2, 0, 0, 0, TUPLE4 };
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	struct msg m;

	assert_int_equal(ctnl_put_care(writer(&m), &t, true, 86400), 0);
	assert_bytes(&m, all, sizeof(all));
	assert_int_equal(ctnl_put_care(writer(&m), &t, true, 0), 0);
	assert_bytes(&m, liberal, sizeof(liberal));
	assert_int_equal(ctnl_put_care(writer(&m), &t, false, 0), 0);
	assert_bytes(&m, nothing, sizeof(nothing));
}

static void care_for_udp_over_ip6(void **state UNUSED)
{
	static const unsigned char expected[] = {
		HEADER(104, 0, 0), 10, 0, 0, 0, 76, 0, 1, 0x80, 44, 0, 1, 0x80,
		20, 0, 3, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		20, 0, 4, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		28, 0, 2, 0x80, 5, 0, 1, 0, 17, 0, 0, 0,
		6, 0, 2, 0, 0x10, 0, 0, 0, 6, 0, 3, 0, 0, 53, 0, 0,
		8, 0, 7, 0, 0, 0, 0, 120,
	};
	struct tuple t = tuple("udp [2001:db8::1]:4096 > [2001:db8::2]:53");
	struct msg m;

	/* UDP has no such flag. */
	assert_int_equal(ctnl_put_care(writer(&m), &t, true, 120), 0);
	assert_bytes(&m, expected, sizeof(expected));
}

static void request_for_a_state(void **state UNUSED)
{
	static const unsigned char expected[] = {
		HEADER(96, 0, 0), 2, 0, 0, 0, TUPLE4, 8, 0, 7, 0, 0, 0, 0, 120,
		16, 0, 4, 0x80, 12, 0, 1, 0x80, 5, 0, 1, 0, 7, 0, 0, 0,
	};
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	struct msg m;

	assert_int_equal(ctnl_put_tcp_state(writer(&m), &t, CONN_TCP_TIME_WAIT, 120), 0);
	assert_bytes(&m, expected, sizeof(expected));
}

static void request_for_a_dump(void **state UNUSED)
{
	static const unsigned char assured[] = {
		HEADER(36, 1, 1), 0, 0, 0, 0, 8, 0, 3, 0, 0, 0, 0, 4, 8, 0, 26, 0, 0, 0, 0, 4,
	};
	struct msg m;

	assert_int_equal(ctnl_put_dump(writer(&m), FAMILY_NONE, true), 0);
	assert_bytes(&m, assured, sizeof(assured));
	assert_int_equal(ctnl_put_dump(writer(&m), FAMILY_IP6, false), 0);
	assert_int_equal(nlput_msg(&m.w)->nlmsg_len, 20);
	assert_int_equal(m.buf[16], AF_INET6);
}

static void requests_about_marks(void **state UNUSED)
{
	static const unsigned char clear[] = {
		HEADER(88, 0, 0), 2, 0, 0, 0, TUPLE4,
		8, 0, 8, 0, 0, 0, 0, 0, 8, 0, CTA_MARK_MASK, 0, 0x70, 0, 0, 0,
	};
	static const unsigned char dump[] = {
		HEADER(36, 1, 1), 0, 0, 0, 0,
		8, 0, 8, 0, 0x20, 0, 0, 0, 8, 0, CTA_MARK_MASK, 0, 0x70, 0, 0, 0,
	};
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	struct msg m;

	assert_int_equal(ctnl_put_clear_mark(writer(&m), &t, 0x70000000), 0);
	assert_bytes(&m, clear, sizeof(clear));
	assert_int_equal(ctnl_put_dump_mark(writer(&m), 0x20000000, 0x70000000), 0);
	assert_bytes(&m, dump, sizeof(dump));
}

/* clang-format on */

static void small_buffers_are_refused(void **state UNUSED)
{
	struct tuple t = tuple("tcp 192.0.2.1:4000 > 198.51.100.1:80");
	struct msg m;

	nlput_init(&m.w, m.buf, 64, 0);
	assert_int_equal(ctnl_put_get(&m.w, &t), -EMSGSIZE);
	nlput_init(&m.w, m.buf, 8, 0);
	assert_int_equal(ctnl_put_care(&m.w, &t, true, 1), -EMSGSIZE);
	assert_int_equal(ctnl_put_dump(&m.w, FAMILY_NONE, true), -EMSGSIZE);
}

/* -- decoding ------------------------------------------------------------- */

static void begin_event(struct msg *m, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg header = { .nfgen_family = family };

	writer(m);
	nlput_begin(&m->w, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type), 0);
	nlput_msg(&m->w)->nlmsg_flags = flags;
	nlput_header(&m->w, &header, sizeof(header));
}

/* A zone in the text is a zone of this direction only. */
static void put_tuple(struct msg *m, uint16_t type, const char *text)
{
	struct tuple t = tuple(text);
	struct nlput_nest nest = nlput_nest_begin(&m->w, NEST(type)), inner;
	bool is_ip4 = t.family == FAMILY_IP4;

	inner = nlput_nest_begin(&m->w, NEST(CTA_TUPLE_IP));
	nlput_bytes(&m->w, is_ip4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, t.src.b, is_ip4 ? 4 : 16);
	nlput_bytes(&m->w, is_ip4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, t.dst.b, is_ip4 ? 4 : 16);
	nlput_nest_end(&m->w, inner);
	inner = nlput_nest_begin(&m->w, NEST(CTA_TUPLE_PROTO));
	nlput_u8(&m->w, CTA_PROTO_NUM, t.proto);
	if (t.proto != 1) {
		nlput_be16(&m->w, CTA_PROTO_SRC_PORT, t.sport);
		nlput_be16(&m->w, CTA_PROTO_DST_PORT, t.dport);
	} else {
		nlput_be16(&m->w, CTA_PROTO_ICMP_ID, 99);
		nlput_u8(&m->w, CTA_PROTO_ICMP_TYPE, 8);
		nlput_u8(&m->w, CTA_PROTO_ICMP_CODE, 0);
	}
	nlput_nest_end(&m->w, inner);
	if (t.zone)
		nlput_be16(&m->w, CTA_TUPLE_ZONE, t.zone);
	nlput_nest_end(&m->w, nest);
}

static void begin_tcp(struct msg *m, uint16_t type, uint16_t flags)
{
	begin_event(m, type, flags, AF_INET);
	put_tuple(m, CTA_TUPLE_ORIG, "tcp 192.0.2.1:4000 > 198.51.100.1:80");
	put_tuple(m, CTA_TUPLE_REPLY, "tcp 198.51.100.1:80 > 203.0.113.1:5000");
}

static void put_counters(struct msg *m, uint16_t type, uint64_t pkts, uint64_t bytes)
{
	struct nlput_nest nest = nlput_nest_begin(&m->w, NEST(type));

	pkts = htobe64(pkts);
	bytes = htobe64(bytes);
	nlput_bytes(&m->w, CTA_COUNTERS_PACKETS, &pkts, sizeof(pkts));
	nlput_bytes(&m->w, CTA_COUNTERS_BYTES, &bytes, sizeof(bytes));
	nlput_nest_end(&m->w, nest);
}

static void put_tcp_state(struct msg *m, uint8_t state)
{
	struct nlput_nest nest = nlput_nest_begin(&m->w, NEST(CTA_PROTOINFO));
	struct nlput_nest tcp = nlput_nest_begin(&m->w, NEST(CTA_PROTOINFO_TCP));

	nlput_u8(&m->w, CTA_PROTOINFO_TCP_STATE, state);
	nlput_u8(&m->w, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, 7);
	nlput_bytes(&m->w, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, "\x23", 2);
	nlput_nest_end(&m->w, tcp);
	nlput_nest_end(&m->w, nest);
}

static int get(void **state, struct msg *m, struct conn *ret, enum ctnl_what *what)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return ctnl_get(*state, nlput_msg(&m->w), ret, what);
}

static struct conn conn(void **state, struct msg *m, enum ctnl_what expected)
{
	enum ctnl_what what;
	struct conn c;

	assert_int_equal(get(state, m, &c, &what), 0);
	assert_int_equal(what, expected);
	return c;
}

static void assert_tuple(const struct tuple *t, const char *expected)
{
	char text[TUPLE_STR_SIZE];

	assert_string_equal(tuple_to_str(t, text), expected);
}

static void all_attributes(void **state)
{
	struct msg m;
	struct conn c;

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nlput_be32(&m.w, CTA_ID, 0xdeadbeef);
	nlput_be32(&m.w, CTA_STATUS, 0x1ae);
	nlput_be32(&m.w, CTA_TIMEOUT, 432000);
	put_tcp_state(&m, CONN_TCP_ESTABLISHED);
	put_counters(&m, CTA_COUNTERS_ORIG, 11, 1100);
	put_counters(&m, CTA_COUNTERS_REPLY, 22, UINT64_C(1) << 40);
	nlput_be32(&m.w, CTA_MARK, 0x70000001);
	c = conn(state, &m, CTNL_UPDATE);
	assert_tuple(&c.orig, "tcp 192.0.2.1:4000 > 198.51.100.1:80");
	assert_tuple(&c.reply, "tcp 198.51.100.1:80 > 203.0.113.1:5000");
	assert_int_equal(c.has, CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT | CONN_HAS_MARK |
					CONN_HAS_TCP_STATE | CONN_HAS_COUNTERS);
	assert_int_equal(c.id, 0xdeadbeef);
	assert_int_equal(c.status,
			 CONN_SEEN_REPLY | CONN_ASSURED | CONN_CONFIRMED | CONN_DST_NAT | 0x180);
	assert_int_equal(c.timeout_s, 432000);
	assert_int_equal(c.tcp_state, CONN_TCP_ESTABLISHED);
	assert_int_equal(c.mark, 0x70000001);
	assert_int_equal(c.pkts[DIR_ORIG], 11);
	assert_int_equal(c.bytes[DIR_ORIG], 1100);
	assert_int_equal(c.pkts[DIR_REPLY], 22);
	assert_int_equal(c.bytes[DIR_REPLY], UINT64_C(1) << 40);
	assert_true(conn_is_assured(&c));

	/* The next message inherits nothing. */
	begin_tcp(&m, IPCTNL_MSG_CT_DELETE, 0);
	c = conn(state, &m, CTNL_DESTROY);
	assert_int_equal(c.has, CONN_HAS_MARK);
	assert_int_equal(c.mark, 0);
	assert_false(conn_is_assured(&c));
}

static void kinds_of_messages(void **state)
{
	enum ctnl_what what = CTNL_NEW;
	struct conn c = { .id = 5 };
	struct msg m;

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL);
	conn(state, &m, CTNL_NEW);
	begin_tcp(&m, IPCTNL_MSG_CT_NEW, NLM_F_MULTI);
	conn(state, &m, CTNL_UPDATE);
	begin_tcp(&m, IPCTNL_MSG_CT_GET, 0);
	assert_int_equal(get(state, &m, &c, &what), -ENOMSG);
	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nlput_msg(&m.w)->nlmsg_type = NLMSG_DONE;
	assert_int_equal(get(state, &m, &c, &what), -ENOMSG);
	nlput_msg(&m.w)->nlmsg_type = NFNL_SUBSYS_CTNETLINK_EXP << 8;
	assert_int_equal(get(state, &m, &c, &what), -ENOMSG);
	assert_int_equal(c.id, 5);
}

static void incomplete_messages(void **state)
{
	enum ctnl_what what;
	struct nlput_nest nest;
	struct conn c;
	struct msg m;

	begin_event(&m, IPCTNL_MSG_CT_NEW, 0, AF_INET);
	assert_int_equal(get(state, &m, &c, &what), -EBADMSG);
	put_tuple(&m, CTA_TUPLE_ORIG, "tcp 192.0.2.1:4000 > 198.51.100.1:80");
	assert_int_equal(get(state, &m, &c, &what), -EBADMSG);
	nest = nlput_nest_begin(&m.w, NEST(CTA_TUPLE_REPLY));
	nlput_nest_end(&m.w, nest);
	assert_int_equal(get(state, &m, &c, &what), -EBADMSG);
	/* An attribute of the wrong size. */
	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nlput_u8(&m.w, CTA_STATUS, 1);
	assert_int_equal(get(state, &m, &c, &what), -EBADMSG);
	/* Without the header nfgenmsg. */
	nlput_begin(&m.w, NFNL_SUBSYS_CTNETLINK << 8, 0);
	assert_int_equal(get(state, &m, &c, &what), -EBADMSG);
}

static void other_protocols_and_families(void **state)
{
	struct msg m;
	struct conn c;

	begin_event(&m, IPCTNL_MSG_CT_NEW, 0, AF_INET6);
	put_tuple(&m, CTA_TUPLE_ORIG, "udp [2001:db8::1]:4000 > [2001:db8::2]:53");
	put_tuple(&m, CTA_TUPLE_REPLY, "udp [2001:db8::2]:53 > [2001:db8::1]:4000");
	c = conn(state, &m, CTNL_UPDATE);
	assert_tuple(&c.orig, "udp [2001:db8::1]:4000 > [2001:db8::2]:53");
	assert_tuple(&c.reply, "udp [2001:db8::2]:53 > [2001:db8::1]:4000");

	begin_event(&m, IPCTNL_MSG_CT_NEW, 0, AF_INET);
	put_tuple(&m, CTA_TUPLE_ORIG, "1 192.0.2.1:0 > 198.51.100.1:0");
	put_tuple(&m, CTA_TUPLE_REPLY, "1 198.51.100.1:0 > 192.0.2.1:0");
	c = conn(state, &m, CTNL_UPDATE);
	assert_tuple(&c.orig, "1 192.0.2.1:0 > 198.51.100.1:0");
}

static void zones(void **state)
{
	struct msg m;
	struct conn c;

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nlput_be16(&m.w, CTA_ZONE, 7);
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.orig.zone, 7);
	assert_int_equal(c.reply.zone, 7);

	begin_event(&m, IPCTNL_MSG_CT_NEW, 0, AF_INET);
	put_tuple(&m, CTA_TUPLE_ORIG, "tcp 192.0.2.1:1 > 198.51.100.1:2 zone 9");
	put_tuple(&m, CTA_TUPLE_REPLY, "tcp 198.51.100.1:2 > 192.0.2.1:1");
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.orig.zone, 9);
	assert_int_equal(c.reply.zone, 0);
}

static void obstacles(void **state)
{
	struct nlput_nest nest;
	struct conn c;
	struct msg m;

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nest = nlput_nest_begin(&m.w, NEST(CTA_HELP));
	nlput_str(&m.w, CTA_HELP_NAME, "ftp");
	nlput_nest_end(&m.w, nest);
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.has, CONN_HAS_HELPER | CONN_HAS_MARK);
	assert_string_equal(c.helper, "ftp");

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	put_tuple(&m, CTA_TUPLE_MASTER, "tcp 192.0.2.1:4001 > 198.51.100.1:21");
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.has, CONN_HAS_MARK | CONN_HAS_MASTER);

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nest = nlput_nest_begin(&m.w, NEST(CTA_SEQ_ADJ_REPLY));
	nlput_be32(&m.w, CTA_SEQADJ_CORRECTION_POS, 1);
	nlput_be32(&m.w, CTA_SEQADJ_OFFSET_BEFORE, 0);
	nlput_be32(&m.w, CTA_SEQADJ_OFFSET_AFTER, 2);
	nlput_nest_end(&m.w, nest);
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.has, CONN_HAS_MARK | CONN_HAS_SEQADJ);

	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nest = nlput_nest_begin(&m.w, NEST(CTA_SYNPROXY));
	nlput_be32(&m.w, CTA_SYNPROXY_ISN, 1);
	nlput_be32(&m.w, CTA_SYNPROXY_ITS, 0);
	nlput_be32(&m.w, CTA_SYNPROXY_TSOFF, 2);
	nlput_nest_end(&m.w, nest);
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.has, CONN_HAS_MARK | CONN_HAS_SYNPROXY);

	/* Every entry that was created through netlink has an empty one. */
	begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
	nest = nlput_nest_begin(&m.w, NEST(CTA_SYNPROXY));
	nlput_be32(&m.w, CTA_SYNPROXY_ISN, 0);
	nlput_be32(&m.w, CTA_SYNPROXY_ITS, 0);
	nlput_be32(&m.w, CTA_SYNPROXY_TSOFF, 0);
	nlput_nest_end(&m.w, nest);
	c = conn(state, &m, CTNL_UPDATE);
	assert_int_equal(c.has, CONN_HAS_MARK);
}

/* Memory that the library allocates must be freed; only a sanitizer build can tell. */
static void labels_and_security_contexts(void **state)
{
	for (int i = 0; i < 100; i++) {
		struct nlput_nest nest;
		struct msg m;
		struct conn c;

		begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
		nlput_bytes(&m.w, CTA_LABELS, "0123456789abcdef", 16);
		nest = nlput_nest_begin(&m.w, NEST(CTA_SECCTX));
		nlput_str(&m.w, CTA_SECCTX_NAME, "system_u:object_r:x:s0");
		nlput_nest_end(&m.w, nest);
		nest = nlput_nest_begin(&m.w, NEST(CTA_HELP));
		nlput_str(&m.w, CTA_HELP_NAME, "ftp");
		nlput_bytes(&m.w, CTA_HELP_INFO, "0123456789", 10);
		nlput_nest_end(&m.w, nest);
		nlput_be32(&m.w, CTA_ID, 3);
		c = conn(state, &m, CTNL_UPDATE);
		assert_int_equal(c.has, CONN_HAS_ID | CONN_HAS_HELPER | CONN_HAS_MARK);
		begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
		assert_int_equal(conn(state, &m, CTNL_UPDATE).has, CONN_HAS_MARK);
	}
}

/* The library aborts the process on a wrong length, so ctnl_get() must reject it first. */
static void random_damage(void **state)
{
	struct splitmix random = unit_random_start(3);

	for (int i = 0; i < 50000; i++) {
		enum ctnl_what what;
		struct nlput_nest nest;
		struct nlmsghdr *nlh;
		struct msg m;
		struct conn c;

		begin_tcp(&m, IPCTNL_MSG_CT_NEW, 0);
		put_tuple(&m, CTA_TUPLE_MASTER, "tcp 192.0.2.1:4001 > 198.51.100.1:21 zone 3");
		nlput_be32(&m.w, CTA_STATUS, 0x1ae);
		put_tcp_state(&m, CONN_TCP_ESTABLISHED);
		put_counters(&m, CTA_COUNTERS_ORIG, 11, 1100);
		nest = nlput_nest_begin(&m.w, NEST(CTA_HELP));
		nlput_str(&m.w, CTA_HELP_NAME, "ftp");
		nlput_nest_end(&m.w, nest);
		nlput_bytes(&m.w, CTA_LABELS, "0123456789abcdef", 16);
		assert_int_equal(nlput_end(&m.w), 0);
		nlh = nlput_msg(&m.w);
		for (unsigned int n = 1 + splitmix_below(&random, 3); n > 0; n--) {
			uint32_t at = NLMSG_HDRLEN +
				      splitmix_below(&random, nlh->nlmsg_len - NLMSG_HDRLEN);

			m.buf[at] = (unsigned char)splitmix_below(&random, 40);
		}
		IGNORE_RESULT(ctnl_get(*state, nlh, &c, &what));
	}
}

/* -- the filter ----------------------------------------------------------- */

static bool passes(const int pair[2], const struct msg *m)
{
	size_t len = nlput_msg(&m->w)->nlmsg_len;
	unsigned char buf[1024];

	assert_int_equal(send(pair[0], m->buf, len, 0), len);
	return recv(pair[1], buf, sizeof(buf), MSG_DONTWAIT) == (ssize_t)len;
}

static void put_event(struct msg *m, const char *text, uint32_t status)
{
	struct tuple orig = tuple(text), inverse = tuple_inverse(&orig);
	char reply[TUPLE_STR_SIZE];

	begin_event(m, IPCTNL_MSG_CT_NEW, 0, orig.family == FAMILY_IP4 ? AF_INET : AF_INET6);
	put_tuple(m, CTA_TUPLE_ORIG, text);
	put_tuple(m, CTA_TUPLE_REPLY, tuple_to_str(&inverse, reply));
	nlput_be32(&m->w, CTA_ID, 1);
	if (status != UINT32_MAX)
		nlput_be32(&m->w, CTA_STATUS, status);
	nlput_be32(&m->w, CTA_TIMEOUT, 1);
	assert_int_equal(nlput_end(&m->w), 0);
}

static void filter_passes_assured_conns(void **state UNUSED)
{
	static const struct {
		const char *tuple;
		uint32_t status;
		bool passes;
	} cases[] = {
		{ "tcp 192.0.2.1:1 > 198.51.100.1:2", 0x1ae, true },
		{ "tcp 192.0.2.1:1 > 198.51.100.1:2", CONN_ASSURED, true },
		{ "tcp 192.0.2.1:1 > 198.51.100.1:2", UINT32_MAX & ~CONN_ASSURED, false },
		{ "tcp 192.0.2.1:1 > 198.51.100.1:2", 0, false },
		{ "tcp 192.0.2.1:1 > 198.51.100.1:2", UINT32_MAX, true }, /* no status */
		{ "udp 192.0.2.1:1 > 198.51.100.1:2", 0x18e, true },
		{ "udp 192.0.2.1:1 > 198.51.100.1:2", 0x18a, false },
		{ "udp [2001:db8::1]:1 > [2001:db8::2]:2", 0x18e, true },
		{ "tcp [2001:db8::1]:1 > [2001:db8::2]:2", 0x18a, false },
		{ "132 192.0.2.1:1 > 198.51.100.1:2", 0x18e, false },
		{ "1 192.0.2.1:0 > 198.51.100.1:0", 0x18e, false },
	};
	struct msg m;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(ctnl_filter_attach(pair[1], 0), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		put_event(&m, cases[i].tuple, cases[i].status);
		assert_int_equal(passes(pair, &m), cases[i].passes);
	}
	close(pair[0]);
	close(pair[1]);
}

/* With bits of the mark, the filter passes events that may change what is admitted. */
static void filter_passes_changes_of_marks(void **state UNUSED)
{
	static const struct {
		bool is_end, has_mark, has_state;
		uint32_t mark, portid;
		bool passes;
	} cases[] = {
		{ .has_mark = true, .mark = 0x10000000, .passes = true },
		{ .has_mark = true, .mark = 0x40000005, .has_state = true, .passes = true },
		{ .is_end = true, .has_mark = true, .mark = 0x20000000, .has_state = true,
		  .passes = true },
		/* Without our bits. */
		{ .has_state = true, .passes = false },
		{ .has_mark = true, .mark = 0x8fffffff, .has_state = true, .passes = false },
		{ .is_end = true, .passes = false },
		{ .is_end = true, .has_mark = true, .mark = 5, .has_state = true, .passes = false },
		/* The mark may have been cleared. */
		{ .has_mark = true, .passes = true },
		{ .has_mark = true, .mark = 5, .passes = true },
		{ .passes = true },
		/* A change by a process. */
		{ .has_mark = true, .has_state = true, .portid = 1, .passes = true },
		{ .is_end = true, .portid = 0x80000000, .passes = true },
	};
	struct nlput_nest nest;
	struct msg m;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(ctnl_filter_attach(pair[1], 0x70000000), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		put_event(&m, "tcp 192.0.2.1:1 > 198.51.100.1:2", CONN_ASSURED);
		if (cases[i].has_state) {
			nest = nlput_nest_begin(&m.w, NEST(CTA_PROTOINFO));
			nlput_nest_end(&m.w, nest);
		}
		if (cases[i].has_mark)
			nlput_be32(&m.w, CTA_MARK, cases[i].mark);
		assert_int_equal(nlput_end(&m.w), 0);
		nlput_msg(&m.w)->nlmsg_pid = cases[i].portid;
		if (cases[i].is_end)
			nlput_msg(&m.w)->nlmsg_type =
				NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
		if (passes(pair, &m) != cases[i].passes)
			fail_msg("case %zu", i);
	}
	/* A connection that is not assured does not pass, marked or not. */
	put_event(&m, "tcp 192.0.2.1:1 > 198.51.100.1:2", 0);
	nlput_be32(&m.w, CTA_MARK, 0x10000000);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_false(passes(pair, &m));
	close(pair[0]);
	close(pair[1]);
}

static void filter_passes_what_it_does_not_understand(void **state UNUSED)
{
	struct nlput_nest nest;
	struct msg m;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(ctnl_filter_attach(pair[1], 0), 0);
	begin_event(&m, IPCTNL_MSG_CT_NEW, 0, AF_INET);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_true(passes(pair, &m));
	nlput_be32(&m.w, CTA_STATUS, CONN_ASSURED);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_true(passes(pair, &m));
	nest = nlput_nest_begin(&m.w, NEST(CTA_TUPLE_ORIG));
	nlput_u32(&m.w, CTA_TUPLE_IP, 0);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_true(passes(pair, &m));
	nest = nlput_nest_begin(&m.w, NEST(CTA_TUPLE_PROTO));
	nlput_nest_end(&m.w, nest);
	assert_int_equal(nlput_end(&m.w), 0);
	assert_true(passes(pair, &m));
	close(pair[0]);
	close(pair[1]);
}

static int setup(void **state)
{
	struct ctnl *c;

	if (ctnl_new(&c))
		return -1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	ctnl_free(*state);
	ctnl_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_to_get),
		cmocka_unit_test(request_for_care),
		cmocka_unit_test(care_for_udp_over_ip6),
		cmocka_unit_test(request_for_a_state),
		cmocka_unit_test(request_for_a_dump),
		cmocka_unit_test(small_buffers_are_refused),
		cmocka_unit_test(all_attributes),
		cmocka_unit_test(kinds_of_messages),
		cmocka_unit_test(incomplete_messages),
		cmocka_unit_test(other_protocols_and_families),
		cmocka_unit_test(zones),
		cmocka_unit_test(obstacles),
		cmocka_unit_test(labels_and_security_contexts),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(filter_passes_assured_conns),
		cmocka_unit_test(filter_passes_changes_of_marks),
		cmocka_unit_test(filter_passes_what_it_does_not_understand),
		cmocka_unit_test(requests_about_marks),
	};

	return cmocka_run_group_tests_name("ctnl", tests, setup, teardown);
}
