/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftbatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mono.h"
#include "base/util.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000

struct nftbatch {
	unsigned char *buf;
	size_t len;  /* bytes of the complete messages */
	int err;     /* first recorded error; 0 = none */
	bool is_open; /* true = w holds an incomplete message */
	bool is_trial; /* true = without end message */
	struct nlput w;
	unsigned int n;
	size_t at[NFTBATCH_MSGS_MAX + 2]; /* offset of each message */
	const char *what[NFTBATCH_MSGS_MAX + 2];
};

int nftbatch_new(struct nftbatch **ret)
{
	struct nftbatch *t = calloc(1, sizeof(*t));

	if (t)
		t->buf = malloc(NFTBATCH_BYTES);
	if (!t || !t->buf) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void nftbatch_free(struct nftbatch *t)
{
	if (!t)
		return;
	free(t->buf);
	free(t);
}

void nftbatch_fail(struct nftbatch *t, int err)
{
	if (!t->err)
		t->err = err;
}

static void close_message(struct nftbatch *t)
{
	int err;

	if (!t->is_open)
		return;
	t->is_open = false;
	err = nlput_end(&t->w);
	if (err)
		nftbatch_fail(t, err);
	else
		t->len += NLMSG_ALIGN(nlput_msg(&t->w)->nlmsg_len);
}

static struct nlput *open_message(struct nftbatch *t, uint16_t type, uint16_t flags,
				  const struct nfgenmsg *header, const char *what)
{
	close_message(t);
	nlput_init(&t->w, t->buf + t->len, NFTBATCH_BYTES - t->len, 0);
	nlput_begin(&t->w, type, flags);
	nlput_header(&t->w, header, sizeof(*header));
	t->is_open = true;
	if (t->n == array_size(t->at)) {
		nftbatch_fail(t, -EMSGSIZE);
		return &t->w;
	}
	t->at[t->n] = t->len;
	t->what[t->n] = what;
	t->n++;
	return &t->w;
}

static struct nfgenmsg batch_header(void)
{
	return (struct nfgenmsg){ .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };
}

void nftbatch_begin(struct nftbatch *t, uint32_t generation)
{
	struct nfgenmsg header = batch_header();
	struct nlput *w;

	t->len = 0;
	t->err = 0;
	t->is_open = false;
	t->is_trial = false;
	t->n = 0;
	w = open_message(t, NFNL_MSG_BATCH_BEGIN, 0, &header, "transaction");
	if (generation)
		nlput_be32(w, NFNL_BATCH_GENID, generation);
}

struct nlput *nftbatch_add(struct nftbatch *t, uint16_t type, uint16_t flags, const char *what)
{
	const struct nfgenmsg header = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	/* Index 0 is the begin message, and the end message needs an entry, too. */
	if (t->n > NFTBATCH_MSGS_MAX)
		nftbatch_fail(t, -EMSGSIZE);
	return open_message(t, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, what);
}

int nftbatch_end(struct nftbatch *t, const void **ret_data, size_t *ret_len)
{
	struct nfgenmsg header = batch_header();

	if (!t->is_trial)
		open_message(t, NFNL_MSG_BATCH_END, 0, &header, "end");
	close_message(t);
	if (t->err)
		return t->err;
	*ret_data = t->buf;
	*ret_len = t->len;
	return 0;
}

/* Answers to one transaction. */
struct answers {
	const struct nftbatch *t;
	uint32_t first_seq;
	bool is_complete;
	unsigned int refused; /* index of the first refused message */
	struct nlerr err;     /* of that message */
};

/* Index of the last message that gets an answer: the end message gets none. */
static unsigned int last_answered(const struct nftbatch *t)
{
	return t->is_trial ? t->n - 1 : t->n - 2;
}

/*
 * If the whole transaction is refused (wrong generation, no permission, failed commit), the
 * error answers the begin message. Acks of requests that were accepted before may follow
 * (nfnetlink_rcv_batch, nfnl_err_deliver).
 */
static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct answers *a = ctx;
	unsigned int index = nlh->nlmsg_seq - a->first_seq;
	struct nlerr err;

	if (index > last_answered(a->t) || nlerr_get(nlh, &err))
		return;
	if (err.err && (!a->err.err || index < a->refused)) {
		a->err = err;
		a->refused = index;
	}
	if (index == 0 || index == last_answered(a->t))
		a->is_complete = true;
}

static int wait_readable(const struct nlsock *s, mono_t deadline)
{
	struct pollfd pfd = { .fd = nlsock_fd(s), .events = POLLIN };
	int64_t left_ms = mono_diff_ms(deadline, mono_now());

	if (left_ms <= 0)
		return -ETIMEDOUT;
	if (poll(&pfd, 1, (int)left_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int collect(struct answers *a, struct nlsock *sock)
{
	mono_t deadline = mono_add_ms(mono_now(), TIMEOUT_MS);

	while (!a->is_complete) {
		int n = nlsock_recv_many(sock, NLSOCK_DATAGRAMS_MAX, on_answer, a);

		if (n == 0)
			n = wait_readable(sock, deadline);
		if (n < 0)
			return n;
	}
	return 0;
}

static struct nlmsghdr *message(const struct nftbatch *t, unsigned int index)
{
	return (struct nlmsghdr *)(void *)(t->buf + t->at[index]);
}

/* netlink_sendmsg refuses a datagram larger than the send buffer. */
static void need_sndbuf(const struct nlsock *sock, size_t bytes)
{
	int size = (int)bytes;

	if (setsockopt(nlsock_fd(sock), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		IGNORE_RESULT(setsockopt(nlsock_fd(sock), SOL_SOCKET, SO_SNDBUF, &size,
					 sizeof(size)));
}

static int send_and_wait(struct nftbatch *t, struct nlsock *sock, struct answers *a)
{
	const void *data;
	size_t len;
	int err = nftbatch_end(t, &data, &len);

	if (err)
		return err;
	for (unsigned int i = 0; i < t->n; i++) {
		message(t, i)->nlmsg_seq = nlsock_next_seq(sock);
		if (i == 0)
			a->first_seq = message(t, i)->nlmsg_seq;
	}
	message(t, last_answered(t))->nlmsg_flags |= NLM_F_ACK;
	need_sndbuf(sock, NFTBATCH_BYTES);
	err = nlsock_send_many(sock, data, len);
	return err ? err : collect(a, sock);
}

int nftbatch_commit(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err)
{
	struct answers a = { .t = t };
	int err = send_and_wait(t, sock, &a);

	if (err)
		a.err = nlerr_make(err);
	if (a.err.err && !a.err.extack[0])
		snprintf(a.err.extack, sizeof(a.err.extack), "%s", t->what[a.refused]);
	if (a.err.err)
		*ret_err = a.err;
	return a.err.err;
}

int nftbatch_try(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err)
{
	t->is_trial = true;
	return nftbatch_commit(t, sock, ret_err);
}
