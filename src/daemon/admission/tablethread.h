/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tablethread - the thread that changes our nft table.
 *
 * Its transactions wait for those of other processes, because nf_tables has one lock for all. So
 * they do not run in the main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nft/nftlayout.h"
#include "nl/nlerr.h"

struct nfttable;
struct tablethread;

enum tablethread_type {
	TABLETHREAD_RENEW, /* recreate the flowtables, which drops all connections in them */
	TABLETHREAD_FLOW,  /* recreate the table with other flowtables, or with none */
	TABLETHREAD_LOOK,  /* read which epoch the table writes */
	TABLETHREAD_TRY,   /* ask whether the driver of a device accepts a flowtable */
	TABLETHREAD_EPOCH, /* make the table write this epoch; recreate it if missing or changed */
};

struct tablethread_job {
	uint8_t type; /* enum tablethread_type */
	uint32_t epoch;
	struct nftoffload_config *flow; /* FLOW: from malloc, the push takes it; NULL = none */
	char device[LINK_NAME_SIZE]; /* TRY */
	uint32_t trial; /* TRY: the caller's number, by which it recognizes the answer */
};

struct tablethread_done {
	struct tablethread_job job; /* LOOK: epoch is what the table writes; 0 = none */
	struct nlerr err; /* from the kernel; err.err 0 = success */
	bool made_table;  /* EPOCH: the whole table was recreated */
};

/* Starts the thread, which owns the table until tablethread_stop(). config is copied. 0 or
 * -errno. */
MUST_CHECK int tablethread_start(struct nfttable *own, const struct nftlayout_config *config,
			     struct tablethread **ret);
/* Waits for the running job, drops those that are queued, and ends the thread. NULL is fine. */
void tablethread_stop(struct tablethread *table);

/* As jobthread_push(), _fd(), _woken() and _pop(). */
MUST_CHECK bool tablethread_push(struct tablethread *table, const struct tablethread_job *job);
int tablethread_fd(const struct tablethread *table);
void tablethread_woken(struct tablethread *table);
bool tablethread_pop(struct tablethread *table, struct tablethread_done *ret);
