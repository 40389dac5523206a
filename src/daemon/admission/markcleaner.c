/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/markcleaner.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "daemon/admission/jobthread.h"
#include "daemon/work/request.h"
#include "kern/ct/ctnl.h"
#include "kern/nft/nftlayout.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

COUNTER(marks_cleaned, "connections whose old epoch was cleared before its reuse");
COUNTER(marks_halved, "half marks that were cleared because a set element changed");

#define TIMEOUT_MS     5000
#define BATCH	       64
#define RCVBUF_BYTES   (4 * 1024 * 1024)
/* Most dumps of conntrack for one job. */
#define CLEAN_LOOKS    8

struct markcleaner {
	struct jobthread *thread;
	uint32_t mask; /* our bits of the ct mark */
	struct nlsock dump, update;
	struct nlbatch batch;
	struct ctnl *ctnl;
	uint32_t n_found; /* connections in the current dump */
};

/* Ignores errors: an entry that is gone has no mark, and an EPOCH job dumps again until no mark is
 * left. */
static void send_batch(struct markcleaner *c)
{
	if (nlbatch_count(&c->batch))
		IGNORE_RESULT(nlbatch_run(&c->batch, TIMEOUT_MS, NULL, NULL));
	nlbatch_reset(&c->batch);
}

static void on_marked(const struct nlmsghdr *nlh, void *ctx)
{
	struct markcleaner *c = ctx;
	struct conn conn;
	enum ctnl_what what;

	if (jobthread_is_stopping(c->thread) || ctnl_get(c->ctnl, nlh, &conn, &what))
		return;
	c->n_found++;
	if (BUG_ON(ctnl_put_clear_mark(nlbatch_next(&c->batch), &conn.orig, c->mask) ||
		   nlbatch_commit(&c->batch, true) < 0))
		return;
	if (nlbatch_count(&c->batch) == BATCH)
		send_batch(c);
}

/* Clears our bits of the mark of every connection whose mark has this value in these bits. */
static int look_for_marks(struct markcleaner *c, uint32_t value, uint32_t bits)
{
	struct request r;
	int err = ctnl_put_dump_mark(request_begin(&r), value, bits);

	c->n_found = 0;
	if (!err)
		err = nlsock_query(&c->dump, nlput_msg(&r.w), TIMEOUT_MS, on_marked, c, NULL);
	send_batch(c);
	return err;
}

static void clean(struct markcleaner *c, struct markcleaner_done *done)
{
	uint32_t bits = c->mask & ~nftlayout_whole_bit(c->mask);
	int err = 0;

	for (unsigned int i = 0; i < CLEAN_LOOKS && !jobthread_is_stopping(c->thread); i++) {
		err = look_for_marks(c, done->job.epoch & bits, bits);
		counter_add(&marks_cleaned, c->n_found);
		if (!err && !c->n_found)
			return;
	}
	done->err = nlerr_make(err ? err : -EAGAIN);
}

/*
 * One successful dump is enough: new half epochs appear all the time, and may stay. If a half
 * becomes whole meanwhile, either an event has reported it, or the connection loses all our
 * bits and starts again.
 */
static void clear_halves(struct markcleaner *c, struct markcleaner_done *done)
{
	uint32_t half = done->job.epoch & ~nftlayout_whole_bit(c->mask);
	int err = -EINTR;

	for (unsigned int i = 0; err && i < CLEAN_LOOKS && !jobthread_is_stopping(c->thread); i++) {
		err = look_for_marks(c, half, c->mask);
		counter_add(&marks_halved, c->n_found);
	}
	done->err = nlerr_make(err);
}

static void run(void *ctx, const void *job, void *ret_done)
{
	struct markcleaner_done *done = ret_done;
	struct markcleaner *c = ctx;

	done->job = *(const struct markcleaner_job *)job;
	switch ((enum markcleaner_type)done->job.type) {
	case MARKCLEANER_EPOCH: clean(c, done); break;
	case MARKCLEANER_HALVES: clear_halves(c, done); break;
	}
}

static const struct jobthread_kind kind = {
	.job_size = sizeof(struct markcleaner_job),
	.done_size = sizeof(struct markcleaner_done),
	.run = run,
};

static int open_conntrack(struct markcleaner *c)
{
	int err = nlsock_open(&c->dump, NETLINK_NETFILTER, RCVBUF_BYTES);

	if (!err)
		err = nlsock_open(&c->update, NETLINK_NETFILTER, RCVBUF_BYTES);
	if (!err)
		err = nlbatch_init(&c->batch, &c->update, BATCH);
	return err ? err : ctnl_new(&c->ctnl);
}

int markcleaner_start(uint32_t mask, struct markcleaner **ret)
{
	struct markcleaner *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->mask = mask;
	err = open_conntrack(c);
	if (!err)
		err = jobthread_start(&kind, c, &c->thread);
	if (err)
		markcleaner_stop(c);
	else
		*ret = c;
	return err;
}

void markcleaner_stop(struct markcleaner *c)
{
	if (!c)
		return;
	jobthread_stop(c->thread);
	ctnl_free(c->ctnl);
	nlbatch_fini(&c->batch);
	nlsock_close(&c->update);
	nlsock_close(&c->dump);
	free(c);
}

bool markcleaner_push(struct markcleaner *c, const struct markcleaner_job *job)
{
	return jobthread_push(c->thread, job);
}

int markcleaner_fd(const struct markcleaner *c)
{
	return jobthread_fd(c->thread);
}

void markcleaner_woken(struct markcleaner *c)
{
	jobthread_woken(c->thread);
}

bool markcleaner_pop(struct markcleaner *c, struct markcleaner_done *ret)
{
	return jobthread_pop(c->thread, ret);
}

uint32_t markcleaner_portid(const struct markcleaner *c)
{
	return nlsock_portid(&c->update);
}
