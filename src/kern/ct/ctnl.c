/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ct/ctnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "nl/nlget.h"

#define SAME_AS_KERNEL(ours, kernels) static_assert((int)(ours) == (int)(kernels), #ours)

SAME_AS_KERNEL(CONN_EXPECTED, IPS_EXPECTED);
SAME_AS_KERNEL(CONN_SEEN_REPLY, IPS_SEEN_REPLY);
SAME_AS_KERNEL(CONN_ASSURED, IPS_ASSURED);
SAME_AS_KERNEL(CONN_CONFIRMED, IPS_CONFIRMED);
SAME_AS_KERNEL(CONN_SRC_NAT, IPS_SRC_NAT);
SAME_AS_KERNEL(CONN_DST_NAT, IPS_DST_NAT);
SAME_AS_KERNEL(CONN_SEQ_ADJUST, IPS_SEQ_ADJUST);
SAME_AS_KERNEL(CONN_DYING, IPS_DYING);
SAME_AS_KERNEL(CONN_FIXED_TIMEOUT, IPS_FIXED_TIMEOUT);
/* IPS_NAT_CLASH is the name of this bit inside the kernel. */
SAME_AS_KERNEL(CONN_NAT_CLASH, IPS_UNTRACKED);
SAME_AS_KERNEL(CONN_HELPER, IPS_HELPER);
SAME_AS_KERNEL(CONN_OFFLOAD, IPS_OFFLOAD);
SAME_AS_KERNEL(CONN_HW_OFFLOAD, IPS_HW_OFFLOAD);
SAME_AS_KERNEL(CONN_TCP_ESTABLISHED, TCP_CONNTRACK_ESTABLISHED);
SAME_AS_KERNEL(CONN_TCP_LAST_ACK, TCP_CONNTRACK_LAST_ACK);
SAME_AS_KERNEL(CONN_TCP_TIME_WAIT, TCP_CONNTRACK_TIME_WAIT);
SAME_AS_KERNEL(CONN_TCP_SYN_SENT2, TCP_CONNTRACK_SYN_SENT2);

#define MSG_TYPE(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))
/* More than the library appends to any message of ours; it checks no bounds. */
#define LIBRARY_ROOM_BYTES 512

/* -- well-formedness ------------------------------------------------------ */

/*
 * libnetfilter_conntrack aborts the process when an attribute has a length that it
 * does not expect. No kernel sends one, but the daemon must not end over it. So the
 * length of every attribute that the library reads is checked first. The tables are
 * indexed by attribute type; types that are not in them may have any length.
 */
struct shape {
	uint16_t len;              /* exact length; 0 = any */
	uint16_t n_inner;          /* length of inner */
	const struct shape *inner; /* shapes of a nest's attributes; NULL = not a nest */
};

#define TEXT UINT16_MAX /* as len: a string, not empty, that ends with NUL */
#define LEN(bytes)                                                                                 \
	{                                                                                          \
		.len = bytes                                                                       \
	}
#define NEST(shapes)                                                                               \
	{                                                                                          \
		.inner = shapes, .n_inner = array_size(shapes)                                     \
	}

static const struct shape ip_shape[] = {
	[CTA_IP_V4_SRC] = LEN(4),
	[CTA_IP_V4_DST] = LEN(4),
	[CTA_IP_V6_SRC] = LEN(16),
	[CTA_IP_V6_DST] = LEN(16),
};

static const struct shape proto_shape[] = {
	[CTA_PROTO_NUM] = LEN(1),         [CTA_PROTO_SRC_PORT] = LEN(2),
	[CTA_PROTO_DST_PORT] = LEN(2),    [CTA_PROTO_ICMP_ID] = LEN(2),
	[CTA_PROTO_ICMP_TYPE] = LEN(1),   [CTA_PROTO_ICMP_CODE] = LEN(1),
	[CTA_PROTO_ICMPV6_ID] = LEN(2),   [CTA_PROTO_ICMPV6_TYPE] = LEN(1),
	[CTA_PROTO_ICMPV6_CODE] = LEN(1),
};

