/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobthread - a thread that executes jobs for the main thread, in order, and answers each one.
 *
 * tablethread and markcleaner say what the jobs are. The thread decides nothing: the main thread
 * does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct jobthread;

/* Most jobs whose answer has not been popped. */
#define JOBTHREAD_JOBS 128

struct jobthread_kind {
	const char *name; /* of the thread, less than THREAD_NAME_SIZE bytes */
	size_t job_size, done_size; /* bytes */
	/* In the thread: executes the job and fills in the answer, which is zeroed. */
	void (*run)(void *ctx, const void *job, void *ret_done);
	/* In jobthread_stop(): frees what a job holds that was not executed. NULL = nothing. */
	void (*drop)(void *job);
};

/* Starts the thread. @kind must outlive it. 0 or -errno. */
MUST_CHECK int jobthread_start(const struct jobthread_kind *kind, void *ctx,
			       struct jobthread **ret);
/* Waits for the running job, drops those that are queued, and ends the thread. NULL is fine. */
void jobthread_stop(struct jobthread *thread);
/* Any thread: jobthread_stop() has been called, so a long job has to end. */
bool jobthread_is_stopping(const struct jobthread *thread);

/* These are for the main thread. */

/* Queues a job. Returns false when the answers of JOBTHREAD_JOBS jobs have not been popped. */
MUST_CHECK bool jobthread_push(struct jobthread *thread, const void *job);
/* A descriptor that is readable when answers wait. */
int jobthread_fd(const struct jobthread *thread);
/* To be called once when the descriptor has become readable, before jobthread_pop(). */
void jobthread_woken(struct jobthread *thread);
/* Takes the next answer. When there is none, arms the descriptor and returns false. */
bool jobthread_pop(struct jobthread *thread, void *ret_done);
