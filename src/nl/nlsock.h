/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlsock - a netlink socket with the options that all our sockets have: extended acks,
 * short acks, strict checking of dump requests on NETLINK_ROUTE, and a receive buffer of
 * known size.
 *
 * A socket has one purpose and belongs to one thread. A reader either gets the messages
 * or learns that some are lost. Overrun and truncation are reported alike, because the
 * remedy is the same: dump and compare.
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

/* Longest datagram that can be received. The kernel puts up to 32 KiB into a datagram of
 * a dump if the reader offers that much (netlink_dump). */
#define NLSOCK_DATAGRAM_BYTES 32768
/* Maximum number of datagrams received in one system call. */
#define NLSOCK_DATAGRAMS_MAX 64

/* Embedded by the owner; members are private to nlsock.c. */
struct nlsock {
	struct mnl_socket *mnl;
	struct nlsock_bufs *bufs; /* allocated by the first read */
	int rcvbuf_bytes;         /* actual size, 0 = not known; the kernel counts twice as much */
	uint32_t last_seq;
	_Atomic int64_t sending_since_us; /* 0 = not sending */
};

/* Called for each message, including NLMSG_ERROR and NLMSG_DONE. */
typedef void (*nlsock_msg_fn)(const struct nlmsghdr *nlh, void *ctx);

/*
 * Opens a socket on a bus (NETLINK_ROUTE, NETLINK_NETFILTER) with a receive buffer of
 * rcvbuf_bytes, as far as privileges allow; 0 keeps the system's default. Returns 0 or
 * -errno; on failure s is closed.
 */
MUST_CHECK int nlsock_open(struct nlsock *s, int bus, int rcvbuf_bytes);

/* Accepts a zeroed or closed struct. */
void nlsock_close(struct nlsock *s);

int nlsock_fd(const struct nlsock *s);
/* Netlink port ID of this socket; events that it caused carry it in nlmsg_pid. */
uint32_t nlsock_portid(const struct nlsock *s);
/* Returns the sequence number for the next request. Numbers repeat after 2^32 calls. */
uint32_t nlsock_next_seq(struct nlsock *s);

/* Joins a multicast group (RTNLGRP_x, NFNLGRP_x). Returns 0 or -errno. */
MUST_CHECK int nlsock_join(struct nlsock *s, unsigned int group);
MUST_CHECK int nlsock_set_nonblock(struct nlsock *s);

/*
 * Doubles the receive buffer, up to limit_bytes. Returns its size in bytes, which stays
 * the same once the limit is reached, or -errno.
 */
MUST_CHECK int nlsock_grow(struct nlsock *s, int limit_bytes);

/*
 * Sends one message as it is. When this returns, the kernel has executed the request; of
 * a dump it has made the first part. Returns 0 or -errno.
 */
MUST_CHECK int nlsock_send(struct nlsock *s, const struct nlmsghdr *nlh);

/* The same for several messages, one after the other. */
MUST_CHECK int nlsock_send_many(struct nlsock *s, const void *msgs, size_t bytes);

/*
 * Returns true if the owner is inside a call that sends, and stores when that began. Such
 * a call lasts for as long as the kernel executes the requests. For a watchdog in another
 * thread; the answer may be slightly out of date.
 */
bool nlsock_is_sending(const struct nlsock *s, mono_t *ret_since);

/*
 * Reads the queued datagrams without waiting, and calls fn for each message. Stops when
 * budget messages have been passed to fn. Messages from the same system call are still
 * passed on, so the budget may be exceeded by those of one call. Datagrams that are not
 * from the kernel are dropped.
 *
 * Returns the number of messages, 0 if there were none, -ENOBUFS if messages are lost, or
 * another -errno. The socket still works after -ENOBUFS; messages that the same call read
 * have been passed to fn.
 */
MUST_CHECK int nlsock_recv_many(struct nlsock *s, unsigned int budget, nlsock_msg_fn fn, void *ctx);

/*
 * Sends a request and waits for its answer: sets the sequence number, asks for an ack
 * (unless it is a dump), sends, and waits for the ack or the end of the dump. fn, which
 * may be NULL, is called for each message of the answer. For start-up and rare requests;
 * nothing else may be in flight on this socket.
 *
 * Returns 0, -ETIMEDOUT, -ENOBUFS, -EINTR if a change interrupted the dump, which is then
 * incomplete, or another -errno. On failure *ret_err (ret_err may be NULL) has the error,
 * and the kernel's text if it sent one.
 */
MUST_CHECK int nlsock_query(struct nlsock *s, struct nlmsghdr *nlh, int timeout_ms,
			    nlsock_msg_fn fn, void *ctx, struct nlerr *ret_err);