static const struct shape tuple_shape[] = {
	[CTA_TUPLE_IP] = NEST(ip_shape),
	[CTA_TUPLE_PROTO] = NEST(proto_shape),
	[CTA_TUPLE_ZONE] = LEN(2),
};

static const struct shape tcp_shape[] = {
	[CTA_PROTOINFO_TCP_STATE] = LEN(1),        [CTA_PROTOINFO_TCP_WSCALE_ORIGINAL] = LEN(1),
	[CTA_PROTOINFO_TCP_WSCALE_REPLY] = LEN(1), [CTA_PROTOINFO_TCP_FLAGS_ORIGINAL] = LEN(2),
	[CTA_PROTOINFO_TCP_FLAGS_REPLY] = LEN(2),
};

static const struct shape dccp_shape[] = {
	[CTA_PROTOINFO_DCCP_STATE] = LEN(1),
	[CTA_PROTOINFO_DCCP_ROLE] = LEN(1),
	[CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ] = LEN(8),
};

static const struct shape sctp_shape[] = {
	[CTA_PROTOINFO_SCTP_STATE] = LEN(1),
	[CTA_PROTOINFO_SCTP_VTAG_ORIGINAL] = LEN(4),
	[CTA_PROTOINFO_SCTP_VTAG_REPLY] = LEN(4),
};

static const struct shape protoinfo_shape[] = {
	[CTA_PROTOINFO_TCP] = NEST(tcp_shape),
	[CTA_PROTOINFO_DCCP] = NEST(dccp_shape),
	[CTA_PROTOINFO_SCTP] = NEST(sctp_shape),
};

static const struct shape counters_shape[] = {
	[CTA_COUNTERS_PACKETS] = LEN(8),
	[CTA_COUNTERS_BYTES] = LEN(8),
	[CTA_COUNTERS32_PACKETS] = LEN(4),
	[CTA_COUNTERS32_BYTES] = LEN(4),
};

static const struct shape seqadj_shape[] = {
	[CTA_NAT_SEQ_CORRECTION_POS] = LEN(4),
	[CTA_NAT_SEQ_OFFSET_BEFORE] = LEN(4),
	[CTA_NAT_SEQ_OFFSET_AFTER] = LEN(4),
};

static const struct shape synproxy_shape[] = {
	[CTA_SYNPROXY_ISN] = LEN(4),
	[CTA_SYNPROXY_ITS] = LEN(4),
	[CTA_SYNPROXY_TSOFF] = LEN(4),
};

static const struct shape timestamp_shape[] = {
	[CTA_TIMESTAMP_START] = LEN(8),
	[CTA_TIMESTAMP_STOP] = LEN(8),
};

static const struct shape help_shape[] = { [CTA_HELP_NAME] = LEN(TEXT) };
static const struct shape secctx_shape[] = { [CTA_SECCTX_NAME] = LEN(TEXT) };

static const struct shape entry_shape[] = {
	[CTA_TUPLE_ORIG] = NEST(tuple_shape),
	[CTA_TUPLE_REPLY] = NEST(tuple_shape),
	[CTA_TUPLE_MASTER] = NEST(tuple_shape),
	[CTA_STATUS] = LEN(4),
	[CTA_PROTOINFO] = NEST(protoinfo_shape),
	[CTA_HELP] = NEST(help_shape),
	[CTA_TIMEOUT] = LEN(4),
	[CTA_MARK] = LEN(4),
	[CTA_COUNTERS_ORIG] = NEST(counters_shape),
	[CTA_COUNTERS_REPLY] = NEST(counters_shape),
	[CTA_USE] = LEN(4),
	[CTA_ID] = LEN(4),
	[CTA_SEQ_ADJ_ORIG] = NEST(seqadj_shape),
	[CTA_SEQ_ADJ_REPLY] = NEST(seqadj_shape),
	[CTA_SECMARK] = LEN(4),
	[CTA_ZONE] = LEN(2),
	[CTA_SECCTX] = NEST(secctx_shape),
	[CTA_LABELS] = LEN(16),
	[CTA_LABELS_MASK] = LEN(16),
	[CTA_TIMESTAMP] = NEST(timestamp_shape),
	[CTA_SYNPROXY] = NEST(synproxy_shape),
};

