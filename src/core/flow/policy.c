/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/policy.h"

static bool is_unroutable(const struct tuple *t)
{
	const struct addr *both[] = { &t->src, &t->dst };

	for (unsigned int i = 0; i < 2; i++) {
		if (addr_is_multicast(t->family, both[i]) ||
		    addr_is_loopback(t->family, both[i]) ||
		    addr_is_broadcast(t->family, both[i]) ||
		    addr_is_link_local(t->family, both[i]) || addr_is_zero(both[i]))
			return true;
	}
	return false;
}

static enum reason check_tcp(const struct conn *c)
{
	if (!(c->has & CONN_HAS_TCP_STATE))
		return REASON_INCOMPLETE;
	switch ((enum conn_tcp_state)c->tcp_state) {
	case CONN_TCP_ESTABLISHED:
		return REASON_NONE;
	case CONN_TCP_FIN_WAIT:
	case CONN_TCP_CLOSE_WAIT:
	case CONN_TCP_LAST_ACK:
	case CONN_TCP_TIME_WAIT:
	case CONN_TCP_CLOSE:
		return REASON_TCP_CLOSING;
	case CONN_TCP_NONE:
	case CONN_TCP_SYN_SENT:
	case CONN_TCP_SYN_RECV:
	case CONN_TCP_SYN_SENT2:
	case CONN_TCP__COUNT:
		break;
	}
	return REASON_TCP_NOT_ESTABLISHED;
}

/* Rejects connections whose packets need more work on the CPU than forwarding. */
static enum reason check_attachments(const struct conn *c)
{
	if ((c->has & CONN_HAS_HELPER) || (c->status & CONN_HELPER))
		return REASON_HELPER;
	if ((c->has & CONN_HAS_MASTER) || (c->status & CONN_EXPECTED))
		return REASON_EXPECTED;
	if ((c->has & CONN_HAS_SEQADJ) || (c->status & CONN_SEQ_ADJUST))
		return REASON_SEQ_ADJUST;
	if (c->has & CONN_HAS_SYNPROXY)
		return REASON_SYNPROXY;
	if (c->status & CONN_NAT_CLASH)
		return REASON_NAT_CLASH;
	return REASON_NONE;
}

static bool is_admitted(const struct settings *s, uint32_t epoch, const struct conn *c)
{
	switch (s->admit) {
	case ADMIT_EVENTS:
		return true;
	case ADMIT_MARK:
		epoch = s->mark;
		break;
	case ADMIT_NFT:
		break;
	}
	return epoch && (c->has & CONN_HAS_MARK) && (c->mark & s->mark) == epoch;
}

enum reason policy_conn(const struct settings *settings, uint32_t epoch, const struct conn *conn)
{
	enum reason reason = REASON_NONE;

	if (conn->orig.proto != L4_TCP && conn->orig.proto != L4_UDP)
		return REASON_UNSUPPORTED_PROTOCOL;
	if (conn->orig.family != conn->reply.family)
		return REASON_INCOMPLETE;
	if (is_unroutable(&conn->orig) || is_unroutable(&conn->reply))
		return REASON_MULTICAST;
	if (!(conn->has & CONN_HAS_STATUS))
		return REASON_INCOMPLETE;
	if (conn->status & (CONN_OFFLOAD | CONN_HW_OFFLOAD))
		return REASON_KERNEL_FLOWTABLE;
	if (conn->status & CONN_DYING)
		return REASON_DYING;
	if (conn->orig.proto == L4_TCP)
		reason = check_tcp(conn);
	if (reason != REASON_NONE && reason != REASON_INCOMPLETE)
		return reason;
	if (!conn_is_assured(conn))
		return REASON_NOT_ASSURED;
	if (!is_admitted(settings, epoch, conn))
		return REASON_NOT_ADMITTED;
	if (reason != REASON_NONE)
		return reason;
	return check_attachments(conn);
}

bool policy_is_conn_reason(enum reason reason)
{
	return reason >= REASON_UNSUPPORTED_PROTOCOL && reason <= REASON_INCOMPLETE;
}

bool policy_is_path_reason(enum reason reason)
{
	return (reason >= REASON_LOCAL && reason <= REASON_SOFTWARE_NAT66) ||
	       reason == REASON_HARDWARE_FULL;
}
