/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftbatch - one nf_tables transaction: requests in one datagram, of which the kernel
 * executes all or none (nfnetlink_rcv_batch).
 *
 *	nftbatch_begin(t, 0);
 *	w = nftbatch_add(t, NFT_MSG_NEWTABLE, NLM_F_CREATE, "table");
 *	...				// attributes
 *	err = nftbatch_commit(t, sock, &nlerr);
 *
 * Errors, such as a request that does not fit, are recorded and returned by the commit, so
 * the writers of requests need not check. The object is allocated once and reused.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"

struct nlsock;
struct nftbatch;

/* Longest transaction, and most requests in one. */
#define NFTBATCH_BYTES	  (256 * 1024)
#define NFTBATCH_MSGS_MAX 128

/* 0 or -ENOMEM. */
MUST_CHECK int nftbatch_new(struct nftbatch **ret);
/* NULL is fine. */
void nftbatch_free(struct nftbatch *t);

/* Discards the previous content and begins a transaction. If generation is not 0, the kernel
 * refuses the transaction with -ERESTART if the ruleset has another generation. */
void nftbatch_begin(struct nftbatch *t, uint32_t generation);
/*
 * Begins a request of family inet (NFT_MSG_x, NLM_F_x) and returns the writer for its
 * attributes, never NULL and valid until the next call. what names the object in error
 * texts and is not copied.
 */
struct nlput *nftbatch_add(struct nftbatch *t, uint16_t type, uint16_t flags, const char *what);
/* Makes the commit fail with err, unless an earlier error is recorded. */
void nftbatch_fail(struct nftbatch *t, int err);

/* Completes the transaction and lends its bytes; for tests. 0 or -errno. */
MUST_CHECK int nftbatch_end(struct nftbatch *t, const void **ret_data, size_t *ret_len);

/*
 * Completes and sends the transaction and waits for the answer. 0, or -errno of the first
 * refused request with the kernel's text, or else with the request's name ("what"). A
 * failed transaction changes nothing, but after -ETIMEDOUT or -ENOBUFS its result is unknown.
 */
MUST_CHECK int nftbatch_commit(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err);
/*
 * Like nftbatch_commit(), but only tests whether the kernel accepts the transaction: without
 * an end message the kernel aborts it (nfnetlink_rcv_batch) and sends no events. Drivers
 * are really called to set up their part and then to undo it.
 */
MUST_CHECK int nftbatch_try(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err);