static bool has_good_len(const struct shape *shape, const struct nlattr *attr)
{
	size_t len = nlget_len(attr);
	const char *text = nlget_data(attr);

	if (shape->len == TEXT)
		return len > 0 && text[len - 1] == '\0';
	return shape->len == 0 || shape->len == len;
}

/* Marks the cursor as malformed when an attribute does not have its shape. */
static void check_shape(struct nlget *g, const struct shape *shapes, size_t n)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		uint16_t type = nlget_type(attr);
		struct nlget inner;

		if (type >= n)
			continue;
		if (!has_good_len(&shapes[type], attr))
			g->is_malformed = true;
		if (!shapes[type].inner)
			continue;
		inner = nlget_enter(attr);
		check_shape(&inner, shapes[type].inner, shapes[type].n_inner);
		nlget_leave(g, &inner);
	}
}

static bool is_well_formed(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));

	if (!g.is_malformed)
		check_shape(&g, entry_shape, array_size(entry_shape));
	return !g.is_malformed;
}

/* -- decoding ------------------------------------------------------------- */

struct ctnl {
	struct nf_conntrack *ct;    /* the library decodes into it */
	struct nf_conntrack *blank; /* empty; copied over ct before each message */
};

int ctnl_new(struct ctnl **ret)
{
	struct ctnl *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->ct = nfct_new();
	c->blank = nfct_new();
	if (!c->ct || !c->blank) {
		ctnl_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void ctnl_free(struct ctnl *c)
{
	if (!c)
		return;
	if (c->ct)
		nfct_destroy(c->ct);
	if (c->blank)
		nfct_destroy(c->blank);
	free(c);
}

/*
 * Empties c->ct. The library allocates memory for some attributes and frees it
 * only with the object. Copying over such an object would leak that memory, so it
 * is replaced.
 */
static int make_blank(struct ctnl *c)
{
	static const enum nf_conntrack_attr allocated[] = {
		ATTR_CONNLABELS,
		ATTR_CONNLABELS_MASK,
		ATTR_SECCTX,
		ATTR_HELPER_INFO,
	};

	for (size_t i = 0; i < array_size(allocated); i++) {
		struct nf_conntrack *fresh;

		if (nfct_attr_is_set(c->ct, allocated[i]) <= 0)
			continue;
		fresh = nfct_new();
		if (!fresh)
			return -ENOMEM;
		nfct_destroy(c->ct);
		c->ct = fresh;
		return 0;
	}
	nfct_copy(c->ct, c->blank, NFCT_CP_OVERRIDE);
	return 0;
}

static bool has(const struct nf_conntrack *ct, enum nf_conntrack_attr attr)
{
	return nfct_attr_is_set(ct, attr) > 0;
}

static bool is_nonzero(const struct nf_conntrack *ct, enum nf_conntrack_attr attr)
{
	return has(ct, attr) && nfct_get_attr_u32(ct, attr) != 0;
}

/* The library's attributes for the tuple of one direction. */
struct tuple_attrs {
	enum nf_conntrack_attr ip4_src, ip4_dst, ip6_src, ip6_dst, l4proto, sport, dport, zone;
};

static const struct tuple_attrs tuple_attrs[DIR__COUNT] = {
	[DIR_ORIG] = { ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC,
		       ATTR_ORIG_IPV6_DST, ATTR_ORIG_L4PROTO, ATTR_ORIG_PORT_SRC,
		       ATTR_ORIG_PORT_DST, ATTR_ORIG_ZONE },
	[DIR_REPLY] = { ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_SRC,
			ATTR_REPL_IPV6_DST, ATTR_REPL_L4PROTO, ATTR_REPL_PORT_SRC,
			ATTR_REPL_PORT_DST, ATTR_REPL_ZONE },
};

static bool get_addr(const struct nf_conntrack *ct, enum nf_conntrack_attr attr, size_t len,
		     struct addr *ret)
{
	const void *data = nfct_get_attr(ct, attr);

	if (!data)
		return false;
	memcpy(ret->b, data, len);
	return true;
}

/*
 * A zone of both directions is an attribute of the entry, a zone of one direction
 * is inside that tuple (ctnetlink_dump_zone_id).
 */
static uint16_t get_zone(const struct nf_conntrack *ct, const struct tuple_attrs *a)
{
	return nfct_get_attr_u16(ct, has(ct, a->zone) ? a->zone : ATTR_ZONE);
}

/* False when an address or the protocol is missing. An absent port or zone is 0. */
static bool get_tuple(const struct nf_conntrack *ct, enum dir dir, struct tuple *t)
{
	const struct tuple_attrs *a = &tuple_attrs[dir];
	bool is_ip4 = has(ct, a->ip4_src);
	size_t len = is_ip4 ? 4 : 16;

	t->family = is_ip4 ? FAMILY_IP4 : FAMILY_IP6;
	t->proto = nfct_get_attr_u8(ct, a->l4proto);
	t->sport = ntohs(nfct_get_attr_u16(ct, a->sport));
	t->dport = ntohs(nfct_get_attr_u16(ct, a->dport));
	t->zone = get_zone(ct, a);
	return get_addr(ct, is_ip4 ? a->ip4_src : a->ip6_src, len, &t->src) &&
	       get_addr(ct, is_ip4 ? a->ip4_dst : a->ip6_dst, len, &t->dst) && has(ct, a->l4proto);
}

static void get_u32(const struct nf_conntrack *ct, enum nf_conntrack_attr attr, struct conn *c,
		    enum conn_has bit, uint32_t *ret)
{
	if (!has(ct, attr))
		return;
	*ret = nfct_get_attr_u32(ct, attr);
	c->has |= bit;
}

static void get_counters(const struct nf_conntrack *ct, struct conn *c)
{
	static const enum nf_conntrack_attr pkts[] = { ATTR_ORIG_COUNTER_PACKETS,
						       ATTR_REPL_COUNTER_PACKETS };
	static const enum nf_conntrack_attr bytes[] = { ATTR_ORIG_COUNTER_BYTES,
							ATTR_REPL_COUNTER_BYTES };

	if (!has(ct, pkts[DIR_ORIG]) || !has(ct, pkts[DIR_REPLY]))
		return;
	for (size_t dir = 0; dir < DIR__COUNT; dir++) {
		c->pkts[dir] = nfct_get_attr_u64(ct, pkts[dir]);
		c->bytes[dir] = nfct_get_attr_u64(ct, bytes[dir]);
	}
	c->has |= CONN_HAS_COUNTERS;
}

/* Attributes because of which the CPU must see all packets of the connection. */
static void get_obstacles(const struct nf_conntrack *ct, struct conn *c)
{
	const char *helper = nfct_get_attr(ct, ATTR_HELPER_NAME);

	if (helper) {
		size_t len = strnlen(helper, sizeof(c->helper) - 1);

		memcpy(c->helper, helper, len);
		c->has |= CONN_HAS_HELPER;
	}
	if (has(ct, ATTR_MASTER_L4PROTO) || has(ct, ATTR_MASTER_IPV4_SRC) ||
	    has(ct, ATTR_MASTER_IPV6_SRC))
		c->has |= CONN_HAS_MASTER;
	if (has(ct, ATTR_ORIG_NAT_SEQ_CORRECTION_POS) || has(ct, ATTR_REPL_NAT_SEQ_CORRECTION_POS))
		c->has |= CONN_HAS_SEQADJ;
	/* Entries created over netlink all have this extension, zeroed
	 * (ctnetlink_create_conntrack). */
	if (is_nonzero(ct, ATTR_SYNPROXY_ISN) || is_nonzero(ct, ATTR_SYNPROXY_ITS) ||
	    is_nonzero(ct, ATTR_SYNPROXY_TSOFF))
		c->has |= CONN_HAS_SYNPROXY;
}

/* False for messages that are not entries. */
static bool get_what(const struct nlmsghdr *nlh, enum ctnl_what *ret)
{
	switch (nlh->nlmsg_type) {
	case MSG_TYPE(IPCTNL_MSG_CT_NEW):
		*ret = nlh->nlmsg_flags & NLM_F_CREATE ? CTNL_NEW : CTNL_UPDATE;
		return true;
	case MSG_TYPE(IPCTNL_MSG_CT_DELETE): *ret = CTNL_DESTROY; return true;
	}
	return false;
}

int ctnl_get(struct ctnl *ctnl, const struct nlmsghdr *nlh, struct conn *ret,
	     enum ctnl_what *ret_what)
{
	struct conn c = { .has = 0 };
	const struct nf_conntrack *ct;
	enum ctnl_what what;
	int err;

	if (!get_what(nlh, &what))
		return -ENOMSG;
	if (!is_well_formed(nlh))
		return -EBADMSG;
	err = make_blank(ctnl);
	if (err)
		return err;
	if (nfct_nlmsg_parse(nlh, ctnl->ct) < 0)
		return -EBADMSG;
	ct = ctnl->ct;
	if (!get_tuple(ct, DIR_ORIG, &c.orig) || !get_tuple(ct, DIR_REPLY, &c.reply))
		return -EBADMSG;
	get_u32(ct, ATTR_ID, &c, CONN_HAS_ID, &c.id);
	get_u32(ct, ATTR_STATUS, &c, CONN_HAS_STATUS, &c.status);
	get_u32(ct, ATTR_MARK, &c, CONN_HAS_MARK, &c.mark);
	c.has |= CONN_HAS_MARK;
	get_u32(ct, ATTR_TIMEOUT, &c, CONN_HAS_TIMEOUT, &c.timeout_s);
	if (has(ct, ATTR_TCP_STATE)) {
		c.tcp_state = nfct_get_attr_u8(ct, ATTR_TCP_STATE);
		c.has |= CONN_HAS_TCP_STATE;
	}
	get_counters(ct, &c);
	get_obstacles(ct, &c);
	*ret = c;
	*ret_what = what;
	return 0;
}

/* -- events --------------------------------------------------------------- */

#define ATTRS_OFFSET (NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)))

/* Set A to the offset of the attribute of this type, searched from A on or inside the nest at A;
 * 0 = not found. */
#define FIND(type)                                                                                 \
	BPF_STMT(BPF_LDX | BPF_IMM, type),                                                         \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_NLATTR))
