/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fakesock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/util.h"
#include "fake/fakegate.h"
#include "fake/fakeloop.h"

#define MAX_SOCKETS 64
#define MAX_GROUPS 8
#define MAX_REQUESTS 65536
/* What a reader waits for an answer that does not come; longer than any limit. */
#define WAIT_US (60 * 1000 * 1000)

struct item {
	struct nlmsghdr *msg;
	bool is_more; /* in the same datagram as the one before it */
};

struct queue {
	struct item *item;
	unsigned int first, n, size;
};

/* The member of struct nlsock that is private to the one who implements it. */
struct nlsock_bufs {
	int bus;
	uint32_t portid;
	int fd[2]; /* readable while something is queued; and its other end */
	bool is_readable;
	bool waits; /* a reader waits for messages, as on a socket without O_NONBLOCK */
	int err;    /* for the next read */
	struct queue queue, late;
	bool is_late; /* answers of this call are late */
	unsigned int group[MAX_GROUPS], n_groups;
	const struct nlmsghdr *request; /* that is being executed */
	struct queue data;              /* its answer so far */
	const struct nlsock *owner;     /* keeps what a thread that never ends has left from being
				     * taken for a leak */
	int rcvbuf_bytes;
};

/* The same by the name that tests use. */
struct fakesock {
	struct nlsock_bufs s;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t executed = PTHREAD_COND_INITIALIZER;
static struct fakegate gate = FAKEGATE_INIT;
static struct fakesock *sockets[MAX_SOCKETS]; /* in the order in which they were opened */
static unsigned int n_sockets;
static uint32_t last_portid;
static unsigned int n_calls;
static struct fakesock_request requests[MAX_REQUESTS];
static unsigned int n_requests;
static fakesock_kernel_fn kernel;
static void *kernel_ctx;

static struct {
	unsigned int open_nth, n_sends, n_holds;
	int open_err, send_err, send_bus, hold_bus;
	uint16_t hold_type;
	pthread_t holder;
} faults;

static NORETURN void give_up(const char *what)
{
	fprintf(stderr, "fakesock: %s\n", what);
	abort();
}

static struct nlmsghdr *copy_of(const struct nlmsghdr *msg)
{
	struct nlmsghdr *copy = malloc(NLMSG_ALIGN(msg->nlmsg_len));

