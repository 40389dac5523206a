/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlbatch - many requests in one system call, and their answers.
 *
 * The kernel executes all requests inside that call, one after the other; a
 * refused one does not stop the next (netlink_rcv_skb). It queues the answers
 * on the same socket meanwhile, so the socket's receive buffer must hold those
 * of a whole batch: allow 1 KiB for each ack and 5 KiB for each echo.
 *
 *	while ((w = nlbatch_next(b)))
 *		err = flower_put_add(w, ...);	  // writes the message
 *		index = nlbatch_commit(b, true);  // keeps it; nlbatch_drop() does not
 *	err = nlbatch_run(b, 1000, on_reply, ctx);
 *	nlbatch_result(b, index)		  // for each index
 *	nlbatch_reset(b);
 *
 * Answers are matched by sequence number. What is not answered is LOST: it may
 * or may not have been executed, and only a look at the kernel can tell.
 *
 * One batch and its socket belong to one thread.
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
	NLBATCH_DONE,    /* executed: err tells with what result */
	NLBATCH_LOST,    /* sent, but nobody knows */
};

struct nlbatch_result {
	enum nlbatch_state state;
	struct nlerr err; /* LOST: why there is no answer */
};

/* Embedded by the owner; members are private to nlbatch.c. */
struct nlbatch {
	struct nlsock *sock;
	unsigned char *buf; /* requests, one behind the other */
	struct nlbatch_result *results;
	size_t size; /* of buf */
	size_t len;  /* committed */
	unsigned int max_msgs;
	unsigned int count; /* committed */
	uint32_t first_seq; /* number of the first one when they were sent */
	struct nlput put;
};

/* A data message that came as the answer to request number index (echo, get). */
typedef void (*nlbatch_reply_fn)(unsigned int index, const struct nlmsghdr *nlh, void *ctx);

/* The socket is borrowed. max_msgs is 1 to NLBATCH_MSGS_MAX. 0, -EINVAL or -ENOMEM. */
MUST_CHECK int nlbatch_init(struct nlbatch *b, struct nlsock *sock, unsigned int max_msgs);
/* Also on a zeroed struct. */
void nlbatch_fini(struct nlbatch *b);

/* Where to write the next request, or NULL when the batch is full. */
struct nlput *nlbatch_next(struct nlbatch *b);
/*
 * Keeps the request that was written last. with_ack asks for an answer even to
 * success; without it success is concluded from the answer to a later request
 * (failures are always answered), and the last request is always asked for
 * one. Returns its index, or -EMSGSIZE when it did not fit: it is dropped then.
 */
MUST_CHECK int nlbatch_commit(struct nlbatch *b, bool with_ack);
/* Forgets the request that was written last. */
void nlbatch_drop(struct nlbatch *b);

/* Requests committed so far. */
unsigned int nlbatch_count(const struct nlbatch *b);

/*
 * Sends all and collects the answers. fn (may be NULL) gets data messages
 * before the ack of the same request. 0 when every request has its result
 * (which may be a refusal); -ETIMEDOUT or -ENOBUFS when some are LOST; another
 * -errno when the batch could not be sent, nothing of it was executed then and
 * each result is DONE with that error. Blocks for as long as the kernel needs
 * to execute the requests, however long that is; the time-out counts from there.
 */
MUST_CHECK int nlbatch_run(struct nlbatch *b, int timeout_ms, nlbatch_reply_fn fn, void *ctx);

/* Of request number index, below nlbatch_count(). Valid until nlbatch_reset(). */
const struct nlbatch_result *nlbatch_result(const struct nlbatch *b, unsigned int index);

/* The same as an error: 0, what the kernel refused it with, or -ETIMEDOUT: nobody knows. */
MUST_CHECK int nlbatch_err(const struct nlbatch *b, unsigned int index);

/* Empties the batch. */
void nlbatch_reset(struct nlbatch *b);
