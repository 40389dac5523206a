/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/markcleaner.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "daemon/admission/jobthread.h"
#include "daemon/sysctls.h"
#include "daemon/work/request.h"
#include "kern/ct/ctnl.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

COUNTER(marks_cleaned, "connections whose old epoch was cleared before its reuse");
COUNTER(marks_cleared, "connections whose mark was cleared because a ruleset change may concern them");

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
	const struct markcleaner_job *job;
	uint32_t n_found; /* connections in the current dump */
	int err;	  /* the first error of the current dump */
};

/* An entry that is gone has no mark. */
static void send_batch(struct markcleaner *c)
{
	IGNORE_RESULT(nlbatch_run(&c->batch, TIMEOUT_MS, NULL, NULL));
	for (unsigned int i = 0; i < nlbatch_count(&c->batch); i++) {
		int err = nlbatch_err(&c->batch, i);

		if (err && err != -ENOENT && !c->err)
			c->err = err;
	}
	nlbatch_reset(&c->batch);
}

static bool is_concerned(const struct markcleaner_job *job, const struct conn *conn)
{
	for (unsigned int i = 0; i < job->n_elems; i++) {
		if (setelem_can_match(&job->elem[i], &conn->orig, &conn->reply))
			return true;
	}
	return job->n_elems == 0;
}

static void on_entry(const struct nlmsghdr *nlh, void *ctx)
{
	struct markcleaner *c = ctx;
	struct conn conn;
	enum ctnl_what what;

	if (jobthread_is_stopping(c->thread) || ctnl_get(c->ctnl, nlh, &conn, &what))
		return;
	if (!(conn.mark & c->mask) || !is_concerned(c->job, &conn))
		return;
	c->n_found++;
	if (BUG_ON(ctnl_put_clear_mark(nlbatch_next(&c->batch), &conn.orig, c->mask) ||
		   nlbatch_commit(&c->batch, true) < 0))
		return;
	if (nlbatch_count(&c->batch) == BATCH)
		send_batch(c);
}

static unsigned int count_buckets(void)
{
	return sysctls_read("nf_conntrack_buckets", 0);
}

/* Clears the marks of the job that one dump shows. -EAGAIN if the dump may have missed entries:
 * nf_conntrack_hash_resize() moves them, and ctnetlink_dump_table() does not notice. */
static int clear_once(struct markcleaner *c)
{
	unsigned int buckets = count_buckets();
	struct request r;
	int err = ctnl_put_dump_mark(request_begin(&r), c->job->value, c->job->bits);

	c->n_found = 0;
	c->err = 0;
	if (!err)
		err = nlsock_query(&c->dump, nlput_msg(&r.w), TIMEOUT_MS, on_entry, c, NULL);
	if (nlbatch_count(&c->batch))
		send_batch(c);
	if (!err)
		err = c->err;
	return !err && count_buckets() != buckets ? -EAGAIN : err;
}

/* Connections may get the mark again while it is cleared from others. */
static int clean_epoch(struct markcleaner *c)
{
	for (unsigned int i = 0; i < CLEAN_LOOKS && !jobthread_is_stopping(c->thread); i++) {
		int err = clear_once(c);

		counter_add(&marks_cleaned, c->n_found);
		if (err && err != -EAGAIN)
			return err;
		if (!err && !c->n_found)
			return 0;
	}
	return -EAGAIN;
}

/* One dump is enough: a mark that is set meanwhile is newer than the change. */
static int clear_change(struct markcleaner *c)
{
	int err = -EAGAIN;

	for (unsigned int i = 0; err && i < CLEAN_LOOKS && !jobthread_is_stopping(c->thread); i++) {
		err = clear_once(c);
		counter_add(&marks_cleared, c->n_found);
	}
	return err;
}

static void run(void *ctx, const void *job, void *ret_done)
{
	struct markcleaner_done *done = ret_done;
	struct markcleaner *c = ctx;
	int err = 0;

	done->job = *(const struct markcleaner_job *)job;
	c->job = &done->job;
	switch ((enum markcleaner_type)done->job.type) {
	case MARKCLEANER_EPOCH: err = clean_epoch(c); break;
	case MARKCLEANER_CHANGE: err = clear_change(c); break;
	}
	done->err = nlerr_make(err);
}

static void drop(void *job)
{
	free(((struct markcleaner_job *)job)->elem);
}

static const struct jobthread_kind kind = {
	.name = "mark cleaner",
	.job_size = sizeof(struct markcleaner_job),
	.done_size = sizeof(struct markcleaner_done),
	.run = run,
	.drop = drop,
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
