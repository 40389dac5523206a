/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/ingest.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "kern/ct/ctnl.h"
#include "daemon/watch/ingestrt.h"
#include "nl/nlsock.h"

LOG_TAG("ingest");

COUNTER(ct_events, "conntrack events read");
COUNTER(ct_overruns, "times that conntrack events were lost");
COUNTER(ct_dumps, "conntrack dumps read completely");
COUNTER(ct_dumps_failed, "conntrack dumps that failed or were interrupted");

#define CT_RCVBUF_MAX_BYTES (256 * 1024 * 1024)
/* Messages per wake-up, so that other sources get their turn in between. */
#define EVENT_BUDGET	    512
#define DUMP_BUDGET	    1
/* Minimum delay of the dump after the first overrun. Up to as much again is added at random. */
#define RESYNC_DELAY_MS	    100
/* Interval of dumps while the engine wants them, and longest interval of checks whether one is
 * due. */
#define SILENT_MS	    2000
#define RECONCILE_MS	    (5 * 60 * 1000)
/* Delay before a failed dump is repeated, times the number of failures in a row up to
 * RETRY_STEPS. */
#define RETRY_MS	    500
#define RETRY_STEPS	    20u
/* Reads of the event queue before a dump. Events that are left are read during the dump. */
#define CT_DRAIN_READS	    16

/* Delay of the first dump after ingest_follow(). It doubles for each further dump. */
#define FOLLOW_MS	    500

/* A waiter for ingest_fence(), with what it still waits for. */
struct fence {
	struct fence *next;
	void (*fn)(void *ctx);
	void *ctx;
	bool for_events, for_dump;
};

struct ingest {
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct ctnl *ctnl;
	struct nlsock events, dump;
	struct loop_fd *events_fd;
	struct loop_timer *dump_timer;
	struct ingestrt *rt;
	mono_t dump_began;
	int64_t dump_took_ms; /* duration of the last complete dump */
	mono_t last_dump;  /* end of the last complete dump */
	/* Events were lost, or a dump failed. The timer is set, or a dump is running. */
	bool dump_wanted;
	bool is_dumping;
	bool dump_interrupted;
	bool complete;
	struct fence *fences;
	int64_t follow_ms; /* delay after follow_since of the next dump for new marks; 0 = none */
	mono_t follow_since;
	bool has_followed; /* ingest_follow() was called; the first call always dumps, for
			    * connections from before the start */
	unsigned int failures; /* consecutive failed dumps */
};

/* -- conntrack events ----------------------------------------------------- */

static void on_event(const struct nlmsghdr *nlh, void *ctx)
{
	struct ingest *in = ctx;
	struct event ev = { .type = EVENT_CONN };
	enum ctnl_what what;

	if (ctnl_get(in->ctnl, nlh, &ev.conn, &what))
		return;
	counter_inc(&ct_events);
	ev.is_own = dispatch_is_own(in->dispatch, nlh->nlmsg_pid);
	if (what == CTNL_DESTROY)
		ev.type = EVENT_CONN_DESTROY;
	engine_feed(in->engine, &ev, loop_now(in->loop));
}

/* A dump that is wanted already keeps its time. If each loss of events set a new one, losses that
 * follow each other would delay the dump without end. */
static void want_dump(struct ingest *in, uint64_t delay_ms)
{
	if (!in->is_dumping && !in->dump_wanted)
		loop_timer_set(in->dump_timer, delay_ms, 0);
	in->dump_wanted = true;
}

static uint64_t resync_delay(void)
{
	return RESYNC_DELAY_MS + (uint64_t)rand() % RESYNC_DELAY_MS;
}

static void on_overrun(struct ingest *in)
{
	int size = nlsock_grow(&in->events, CT_RCVBUF_MAX_BYTES);

	counter_inc(&ct_overruns);
	log_notice("conntrack events were lost; the buffer now has %d bytes; comparing with a dump",
		   size);
	/* A running dump stays valid for what it shows, and what it does not show is queried
	 * anyway. But events about entries that it has already passed were lost, so another
	 * dump follows. */
	want_dump(in, resync_delay());
}

/* Releases the waiters that wait for nothing more, now that all events have been read
 * (@events) or the dump has ended (@dump). */
static void pass_fences(struct ingest *in, bool events, bool dump)
{
	struct fence **at = &in->fences, *passed = NULL, *f;

	while ((f = *at)) {
		f->for_events &= !events;
		f->for_dump &= !dump;
		if (f->for_events || f->for_dump) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		f->next = passed;
		passed = f;
	}
	/* A callback may add a new fence. */
	while ((f = passed)) {
		passed = f->next;
		f->fn(f->ctx);
		free(f);
	}
}