#define FIND_INSIDE(type)                                                                          \
	BPF_STMT(BPF_LDX | BPF_IMM, type),                                                         \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_NLATTR_NEST))

/*
 * Most entries of a busy router are too short-lived to become assured; their events
 * would wake us for nothing. Messages without the attributes that the filter reads
 * pass. Each event message has a datagram of its own (ctnetlink_conntrack_event).
 */
static const struct sock_filter assured_filter[] = {
	/* Status: not assured, drop. */
	/*  0 */ BPF_STMT(BPF_LD | BPF_IMM, ATTRS_OFFSET),
	/*  1 */ FIND(CTA_STATUS),
	/*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
	/*  4 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
	/*  5 */ BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),
	/*  6 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IPS_ASSURED, 0, 14),
	/* Protocol of the original tuple: neither TCP nor UDP, drop. */
	/*  7 */ BPF_STMT(BPF_LD | BPF_IMM, ATTRS_OFFSET),
	/*  8 */ FIND(CTA_TUPLE_ORIG),
	/* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 11, 0),
	/* 11 */ FIND_INSIDE(CTA_TUPLE_PROTO),
	/* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 8, 0),
	/* 14 */ FIND_INSIDE(CTA_PROTO_NUM),
	/* 16 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0),
	/* 17 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
	/* 18 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, NLA_HDRLEN),
	/* 19 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 2, 0),
	/* 20 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0),
	/* 21 */ BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Appended to it when there are no mark bits. */
