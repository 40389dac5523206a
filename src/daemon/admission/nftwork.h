/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftwork - a thread for what may take its time about admission: our nft table,
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
#include "kern/nft/nftadmit.h"
#include "nl/nlerr.h"

struct nftown;
struct nftwork;

/* Jobs without an answer. */
#define NFTWORK_JOBS 128

enum nftwork_type {
	NFTWORK_RENEW, /* the flowtables are made anew: nothing that they had counts any more */
	NFTWORK_FLOW,  /* other flowtables, or none: the table is made anew */
	NFTWORK_LOOK,  /* which epoch does the table write? */
	NFTWORK_TRY,   /* would the driver of a device take a flowtable? */
	NFTWORK_EPOCH, /* the table marks with this epoch; it is made where it is not, or not whole */
	NFTWORK_CLEAN, /* no connection has this epoch, or half of it */
	NFTWORK_HALVES, /* those that have half of this epoch have it from after the push */
};

struct nftwork_job {
	uint8_t type; /* enum nftwork_type */
	uint32_t epoch;
	struct nftflow_config *flow; /* FLOW: from malloc, the thread's from then on; NULL = none */
	char device[LINK_NAME_SIZE]; /* TRY */
};

struct nftwork_done {
	struct nftwork_job job; /* LOOK: epoch is what the table writes; 0 = there is none of ours */
	struct nlerr err; /* of the kernel; err.err 0 = done */
	bool made_table;  /* EPOCH: not only its epoch is new */
	uint32_t n_marks; /* CLEAN, HALVES: connections that had it */
};

/*
 * Starts the thread. The table is the thread's until nftwork_stop(); NULL for one that
 * does CLEAN and HALVES, and one with a table does only the others. config is copied. 0 or -errno.
 */
MUST_CHECK int nftwork_start(struct nftown *own, const struct nftadmit_config *config,
			     struct nftwork **ret);
/* Waits for the job at hand and ends the thread. NULL is fine. */
void nftwork_stop(struct nftwork *work);

/* False when there is no room: NFTWORK_JOBS wait, or their answers do. */
MUST_CHECK bool nftwork_push(struct nftwork *work, const struct nftwork_job *job);
/* Readable when answers wait. */
int nftwork_fd(const struct nftwork *work);
/* Call once before popping after the descriptor became readable. */
void nftwork_woken(struct nftwork *work);
/* Next answer; false when there is none and the descriptor is armed again. */
bool nftwork_pop(struct nftwork *work, struct nftwork_done *ret);

/* Of one that cleans: the changes of this socket come back as conntrack events with this address. */
uint32_t nftwork_ct_portid(const struct nftwork *work);
