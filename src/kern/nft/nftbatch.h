/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftbatch - one transaction of nf_tables: all requests in one datagram, of which
 * the kernel carries out all or none (nfnetlink_rcv_batch).
 *
 *	nftbatch_begin(t, 0);
 *	w = nftbatch_add(t, NFT_MSG_NEWTABLE, NLM_F_CREATE, "table");
 *	...				// attributes
 *	err = nftbatch_commit(t, sock, &nlerr);
 *
 * What does not fit is noticed at the end, so that writers need not look. The
 * memory is taken once, and the object used again.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"

struct nlsock;
struct nftbatch;

/* Longest transaction, and the most requests in one. */
#define NFTBATCH_BYTES	  (256 * 1024)
#define NFTBATCH_MSGS_MAX 128

/* 0 or -ENOMEM. */
MUST_CHECK int nftbatch_new(struct nftbatch **ret);
/* NULL is fine. */
void nftbatch_free(struct nftbatch *t);

/* Forgets what is there and begins. With a generation that is not 0 the kernel
 * refuses the whole, with -ERESTART, when the ruleset has another. */
void nftbatch_begin(struct nftbatch *t, uint32_t generation);
/*
 * Begins a request of family inet (NFT_MSG_x, NLM_F_x) and returns where its
 * attributes go, until the next call. what, which is not copied, is for the text
 * of an error. Never NULL.
 */
struct nlput *nftbatch_add(struct nftbatch *t, uint16_t type, uint16_t flags, const char *what);
/* Something could not be written. */
void nftbatch_fail(struct nftbatch *t, int err);

/* Completes it and lends the bytes; for tests. 0 or -errno. */
MUST_CHECK int nftbatch_end(struct nftbatch *t, const void **ret_data, size_t *ret_len);

/*
 * Ends and sends it and waits for the answer. 0, or the first refusal with its
 * text, or where the kernel gives none with what was refused. Nothing is changed
 * then, but after -ETIMEDOUT or -ENOBUFS nobody knows.
 */
MUST_CHECK int nftbatch_commit(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err);
/*
 * As nftbatch_commit(), but the kernel only looks whether it could: without an end
 * it takes all back again (nfnetlink_rcv_batch), and nobody is told that something
 * was tried. Drivers are asked in earnest.
 */
MUST_CHECK int nftbatch_try(struct nftbatch *t, struct nlsock *sock, struct nlerr *ret_err);