static const struct sock_filter pass_filter[] = { BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };

/*
 * Appended to it when admission goes by mark. Passes events that a process caused,
 * events with one of the bits, and those that may report the loss of the bits. The
 * kernel sends an event for a changed mark even when the mark is 0 now. That event
 * has no CTA_PROTOINFO unless the state changed too; most other TCP events have it.
 */
#define MARK_FILTER(bits)                                                                          \
	/*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),         \
		/*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 14),                            \
		/*  2 */ BPF_STMT(BPF_LD | BPF_IMM, ATTRS_OFFSET),                                 \
		/*  3 */ FIND(CTA_MARK),                                                           \
		/*  5 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),                             \
		/*  6 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),                                          \
		/*  7 */ BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),                           \
		/*  8 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 7, 0),                         \
		/*  9 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)), \
		/* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,                                       \
				  htons(MSG_TYPE(IPCTNL_MSG_CT_DELETE)), 4, 0),                    \
		/* 11 */ BPF_STMT(BPF_LD | BPF_IMM, ATTRS_OFFSET),                                 \
		/* 12 */ FIND(CTA_PROTOINFO),                                                      \
		/* 14 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),                             \
		/* 15 */ BPF_STMT(BPF_RET | BPF_K, 0),                                             \
		/* 16 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)

int ctnl_filter_attach(int fd, uint32_t mark_bits)
{
	const struct sock_filter mark_filter[] = { MARK_FILTER(mark_bits) };
	struct sock_filter program[array_size(assured_filter) + array_size(mark_filter)];
	struct sock_fprog prog = { .len = array_size(assured_filter), .filter = program };

	memcpy(program, assured_filter, sizeof(assured_filter));
	if (mark_bits) {
		memcpy(program + prog.len, mark_filter, sizeof(mark_filter));
		prog.len += array_size(mark_filter);
	} else {
		memcpy(program + prog.len, pass_filter, sizeof(pass_filter));
		prog.len += array_size(pass_filter);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return -errno;
	return 0;
}

int ctnl_events_open(struct nlsock *s, int rcvbuf_bytes, uint32_t mark_bits)
{
	static const unsigned int groups[] = {
		NFNLGRP_CONNTRACK_NEW,
		NFNLGRP_CONNTRACK_UPDATE,
		NFNLGRP_CONNTRACK_DESTROY,
	};
	int err = nlsock_open(s, NETLINK_NETFILTER, rcvbuf_bytes);

	if (err)
		return err;
	err = nlsock_set_nonblock(s);
	if (!err)
		err = ctnl_filter_attach(nlsock_fd(s), mark_bits);
	for (size_t i = 0; i < array_size(groups) && !err; i++)
		err = nlsock_join(s, groups[i]);
	if (err)
		nlsock_close(s);
	return err;
}

/* -- requests ------------------------------------------------------------- */

