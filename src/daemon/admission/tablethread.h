/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tablethread - a thread for what may take its time about admission: our nft table,
 * whose transactions wait for those of others (nf_tables has one lock for all), and
 * old marks, for which all of conntrack is looked through.
 *
 * Jobs go in and answers come out in their order. The main thread decides; nothing
 * is decided here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kern/nft/nftlayout.h"
#include "nl/nlerr.h"

struct nfttable;
struct tablethread;

/* Jobs without an answer. */
#define TABLETHREAD_JOBS 128

enum tablethread_type {
	TABLETHREAD_RENEW, /* the flowtables are made anew: nothing that they had counts any more */
	TABLETHREAD_FLOW,  /* other flowtables, or none: the table is made anew */
	TABLETHREAD_LOOK,  /* which epoch does the table write? */
	TABLETHREAD_TRY,   /* would the driver of a device take a flowtable? */
	TABLETHREAD_EPOCH, /* the table marks with this epoch; it is made where it is not, or not whole */
	TABLETHREAD_CLEAN, /* no connection has this epoch, or half of it */
	TABLETHREAD_HALVES, /* those that have half of this epoch have it from after the push */
};

struct tablethread_job {
	uint8_t type; /* enum tablethread_type */
	uint32_t epoch;
	struct nftoffload_config *flow; /* FLOW: from malloc, the thread's from then on; NULL = none */
	char device[LINK_NAME_SIZE]; /* TRY */
};

struct tablethread_done {
	struct tablethread_job job; /* LOOK: epoch is what the table writes; 0 = there is none of ours */
	struct nlerr err; /* of the kernel; err.err 0 = done */
	bool made_table;  /* EPOCH: not only its epoch is new */
	uint32_t n_marks; /* CLEAN, HALVES: connections that had it */
};

/*
 * Starts the thread. The table is the thread's until tablethread_stop(); NULL for one that
 * does CLEAN and HALVES, and one with a table does only the others. config is copied. 0 or -errno.
 */
MUST_CHECK int tablethread_start(struct nfttable *own, const struct nftlayout_config *config,
			     struct tablethread **ret);
/* Waits for the job at hand and ends the thread. NULL is fine. */
void tablethread_stop(struct tablethread *work);

/* False when there is no room: TABLETHREAD_JOBS wait, or their answers do. */
MUST_CHECK bool tablethread_push(struct tablethread *work, const struct tablethread_job *job);
/* Readable when answers wait. */
int tablethread_fd(const struct tablethread *work);
/* Call once before popping after the descriptor became readable. */
void tablethread_woken(struct tablethread *work);
/* Next answer; false when there is none and the descriptor is armed again. */
bool tablethread_pop(struct tablethread *work, struct tablethread_done *ret);

/* Of one that cleans: the changes of this socket come back as conntrack events with this address. */
uint32_t tablethread_ct_portid(const struct tablethread *work);