	if (!copy)
		give_up("no memory");
	memcpy(copy, msg, msg->nlmsg_len);
	return copy;
}

/* -- queues --------------------------------------------------------------- */

static void enqueue(struct queue *q, struct nlmsghdr *msg, bool is_more)
{
	if (q->n == q->size) {
		q->size = q->size ? 2 * q->size : 64;
		q->item = realloc(q->item, q->size * sizeof(q->item[0]));
		if (!q->item)
			give_up("no memory");
	}
	q->item[q->n++] = (struct item){ msg, is_more };
}

static bool is_empty(const struct queue *q)
{
	return q->first == q->n;
}

static struct nlmsghdr *dequeue(struct queue *q)
{
	if (is_empty(q)) {
		q->first = q->n = 0;
		return NULL;
	}
	return q->item[q->first++].msg;
}

static void move_all(struct queue *from, struct queue *to)
{
	struct nlmsghdr *msg;

	while ((msg = dequeue(from)))
		enqueue(to, msg, false);
}

static void free_queue(struct queue *q)
{
	struct nlmsghdr *msg;

	while ((msg = dequeue(q)))
		free(msg);
	free(q->item);
	*q = (struct queue){ 0 };
}

/* Makes the descriptor readable, or not, as the queue is. */
static void show(struct nlsock_bufs *s)
{
	bool is_readable = s->err || !is_empty(&s->queue);
	char byte = 0;

	if (is_readable && !s->is_readable && write(s->fd[1], &byte, 1) != 1)
		give_up("cannot write");
	if (!is_readable && s->is_readable && read(s->fd[0], &byte, 1) != 1)
		give_up("cannot read");
	s->is_readable = is_readable;
}

/* -- nlsock --------------------------------------------------------------- */

int nlsock_open(struct nlsock *sock, int bus, int rcvbuf_bytes)
{
	struct nlsock_bufs *s;
	int err = 0;

	*sock = (struct nlsock){ 0 };
	pthread_mutex_lock(&lock);
	if (faults.open_nth && --faults.open_nth == 0)
		err = faults.open_err;
	if (!err && n_sockets == MAX_SOCKETS)
		give_up("too many sockets");
	s = err ? NULL : calloc(1, sizeof(struct fakesock));
	if (s && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fd))
		give_up("no sockets");
	if (s) {
		s->bus = bus;
		s->portid = ++last_portid;
		s->waits = true;
		s->owner = sock;
		s->rcvbuf_bytes = rcvbuf_bytes;
		sock->bufs = s;
		sockets[n_sockets++] = (struct fakesock *)s;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void nlsock_close(struct nlsock *sock)
{
	struct nlsock_bufs *s = sock->bufs;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; s && i < n_sockets; i++) {
		if (&sockets[i]->s != s)
			continue;
		n_sockets--;
		memmove(&sockets[i], &sockets[i + 1], (n_sockets - i) * sizeof(sockets[0]));
		break;
	}
	pthread_mutex_unlock(&lock);
	if (s) {
		close(s->fd[0]);
		close(s->fd[1]);
		free_queue(&s->queue);
		free_queue(&s->late);
		free_queue(&s->data);
	}
	free(s);
	*sock = (struct nlsock){ 0 };
}

int nlsock_fd(const struct nlsock *sock)
{
	return sock->bufs->fd[0];
}

uint32_t nlsock_portid(const struct nlsock *sock)
{
	return sock->bufs->portid;
}

uint32_t nlsock_next_seq(struct nlsock *sock)
{
	return ++sock->last_seq;
}

int nlsock_join(struct nlsock *sock, unsigned int group)
{
	struct nlsock_bufs *s = sock->bufs;

	if (s->n_groups == MAX_GROUPS)
		give_up("too many groups");
	s->group[s->n_groups++] = group;
	return 0;
}

int nlsock_set_nonblock(struct nlsock *sock)
{
	sock->bufs->waits = false;
	return 0;
}

int nlsock_grow(struct nlsock *sock, int limit_bytes)
{
	struct nlsock_bufs *s = sock->bufs;

	s->rcvbuf_bytes = MIN(2 * s->rcvbuf_bytes, limit_bytes);
	return s->rcvbuf_bytes;
}

/* -- sending -------------------------------------------------------------- */

void fakesock_reply(struct fakesock *sock, const struct nlmsghdr *msg)
{
	struct nlmsghdr *copy = copy_of(msg);

	copy->nlmsg_seq = sock->s.request->nlmsg_seq;
	copy->nlmsg_pid = sock->s.portid;
	if ((sock->s.request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		copy->nlmsg_flags |= NLM_F_MULTI;
	enqueue(&sock->s.data, copy, false);
}

/* NLMSG_ERROR, or NLMSG_DONE after a dump, with the kernel's text. */
static struct nlmsghdr *make_end(const struct nlsock_bufs *s, const struct nlerr *err, bool is_dump)
{
	size_t body = is_dump ? sizeof(int) : sizeof(struct nlmsgerr);
	size_t text = err->extack[0] ? NLA_HDRLEN + strlen(err->extack) + 1 : 0;
	struct nlmsghdr *msg = calloc(1, NLMSG_HDRLEN + NLMSG_ALIGN(body) + NLMSG_ALIGN(text));
	unsigned char *at;

	if (!msg)
		give_up("no memory");
	at = (unsigned char *)msg + NLMSG_HDRLEN;
	msg->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(body) + text);
	msg->nlmsg_type = is_dump ? NLMSG_DONE : NLMSG_ERROR;
	msg->nlmsg_flags = NLM_F_CAPPED;
	msg->nlmsg_seq = s->request->nlmsg_seq;
	msg->nlmsg_pid = s->portid;
	memcpy(at, &err->err, sizeof(int));
	if (text) {
		struct nlattr attr = { (uint16_t)text, NLMSGERR_ATTR_MSG };

		msg->nlmsg_flags |= NLM_F_ACK_TLVS;
		memcpy(at + NLMSG_ALIGN(body), &attr, sizeof(attr));
		memcpy(at + NLMSG_ALIGN(body) + NLA_HDRLEN, err->extack, text - NLA_HDRLEN);
	}
	return msg;
}

static void execute(struct nlsock_bufs *s, const struct nlmsghdr *request)
{
	bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct fakesock_answer answer = { .fate = FAKESOCK_ARRIVES };

	if (n_requests == MAX_REQUESTS)
		give_up("too many requests");
	requests[n_requests] =
		(struct fakesock_request){ s->bus, s->portid, n_calls, copy_of(request) };
	s->request = request;
	if (kernel)
		kernel(kernel_ctx, (struct fakesock *)s, request, &answer);
	if (answer.fate != FAKESOCK_LEFT &&
	    (is_dump || answer.err.err || (request->nlmsg_flags & NLM_F_ACK)))
		enqueue(&s->data, make_end(s, &answer.err, is_dump), false);
	s->is_late |= answer.fate == FAKESOCK_LATE;
	if (answer.fate == FAKESOCK_LOST) {
		free_queue(&s->data);
		s->err = -ENOBUFS;
	} else {
		move_all(&s->data, s->is_late ? &s->late : &s->queue);
	}
	n_requests++;
	pthread_cond_broadcast(&executed);
}

static bool is_held(const struct nlsock_bufs *s, const struct nlmsghdr *first)
{
	if (!faults.n_holds || faults.hold_bus != s->bus ||
	    pthread_equal(faults.holder, pthread_self()) ||
	    (faults.hold_type && faults.hold_type != first->nlmsg_type))
		return false;
	faults.n_holds--;
	return true;
}

static int send_now(struct nlsock_bufs *s, const void *msgs, size_t bytes)
{
	const unsigned char *at = msgs;
	bool hold;
	int err;

	pthread_mutex_lock(&lock);
	hold = is_held(s, msgs);
	pthread_mutex_unlock(&lock);
	if (hold)
		fakegate_pass(&gate);
	pthread_mutex_lock(&lock);
	err = faults.n_sends && faults.send_bus == s->bus ? faults.send_err : 0;
	if (err) {
		faults.n_sends--;
	} else {
		move_all(&s->late, &s->queue);
		s->is_late = false;
		n_calls++;
		while (at < (const unsigned char *)msgs + bytes) {
			const struct nlmsghdr *msg = (const void *)at;

			execute(s, msg);
			at += NLMSG_ALIGN(msg->nlmsg_len);
		}
		show(s);
	}
	pthread_mutex_unlock(&lock);
	return err;
}

int nlsock_send_many(struct nlsock *sock, const void *msgs, size_t bytes)
{
	int err;

	atomic_store_explicit(&sock->sending_since_us, mono_now().us, memory_order_relaxed);
	err = send_now(sock->bufs, msgs, bytes);
	atomic_store_explicit(&sock->sending_since_us, 0, memory_order_relaxed);
	return err;
}

int nlsock_send(struct nlsock *sock, const struct nlmsghdr *nlh)
{
	return nlsock_send_many(sock, nlh, nlh->nlmsg_len);
}

bool nlsock_is_sending(const struct nlsock *sock, mono_t *ret_since)
{
	int64_t us = atomic_load_explicit(&sock->sending_since_us, memory_order_relaxed);

	if (us)
		*ret_since = (mono_t){ us };
	return us != 0;
}

/* -- receiving ------------------------------------------------------------ */

static int take_error(struct nlsock_bufs *s)
{
	int err;

	pthread_mutex_lock(&lock);
	err = s->err;
	s->err = 0;
	show(s);
	pthread_mutex_unlock(&lock);
	return err;
}

/* The next message; if only_more is set, only of the datagram that is being read. */
static struct nlmsghdr *take_message(struct nlsock_bufs *s, bool only_more)
{
	struct queue *q = &s->queue;
	struct nlmsghdr *msg = NULL;

	pthread_mutex_lock(&lock);
	if (!only_more || (!is_empty(q) && q->item[q->first].is_more))
		msg = dequeue(q);
	show(s);
	pthread_mutex_unlock(&lock);
	return msg;
}

int nlsock_recv_many(struct nlsock *sock, unsigned int budget, nlsock_msg_fn fn, void *ctx)
{
	int err = take_error(sock->bufs);
	unsigned int n = 0;
	struct nlmsghdr *msg;

	if (err)
		return err;
	/* A datagram is read to its end, whatever the budget is. */
	while ((msg = take_message(sock->bufs, n >= budget))) {
		n++;
		fn(msg, ctx);
		free(msg);
	}
	if (n == 0 && sock->bufs->waits)
		fakeloop_add_us(WAIT_US);
	return (int)n;
}

struct query {
	uint32_t seq;
	bool is_done, is_interrupted;
	struct nlerr err;
	nlsock_msg_fn fn;
	void *ctx;
};

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct query *q = ctx;

	if (nlh->nlmsg_seq != q->seq || q->is_done)
		return;
	q->is_interrupted |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (nlerr_get(nlh, &q->err) == 0)
		q->is_done = true;
	else if (q->fn)
		q->fn(nlh, q->ctx);
}

int nlsock_query(struct nlsock *sock, struct nlmsghdr *nlh, int timeout_ms UNUSED, nlsock_msg_fn fn,
		 void *ctx, struct nlerr *ret_err)
{
	struct query q = { .seq = nlsock_next_seq(sock), .fn = fn, .ctx = ctx };
	int err, n = 1;

	nlh->nlmsg_seq = q.seq;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	err = nlsock_send(sock, nlh);
	while (!err && !q.is_done && n > 0)
		n = nlsock_recv_many(sock, NLSOCK_DATAGRAMS_MAX, on_answer, &q);
	if (!err && !q.is_done)
		err = n < 0 ? n : -ETIMEDOUT;
	if (!err)
		err = q.err.err;
	if (!err && q.is_interrupted)
		err = -EINTR;
	if (err && ret_err) {
		*ret_err = q.err;
		ret_err->err = err;
	}
	return err;
}

/* -- for the test --------------------------------------------------------- */

void fakesock_start(fakesock_kernel_fn fn, void *ctx)
{
	pthread_mutex_lock(&lock);
	kernel = fn;
	kernel_ctx = ctx;
	last_portid = 1000;
	n_calls = 0;
	memset(&faults, 0, sizeof(faults));
	pthread_mutex_unlock(&lock);
	fakesock_end();
}

void fakesock_end(void)
{
	pthread_mutex_lock(&lock);
	while (n_requests)
		free(requests[--n_requests].msg);
	pthread_mutex_unlock(&lock);
}

int fakesock_bus(const struct fakesock *sock)
{
	return sock->s.bus;
}

struct fakesock *fakesock_newest(int bus)
{
	struct fakesock *found = NULL;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < n_sockets; i++) {
		if (sockets[i]->s.bus == bus)
			found = sockets[i];
	}
	pthread_mutex_unlock(&lock);
	return found;
}