static void begin(struct nlput *w, uint16_t type, uint16_t flags, enum family family)
{
	struct nfgenmsg header = {
		.nfgen_family = (uint8_t)family_to_af(family),
		.version = NFNETLINK_V0,
	};

	nlput_begin(w, MSG_TYPE(type), flags);
	nlput_header(w, &header, sizeof(header));
}

/* The kernel filters by status (ctnetlink_filter_parse_status). */
int ctnl_put_dump(struct nlput *w, enum family family, bool only_assured)
{
	begin(w, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
	if (only_assured) {
		nlput_be32(w, CTA_STATUS, IPS_ASSURED);
		nlput_be32(w, CTA_STATUS_MASK, IPS_ASSURED);
	}
	return nlput_end(w);
}

int ctnl_put_dump_mark(struct nlput *w, uint32_t value, uint32_t bits)
{
	begin(w, IPCTNL_MSG_CT_GET, NLM_F_DUMP, FAMILY_NONE);
	nlput_be32(w, CTA_MARK, value);
	nlput_be32(w, CTA_MARK_MASK, bits);
	return nlput_end(w);
}

/* Identifies an entry by its original tuple. */
static void set_tuple(struct nf_conntrack *ct, const struct tuple *t)
{
	bool is_ip4 = t->family == FAMILY_IP4;

	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, (uint8_t)family_to_af((enum family)t->family));
	nfct_set_attr(ct, is_ip4 ? ATTR_ORIG_IPV4_SRC : ATTR_ORIG_IPV6_SRC, t->src.b);
	nfct_set_attr(ct, is_ip4 ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV6_DST, t->dst.b);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, t->proto);
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(t->sport));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(t->dport));
	if (t->zone)
		nfct_set_attr_u16(ct, ATTR_ZONE, t->zone);
}

