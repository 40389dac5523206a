/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/jobthread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/ds/ring.h"
#include "base/thread.h"
#include "base/util.h"

struct jobthread {
	const struct jobthread_kind *kind;
	void *ctx;
	pthread_t thread;
	struct ring jobs, answers;
	int stop_fd;
	atomic_bool stopping;
	unsigned int n_under_way; /* jobs whose answer was not popped; main thread only */
	void *job, *done;	  /* of the thread */
};

static void sleep_until_work(struct jobthread *t)
{
	struct pollfd fds[] = {
		{ .fd = ring_fd(&t->jobs), .events = POLLIN },
		{ .fd = t->stop_fd, .events = POLLIN },
	};

	if (ring_arm(&t->jobs) && !atomic_load(&t->stopping))
		IGNORE_RESULT(poll(fds, array_size(fds), -1));
	ring_disarm(&t->jobs);
}

static void *run(void *arg)
{
	struct jobthread *t = arg;

	while (!atomic_load(&t->stopping)) {
		if (!ring_pop(&t->jobs, t->job)) {
			sleep_until_work(t);
			continue;
		}
		memset(t->done, 0, t->kind->done_size);
		t->kind->run(t->ctx, t->job, t->done);
		/* The ring has room for the answers of all jobs that can be queued. */
		BUG_ON(!ring_push(&t->answers, t->done));
		ring_wake(&t->answers);
	}
	return NULL;
}

static int open_all(struct jobthread *t)
{
	int err;

	t->job = malloc(t->kind->job_size);
	t->done = malloc(t->kind->done_size);
	if (!t->job || !t->done)
		return -ENOMEM;
	t->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->stop_fd < 0)
		return -errno;
	err = ring_init(&t->jobs, t->kind->job_size, JOBTHREAD_JOBS);
	if (!err)
		err = ring_init(&t->answers, t->kind->done_size, JOBTHREAD_JOBS);
	return !err && !ring_arm(&t->answers) ? -EIO : err;
}

static void free_all(struct jobthread *t)
{
	while (t->kind->drop && t->jobs.shared && ring_pop(&t->jobs, t->job))
		t->kind->drop(t->job);
	ring_fini(&t->answers);
	ring_fini(&t->jobs);
	if (t->stop_fd >= 0)
		close(t->stop_fd);
	free(t->done);
	free(t->job);
	free(t);
}

int jobthread_start(const struct jobthread_kind *kind, void *ctx, struct jobthread **ret)
{
	struct jobthread *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->kind = kind;
	t->ctx = ctx;
	t->stop_fd = -1;
	err = open_all(t);
	/* Before the thread exists: it uses *ret through its context. */
	*ret = t;
	if (!err)
		err = thread_start(&t->thread, kind->name, run, t);
	if (err) {
		*ret = NULL;
		free_all(t);
	}
	return err;
}

void jobthread_stop(struct jobthread *t)
{
	uint64_t one = 1;

	if (!t)
		return;
	atomic_store(&t->stopping, true);
	IGNORE_RESULT(write(t->stop_fd, &one, sizeof(one)));
	pthread_join(t->thread, NULL);
	free_all(t);
}

bool jobthread_is_stopping(const struct jobthread *t)
{
	return atomic_load(&t->stopping);
}

bool jobthread_push(struct jobthread *t, const void *job)
{
	if (t->n_under_way == JOBTHREAD_JOBS || !ring_push(&t->jobs, job))
		return false;
	ring_wake(&t->jobs);
	t->n_under_way++;
	return true;
}

int jobthread_fd(const struct jobthread *t)
{
	return ring_fd(&t->answers);
}

void jobthread_woken(struct jobthread *t)
{
	ring_disarm(&t->answers);
}

bool jobthread_pop(struct jobthread *t, void *ret_done)
{
	do {
		if (ring_pop(&t->answers, ret_done)) {
			t->n_under_way--;
			return true;
		}
	} while (!ring_arm(&t->answers));
	return false;
}
