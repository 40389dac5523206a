/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conn - one conntrack entry, as the kernel reports it.
 *
 * Every attribute is optional: an event carries only what changed, and an entry that the
 * kernel's own flowtable handles comes without timeout and protocol state. The tuples are
 * always there. `has` says which other members are set; the rest must not be read.
 */
#pragma once

#include "model/tuple.h"

/* Values of enum ip_conntrack_status (include/uapi/linux/netfilter/
 * nf_conntrack_common.h); kern/ct/ctnl asserts that they agree. */
enum conn_status {
	CONN_EXPECTED = 1 << 0,
	CONN_SEEN_REPLY = 1 << 1,
	CONN_ASSURED = 1 << 2,
	CONN_CONFIRMED = 1 << 3,
	CONN_SRC_NAT = 1 << 4,
	CONN_DST_NAT = 1 << 5,
	CONN_SEQ_ADJUST = 1 << 6,
	CONN_DYING = 1 << 9,
	CONN_FIXED_TIMEOUT = 1 << 10,
	CONN_NAT_CLASH = 1 << 12,
	CONN_HELPER = 1 << 13,
	CONN_OFFLOAD = 1 << 14,
	CONN_HW_OFFLOAD = 1 << 15,
};

/* Values of enum tcp_conntrack (uapi nf_conntrack_tcp.h). */
enum conn_tcp_state {
	CONN_TCP_NONE,
	CONN_TCP_SYN_SENT,
	CONN_TCP_SYN_RECV,
	CONN_TCP_ESTABLISHED,
	CONN_TCP_FIN_WAIT,
	CONN_TCP_CLOSE_WAIT,
	CONN_TCP_LAST_ACK,
	CONN_TCP_TIME_WAIT,
	CONN_TCP_CLOSE,
	CONN_TCP_SYN_SENT2,
	CONN_TCP__COUNT,
};

enum conn_has {
	CONN_HAS_ID = 1 << 0,
	CONN_HAS_STATUS = 1 << 1,
	CONN_HAS_TIMEOUT = 1 << 2,
	CONN_HAS_MARK = 1 << 3,
	CONN_HAS_TCP_STATE = 1 << 4,
	CONN_HAS_COUNTERS = 1 << 5, /* nf_conntrack_acct is on */
	CONN_HAS_HELPER = 1 << 6,   /* a helper is attached; its name is in `helper` */
	CONN_HAS_MASTER = 1 << 7,   /* created by an expectation of another connection */
	CONN_HAS_SEQADJ = 1 << 8,   /* sequence numbers are rewritten */
	CONN_HAS_SYNPROXY = 1 << 9,
};

#define CONN_HELPER_SIZE 16 /* NF_CT_HELPER_NAME_LEN */

struct conn {
	struct tuple orig;
	struct tuple reply;
	uint32_t has;	     /* enum conn_has bits */
	uint32_t id;	     /* CTA_ID, host byte order, opaque */
	uint32_t status;     /* enum conn_status bits */
	uint32_t mark;
	uint32_t timeout_s;  /* seconds left */
	uint8_t tcp_state;   /* enum conn_tcp_state */
	char helper[CONN_HELPER_SIZE];
	uint64_t pkts[DIR__COUNT];  /* seen by the CPU */
	uint64_t bytes[DIR__COUNT]; /* network-layer bytes seen by the CPU */
};

/* "ESTABLISHED" and so on; "?" if out of range. */
const char *conn_tcp_state_to_str(uint8_t state);

static inline bool conn_is_assured(const struct conn *c)
{
	return (c->has & CONN_HAS_STATUS) && (c->status & CONN_ASSURED);
}