/* Returns true if nothing is left to read. */
static bool read_some_events(struct ingest *in)
{
	int n = nlsock_recv_many(&in->events, EVENT_BUDGET, on_event, in);

	if (n == -ENOBUFS)
		on_overrun(in);
	else if (n < 0)
		log_warning("cannot read conntrack events: %s", strerror(-n));
	else if (n < EVENT_BUDGET)
		pass_fences(in, true, false);
	return n >= 0 && n < EVENT_BUDGET;
}

static void read_events(void *ctx)
{
	struct ingest *in = ctx;

	read_some_events(in);
	dispatch_kick(in->dispatch);
}

static void on_events(void *ctx, int fd, unsigned int events)
{
	(void)fd;
	(void)events;
	read_events(ctx);
}

int ingest_fence(struct ingest *in, void (*fn)(void *ctx), void *ctx)
{
	struct fence *f = malloc(sizeof(*f));

	/* The queue may be empty, so that no event would wake us. */
	if (!f || loop_defer(in->loop, "conntrack events", read_events, in)) {
		free(f);
		return -ENOMEM;
	}
	*f = (struct fence){ in->fences, fn, ctx, true, in->is_dumping };
	in->fences = f;
	return 0;
}

/* -- conntrack dumps ------------------------------------------------------ */

/* If events are lost all the time, dumps take at most half of the time. */
static uint64_t pause_after_dump(const struct ingest *in)
{
	int64_t took_ms = mono_diff_ms(loop_now(in->loop), in->dump_began);

	return MAX((uint64_t)took_ms, resync_delay());
}

static int64_t since_ms(const struct ingest *in, mono_t then)
{
	return mono_diff_ms(loop_now(in->loop), then);
}

/* Delay until the next check whether a dump is due. Dumps that are wanted permanently take at
 * most a tenth of the time. */
static uint64_t idle_ms(const struct ingest *in)
{
	int64_t ms = SILENT_MS;

	if (in->follow_ms)
		ms = MIN(ms, in->follow_ms - since_ms(in, in->follow_since));
	return (uint64_t)MAX(MAX(ms, INT64_C(0)), 10 * in->dump_took_ms);
}

static void end_dump(struct ingest *in, bool is_good)
{
	in->is_dumping = false;
	pass_fences(in, false, true);
	if (is_good) {
		counter_inc(&ct_dumps);
		in->complete = true;
		in->failures = 0;
		in->last_dump = loop_now(in->loop);
		in->dump_took_ms = mono_diff_ms(in->last_dump, in->dump_began);
		dispatch_feed_type(in->dispatch, EVENT_RESYNC_END);
		loop_timer_set(in->dump_timer, in->dump_wanted ? pause_after_dump(in) : idle_ms(in),
			       0);
		return;
	}
	counter_inc(&ct_dumps_failed);
	dispatch_feed_type(in->dispatch, EVENT_RESYNC_ABORT);
	in->failures++;
	in->dump_wanted = true;
	loop_timer_set(in->dump_timer, RETRY_MS * MIN(in->failures, RETRY_STEPS), 0);
}

static void on_dumped(const struct nlmsghdr *nlh, void *ctx)
{
	struct ingest *in = ctx;
	struct event ev = { .type = EVENT_CONN, .is_dump = true };
	enum ctnl_what what;
	struct nlerr err;

	/* The rest of a datagram after the end of the dump, or a late message. */
	if (!in->is_dumping)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		in->dump_interrupted = true;
	if (nlerr_get(nlh, &err) == 0) {
		if (err.err)
			log_warning("conntrack dump failed, trying again: %s", strerror(-err.err));
		end_dump(in, err.err == 0 && !in->dump_interrupted);
	} else if (ctnl_get(in->ctnl, nlh, &ev.conn, &what) == 0) {
		engine_feed(in->engine, &ev, loop_now(in->loop));
	}
}

static void read_dump(void *ctx)
{
	struct ingest *in = ctx;
	int n = nlsock_recv_many(&in->dump, DUMP_BUDGET, on_dumped, in);

	if (n < 0) {
		log_warning("conntrack dump failed, trying again: %s", strerror(-n));
		end_dump(in, false);
	}
	dispatch_kick(in->dispatch);
	/* The kernel generates the next part of a dump when the previous one is read
	 * (netlink_dump), so there is always something to read until the end. */
	if (in->is_dumping && loop_defer(in->loop, "conntrack dump", read_dump, in))
		end_dump(in, false);
}

static int send_dump(struct ingest *in)
{
	_Alignas(8) unsigned char buf[256];
	struct nlput w;
	int err;

	/* A new socket for each dump, so that no message of an earlier dump can be left in
	 * it. */
	nlsock_close(&in->dump);
	err = nlsock_open(&in->dump, NETLINK_NETFILTER, 0);
	if (!err)
		err = nlsock_set_nonblock(&in->dump);
	if (err)
		return err;
	nlput_init(&w, buf, sizeof(buf), nlsock_next_seq(&in->dump));
	err = ctnl_put_dump(&w, FAMILY_NONE, true);
	return err ? err : nlsock_send(&in->dump, nlput_msg(&w));
}

