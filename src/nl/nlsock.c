/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nl/nlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/mono.h"
#include "base/util.h"

COUNTER(dumps_interrupted, "dumps that a concurrent change interrupted; the daemon repeats them");

/* Space for many datagrams. Most of them are short, so most of the memory is never
 * touched and costs only address space. */
struct nlsock_bufs {
	struct mmsghdr headers[NLSOCK_DATAGRAMS_MAX];
	struct iovec vectors[NLSOCK_DATAGRAMS_MAX];
	struct sockaddr_nl senders[NLSOCK_DATAGRAMS_MAX];
	unsigned char data[NLSOCK_DATAGRAMS_MAX][NLSOCK_DATAGRAM_BYTES]
		__attribute__((aligned(NLMSG_ALIGNTO)));
};

static int set_option(const struct nlsock *s, int option)
{
	int on = 1;

	return mnl_socket_setsockopt(s->mnl, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int set_options(const struct nlsock *s, int bus)
{
	int err = set_option(s, NETLINK_EXT_ACK);

	if (!err)
		err = set_option(s, NETLINK_CAP_ACK);
	if (!err && bus == NETLINK_ROUTE)
		err = set_option(s, NETLINK_GET_STRICT_CHK);
	return err;
}

/* Without CAP_NET_ADMIN, net.core.rmem_max limits the buffer; rcvbuf_bytes has the actual size. */
static int set_rcvbuf(struct nlsock *s, int bytes)
{
	int fd = nlsock_fd(s);
	int got;
	socklen_t len = sizeof(got);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) < 0)
		return -errno;
	/* sock_setsockopt doubles the value for its own overhead. */
	s->rcvbuf_bytes = got / 2;
	return 0;
}

int nlsock_open(struct nlsock *s, int bus, int rcvbuf_bytes)
{
	int err;

	*s = (struct nlsock){ 0 };
	s->mnl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!s->mnl)
		return -errno;
	err = mnl_socket_bind(s->mnl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = set_options(s, bus);
	if (!err && rcvbuf_bytes)
		err = set_rcvbuf(s, rcvbuf_bytes);
	if (err)
		nlsock_close(s);
	return err;
}

void nlsock_close(struct nlsock *s)
{
	/* An error of close() cannot be handled. */
	if (s->mnl)
		(void)mnl_socket_close(s->mnl);
	free(s->bufs);
	*s = (struct nlsock){ 0 };
}

int nlsock_fd(const struct nlsock *s)
{
	return mnl_socket_get_fd(s->mnl);
}

uint32_t nlsock_portid(const struct nlsock *s)
{
	return mnl_socket_get_portid(s->mnl);
}

uint32_t nlsock_next_seq(struct nlsock *s)
{
	return ++s->last_seq;
}

