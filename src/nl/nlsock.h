/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlsock - one netlink socket with the settings that all of ours have: extended
 * acks, short acks, strict checking of dump requests on the route bus, and a
 * receive buffer of known size.
 *
 * One socket has one role and belongs to one thread. A reader gets messages, or
 * learns that some are lost; overrun and truncation are the same to it, because
 * the remedy is the same: dump and compare.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"
#include "nl/nlerr.h"

struct mnl_socket;
struct nlmsghdr;
struct nlsock_bufs;

/* Longest datagram that can be received; the kernel fills dumps up to 32 KiB
 * when that much is offered (netlink_dump). */
#define NLSOCK_DATAGRAM_BYTES 32768
/* Datagrams that one system call may bring. */
#define NLSOCK_DATAGRAMS_MAX 64

/* Embedded by the owner; members are private to nlsock.c. */
struct nlsock {
	struct mnl_socket *mnl;
	struct nlsock_bufs *bufs; /* made by the first read */
	int rcvbuf_bytes;         /* as asked; the kernel accounts twice as much */
	uint32_t last_seq;
	_Atomic int64_t sending_since_us; /* 0 = not sending */
};

/* Called for each message, NLMSG_ERROR and NLMSG_DONE included. */
typedef void (*nlsock_msg_fn)(const struct nlmsghdr *nlh, void *ctx);

/*
 * Opens a socket on a bus (NETLINK_ROUTE, NETLINK_NETFILTER) with a receive
 * buffer of rcvbuf_bytes, as far as privileges allow; 0 keeps the system's
 * default. 0 or -errno; on failure s is closed.
 */
MUST_CHECK int nlsock_open(struct nlsock *s, int bus, int rcvbuf_bytes);

/* Also on a zeroed or closed struct. */
void nlsock_close(struct nlsock *s);

int nlsock_fd(const struct nlsock *s);
/* Address of this socket; events that it caused carry it in nlmsg_pid. */
uint32_t nlsock_portid(const struct nlsock *s);
/* A number for the next request; the same one comes again after 2^32 calls. */
uint32_t nlsock_next_seq(struct nlsock *s);

/* Joins a multicast group (RTNLGRP_x, NFNLGRP_x). 0 or -errno. */
MUST_CHECK int nlsock_join(struct nlsock *s, unsigned int group);
MUST_CHECK int nlsock_set_nonblock(struct nlsock *s);

/*
 * Doubles the receive buffer, up to limit_bytes. Returns its size in bytes
 * (which did not change when the limit was reached before), or -errno.
 */
MUST_CHECK int nlsock_grow(struct nlsock *s, int limit_bytes);

/*
 * Sends one message as it is. Requests are executed before this returns; of a
 * dump the first part is made. 0 or -errno.
 */
MUST_CHECK int nlsock_send(struct nlsock *s, const struct nlmsghdr *nlh);

/* The same for several messages, one behind the other. */
MUST_CHECK int nlsock_send_many(struct nlsock *s, const void *msgs, size_t bytes);

/*
 * Whether the owner is in one of the calls that send, which last as long as the
 * kernel needs for the requests, and since when. For a watchdog in another
 * thread; may be a moment old.
 */
bool nlsock_is_sending(const struct nlsock *s, mono_t *ret_since);

/*
 * Reads what is there, without waiting, and calls fn for each message. Stops
 * when budget messages have been handed out; what came in the same system call
 * is still handed out, so the budget may be exceeded by one call's worth.
 * Datagrams that are not from the kernel are dropped.
 *
 * Returns the number of messages, 0 when nothing was there, -ENOBUFS when
 * messages are lost, or another -errno. After -ENOBUFS the socket goes on
 * working; messages read by the same call were handed out before.
 */
MUST_CHECK int nlsock_recv_many(struct nlsock *s, unsigned int budget, nlsock_msg_fn fn, void *ctx);

/*
 * Request and answer in one: numbers the message, asks for an ack (unless it is
 * a dump), sends, and waits for the ack or the end of the dump. fn, which may
 * be NULL, is called for each message of the answer. For start-up and rare
 * questions; nothing else may be in flight on this socket.
 *
 * 0, -errno of the kernel (its text in ret_err, which may be NULL), -ETIMEDOUT,
 * -ENOBUFS, or -EINTR: the dump was interrupted by a change and is incomplete.
 */
MUST_CHECK int nlsock_query(struct nlsock *s, struct nlmsghdr *nlh, int timeout_ms,
			    nlsock_msg_fn fn, void *ctx, struct nlerr *ret_err);
