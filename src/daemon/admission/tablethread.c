/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/tablethread.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/ds/ring.h"
#include "base/thread.h"
#include "base/util.h"
#include "daemon/work/request.h"
#include "kern/ct/ctnl.h"
#include "kern/nft/nfttable.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

COUNTER(marks_cleaned, "connections whose old epoch was cleared before its reuse");
COUNTER(marks_halved, "half marks that were cleared because a set element changed");

#define TIMEOUT_MS     5000
#define BATCH	       64
#define RCVBUF_BYTES   (4 * 1024 * 1024)
/* Most dumps of conntrack for one job. */
#define CLEAN_LOOKS    8

struct tablethread {
	pthread_t thread;
	struct ring jobs, answers;
	int stop_fd;
	atomic_bool stopping;
	struct nftlayout_config config;
	struct nftoffload_config *flow; /* config.flow, owned */
	unsigned int n_under_way; /* jobs whose answer was not popped; main thread only */
	struct nfttable *own;
	struct nlsock dump, update;
	struct nlbatch batch;
	struct ctnl *ctnl;
	uint32_t n_found; /* connections in the current dump */
};

/* -- the table -------------------------------------------------------------- */

static void set_epoch(struct tablethread *w, struct tablethread_done *done)
{
	int err;

	w->config.epoch = done->job.epoch;
	err = nfttable_set_epoch(w->own, &w->config, &done->err);
	if (err == -ENOENT) {
		done->err = nlerr_make(0);
		done->made_table = true;
		err = nfttable_up(w->own, &w->config, &done->err);
	}
	done->err.err = err;
}

/* Removes a table that is not intact, so that the connections in its flowtables go at once.
 * The next EPOCH job recreates it, and may come much later. */
static void renew(struct tablethread *w, struct tablethread_done *done)
{
	int err = w->flow ? nfttable_renew_flow(w->own, &w->config, &done->err) : 0;

	if (err == -ENOENT) {
		done->err = nlerr_make(0);
		err = nfttable_down(w->own, NULL, &done->err);
	}
	/* Somebody else's table has our name: there is none of ours. */
	if (err == -EEXIST)
		err = 0;
	done->err.err = err;
}

/* On failure the table keeps the flowtables that it had, as far as they still exist. */
static void set_flow(struct tablethread *w, struct tablethread_done *done)
{
	struct nftoffload_config *old = w->flow;

	w->config.flow = w->flow = done->job.flow;
	done->job.flow = NULL;
	done->err.err = nfttable_up(w->own, &w->config, &done->err);
	if (!done->err.err) {
		free(old);
		return;
	}
	free(w->flow);
	w->config.flow = w->flow = old;
}

static void look_at_epoch(struct tablethread *w, struct tablethread_done *done)
{
	struct nfttable_state state = { .epoch = 0 };

	done->err.err = nfttable_check(w->own, &w->config, &state, &done->err);
	done->job.epoch = state.found == NFTTABLE_OURS ? state.epoch : 0;
}

static void try_device(struct tablethread *w, struct tablethread_done *done)
{
	done->err.err = nfttable_try_device(w->own, done->job.device, true, true, &done->err);
}

/* -- marks ------------------------------------------------------------------ */

/* Ignores errors: an entry that is gone has no mark, and a CLEAN job dumps again until no mark is
 * left. */
static void flush(struct tablethread *w)
{
	if (nlbatch_count(&w->batch))
		IGNORE_RESULT(nlbatch_run(&w->batch, TIMEOUT_MS, NULL, NULL));
	nlbatch_reset(&w->batch);
}

static void on_marked(const struct nlmsghdr *nlh, void *ctx)
{
	struct tablethread *w = ctx;
	struct conn conn;
	enum ctnl_what what;

	if (atomic_load(&w->stopping) || ctnl_get(w->ctnl, nlh, &conn, &what))
		return;
	w->n_found++;
	if (BUG_ON(ctnl_put_clear_mark(nlbatch_next(&w->batch), &conn.orig, w->config.mask) ||
		   nlbatch_commit(&w->batch, true) < 0))
		return;
	if (nlbatch_count(&w->batch) == BATCH)
		flush(w);
}

/* Clears our bits of the mark of every connection whose mark has this value in these bits. */
static int look_for_marks(struct tablethread *w, uint32_t value, uint32_t bits)
{
	struct request r;
	int err = ctnl_put_dump_mark(request_begin(&r), value, bits);

	w->n_found = 0;
	if (!err)
		err = nlsock_query(&w->dump, nlput_msg(&r.w), TIMEOUT_MS, on_marked, w, NULL);
	flush(w);
	return err;
}

static void clean(struct tablethread *w, struct tablethread_done *done)
{
	uint32_t bits = w->config.mask & ~nftlayout_whole_bit(w->config.mask);
	int err = 0;

	for (unsigned int i = 0; i < CLEAN_LOOKS && !atomic_load(&w->stopping); i++) {
		err = look_for_marks(w, done->job.epoch & bits, bits);
		done->n_marks += w->n_found;
		counter_add(&marks_cleaned, w->n_found);
		if (!err && !w->n_found)
			return;
	}
	done->err = nlerr_make(err ? err : -EAGAIN);
}