int nlsock_join(struct nlsock *s, unsigned int group)
{
	if (mnl_socket_setsockopt(s->mnl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

int nlsock_set_nonblock(struct nlsock *s)
{
	int flags = fcntl(nlsock_fd(s), F_GETFL);

	if (flags < 0 || fcntl(nlsock_fd(s), F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int nlsock_grow(struct nlsock *s, int limit_bytes)
{
	int now = s->rcvbuf_bytes;
	socklen_t len = sizeof(now);
	int err = 0;

	if (!now) {
		if (getsockopt(nlsock_fd(s), SOL_SOCKET, SO_RCVBUF, &now, &len) < 0)
			return -errno;
		now /= 2;
	}
	if (now < limit_bytes)
		err = set_rcvbuf(s, now > limit_bytes / 2 ? limit_bytes : now * 2);
	else
		s->rcvbuf_bytes = now;
	return err ? err : s->rcvbuf_bytes;
}

int nlsock_send_many(struct nlsock *s, const void *msgs, size_t bytes)
{
	int err = 0;

	atomic_store_explicit(&s->sending_since_us, mono_now().us, memory_order_relaxed);
	if (send(nlsock_fd(s), msgs, bytes, 0) < 0)
		err = -errno;
	atomic_store_explicit(&s->sending_since_us, 0, memory_order_relaxed);
	return err;
}

int nlsock_send(struct nlsock *s, const struct nlmsghdr *nlh)
{
	return nlsock_send_many(s, nlh, nlh->nlmsg_len);
}

bool nlsock_is_sending(const struct nlsock *s, mono_t *ret_since)
{
	int64_t us = atomic_load_explicit(&s->sending_since_us, memory_order_relaxed);

	if (us)
		*ret_since = (mono_t){ us };
	return us != 0;
}

static struct nlsock_bufs *new_bufs(void)
{
	struct nlsock_bufs *bufs = malloc(sizeof(*bufs));

	if (!bufs)
		return NULL;
	memset(bufs->headers, 0, sizeof(bufs->headers));
	for (size_t i = 0; i < NLSOCK_DATAGRAMS_MAX; i++) {
		struct msghdr *header = &bufs->headers[i].msg_hdr;

		bufs->vectors[i].iov_base = bufs->data[i];
		bufs->vectors[i].iov_len = NLSOCK_DATAGRAM_BYTES;
		header->msg_iov = &bufs->vectors[i];
		header->msg_iovlen = 1;
		header->msg_name = &bufs->senders[i];
	}
	return bufs;
}

/* Returns the number of datagrams, 0 if there are none, or -errno. */
static int receive(struct nlsock *s, unsigned int max)
{
	int n;

	if (!s->bufs)
		s->bufs = new_bufs();
	if (!s->bufs)
		return -ENOMEM;
	for (unsigned int i = 0; i < max; i++)
		s->bufs->headers[i].msg_hdr.msg_namelen = sizeof(s->bufs->senders[i]);
	do
		n = recvmmsg(nlsock_fd(s), s->bufs->headers, max, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	return n;
}

/*
 * Passes the messages of one datagram to fn. Returns their number, or -ENOBUFS if the
 * datagram was cut.
 */
static int hand_out(const struct mmsghdr *header, nlsock_msg_fn fn, void *ctx)
{
	const struct sockaddr_nl *sender = header->msg_hdr.msg_name;
	const struct nlmsghdr *nlh = header->msg_hdr.msg_iov->iov_base;
	int len = (int)header->msg_len;
	int count = 0;

	/* Any process may send to this socket (netlink_unicast); only the kernel has port ID 0. */
	if (header->msg_hdr.msg_namelen < sizeof(*sender) || sender->nl_pid != 0)
		return 0;
	if (header->msg_hdr.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		fn(nlh, ctx);
		count++;
	}
	return count;
}

int nlsock_recv_many(struct nlsock *s, unsigned int budget, nlsock_msg_fn fn, void *ctx)
{
	unsigned int total = 0;

	while (total < budget) {
		unsigned int max = MIN_T(unsigned int, budget - total, NLSOCK_DATAGRAMS_MAX);
		bool is_lost = false;
		int n = receive(s, max);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		for (int i = 0; i < n; i++) {
			int count = hand_out(&s->bufs->headers[i], fn, ctx);

			if (count < 0)
				is_lost = true;
			else
				total += (unsigned int)count;
		}
		if (is_lost)
			return -ENOBUFS;
		if ((unsigned int)n < max)
			break;
	}
	return (int)total;
}

/* One request in flight. */
struct query {
	uint32_t seq;
	bool is_done;
	bool is_interrupted;
	struct nlerr err;
	nlsock_msg_fn fn;
	void *ctx;
};

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct query *q = ctx;

	if (nlh->nlmsg_seq != q->seq || q->is_done)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		q->is_interrupted = true;
	switch (nlerr_get(nlh, &q->err)) {
	case 0: q->is_done = true; break;
	case -ENOMSG:
		if (q->fn && nlh->nlmsg_type != NLMSG_NOOP)
			q->fn(nlh, q->ctx);
		break;
	default: q->err = nlerr_make(-EBADMSG); q->is_done = true;
	}
}

/* Waits until the socket is readable. Returns 0, -ETIMEDOUT or -errno. */
static int wait_readable(const struct nlsock *s, mono_t deadline)
{
	struct pollfd pfd = { .fd = nlsock_fd(s), .events = POLLIN };
	int64_t left_ms = mono_diff_ms(deadline, mono_now());
	int n;

	if (left_ms <= 0)
		return -ETIMEDOUT;
	n = poll(&pfd, 1, (int)MIN_T(int64_t, left_ms, INT32_MAX));
	return n < 0 && errno != EINTR ? -errno : 0;
}

static int collect(struct nlsock *s, struct query *q, mono_t deadline)
{
	while (!q->is_done) {
		int n = nlsock_recv_many(s, NLSOCK_DATAGRAMS_MAX, on_answer, q);

		if (n == 0)
			n = wait_readable(s, deadline);
		if (n < 0)
			return n;
	}
	if (q->err.err)
		return q->err.err;
	if (q->is_interrupted)
		counter_inc(&dumps_interrupted);
	return q->is_interrupted ? -EINTR : 0;
}

int nlsock_query(struct nlsock *s, struct nlmsghdr *nlh, int timeout_ms, nlsock_msg_fn fn,
		 void *ctx, struct nlerr *ret_err)
{
	struct query q = { .seq = nlsock_next_seq(s), .fn = fn, .ctx = ctx };
	int err;

	nlh->nlmsg_seq = q.seq;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	err = nlsock_send(s, nlh);
	if (!err)
		err = collect(s, &q, mono_add_ms(mono_now(), timeout_ms));
	if (err && ret_err) {
		*ret_err = q.err;
		ret_err->err = err;
	}
	return err;
}
