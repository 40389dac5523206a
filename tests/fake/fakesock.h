/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakesock - nl/nlsock with a function of the test at the other end.
 *
 * Linked before libnl.a, in the place of nlsock.o; everything above it, nlbatch included, is
 * the real code. A test needs no netlink, no privilege and no network.
 *
 * As in the kernel, a request is executed inside the call that sends it, by the thread that
 * sends it, and the answers are queued on the socket. Only one request is executed at a time,
 * whatever its socket. As in the kernel, an answer is lost only by an overrun, of which the
 * reader is told, and answers come in the order of their requests.
 *
 * If a reader has to wait for an answer that is not there, the time passes at once (fakeloop).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nl/nlerr.h"
#include "nl/nlsock.h"

/* One open socket. */
struct fakesock;

enum fakesock_fate {
	FAKESOCK_ARRIVES,
	FAKESOCK_LOST, /* the queue was full: the reader gets -ENOBUFS instead */
	FAKESOCK_LATE, /* this answer and those after it come when the next request is sent */
	FAKESOCK_LEFT, /* no answer: the test gives it with fakesock_tell() */
};

/* The end of an answer; a dump ends with NLMSG_DONE. */
struct fakesock_answer {
	struct nlerr err; /* err.err 0: an ack, if the request wants one */
	enum fakesock_fate fate;
};

/* Executes a request: fakesock_reply() for data, and *ret, which is zeroed, for the end. It is
 * called in any thread and must not fail the test by a longjmp. */
typedef void (*fakesock_kernel_fn)(void *ctx, struct fakesock *sock, const struct nlmsghdr *request,
				   struct fakesock_answer *ret);

/* To be called at the beginning of a test, when no socket is open and no thread runs. */
void fakesock_start(fakesock_kernel_fn kernel, void *ctx);
/* Frees the records of requests. */
void fakesock_end(void);

/* -- for the kernel's function -------------------------------------------- */

/* Queues a data message that answers the present request. */
void fakesock_reply(struct fakesock *sock, const struct nlmsghdr *msg);
int fakesock_bus(const struct fakesock *sock);

/* -- events --------------------------------------------------------------- */

/* The newest open socket of the bus; NULL if there is none. */
struct fakesock *fakesock_newest(int bus);
/* The open socket that has joined this group; NULL if there is none. */
struct fakesock *fakesock_of_group(int bus, unsigned int group);
/* Queues a message as it is, in a datagram of its own; or in that of the message before it, so
 * that it is read with that one. */
void fakesock_tell(struct fakesock *sock, const struct nlmsghdr *msg);
void fakesock_tell_more(struct fakesock *sock, const struct nlmsghdr *msg);
/* The reader gets this error once, before the messages that are queued. */
void fakesock_break(struct fakesock *sock, int err);
/* Messages that nobody has read. */
unsigned int fakesock_unread(struct fakesock *sock);
int fakesock_rcvbuf(const struct fakesock *sock);
int fakesock_fd(const struct fakesock *sock);

/* -- faults --------------------------------------------------------------- */

/* The @nth next nlsock_open() fails, and no other. */
void fakesock_fail_open(unsigned int nth, int err);
/* The next @n sends to this bus fail, and nothing is executed. */
void fakesock_fail_send(int bus, unsigned int n, int err);
/* The next @n sends to the bus by other threads, whose first request has this type (0: any),
 * do not return before fakesock_release(). They are held before the kernel executes them. */
void fakesock_hold(int bus, uint16_t type, unsigned int n);
/* Waits until this number of threads is held. */
void fakesock_wait_held(unsigned int n);
/* fakesock_let_go() releases the threads that are held now; fakesock_release() also stops
 * holding later ones. */
void fakesock_let_go(void);
void fakesock_release(void);

/* -- what was sent -------------------------------------------------------- */

struct fakesock_request {
	int bus;
	uint32_t portid;   /* of the socket */
	unsigned int call; /* number of the system call */
	struct nlmsghdr *msg;
};

unsigned int fakesock_n_requests(void);
/* Request number @i since the start. */
const struct fakesock_request *fakesock_request(unsigned int i);
/* Waits until this number of requests has been executed. */
void fakesock_wait_requests(unsigned int n);
/* Number of open sockets. */
unsigned int fakesock_n_open(void);
