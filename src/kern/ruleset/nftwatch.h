/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftwatch - who changed the nft ruleset, and what: one value for each commit.
 *
 * The kernel sends all changes of a transaction and then the new generation with
 * the process that made it (nf_tables_commit, nf_tables_gen_notify); packets meet
 * the new rules before the first message is sent. What it sends nothing about:
 *
 * - elements that packets add, renew or delete (nft_dynset_eval), and elements
 *   whose time is over, whoever added them (nft_rhash_gc, nft_rbtree_gc, pipapo_gc):
 *   struct setelem has the time that is left to those that a process adds;
 * - the table with owner of a process that ends (nft_rcv_nl_event), chains and
 *   flowtables that lose their device (nft_netdev_event). No generation, either;
 *   what goes that way can only have denied, not allowed.
 *
 * A named quota that is used up tells so outside of transactions, as from port 0
 * (nft_quota_do_eval, nft_obj_notify): the work of packets, which is ignored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/setelem.h"

struct nlmsghdr;
struct nftwatch;

/* Elements of one commit that are told one by one; more of them are "everything". */
#define NFTWATCH_ELEMS_MAX 128
#define NFTWATCH_PROCESS_SIZE 16 /* TASK_COMM_LEN */

enum nftwatch_own {
	NFTWATCH_OWN_UNTOUCHED,
	NFTWATCH_OWN_CHANGED, /* something in our table, or the table itself */
	NFTWATCH_OWN_DELETED, /* and no new one made */
};

struct nftwatch_commit {
	/* Messages are lost: anything may have changed by anybody; only
	 * everything is set beside it. */
	bool is_lost;
	bool is_own;     /* made by our socket (nfttable) */
	bool everything; /* rules, chains, tables, sets, objects, flowtables, or elements
			  * without bound or meaning; else only the elements below */
	enum nftwatch_own own;
	uint32_t generation;
	uint32_t portid;
	uint32_t pid; /* in the first namespace of processes */
	char process[NFTWATCH_PROCESS_SIZE]; /* from the kernel; may hold any bytes but NUL */
	unsigned int n_elems;
	struct setelem elem[NFTWATCH_ELEMS_MAX]; /* added or removed */
};

typedef void (*nftwatch_fn)(const struct nftwatch_commit *commit, void *ctx);

/* Without sockets: for tests, which feed it. 0 or -ENOMEM. */
MUST_CHECK int nftwatch_new(struct nftwatch **ret, uint32_t own_portid);
/* With sockets. The receive buffer has rcvbuf_bytes. 0 or -errno. */
MUST_CHECK int nftwatch_open(struct nftwatch **ret, int rcvbuf_bytes, uint32_t own_portid);
/* NULL is fine. */
void nftwatch_close(struct nftwatch *w);
int nftwatch_fd(const struct nftwatch *w);

/*
 * Reads about budget messages and calls fn for each commit that is complete. Asks
 * the kernel, and waits for the answers, about the set of an element and the rules
 * of its table, once after they have changed. Number of messages, 0 when
 * nothing was there, or -errno; after -ENOBUFS fn was told that messages are lost.
 */
MUST_CHECK int nftwatch_read(struct nftwatch *w, unsigned int budget, nftwatch_fn fn, void *ctx);
/* Doubles the receive buffer up to limit_bytes; its size in bytes or -errno. */
MUST_CHECK int nftwatch_grow(struct nftwatch *w, int limit_bytes);

/* One message, as nftwatch_read() handles it. */
void nftwatch_feed(struct nftwatch *w, const struct nlmsghdr *nlh, nftwatch_fn fn, void *ctx);