/* Owned by the caller; NULL when out of memory. */
static struct nf_conntrack *new_request(const struct tuple *orig)
{
	struct nf_conntrack *ct = nfct_new();

	if (ct)
		set_tuple(ct, orig);
	return ct;
}

/* Begins a message, appends ct and destroys it. -ENOMEM when ct is NULL. */
static int begin_request(struct nlput *w, uint16_t type, const struct tuple *orig,
			 struct nf_conntrack *ct)
{
	struct nlmsghdr *nlh;
	int err = 0;

	if (!ct)
		return -ENOMEM;
	begin(w, type, 0, (enum family)orig->family);
	nlh = nlput_lend(w, LIBRARY_ROOM_BYTES);
	if (nlh) {
		err = nfct_nlmsg_build(nlh, ct) < 0 ? -EINVAL : 0;
		nlput_adopt(w);
	}
	nfct_destroy(ct);
	return err;
}

static int put_request(struct nlput *w, uint16_t type, const struct tuple *orig,
		       struct nf_conntrack *ct)
{
	int err = begin_request(w, type, orig, ct);

	return err ? err : nlput_end(w);
}

int ctnl_put_get(struct nlput *w, const struct tuple *orig)
{
	return put_request(w, IPCTNL_MSG_CT_GET, orig, new_request(orig));
}

/*
 * The kernel changes the timeout first (ctnetlink_change_conntrack). If it refuses
 * that, it does not set the flags either, and answers with an error.
 */
int ctnl_put_care(struct nlput *w, const struct tuple *orig, bool be_liberal, uint32_t timeout_s)
{
	struct nf_conntrack *ct = new_request(orig);

	if (ct && be_liberal && orig->proto == L4_TCP) {
		nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_ORIG, IP_CT_TCP_FLAG_BE_LIBERAL);
		nfct_set_attr_u8(ct, ATTR_TCP_MASK_ORIG, IP_CT_TCP_FLAG_BE_LIBERAL);
		nfct_set_attr_u8(ct, ATTR_TCP_FLAGS_REPL, IP_CT_TCP_FLAG_BE_LIBERAL);
		nfct_set_attr_u8(ct, ATTR_TCP_MASK_REPL, IP_CT_TCP_FLAG_BE_LIBERAL);
	}
	if (ct && timeout_s)
		nfct_set_attr_u32(ct, ATTR_TIMEOUT, timeout_s);
	return put_request(w, IPCTNL_MSG_CT_NEW, orig, ct);
}

int ctnl_put_tcp_state(struct nlput *w, const struct tuple *orig, uint8_t tcp_state,
		       uint32_t timeout_s)
{
	struct nf_conntrack *ct = new_request(orig);

	if (ct) {
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, tcp_state);
		nfct_set_attr_u32(ct, ATTR_TIMEOUT, timeout_s);
	}
	return put_request(w, IPCTNL_MSG_CT_NEW, orig, ct);
}

/* The kernel keeps the bits outside the mask (ctnetlink_change_mark). The library cannot
 * write CTA_MARK_MASK. */
int ctnl_put_clear_mark(struct nlput *w, const struct tuple *orig, uint32_t bits)
{
	int err = begin_request(w, IPCTNL_MSG_CT_NEW, orig, new_request(orig));

	if (err)
		return err;
	nlput_be32(w, CTA_MARK, 0);
	nlput_be32(w, CTA_MARK_MASK, bits);
	return nlput_end(w);
}
