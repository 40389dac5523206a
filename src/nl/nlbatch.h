/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlbatch - sends many requests in one system call, and collects their answers.
 *
 * The kernel executes all requests inside that call, one after the other; a request that
 * fails does not stop the next one (netlink_rcv_skb). Meanwhile it queues the answers on
 * the same socket, so the socket's receive buffer must hold the answers of a whole batch:
 * allow 1 KiB for each ack and 5 KiB for each echo.
 *
 *	while ((w = nlbatch_next(b)))
 *		err = flower_put_add(w, ...);	  // writes the message
 *		index = nlbatch_commit(b, true);  // keeps it; nlbatch_drop() discards it
 *	err = nlbatch_run(b, 1000, on_reply, ctx);
 *	nlbatch_result(b, index)		  // for each index
 *	nlbatch_reset(b);
 *
 * Answers are matched by sequence number. A request without an answer is LOST: the kernel
 * may or may not have executed it, and the caller must read the kernel's state to find
 * out.
 *
 * A batch and its socket belong to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"

struct nlmsghdr;
struct nlsock;

#define NLBATCH_MSGS_MAX 128
/* Longest message. */
#define NLBATCH_MSG_BYTES 2048

enum nlbatch_state {
	NLBATCH_PENDING, /* not sent yet */
	NLBATCH_DONE,    /* result is known: err */
	NLBATCH_LOST,    /* sent, but the result is unknown */
};

struct nlbatch_result {
	enum nlbatch_state state;
	struct nlerr err; /* LOST: why there is no answer */
};

/* Embedded by the owner; members are private to nlbatch.c. */
struct nlbatch {
	struct nlsock *sock;
	unsigned char *buf; /* requests, one after the other */
	struct nlbatch_result *results;
	size_t size; /* of buf */
	size_t len;  /* of the committed requests, in bytes */
	unsigned int max_msgs;
	unsigned int count; /* committed requests */
	uint32_t first_seq; /* sequence number of the first request when it was sent */
	struct nlput put;
};

/* Receives a data message that answers request number index (echo, get). */
typedef void (*nlbatch_reply_fn)(unsigned int index, const struct nlmsghdr *nlh, void *ctx);

/* The socket is borrowed. max_msgs is 1 to NLBATCH_MSGS_MAX. Returns 0, -EINVAL or -ENOMEM. */
MUST_CHECK int nlbatch_init(struct nlbatch *b, struct nlsock *sock, unsigned int max_msgs);
/* Accepts a zeroed struct. */
void nlbatch_fini(struct nlbatch *b);

/* Returns where to write the next request, or NULL if the batch is full. */
struct nlput *nlbatch_next(struct nlbatch *b);
/*
 * Keeps the request that was written last. with_ack asks for an answer even if it
 * succeeds. Without it, success follows from the answer to a later request, because
 * failures are always answered; the last request always asks for an answer. Returns the
 * request's index, or -EMSGSIZE if it did not fit; it is then dropped.
 */
MUST_CHECK int nlbatch_commit(struct nlbatch *b, bool with_ack);
/* Discards the request that was written last. */
void nlbatch_drop(struct nlbatch *b);

/* Requests committed so far. */
unsigned int nlbatch_count(const struct nlbatch *b);

/*
 * Sends all requests and collects the answers. fn (may be NULL) receives data messages
 * before the ack of the same request. Blocks for as long as the kernel executes the
 * requests, however long that takes; the time-out begins after that.
 *
 * Returns 0 if every request has its result, which may be a failure. Returns -ETIMEDOUT,
 * -ENOBUFS or another -errno if some are LOST. If the batch could not be sent, returns
 * -errno too: nothing was executed, and each result is DONE with that error.
 */
MUST_CHECK int nlbatch_run(struct nlbatch *b, int timeout_ms, nlbatch_reply_fn fn, void *ctx);

/* Result of request number index, which is below nlbatch_count(). Valid until nlbatch_reset(). */
const struct nlbatch_result *nlbatch_result(const struct nlbatch *b, unsigned int index);

/* The same as an error: 0, the kernel's error, or -ETIMEDOUT if the result is unknown. */
MUST_CHECK int nlbatch_err(const struct nlbatch *b, unsigned int index);

/* Empties the batch. */
void nlbatch_reset(struct nlbatch *b);
