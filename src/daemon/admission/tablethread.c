/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/tablethread.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/admission/jobthread.h"
#include "kern/nft/nfttable.h"

struct tablethread {
	struct jobthread *thread;
	struct nfttable *own;
	struct nftlayout_config config;
	struct nftoffload_config *flow; /* config.flow, owned */
};

static void set_epoch(struct tablethread *t, struct tablethread_done *done)
{
	int err;

	t->config.epoch = done->job.epoch;
	err = nfttable_set_epoch(t->own, &t->config, &done->err);
	if (err == -ENOENT) {
		done->err = nlerr_make(0);
		done->made_table = true;
		err = nfttable_up(t->own, &t->config, &done->err);
	}
	done->err.err = err;
}

/* Removes a table that is not intact, so that the connections in its flowtables go at once.
 * The next EPOCH job recreates it, and may come much later. */
static void renew(struct tablethread *t, struct tablethread_done *done)
{
	int err = t->flow ? nfttable_renew_flow(t->own, &t->config, &done->err) : 0;

	if (err == -ENOENT) {
		done->err = nlerr_make(0);
		err = nfttable_down(t->own, NULL, &done->err);
	}
	/* Somebody else's table has our name: there is none of ours. */
	if (err == -EEXIST)
		err = 0;
	done->err.err = err;
}

/* On failure the table keeps the flowtables that it had, as far as they still exist. */
static void set_flow(struct tablethread *t, struct tablethread_done *done)
{
	struct nftoffload_config *old = t->flow;

	t->config.flow = t->flow = done->job.flow;
	done->job.flow = NULL;
	done->err.err = nfttable_up(t->own, &t->config, &done->err);
	if (!done->err.err) {
		free(old);
		return;
	}
	free(t->flow);
	t->config.flow = t->flow = old;
}

static void look_at_epoch(struct tablethread *t, struct tablethread_done *done)
{
	struct nfttable_state state = { .epoch = 0 };

	done->err.err = nfttable_check(t->own, &t->config, &state, &done->err);
	done->job.epoch = state.found == NFTTABLE_OURS ? state.epoch : 0;
}

static void try_device(struct tablethread *t, struct tablethread_done *done)
{
	done->err.err = nfttable_try_device(t->own, done->job.device, true, true, &done->err);
}

static void run(void *ctx, const void *job, void *ret_done)
{
	struct tablethread_done *done = ret_done;
	struct tablethread *t = ctx;

	done->job = *(const struct tablethread_job *)job;
	switch ((enum tablethread_type)done->job.type) {
	case TABLETHREAD_RENEW: renew(t, done); break;
	case TABLETHREAD_FLOW: set_flow(t, done); break;
	case TABLETHREAD_LOOK: look_at_epoch(t, done); break;
	case TABLETHREAD_TRY: try_device(t, done); break;
	case TABLETHREAD_EPOCH: set_epoch(t, done); break;
	}
}

static void drop(void *job)
{
	free(((struct tablethread_job *)job)->flow);
}

static const struct jobthread_kind kind = {
	.name = "nft table",
	.job_size = sizeof(struct tablethread_job),
	.done_size = sizeof(struct tablethread_done),
	.run = run,
	.drop = drop,
};

int tablethread_start(struct nfttable *own, const struct nftlayout_config *config,
		      struct tablethread **ret)
{
	struct tablethread *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->own = own;
	t->config = *config;
	err = jobthread_start(&kind, t, &t->thread);
	if (err)
		free(t);
	else
		*ret = t;
	return err;
}

void tablethread_stop(struct tablethread *t)
{
	if (!t)
		return;
	jobthread_stop(t->thread);
	free(t->flow);
	free(t);
}

bool tablethread_push(struct tablethread *t, const struct tablethread_job *job)
{
	return jobthread_push(t->thread, job);
}

int tablethread_fd(const struct tablethread *t)
{
	return jobthread_fd(t->thread);
}

void tablethread_woken(struct tablethread *t)
{
	jobthread_woken(t->thread);
}

bool tablethread_pop(struct tablethread *t, struct tablethread_done *ret)
{
	return jobthread_pop(t->thread, ret);
}
