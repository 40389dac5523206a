/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * markcleaner - the thread that clears old marks: it dumps conntrack and clears our bits of the
 * ct mark of the connections that it finds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/setelem.h"
#include "nl/nlerr.h"

struct markcleaner;

/* Most elements of a job. */
#define MARKCLEANER_ELEMS 256

/* Both types clear our bits of the marks that have @value in @bits. */
enum markcleaner_type {
	MARKCLEANER_EPOCH,  /* those of all connections, until none has such a mark */
	MARKCLEANER_CHANGE, /* those that were set before the push, of the connections that one of
			     * the elements can match; without elements, of all connections */
};

struct markcleaner_job {
	uint8_t type; /* enum markcleaner_type */
	uint32_t value, bits; /* bits 0: all marks */
	unsigned int n_elems;
	struct setelem *elem; /* from malloc(); the answer returns it */
};

struct markcleaner_done {
	struct markcleaner_job job;
	struct nlerr err; /* from the kernel; err.err 0 = success */
};

/* Starts the thread. mask: our bits of the ct mark. 0 or -errno. */
MUST_CHECK int markcleaner_start(uint32_t mask, struct markcleaner **ret);
/* Ends the running job early, drops those that are queued, and ends the thread. NULL is fine. */
void markcleaner_stop(struct markcleaner *cleaner);

/* As jobthread_push(), _fd(), _woken() and _pop(). */
MUST_CHECK bool markcleaner_push(struct markcleaner *cleaner, const struct markcleaner_job *job);
int markcleaner_fd(const struct markcleaner *cleaner);
void markcleaner_woken(struct markcleaner *cleaner);
bool markcleaner_pop(struct markcleaner *cleaner, struct markcleaner_done *ret);

/* Conntrack events that the thread's changes cause carry this netlink port. */
uint32_t markcleaner_portid(const struct markcleaner *cleaner);
