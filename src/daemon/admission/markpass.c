/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/markpass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/loop.h"
#include "base/util.h"
#include "daemon/admission/gate.h"

/* Passes take at most this share of the time: one part in ten. */
#define REST_FACTOR   9
/* Pause after failures: doubles from the first to the second value. */
#define RETRY_MS      250
#define RETRY_MAX_MS  60000

struct markpass {
	struct loop *loop;
	struct dispatch *dispatch;
	struct ingest *ingest;
	struct markcleaner *cleaner;
	struct loop_timer *timer; /* begins the next pass */
	uint32_t value, bits;	  /* of the marks that may be cleared */
	uint8_t state;		  /* enum gate_pass_state */
	unsigned int failures;	  /* since the last success */
	mono_t began;		  /* the last pass */
	mono_t not_before;	  /* the next pass */
	uint32_t change;	  /* number of the last change */
	uint32_t in_pass;	  /* number of the last change that the pass includes */
	/* What is not settled. The first n_in_pass elements are those of the pass. */
	bool everything, everything_in_pass;
	unsigned int n, n_in_pass;
	struct setelem elem[MARKCLEANER_ELEMS];
};

static bool has_work(const struct markpass *p)
{
	return p->everything || p->n;
}

static void step(struct markpass *p, enum gate_pass_input input)
{
	p->state = fsm_next(&gate_pass_fsm, p->state, input);
}

static void end_pass(struct markpass *p, enum gate_pass_input input)
{
	step(p, input);
	p->everything_in_pass = false;
	p->n_in_pass = 0;
}

/* Forgets the changes of the pass. Those that came later stay. */
static void forget_pass(struct markpass *p)
{
	p->n -= p->n_in_pass;
	memmove(&p->elem[0], &p->elem[p->n_in_pass], p->n * sizeof(p->elem[0]));
	if (p->everything_in_pass)
		p->everything = false;
	end_pass(p, GATE_PASS_IN_PASSED);
}

static void begin(struct markpass *p);

static void fail(struct markpass *p)
{
	int64_t ms = MIN((int64_t)RETRY_MS << MIN(p->failures, 8u), (int64_t)RETRY_MAX_MS);

	p->failures++;
	p->not_before = mono_add_ms(loop_now(p->loop), ms);
	end_pass(p, GATE_PASS_IN_FAILED);
	begin(p);
}

/* Begins a pass if one is needed and it is time for it. */
static void begin(struct markpass *p)
{
	struct markcleaner_job job = { .type = MARKCLEANER_CHANGE, .value = p->value, .bits = p->bits };
	mono_t now = loop_now(p->loop);

	if (p->state != GATE_PASS_IDLE || !has_work(p))
		return;
	if (mono_before(now, p->not_before)) {
		loop_timer_set(p->timer, (uint64_t)mono_diff_ms(p->not_before, now) + 1, 0);
		return;
	}
	if (!p->everything) {
		job.n_elems = p->n;
		job.elem = malloc(p->n * sizeof(*job.elem));
		if (!job.elem) {
			fail(p);
			return;
		}
		memcpy(job.elem, p->elem, p->n * sizeof(*job.elem));
	}
	step(p, GATE_PASS_IN_BEGIN);
	p->began = now;
	p->in_pass = p->change;
	p->n_in_pass = p->n;
	p->everything_in_pass = p->everything;
	/* Besides this job there is at most one more. */
	BUG_ON(!markcleaner_push(p->cleaner, &job));
}

static void on_timer(void *ctx)
{
	begin(ctx);
}

/* Every report from before the end of the pass has been processed. */
static void on_fence(void *ctx)
{
	struct event ev = { .type = EVENT_RULESET_SETTLED };
	struct markpass *p = ctx;
	mono_t now = loop_now(p->loop);

	p->failures = 0;
	p->not_before = mono_add_ms(now, REST_FACTOR * mono_diff_ms(now, p->began));
	ev.change = p->in_pass;
	forget_pass(p);
	dispatch_feed(p->dispatch, &ev);
	begin(p);
}

void markpass_done(struct markpass *p, const struct markcleaner_done *done)
{
	free(done->job.elem);
	if (done->err.err || ingest_fence(p->ingest, on_fence, p))
		fail(p);
	else
		step(p, GATE_PASS_IN_CLEARED);
}

void markpass_add(struct markpass *p, bool everything, const struct setelem *elem, unsigned int n)
{
	struct event ev = { .type = EVENT_RULESET };

	ev.ruleset = (struct event_ruleset){
		.change = ++p->change, .everything = everything, .n_elems = n, .elem = elem
	};
	dispatch_feed(p->dispatch, &ev);
	if (everything || n > MARKCLEANER_ELEMS - p->n) {
		/* Also if the pass under way is for everything: it began earlier. */
		p->everything = true;
		p->everything_in_pass = false;
	} else {
		memcpy(&p->elem[p->n], elem, n * sizeof(*elem));
		p->n += n;
	}
	begin(p);
}

/* The pass under way goes on, and settles what is forgotten: that changes nothing. */
void markpass_forget(struct markpass *p)
{
	p->everything = p->everything_in_pass = false;
	p->n = p->n_in_pass = 0;
}

void markpass_set_marks(struct markpass *p, uint32_t value, uint32_t bits)
{
	p->value = value;
	p->bits = bits;
}

bool markpass_is_idle(const struct markpass *p)
{
	return p->state == GATE_PASS_IDLE && !has_work(p);
}

int markpass_new(struct loop *loop, struct dispatch *dispatch, struct ingest *ingest,
		 struct markcleaner *cleaner, struct markpass **ret)
{
	struct markpass *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->dispatch = dispatch;
	p->ingest = ingest;
	p->cleaner = cleaner;
	p->not_before = loop_now(loop);
	p->timer = loop_timer_add(loop, "mark pass", on_timer, p);
	if (!p->timer) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void markpass_free(struct markpass *p)
{
	if (!p)
		return;
	loop_timer_del(p->timer);
	free(p);
}