/* Reads queued events, which are older than the dump that follows. If they were read after
 * it, they would report an outdated state. */
static void drain_events(struct ingest *in)
{
	for (unsigned int i = 0; i < CT_DRAIN_READS; i++) {
		if (read_some_events(in))
			return;
	}
}

static void start_dump(struct ingest *in)
{
	int err;

	in->is_dumping = true;
	in->dump_interrupted = false;
	in->dump_began = loop_now(in->loop);
	drain_events(in);
	/* The dump includes what events lost until now would have reported. */
	in->dump_wanted = false;
	err = send_dump(in);
	if (err) {
		log_warning("cannot request a conntrack dump, trying again: %s", strerror(-err));
		end_dump(in, false);
		return;
	}
	dispatch_feed_type(in->dispatch, EVENT_RESYNC_BEGIN);
	read_dump(in);
}

/* True if the next dump for new marks is due; schedules the one after it. The delays since
 * ingest_follow() double. */
static bool take_follow_up(struct ingest *in)
{
	int64_t ms = since_ms(in, in->follow_since);

	if (!in->follow_ms || ms < in->follow_ms)
		return false;
	while (in->follow_ms && in->follow_ms <= ms)
		in->follow_ms = 2 * in->follow_ms < RECONCILE_MS ? 2 * in->follow_ms : 0;
	return true;
}

static bool is_dump_due(struct ingest *in)
{
	int64_t ms = since_ms(in, in->last_dump);
	/* A dump for another reason replaces the one for new marks that is due. */
	bool follows = take_follow_up(in);

	return in->dump_wanted || follows || ms >= RECONCILE_MS ||
	       (ms >= SILENT_MS && engine_wants_dumps(in->engine));
}

static void on_dump_timer(void *ctx)
{
	struct ingest *in = ctx;

	if (is_dump_due(in))
		start_dump(in);
	else
		loop_timer_set(in->dump_timer, idle_ms(in), 0);
}

void ingest_follow(struct ingest *in)
{
	if (in->has_followed && !engine_has_silent(in->engine))
		return;
	in->has_followed = true;
	/* The first dump after an earlier call keeps its time, so that calls that follow each other
	 * do not delay it without end. */
	if (in->follow_ms == FOLLOW_MS)
		return;
	in->follow_ms = FOLLOW_MS;
	in->follow_since = loop_now(in->loop);
	if (!in->is_dumping && !in->dump_wanted)
		loop_timer_set(in->dump_timer, idle_ms(in), 0);
}

/* -- start and stop ------------------------------------------------------- */

static int open_ct(struct ingest *in, uint32_t buffer_bytes)
{
	int err = ctnl_new(&in->ctnl);

	if (!err)
		err = ctnl_events_open(&in->events, (int)buffer_bytes,
				       settings_mark_filter(engine_settings(in->engine)));
	if (err) {
		log_error("cannot subscribe to conntrack events: %s%s", strerror(-err),
			  err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
		return err;
	}
	in->dump_timer = loop_timer_add(in->loop, "dump timer", on_dump_timer, in);
	in->events_fd = loop_fd_add(in->loop, nlsock_fd(&in->events), LOOP_READ,
				    "conntrack events", on_events, in);
	return in->dump_timer && in->events_fd ? 0 : -ENOMEM;
}

int ingest_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
	       uint32_t event_buffer_bytes, struct ingest **ret)
{
	struct ingest *in = calloc(1, sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	in->loop = loop;
	in->engine = engine;
	in->dispatch = dispatch;
	err = ingestrt_new(loop, engine, dispatch, &in->rt);
	if (!err)
		err = open_ct(in, event_buffer_bytes);
	if (err) {
		ingest_free(in);
		return err;
	}
	want_dump(in, 0);
	*ret = in;
	return 0;
}

void ingest_free(struct ingest *in)
{
	if (!in)
		return;
	IGNORE_RESULT(loop_defer_cancel(in->loop, read_dump, in));
	IGNORE_RESULT(loop_defer_cancel(in->loop, read_events, in));
	while (in->fences) {
		struct fence *f = in->fences;

		in->fences = f->next;
		free(f);
	}
	loop_fd_del(in->events_fd);
	loop_timer_del(in->dump_timer);
	ingestrt_free(in->rt);
	nlsock_close(&in->dump);
	nlsock_close(&in->events);
	ctnl_free(in->ctnl);
	free(in);
}

bool ingest_is_complete(const struct ingest *in)
{
	return in->complete;
}
