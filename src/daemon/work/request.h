/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - sends one request to the kernel and waits for its answer.
 *
 *	struct request r;
 *	err = request_send(&r, sock, qdisc_put_clsact(request_begin(&r), ifindex), &why);
 *
 * For rare requests; nlbatch sends many at once.
 */
#pragma once

#include "base/compiler.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

/* Time limit for the answer after the kernel has executed the request. */
#define REQUEST_TIMEOUT_MS 5000

struct request {
	_Alignas(8) unsigned char buf[2048];
	struct nlput w;
};

/* Returns where to write the request. */
static inline struct nlput *request_begin(struct request *r)
{
	/* nlsock_query() sets the sequence number. */
	nlput_init(&r->w, r->buf, sizeof(r->buf), 0);
	return &r->w;
}

/*
 * Sends the request and waits for the answer; @put_err is the result of writing it. Returns
 * 0, or the error that is also in *ret_why, with the kernel's text if there is one.
 */
static inline MUST_CHECK int request_send(struct request *r, struct nlsock *sock, int put_err,
					  struct nlerr *ret_why)
{
	int err = put_err ? put_err
			  : nlsock_query(sock, nlput_msg(&r->w), REQUEST_TIMEOUT_MS, NULL, NULL,
					 ret_why);

	if (err && put_err)
		*ret_why = nlerr_make(err);
	return err;
}
