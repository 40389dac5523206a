/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctnl - conntrack over netlink: decodes events and dumps into struct conn, and
 * encodes the few changes that we make to an entry.
 *
 * Those changes are few on purpose: the be-liberal flags of TCP, the timeout, the
 * state LAST_ACK to TIME_WAIT, and clearing our own bits of the mark. Entries are
 * never created or deleted, nor changed in any other way.
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
	CTNL_UPDATE,  /* event: an entry changed; or an entry of a dump or get */
	CTNL_DESTROY, /* event: the entry is gone */
};

/* 0 or -ENOMEM. */
MUST_CHECK int ctnl_new(struct ctnl **ret);
void ctnl_free(struct ctnl *c);

/*
 * Decodes one conntrack message. Only the two tuples are required; conn.has says
 * what else the message carried. Protocols without ports have ports 0. A message
 * without a mark means that the mark is 0 (ctnetlink_dump_mark), so CONN_HAS_MARK
 * is always set. The nlmsg_pid of an event is the port id of the socket that caused
 * it, or 0 when a packet did.
 *
 * 0; -ENOMSG when the message is not a conntrack entry; -EBADMSG when it is
 * malformed or lacks a tuple; -ENOMEM. Results are untouched on failure.
 */
MUST_CHECK int ctnl_get(struct ctnl *c, const struct nlmsghdr *nlh, struct conn *ret,
			enum ctnl_what *ret_what);

/*
 * Opens a non-blocking socket that receives NEW, UPDATE and DESTROY events. A
 * filter in the kernel passes only those of TCP and UDP entries that are assured.
 * An entry never ceases to be assured, so no DESTROY of a reported entry is missed.
 *
 * With mark_bits other than 0, an event must also carry one of these bits in its
 * mark, or be caused by a process, or possibly report that the entry lost the bits.
 * So a DESTROY is missed only of an entry that lost them before. 0 or -errno.
 */
MUST_CHECK int ctnl_events_open(struct nlsock *s, int rcvbuf_bytes, uint32_t mark_bits);
/* Attaches that filter to a socket; for ctnl_events_open() and its test. 0 or -errno. */
MUST_CHECK int ctnl_filter_attach(int fd, uint32_t mark_bits);

/* Dumps the whole table; FAMILY_NONE is both families. With only_assured the kernel
 * leaves out entries that are not assured. The dump ends with NLMSG_DONE. */
MUST_CHECK int ctnl_put_dump(struct nlput *w, enum family family, bool only_assured);
/* Dumps the entries whose mark has this value in these bits. */
MUST_CHECK int ctnl_put_dump_mark(struct nlput *w, uint32_t value, uint32_t bits);
/* Clears these bits in the mark of an entry; other bits stay. The kernel always sends an
 * event, even if the bits were clear (ctnetlink_new_conntrack). */
MUST_CHECK int ctnl_put_clear_mark(struct nlput *w, const struct tuple *orig, uint32_t bits);
/* Asks for one entry by its original tuple; the kernel answers -ENOENT when there is none. */
MUST_CHECK int ctnl_put_get(struct nlput *w, const struct tuple *orig);
/*
 * Prepares an entry for offload, or prolongs it: with be_liberal (TCP only) switches
 * off window checks in both directions; sets the timeout unless timeout_s is 0. The
 * kernel answers -ENOENT when there is no entry, -EPERM when its timeout is fixed,
 * -ETIME when it is dying (__nf_ct_change_timeout).
 *
 * The kernel finds the entry by the tuple alone; it checks CTA_ID only when it
 * deletes (ctnetlink_del_conntrack). A caller that must be sure that the entry is
 * not a successor sends a ctnl_put_get() after this one and compares the id.
 */
MUST_CHECK int ctnl_put_care(struct nlput *w, const struct tuple *orig, bool be_liberal,
			     uint32_t timeout_s);
/* Sets the TCP state (enum conn_tcp_state) and the timeout. For a connection whose
 * last ACK was forwarded by a rule. */
MUST_CHECK int ctnl_put_tcp_state(struct nlput *w, const struct tuple *orig, uint8_t tcp_state,
				  uint32_t timeout_s);