struct fakesock *fakesock_of_group(int bus, unsigned int group)
{
	struct fakesock *found = NULL;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < n_sockets; i++) {
		const struct nlsock_bufs *s = &sockets[i]->s;

		for (unsigned int g = 0; g < s->n_groups; g++) {
			if (s->bus == bus && s->group[g] == group)
				found = sockets[i];
		}
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void tell(struct fakesock *sock, const struct nlmsghdr *msg, bool is_more)
{
	pthread_mutex_lock(&lock);
	enqueue(&sock->s.queue, copy_of(msg), is_more);
	show(&sock->s);
	pthread_mutex_unlock(&lock);
}

void fakesock_tell(struct fakesock *sock, const struct nlmsghdr *msg)
{
	tell(sock, msg, false);
}

void fakesock_tell_more(struct fakesock *sock, const struct nlmsghdr *msg)
{
	tell(sock, msg, true);
}

void fakesock_break(struct fakesock *sock, int err)
{
	pthread_mutex_lock(&lock);
	sock->s.err = err;
	show(&sock->s);
	pthread_mutex_unlock(&lock);
}

unsigned int fakesock_unread(struct fakesock *sock)
{
	unsigned int n;

	pthread_mutex_lock(&lock);
	n = sock->s.queue.n - sock->s.queue.first;
	pthread_mutex_unlock(&lock);
	return n;
}

int fakesock_rcvbuf(const struct fakesock *sock)
{
	return sock->s.rcvbuf_bytes;
}

int fakesock_fd(const struct fakesock *sock)
{
	return sock->s.fd[0];
}

void fakesock_fail_open(unsigned int nth, int err)
{
	pthread_mutex_lock(&lock);
	faults.open_nth = nth;
	faults.open_err = err;
	pthread_mutex_unlock(&lock);
}

void fakesock_fail_send(int bus, unsigned int n, int err)
{
	pthread_mutex_lock(&lock);
	faults.send_bus = bus;
	faults.n_sends = n;
	faults.send_err = err;
	pthread_mutex_unlock(&lock);
}

void fakesock_hold(int bus, uint16_t type, unsigned int n)
{
	pthread_mutex_lock(&lock);
	faults.hold_bus = bus;
	faults.hold_type = type;
	faults.n_holds = n;
	faults.holder = pthread_self();
	pthread_mutex_unlock(&lock);
	fakegate_hold(&gate, n);
}

void fakesock_wait_held(unsigned int n)
{
	fakegate_wait(&gate, n);
}

void fakesock_let_go(void)
{
	fakegate_let_go(&gate);
}

void fakesock_release(void)
{
	pthread_mutex_lock(&lock);
	faults.n_holds = 0;
	pthread_mutex_unlock(&lock);
	fakegate_release(&gate);
}

unsigned int fakesock_n_requests(void)
{
	unsigned int n;

	pthread_mutex_lock(&lock);
	n = n_requests;
	pthread_mutex_unlock(&lock);
	return n;
}

const struct fakesock_request *fakesock_request(unsigned int i)
{
	const struct fakesock_request *found;

	pthread_mutex_lock(&lock);
	found = i < n_requests ? &requests[i] : NULL;
	pthread_mutex_unlock(&lock);
	return found;
}

void fakesock_wait_requests(unsigned int n)
{
	pthread_mutex_lock(&lock);
	while (n_requests < n)
		pthread_cond_wait(&executed, &lock);
	pthread_mutex_unlock(&lock);
}

unsigned int fakesock_n_open(void)
{
	unsigned int n;

	pthread_mutex_lock(&lock);
	n = n_sockets;
	pthread_mutex_unlock(&lock);
	return n;
}
