/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftwatch - reports the commits to the nft ruleset: what changed, and by which process.
 *
 * The kernel sends all changes of a transaction, then the new generation and the process
 * that committed it (nf_tables_commit, nf_tables_gen_notify). The new rules are in effect
 * before the first message is sent. The kernel sends no message about:
 *
 * - elements that packets add, refresh or delete (nft_dynset_eval), and elements that expire
 *   (nft_rhash_gc, nft_rbtree_gc, pipapo_gc). For elements that a process adds, struct
 *   setelem has the remaining time;
 * - a table with owner whose process ends (nft_rcv_nl_event), and chains and flowtables that
 *   lose their device (nft_netdev_event). The generation does not change, either. Such a
 *   removal can only lift restrictions, so it invalidates no admission.
 *
 * When a named quota is used up, the kernel sends a message outside of transactions, with
 * port ID 0 (nft_quota_do_eval, nft_obj_notify). It is ignored: packets caused it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/setelem.h"

struct nlmsghdr;
struct nftwatch;

/* Most elements of one commit that are reported one by one; more count as everything. */
#define NFTWATCH_ELEMS_MAX 128
#define NFTWATCH_PROCESS_SIZE 16 /* TASK_COMM_LEN */

enum nftwatch_own {
	NFTWATCH_OWN_UNTOUCHED,
	NFTWATCH_OWN_CHANGED, /* our table, or something in it */
	NFTWATCH_OWN_DELETED, /* table deleted and not created again */
};

struct nftwatch_commit {
	/* True = messages were lost, so any process may have changed anything. everything is
	 * true then, and no other member is set. */
	bool is_lost;
	bool is_own;     /* true = committed by our socket (nfttable) */
	bool everything; /* true = changed rules, chains, tables, sets, objects, flowtables, or
			  * elements that are too many or not understood;
			  * false = changed only the elements below */
	enum nftwatch_own own; /* what happened to our table */
	uint32_t generation;
	uint32_t portid; /* of the committing socket */
	uint32_t pid; /* of the committing process, in the initial PID namespace */
	char process[NFTWATCH_PROCESS_SIZE]; /* its name from the kernel: any bytes but NUL */
	unsigned int n_elems;
	struct setelem elem[NFTWATCH_ELEMS_MAX]; /* added or removed */
};

typedef void (*nftwatch_fn)(const struct nftwatch_commit *commit, void *ctx);

/* Creates an object without sockets, for tests with nftwatch_feed(). 0 or -ENOMEM. */
MUST_CHECK int nftwatch_new(struct nftwatch **ret, uint32_t own_portid);
/* Creates an object with sockets and this receive buffer. own_portid: nfttable_portid(), or 0
 * without a table. 0 or -errno. */
MUST_CHECK int nftwatch_open(struct nftwatch **ret, int rcvbuf_bytes, uint32_t own_portid);
/* NULL is fine. */
void nftwatch_close(struct nftwatch *w);
int nftwatch_fd(const struct nftwatch *w);

/*
 * Reads about budget messages and calls fn for each complete commit. To interpret elements it
 * asks the kernel for their set and the rules of its table, and waits for the answers; once,
 * and again after these have changed. Returns the number of messages, 0 if there were none, or
 * -errno. Before -ENOBUFS is returned, fn is called with is_lost.
 */
MUST_CHECK int nftwatch_read(struct nftwatch *w, unsigned int budget, nftwatch_fn fn, void *ctx);
/* Doubles the receive buffer up to limit_bytes; its size in bytes or -errno. */
MUST_CHECK int nftwatch_grow(struct nftwatch *w, int limit_bytes);

/* Handles one message like nftwatch_read(). */
void nftwatch_feed(struct nftwatch *w, const struct nlmsghdr *nlh, nftwatch_fn fn, void *ctx);
