/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nl/nlbatch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "base/util.h"
#include "nl/nlsock.h"

int nlbatch_init(struct nlbatch *b, struct nlsock *sock, unsigned int max_msgs)
{
	int sndbuf;
	int fd = nlsock_fd(sock);

	*b = (struct nlbatch){ .sock = sock, .max_msgs = max_msgs };
	if (max_msgs == 0 || max_msgs > NLBATCH_MSGS_MAX)
		return -EINVAL;
	b->size = (size_t)max_msgs * NLBATCH_MSG_BYTES;
	b->buf = malloc(b->size);
	b->results = calloc(max_msgs, sizeof(*b->results));
	if (!b->buf || !b->results) {
		nlbatch_fini(b);
		return -ENOMEM;
	}
	/* netlink_sendmsg refuses a batch that does not fit the send buffer. The default
	 * size is usually large enough, so it is fine if this fails for lack of
	 * privilege. */
	sndbuf = (int)b->size;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) < 0)
		IGNORE_RESULT(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)));
	return 0;
}

void nlbatch_fini(struct nlbatch *b)
{
	free(b->buf);
	free(b->results);
	*b = (struct nlbatch){ 0 };
}

struct nlput *nlbatch_next(struct nlbatch *b)
{
	if (b->count == b->max_msgs)
		return NULL;
	/* No message is longer, so max_msgs of them always fit. */
	nlput_init(&b->put, b->buf + b->len, NLBATCH_MSG_BYTES, 0);
	return &b->put;
}

int nlbatch_commit(struct nlbatch *b, bool with_ack)
{
	int err = nlput_end(&b->put);
	struct nlmsghdr *nlh = nlput_msg(&b->put);

	if (err)
		return err;
	if (with_ack)
		nlh->nlmsg_flags |= NLM_F_ACK;
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
	b->results[b->count] = (struct nlbatch_result){ .state = NLBATCH_PENDING };
	return (int)b->count++;
}

void nlbatch_drop(struct nlbatch *b)
{
	nlput_init(&b->put, NULL, 0, 0);
}

unsigned int nlbatch_count(const struct nlbatch *b)
{
	return b->count;
}

const struct nlbatch_result *nlbatch_result(const struct nlbatch *b, unsigned int index)
{
	return &b->results[index];
}

int nlbatch_err(const struct nlbatch *b, unsigned int index)
{
	const struct nlbatch_result *result = nlbatch_result(b, index);

	return result->state == NLBATCH_DONE ? result->err.err : -ETIMEDOUT;
}

void nlbatch_reset(struct nlbatch *b)
{
	b->count = 0;
	b->len = 0;
}

static void set_all(struct nlbatch *b, enum nlbatch_state state, int err)
{
	for (unsigned int i = 0; i < b->count; i++)
		b->results[i] = (struct nlbatch_result){ .state = state, .err = nlerr_make(err) };
}

/* Gives each request its sequence number, and requests an ack for the last one. */
static void number_all(struct nlbatch *b)
{
	struct nlmsghdr *nlh = NULL;
	size_t pos = 0;

	for (unsigned int i = 0; i < b->count; i++) {
		nlh = (struct nlmsghdr *)(void *)(b->buf + pos);
		nlh->nlmsg_seq = nlsock_next_seq(b->sock);
		if (i == 0)
			b->first_seq = nlh->nlmsg_seq;
		pos += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	if (nlh)
		nlh->nlmsg_flags |= NLM_F_ACK;
}

/* State of one nlbatch_run(). */
struct run {
	struct nlbatch *batch;
	nlbatch_reply_fn fn;
	void *ctx;
	unsigned int answered_to; /* requests below this one are answered or need no answer */
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct run *run = ctx;
	struct nlbatch *b = run->batch;
	unsigned int index = nlh->nlmsg_seq - b->first_seq;
	struct nlbatch_result *result;
	int err;

	/* An answer to an earlier batch that timed out, or an event. */
	if (index >= b->count)
		return;
	result = &b->results[index];
	err = nlerr_get(nlh, &result->err);
	if (err == -ENOMSG) {
		if (run->fn && nlh->nlmsg_type != NLMSG_NOOP)
			run->fn(index, nlh, run->ctx);
		return;
	}
	if (err)
		result->err = nlerr_make(err);
	result->state = NLBATCH_DONE;
	run->answered_to = MAX(run->answered_to, index + 1);
}

static int wait_readable(const struct nlbatch *b, mono_t deadline)
{
	struct pollfd pfd = { .fd = nlsock_fd(b->sock), .events = POLLIN };
	int64_t left_ms = mono_diff_ms(deadline, mono_now());

	if (left_ms <= 0)
		return -ETIMEDOUT;
	if (poll(&pfd, 1, (int)MIN_T(int64_t, left_ms, INT32_MAX)) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/*
 * Reads until the last request is answered. The kernel executed everything inside the
 * send and queued the answers in order, so all answers are queued before this begins.
 * After an overrun there is nothing to wait for.
 */
static int collect(struct run *run, int timeout_ms)
{
	struct nlbatch *b = run->batch;
	mono_t deadline = mono_add_ms(mono_now(), timeout_ms);
	bool is_overrun = false;

	while (run->answered_to < b->count) {
		int n = nlsock_recv_many(b->sock, NLSOCK_DATAGRAMS_MAX, on_message, run);

		if (n == -ENOBUFS)
			is_overrun = true;
		else if (n == 0 && is_overrun)
			break;
		else if (n == 0)
			n = wait_readable(b, deadline);
		if (n < 0 && n != -ENOBUFS)
			return n;
	}
	return is_overrun ? -ENOBUFS : 0;
}

/*
 * Sets the result of each request without an answer. If no message can have been lost and
 * a later request was answered, the request succeeded: failures are always answered
 * (netlink_rcv_skb).
 */
static int settle(struct nlbatch *b, const struct run *run, int err)
{
	bool has_lost = false;

	for (unsigned int i = 0; i < b->count; i++) {
		struct nlbatch_result *result = &b->results[i];

		if (result->state != NLBATCH_LOST)
			continue;
		if (err == 0 && i < run->answered_to) {
			*result = (struct nlbatch_result){ .state = NLBATCH_DONE };
		} else {
			result->err = nlerr_make(err);
			has_lost = true;
		}
	}
	return has_lost ? err : 0;
}

int nlbatch_run(struct nlbatch *b, int timeout_ms, nlbatch_reply_fn fn, void *ctx)
{
	struct run run = { .batch = b, .fn = fn, .ctx = ctx };
	int err;

	if (b->count == 0)
		return 0;
	number_all(b);
	err = nlsock_send_many(b->sock, b->buf, b->len);
	if (err) {
		set_all(b, NLBATCH_DONE, err);
		return err;
	}
	set_all(b, NLBATCH_LOST, 0);
	return settle(b, &run, collect(&run, timeout_ms));
}
