/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/sampler.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "daemon/watch/bypass.h"
#include "kern/tc/flower.h"
#include "kern/tc/hooks.h"
#include "kern/tc/qdisc.h"
#include "nl/nlsock.h"

LOG_TAG("sampler");

COUNTER(samples, "rule counters read");
COUNTER(sample_rounds, "rounds of reading all rule counters");
COUNTER(sample_failures, "dumps of rule counters that failed");

/* Messages per iteration of the loop. */
#define BUDGET 1
/* While no flow is active, one of this many rounds takes place. */
#define IDLE_ROUNDS 10

struct sampler {
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct nlsock sock;
	struct loop_timer *timer;
	unsigned int n_skipped; /* rounds skipped in a row */
	uint32_t port_slot;     /* cursor over the links */
	/* State of the running dump. */
	bool is_dumping;
	bool has_filters;
	bool has_foreign; /* there are filters that are not ours */
	uint32_t seq;
	uint16_t prio; /* prio announced last */
	uint32_t moves; /* view_moves() when the kernel generated the part that is read next */
	bool is_old;	/* rules were replaced since then, so the part may show rules that are
			 * gone */
	struct event_round port;
};

static void feed(struct sampler *s, const struct event *ev)
{
	engine_feed(s->engine, ev, loop_now(s->loop));
}

static void feed_round(struct sampler *s, enum event_type type)
{
	const struct event ev = { .type = (uint8_t)type, .round = s->port };

	feed(s, &ev);
}

/* -- one port ------------------------------------------------------------- */

/* True if this filter has no handle: it announces that the rules of a prio follow. */
static bool is_prio(const struct nlmsghdr *nlh, uint16_t *ret_prio)
{
	struct tcmsg tcm;

	if (nlh->nlmsg_type != RTM_NEWTFILTER || nlh->nlmsg_len < NLMSG_LENGTH(sizeof(tcm)))
		return false;
	memcpy(&tcm, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(tcm));
	*ret_prio = (uint16_t)(tcm.tcm_info >> 16);
	return tcm.tcm_handle == 0;
}

static void take_rule(struct sampler *s, const struct flower_info *info)
{
	struct event ev = { .type = EVENT_SAMPLE };

	switch ((enum rule_kind)info->cookie.kind) {
	case RULE_GUARD:
		s->port.guards |= (uint16_t)(1u << slot_guard_at(&info->where) & SLOT_GUARDS_ALL);
		break;
	case RULE_FLOW:
		if (!info->has_stats)
			break;
		counter_inc(&samples);
		ev.sample = (struct event_sample){ .handle = info->where.handle,
						   .cookie = info->cookie,
						   .stats = info->stats,
						   .is_old = s->is_old,
						   .has_age = info->has_age,
						   .age_ds = info->age_ds };
		feed(s, &ev);
		break;
	case RULE_PROBE:
	case RULE_BARRIER:
	case RULE__COUNT: break;
	}
}

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct sampler *s = ctx;
	struct flower_info info;
	struct nlerr err;
	int get_err;

	/* Belongs to a dump that was given up. */
	if (!s->is_dumping || nlh->nlmsg_seq != s->seq)
		return;
	if (nlerr_get(nlh, &err) == 0) {
		s->is_dumping = false;
		if (err.err)
			s->port.err = err.err;
		return;
	}
	s->has_filters = true;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		s->port.err = -EINTR;
	if (is_prio(nlh, &s->prio)) {
		s->has_foreign |= hooks_is_foreign_filter(nlh);
		return;
	}
	get_err = flower_get(nlh, &info);
	if (get_err) {
		s->has_foreign |= get_err != -ENOMSG;
		return;
	}
	/* The announcement of this prio was skipped, so rules may have been skipped, too. */
	if (info.where.prio != s->prio)
		s->port.err = -EINTR;
	if (info.is_ours)
		take_rule(s, &info);
	else
		s->has_foreign = true;
}

/* Called if the dump showed no filter at all: finds out whether there is a clsact. The dump
 * is empty for a port without clsact and for a device that is gone (tc_dump_tfilter). */
static void look_for_clsact(struct sampler *s)
{
	struct qdisc_ingress q = { .kind = QDISC_NONE };
	int err = qdisc_find_ingress(&s->sock, s->port.ifindex, &q, NULL);

	if (err == 0 || err == -ENODEV)
		s->port.is_bare = err || q.kind == QDISC_NONE;
	else
		s->port.err = err;
}

/* Our rules share the ingress hook with foreign filters (see bypass). A foreign filter that
 * was seen exists, even if the rest could not be read. */