/*
 * One successful dump is enough: new half epochs appear all the time, and may stay. If a half
 * becomes whole meanwhile, either an event has reported it, or the connection loses all our
 * bits and starts again.
 */
static void clear_halves(struct tablethread *w, struct tablethread_done *done)
{
	uint32_t half = done->job.epoch & ~nftlayout_whole_bit(w->config.mask);
	int err = -EINTR;

	for (unsigned int i = 0; err && i < CLEAN_LOOKS && !atomic_load(&w->stopping); i++) {
		err = look_for_marks(w, half, w->config.mask);
		done->n_marks += w->n_found;
		counter_add(&marks_halved, w->n_found);
	}
	done->err = nlerr_make(err);
}

/* -- the thread ------------------------------------------------------------- */

static void sleep_until_work(struct tablethread *w)
{
	struct pollfd fds[] = {
		{ .fd = ring_fd(&w->jobs), .events = POLLIN },
		{ .fd = w->stop_fd, .events = POLLIN },
	};

	if (ring_arm(&w->jobs) && !atomic_load(&w->stopping))
		IGNORE_RESULT(poll(fds, array_size(fds), -1));
	ring_disarm(&w->jobs);
}

static void run(struct tablethread *w, struct tablethread_done *done)
{
	switch ((enum tablethread_type)done->job.type) {
	case TABLETHREAD_RENEW: renew(w, done); break;
	case TABLETHREAD_FLOW: set_flow(w, done); break;
	case TABLETHREAD_LOOK: look_at_epoch(w, done); break;
	case TABLETHREAD_TRY: try_device(w, done); break;
	case TABLETHREAD_EPOCH: set_epoch(w, done); break;
	case TABLETHREAD_CLEAN: clean(w, done); break;
	case TABLETHREAD_HALVES: clear_halves(w, done); break;
	}
}

static void *work_main(void *arg)
{
	struct tablethread *w = arg;
	struct tablethread_done done;

	while (!atomic_load(&w->stopping)) {
		done = (struct tablethread_done){ 0 };
		if (!ring_pop(&w->jobs, &done.job)) {
			sleep_until_work(w);
			continue;
		}
		run(w, &done);
		/* The ring has room for the answers of all jobs that can be queued. */
		BUG_ON(!ring_push(&w->answers, &done));
	}
	return NULL;
}

static int open_conntrack(struct tablethread *w)
{
	int err = nlsock_open(&w->dump, NETLINK_NETFILTER, RCVBUF_BYTES);

	if (!err)
		err = nlsock_open(&w->update, NETLINK_NETFILTER, RCVBUF_BYTES);
	if (!err)
		err = nlbatch_init(&w->batch, &w->update, BATCH);
	return err ? err : ctnl_new(&w->ctnl);
}

static int open_all(struct tablethread *w)
{
	int err;

	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->stop_fd < 0)
		return -errno;
	err = ring_init(&w->jobs, sizeof(struct tablethread_job), TABLETHREAD_JOBS);
	if (!err)
		err = ring_init(&w->answers, sizeof(struct tablethread_done), TABLETHREAD_JOBS);
	/* The table thread does not use conntrack. */
	if (!err && !w->own)
		err = open_conntrack(w);
	return !err && !ring_arm(&w->answers) ? -EIO : err;
}

static void free_work(struct tablethread *w)
{
	struct tablethread_job job;

	while (w->jobs.shared && ring_pop(&w->jobs, &job))
		free(job.flow);
	free(w->flow);
	ctnl_free(w->ctnl);
	nlbatch_fini(&w->batch);
	nlsock_close(&w->update);
	nlsock_close(&w->dump);
	ring_fini(&w->answers);
	ring_fini(&w->jobs);
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	free(w);
}

int tablethread_start(struct nfttable *own, const struct nftlayout_config *config, struct tablethread **ret)
{
	struct tablethread *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->own = own;
	w->config = *config;
	err = open_all(w);
	if (!err)
		err = thread_start(&w->thread, work_main, w);
	if (err) {
		free_work(w);
		return err;
	}
	*ret = w;
	return 0;
}

void tablethread_stop(struct tablethread *work)
{
	uint64_t one = 1;

	if (!work)
		return;
	atomic_store(&work->stopping, true);
	IGNORE_RESULT(write(work->stop_fd, &one, sizeof(one)));
	pthread_join(work->thread, NULL);
	free_work(work);
}

bool tablethread_push(struct tablethread *work, const struct tablethread_job *job)
{
	if (work->n_under_way == TABLETHREAD_JOBS || !ring_push(&work->jobs, job))
		return false;
	work->n_under_way++;
	return true;
}

int tablethread_fd(const struct tablethread *work)
{
	return ring_fd(&work->answers);
}

void tablethread_woken(struct tablethread *work)
{
	ring_disarm(&work->answers);
}

bool tablethread_pop(struct tablethread *work, struct tablethread_done *ret)
{
	do {
		if (ring_pop(&work->answers, ret)) {
			work->n_under_way--;
			return true;
		}
	} while (!ring_arm(&work->answers));
	return false;
}

uint32_t tablethread_ct_portid(const struct tablethread *work)
{
	return nlsock_portid(&work->update);
}
