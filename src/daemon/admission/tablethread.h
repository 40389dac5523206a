/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tablethread - a thread for the slow work of admission.
 *
 * There are two such threads. The table thread changes our nft table, whose transactions
 * wait for those of other processes (nf_tables has one lock for all). The mark cleaner
 * dumps conntrack to clear old marks.
 *
 * Jobs are executed and answered in order. The thread decides nothing: the main thread
 * does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nft/nftlayout.h"
#include "nl/nlerr.h"

struct nfttable;
struct tablethread;

/* Most jobs whose answer has not been popped. */
#define TABLETHREAD_JOBS 128

enum tablethread_type {
	TABLETHREAD_RENEW, /* recreate the flowtables, which drops all connections in them */
	TABLETHREAD_FLOW,  /* recreate the table with other flowtables, or with none */
	TABLETHREAD_LOOK,  /* read which epoch the table writes */
	TABLETHREAD_TRY,   /* ask whether the driver of a device accepts a flowtable */
	TABLETHREAD_EPOCH, /* make the table write this epoch; recreate it if missing or changed */
	TABLETHREAD_CLEAN, /* clear this epoch, whole and half, from all connections */
	TABLETHREAD_HALVES, /* clear all halves of this epoch that were set before the push */
};

struct tablethread_job {
	uint8_t type; /* enum tablethread_type */
	uint32_t epoch;
	struct nftoffload_config *flow; /* FLOW: from malloc, the push takes it; NULL = none */
	char device[LINK_NAME_SIZE]; /* TRY */
};

struct tablethread_done {
	struct tablethread_job job; /* LOOK: epoch is what the table writes; 0 = none */
	struct nlerr err; /* from the kernel; err.err 0 = success */
	bool made_table;  /* EPOCH: the whole table was recreated */
	uint32_t n_marks; /* CLEAN, HALVES: connections found with such a mark */
};

/*
 * Starts a thread. With a table it is the table thread: it owns the table until
 * tablethread_stop(), and executes every type of job but CLEAN and HALVES. With NULL it is the
 * mark cleaner, which executes only those two. config is copied. 0 or -errno.
 */
MUST_CHECK int tablethread_start(struct nfttable *own, const struct nftlayout_config *config,
			     struct tablethread **ret);
/* Waits for the running job, drops those that are queued, and ends the thread. NULL is fine. */
void tablethread_stop(struct tablethread *work);

/* Queues a job. Returns false when the answers of TABLETHREAD_JOBS jobs have not been popped. */
MUST_CHECK bool tablethread_push(struct tablethread *work, const struct tablethread_job *job);
/* A descriptor that is readable when answers wait. */
int tablethread_fd(const struct tablethread *work);
/* To be called once when the descriptor has become readable, before tablethread_pop(). */
void tablethread_woken(struct tablethread *work);
/* Takes the next answer. When there is none, arms the descriptor and returns false. */
bool tablethread_pop(struct tablethread *work, struct tablethread_done *ret);

/* Mark cleaner only: conntrack events that its changes cause carry this netlink port. */
uint32_t tablethread_ct_portid(const struct tablethread *work);
