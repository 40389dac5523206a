/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/sampler.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/plan.h"
#include "core/view.h"
#include "kern/flower.h"
#include "nl/nlsock.h"

LOG_TAG("sampler");

COUNTER(samples, "rule counters read");
COUNTER(sample_rounds, "rounds of reading all rule counters");
COUNTER(sample_failures, "dumps of rule counters that failed");

/* Messages per round of the loop. */
#define BUDGET 1

struct sampler {
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct nlsock sock;
	struct loop_timer *timer;
	uint32_t port_slot; /* cursor over the links */
	enum plan_prio prio; /* of the dump that runs */
	bool is_dumping;
};

static void start_next(struct sampler *s);

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct sampler *s = ctx;
	struct event ev = { .type = EVENT_SAMPLE };
	struct flower_info info;
	struct nlerr err;

	if (nlerr_get(nlh, &err) == 0) {
		s->is_dumping = false;
		/* The port or its clsact went away. */
		if (err.err)
			counter_inc(&sample_failures);
		return;
	}
	if (flower_get(nlh, &info) || !info.is_ours || !info.has_stats ||
	    info.cookie.kind != RULE_FLOW)
		return;
	counter_inc(&samples);
	ev.sample = (struct event_sample){ .handle = info.where.handle,
					   .cookie = info.cookie,
					   .stats = info.stats };
	engine_feed(s->engine, &ev, loop_now(s->loop));
}

static void read_more(void *ctx)
{
	struct sampler *s = ctx;
	int n = nlsock_recv_many(&s->sock, BUDGET, on_rule, s);

	if (n < 0) {
		counter_inc(&sample_failures);
		s->is_dumping = false;
	}
	if (!s->is_dumping)
		start_next(s);
	dispatch_kick(s->dispatch);
	if (s->is_dumping)
		IGNORE_RESULT(loop_defer(s->loop, "samples", read_more, s));
}

static int send_dump(struct sampler *s, uint32_t ifindex, enum plan_prio prio)
{
	_Alignas(8) unsigned char buf[256];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), nlsock_next_seq(&s->sock));
	err = flower_put_dump(&w, ifindex,
			      (uint16_t)(engine_settings(s->engine)->tc_priority + prio),
			      prio == PLAN_PRIO_FLOW_IP6 ? FAMILY_IP6 : FAMILY_IP4, true);
	return err ? err : nlsock_send(&s->sock, nlput_msg(&w));
}

/* The next dump of this round: every open port, first IPv4, then IPv6. */
static void start_next(struct sampler *s)
{
	const struct pathtab *paths = view_paths(s->engine);
	struct link_rec *rec;

	while ((rec = pathtab_next_link(paths, &s->port_slot))) {
		enum plan_prio prio = s->prio;

		if (prio == PLAN_PRIO_FLOW_IP4) {
			s->prio = PLAN_PRIO_FLOW_IP6;
		} else {
			s->prio = PLAN_PRIO_FLOW_IP4;
			s->port_slot++;
		}
		if (rec->port != PORT_OPEN)
			continue;
		if (send_dump(s, rec->link.ifindex, prio) == 0) {
			s->is_dumping = true;
			return;
		}
		counter_inc(&sample_failures);
	}
	counter_inc(&sample_rounds);
}

static void on_timer(void *ctx)
{
	struct sampler *s = ctx;
	struct view_totals totals;

	view_totals(s->engine, &totals);
	/* A round that takes longer than the period delays the next one. */
	if (s->is_dumping || totals.n_state[FLOW_ACTIVE] == 0)
		return;
	s->port_slot = 0;
	s->prio = PLAN_PRIO_FLOW_IP4;
	start_next(s);
	if (s->is_dumping)
		IGNORE_RESULT(loop_defer(s->loop, "samples", read_more, s));
}

int sampler_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		struct sampler **ret)
{
	struct sampler *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->engine = engine;
	s->dispatch = dispatch;
	err = nlsock_open(&s->sock, NETLINK_ROUTE, 0);
	if (!err)
		err = nlsock_set_nonblock(&s->sock);
	if (!err) {
		s->timer = loop_timer_add(loop, "sampler", on_timer, s);
		err = s->timer ? 0 : -ENOMEM;
	}
	if (err) {
		log_error("cannot read rule counters: %s", strerror(-err));
		sampler_free(s);
		return err;
	}
	loop_timer_set(s->timer, engine_settings(engine)->sample_ms,
		       engine_settings(engine)->sample_ms);
	*ret = s;
	return 0;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	IGNORE_RESULT(loop_defer_cancel(s->loop, read_more, s));
	loop_timer_del(s->timer);
	nlsock_close(&s->sock);
	free(s);
}
