/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctnl - conntrack over netlink: events and dumps to struct conn, and the few
 * things that we change in an entry.
 *
 * What may be changed is short on purpose: the two be-liberal flags of TCP, the
 * timeout, the state LAST_ACK to TIME_WAIT, and our own bits of the mark to 0.
 * Entries are never created, deleted or given another state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/conn.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

struct nlmsghdr;

/* Scratch memory of the decoder; one per thread. */
struct ctnl;

enum ctnl_what {
	CTNL_NEW,     /* event: a new entry */
	CTNL_UPDATE,  /* event, or an entry of a dump or get */
	CTNL_DESTROY, /* event: the entry is gone */
};

/* 0 or -ENOMEM. */
MUST_CHECK int ctnl_new(struct ctnl **ret);
void ctnl_free(struct ctnl *c);

/*
 * Decodes one conntrack message. Whatever it does not carry is absent from
 * conn.has; only the two tuples are required. 0; -ENOMSG for messages that are
 * no conntrack entries; -EBADMSG when a tuple is missing or it is malformed.
 * Results are untouched on failure. Protocols without ports have ports 0. A mark
 * that is not told is 0 (ctnetlink_dump_mark). nlmsg_pid of an event is the port of
 * the socket that caused it, 0 for a packet.
 */
MUST_CHECK int ctnl_get(struct ctnl *c, const struct nlmsghdr *nlh, struct conn *ret,
			enum ctnl_what *ret_what);

/*
 * Opens a non-blocking socket that receives NEW, UPDATE and DESTROY events,
 * filtered in the kernel: those of TCP and UDP entries that are assured. An
 * entry never ceases to be assured, so no DESTROY of a reported one is missed.
 * With mark_bits that are not 0, only those of entries that have one of these bits
 * in their mark, those that some process caused, and those that may be the loss of
 * the bits: so an end is missed only of an entry that has lost them before.
 * 0 or -errno.
 */
MUST_CHECK int ctnl_events_open(struct nlsock *s, int rcvbuf_bytes, uint32_t mark_bits);
/* Puts that filter on a socket; for ctnl_events_open() and its test. 0 or -errno. */
MUST_CHECK int ctnl_filter_attach(int fd, uint32_t mark_bits);

/* Dump of the whole table; family NONE is both. With only_assured the kernel
 * leaves out entries that are not. Ends with NLMSG_DONE. */
MUST_CHECK int ctnl_put_dump(struct nlput *w, enum family family, bool only_assured);
/* Dump of the entries whose mark has this value in these bits. */
MUST_CHECK int ctnl_put_dump_mark(struct nlput *w, uint32_t value, uint32_t bits);
/* Takes these bits out of the mark of an entry, and leaves the others. Always makes an
 * event, also when they were not there (ctnetlink_new_conntrack). */
MUST_CHECK int ctnl_put_clear_mark(struct nlput *w, const struct tuple *orig, uint32_t bits);
/* Asks for one entry by its original tuple; -ENOENT from the kernel when there is none. */
MUST_CHECK int ctnl_put_get(struct nlput *w, const struct tuple *orig);
/*
 * What an entry needs before the first rule: with be_liberal (TCP only) window
 * checks are switched off in both directions; timeout_s is set unless it is 0.
 * -ENOENT from the kernel when there is no entry, -EPERM when its timeout is
 * fixed, -ETIME when it is dying (__nf_ct_change_timeout).
 *
 * The entry is found by the tuple alone: the kernel looks at CTA_ID only when
 * it deletes (ctnetlink_del_conntrack). Who must be sure that it is no
 * successor puts a ctnl_put_get() behind this one and compares the id.
 */
MUST_CHECK int ctnl_put_care(struct nlput *w, const struct tuple *orig, bool be_liberal,
			     uint32_t timeout_s);
/* Sets the TCP state (enum conn_tcp_state) and the timeout: the end of a
 * connection whose last ACK was forwarded by a rule. */
MUST_CHECK int ctnl_put_tcp_state(struct nlput *w, const struct tuple *orig, uint8_t tcp_state,
				  uint32_t timeout_s);
