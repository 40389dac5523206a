/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * thread - starts threads with all signals blocked: only the main thread handles signals.
 */
#pragma once

#include <pthread.h>
#include <signal.h>

#include "base/compiler.h"

/* Size of a thread's name, with its terminating null byte (TASK_COMM_LEN). top and ps show the name. */
#define THREAD_NAME_SIZE 16

/* Runs fn(arg) in a new thread. Returns 0 or -errno. */
static inline MUST_CHECK int thread_start(pthread_t *ret, const char *name, void *(*fn)(void *arg), void *arg)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(ret, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		IGNORE_RESULT(pthread_setname_np(*ret, name));
	return err;
}