static void tell_bypass(struct sampler *s)
{
	const struct event_bypass told = { .ifindex = s->port.ifindex,
					   .mask = BYPASS_TC,
					   .bits = s->has_foreign ? BYPASS_TC : 0 };

	if (s->has_foreign || !s->port.err)
		bypass_tell(s->engine, &told, loop_now(s->loop));
}

static void end_port(struct sampler *s)
{
	if (!s->port.err && !s->has_filters)
		look_for_clsact(s);
	if (s->port.err)
		counter_inc(&sample_failures);
	tell_bypass(s);
	feed_round(s, EVENT_ROUND_PORT);
}

/* A terse dump ends at a filter whose classifier has no terse form (tcf_fill_node), so
 * filters behind it would never be seen. */
static bool wants_full_dump(const struct sampler *s, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(view_paths(s->engine), ifindex);

	return view_wants_ages(s->engine, ifindex) || (rec && rec->bypass & BYPASS_TC);
}

static int send_dump(struct sampler *s, uint32_t ifindex)
{
	_Alignas(8) unsigned char buf[256];
	struct nlput w;
	int err;

	s->seq = nlsock_next_seq(&s->sock);
	nlput_init(&w, buf, sizeof(buf), s->seq);
	err = flower_put_dump(&w, ifindex, 0, FAMILY_NONE, !wants_full_dump(s, ifindex));
	return err ? err : nlsock_send(&s->sock, nlput_msg(&w));
}

static void begin_port(struct sampler *s, uint32_t ifindex)
{
	s->port = (struct event_round){ .ifindex = ifindex };
	s->has_filters = false;
	s->has_foreign = false;
	s->prio = 0;
	s->moves = view_moves(s->engine);
	s->port.err = send_dump(s, ifindex);
	s->is_dumping = s->port.err == 0;
	if (!s->is_dumping)
		end_port(s);
}

/* -- a round -------------------------------------------------------------- */

static uint32_t next_port(struct sampler *s)
{
	const struct topology *paths = view_paths(s->engine);
	struct link_rec *rec;

	while ((rec = topology_next_link(paths, &s->port_slot))) {
		s->port_slot++;
		if (rec->port == PORT_OPEN)
			return rec->link.ifindex;
	}
	return 0;
}

/* Continues with the next port that can be read. Ends the round if there is none. */
static void start_next(struct sampler *s)
{
	uint32_t ifindex;

	while ((ifindex = next_port(s))) {
		begin_port(s, ifindex);
		if (s->is_dumping)
			return;
	}
	s->port = (struct event_round){ .ifindex = 0 };
	feed_round(s, EVENT_ROUND_END);
	counter_inc(&sample_rounds);
}

static void read_more(void *ctx)
{
	struct sampler *s = ctx;
	uint32_t moves = view_moves(s->engine);
	int n;

	s->is_old = moves != s->moves;
	n = nlsock_recv_many(&s->sock, BUDGET, on_message, s);
	s->moves = moves;
	/* The kernel generates the next part of a dump in the call that reads the previous
	 * one (netlink_recvmsg). So if there is nothing to read, the dump has ended without
	 * NLMSG_DONE. */
	if (n == 0)
		n = -EBADMSG;
	if (n < 0)
		s->port.err = n;
	/* After -ENOBUFS messages are lost, but the dump continues to its end. */
	if (n < 0 && n != -ENOBUFS)
		s->is_dumping = false;
	if (!s->is_dumping) {
		end_port(s);
		start_next(s);
	}
	dispatch_kick(s->dispatch);
	if (s->is_dumping)
		IGNORE_RESULT(loop_defer(s->loop, "samples", read_more, s));
}

/* Active flows are sampled in every round, guards alone only now and then. Returns true to sample
 * in this round, else counts it as skipped. */
static bool take_round(struct sampler *s)
{
	struct view_totals totals;

	view_totals(s->engine, &totals);
	if (totals.n_state[FLOW_ACTIVE] || ++s->n_skipped >= IDLE_ROUNDS) {
		s->n_skipped = 0;
		return true;
	}
	return false;
}

static void on_timer(void *ctx)
{
	struct sampler *s = ctx;

	/* A round that takes longer than the period delays the next one. */
	if (s->is_dumping || !take_round(s))
		return;
	s->port_slot = 0;
	s->port = (struct event_round){ .ifindex = 0 };
	feed_round(s, EVENT_ROUND_BEGIN);
	start_next(s);
	if (s->is_dumping)
		IGNORE_RESULT(loop_defer(s->loop, "samples", read_more, s));
	else
		dispatch_kick(s->dispatch);
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
