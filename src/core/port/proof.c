/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/proof.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/ds/reserve.h"
#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/flowact.h"
#include "core/port/barrier.h"
#include "core/port/portfsm.h"
#include "core/walk.h"

COUNTER(rules_lost, "flows whose rules had disappeared from the kernel or the NIC");
COUNTER(ttls_changed, "flows returned to the CPU because their packets had another TTL than their rules match");
COUNTER(rules_not_hit, "flows returned to the CPU because packets did not hit their rules");
COUNTER(doubts, "times that the daemon asked conntrack about a flow to verify its rules");

#define BOTH	   (1u << DIR_ORIG | 1u << DIR_REPLY)
/* Time after an install in which packets may still be in the stack. Also the largest
 * error of an expiry time, because timeouts are in whole seconds. */
#define SETTLE_DS  15u
/* Time between two looks at a flow that is used seldom, or in one direction. Doubled
 * after each look without a verdict, up to LOOK_TIMES times. */
#define LOOK_DS	   10u
#define LOOK_TIMES 8u
/* Losses in a row, without a hit between them, after which the flow is given up. */
#define LOSSES_MAX 3
/* Most rounds that may begin while a walk runs. Round numbers wrap around: a rule that
 * seems to be further ahead of the walk's round was last seen before that round. */
#define ROUNDS_AHEAD 64

/* Evidence about the flow in the same slot. Bit fields of 2 bits have one bit for each
 * direction, except `losses`. Times are clock_ds. */
struct proof_rec {
	uint32_t since;	  /* when its rules were confirmed */
	uint32_t look_at; /* when to ask conntrack; 0 = no doubt */
	uint32_t quiet_until; /* no new doubt before: the flow starts and stops often */
	uint16_t pkts[DIR__COUNT]; /* conntrack's counters at the last look, low bits */
	uint8_t sampled[DIR__COUNT]; /* round in which the rule was last seen */
	uint8_t hit : 2;    /* the rule has counted since it was confirmed */
	uint8_t moved : 2;  /* the rule counted in its last sample */
	uint8_t lively : 2; /* it counted in two samples in a row, and has not stopped since */
	uint8_t losses : 2; /* times in a row that the rules were lost */
	bool has_base : 1;  /* there was a conntrack report since `since` to compare with */
	bool has_pkts : 1;  /* that report had packet counters */
	uint8_t looks : 4;  /* looks without a verdict */
};

struct proof {
	struct proof_rec *rec;
	uint32_t n_recs;
	uint8_t round;
	uint8_t lost_round; /* round that WALK_LOST compares with */
	uint32_t began[2];  /* when the last round and this one began (clock_ds) */
	uint32_t n_lost;    /* flows with lost rules that no notice has reported yet */
};

int proof_new(const struct settings *settings, struct proof **ret)
{
	struct proof *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->n_recs = settings->max_flows;
	p->rec = reserve_new(p->n_recs, sizeof(*p->rec));
	if (!p->rec) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void proof_free(struct proof *p)
{
	if (!p)
		return;
	reserve_free(p->rec, p->n_recs, sizeof(*p->rec));
	free(p);
}

static struct proof_rec *rec_of(const struct engine *e, const struct flow *f)
{
	return &e->proof->rec[flowtab_slot(&e->flows, f)];
}

uint32_t proof_since(const struct engine *e, const struct flow *f)
{
	return rec_of(e, f)->since;
}

void proof_installed(struct engine *e, const struct flow *f, mono_t now)
{
	struct proof_rec *r = rec_of(e, f);

	*r = (struct proof_rec){
		.since = clock_ds(e, now),
		.losses = f->is_doubted ? r->losses : 0,
		.sampled = { e->proof->round, e->proof->round },
	};
	/* Adopted rules may have counted before the restart. */
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		r->hit |= (uint8_t)((f->rule_pkts[d] > 0) << d);
}

void proof_rules_are_in(struct engine *e, struct flow *f, enum flow_input input, mono_t now)
{
	flowact_input(e, f, input, REASON_NONE, now);
	if (f->state == FLOW_ACTIVE)
		proof_installed(e, f, now);
}

void proof_seen(struct engine *e, const struct flow *f, enum dir dir)
{
	rec_of(e, f)->sampled[dir] = e->proof->round;
}

/* -- counters ------------------------------------------------------------- */

/* Counts the rule of @dir as hit or not hit for its pair of ports. */
static void note_rule(struct engine *e, const struct flow *f, enum dir dir, bool is_hit, mono_t now)
{
	uint32_t in = f->port[dir], out = f->port[dir_other(dir)];

	if (!e->paths.nic || !in || !out)
		return;
	if (is_hit)
		nic_note_hit(e->paths.nic, in, out, now);
	else
		nic_note_not_hit(e->paths.nic, in, out, now);
}

/* The rule counts. True when conntrack is to be asked, to have a report to compare
 * later ones with. */
static bool believe(struct engine *e, struct flow *f, enum dir dir, mono_t now)
{
	struct proof_rec *r = rec_of(e, f);

	if (r->moved & 1u << dir)
		r->lively |= (uint8_t)(1u << dir);
	r->moved |= (uint8_t)(1u << dir);
	r->losses = 0;
	if (!(r->hit & 1u << dir))
		note_rule(e, f, dir, true, now);
	r->hit |= (uint8_t)(1u << dir);
	return !r->has_base;
}

/* The counter of the rule stands still. True when conntrack is to be asked now. */
static bool doubt(struct proof_rec *r, enum dir dir, uint32_t now_ds)
{
	uint8_t bit = (uint8_t)(1u << dir);
	bool has_stopped = (r->moved & bit) || !(r->hit & bit);

	r->moved &= (uint8_t)~bit & BOTH;
	if (r->lively & bit) {
		r->lively &= (uint8_t)~bit & BOTH;
		r->looks = 0;
		r->quiet_until = 0;
		r->look_at = 0;
	}
	if (r->look_at == 0) {
		if (!has_stopped || seq_is_later(r->quiet_until, now_ds))
			return false;
		r->look_at = now_ds;
	}
	return !seq_is_later(r->look_at, now_ds);
}

void proof_sampled(struct engine *e, struct flow *f, enum dir dir, bool moved, mono_t now)
{
	struct proof_rec *r = rec_of(e, f);
	uint32_t now_ds = clock_ds(e, now);
	bool was_seen = (uint8_t)(r->sampled[dir] + 1) == e->proof->round;
	bool shall_ask;

	proof_seen(e, f, dir);
	if (f->state != FLOW_ACTIVE || barrier_hides(e))
		return;
	if (moved) {
		f->has_asked_way = false;
		f->attempts = 0;
		f->is_doubted = false;
	}
	/* The kernel's own classifier needs no proof. */
	if (!f->in_hw || !seq_is_later(now_ds, r->since + SETTLE_DS))
		return;
	if (moved && was_seen)
		portfsm_note_hit(e, f->port[dir], r->since, e->proof->began[0], now_ds);
	shall_ask = moved ? believe(e, f, dir, now) : doubt(r, dir, now_ds);
	if (shall_ask && !f->is_asking) {
		counter_inc(&doubts);
		flowact_ask_care(e, f);
	}
}

/* -- conntrack ------------------------------------------------------------ */

static uint32_t doubtful(const struct proof_rec *r)
{
	return BOTH & ~(uint32_t)r->moved;
}

/*
 * True when the CPU saw a packet since the last look. Each packet restarts the
 * timeout, but not always with the same value (TCP uses a shorter one for data that
 * is not acknowledged: nf_conntrack_tcp_packet). So the expiry time moving either
 * way shows a packet, unless it moved by less than rounding can.
 */
static bool saw_packet(const struct flow *f, const struct proof_rec *r, const struct conn *c,
		       uint32_t now_ds)
{
	uint32_t expires = now_ds + c->timeout_s * 10;

	if (r->has_pkts) {
		for (unsigned int d = 0; d < DIR__COUNT; d++) {
			if ((doubtful(r) & 1u << d) && (uint16_t)c->pkts[d] != r->pkts[d])
				return true;
		}
		return false;
	}
	return seq_is_later(expires, f->ct_expires + SETTLE_DS) ||
	       seq_is_later(f->ct_expires, expires + SETTLE_DS);
}

static void set_base(struct proof_rec *r, const struct conn *c)
{
	r->has_base = true;
	r->has_pkts = c->has & CONN_HAS_COUNTERS;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		r->pkts[d] = r->has_pkts ? (uint16_t)c->pkts[d] : 0;
}

static void give_up(struct engine *e, struct flow *f, mono_t now)
{
	const struct proof_rec *r = rec_of(e, f);

	counter_inc(&rules_not_hit);
	f->is_doubted = true;
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (!(r->hit & 1u << d))
			note_rule(e, f, (enum dir)d, false, now);
	}
	flowact_input(e, f, FLOW_IN_LEAVE, REASON_NOT_HIT, now);
}

/* A rule that matches a TTL looks lost, too, when the TTL of the packets has changed. */
static bool matches_ttl(const struct engine *e, const struct flow *f)
{
	return flowtab_ttl(&e->flows, f, DIR_ORIG) || flowtab_ttl(&e->flows, f, DIR_REPLY);
}

static void lose(struct engine *e, struct flow *f, mono_t now)
{
	struct proof_rec *r = rec_of(e, f);

	f->is_doubted = true;
	if (r->losses == LOSSES_MAX) {
		flowact_input(e, f, FLOW_IN_LEAVE, REASON_RULE_LOST, now);
		return;
	}
	r->losses++;
	flowact_input(e, f, FLOW_IN_LOST, REASON_RULE_LOST, now);
}

static void lose_rules(struct engine *e, struct flow *f, mono_t now)
{
	counter_inc(&rules_lost);
	e->proof->n_lost++;
	lose(e, f, now);
}

/* A NIC that lost the rules of one flow may have lost all rules. */
static void lose_in_hardware(struct engine *e, struct flow *f, mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		portfsm_renew_guards(e, f->port[d]);
	if (matches_ttl(e, f)) {
		counter_inc(&ttls_changed);
		lose(e, f, now);
	} else {
		lose_rules(e, f, now);
	}
}

/* Time until the next look; grows with each look without a verdict. */
static uint32_t pause_ds(struct proof_rec *r)
{
	uint32_t ds = LOOK_DS << r->looks;

	if (r->looks < LOOK_TIMES)
		r->looks++;
	return ds;
}

void proof_look(struct engine *e, struct flow *f, const struct conn *c, mono_t now)
{
	struct proof_rec *r = rec_of(e, f);
	uint32_t now_ds = clock_ds(e, now);
	bool can_judge = r->has_base, saw;

	/* FIN and RST go to the CPU by design, so they prove nothing. */
	if (f->state != FLOW_ACTIVE || !f->in_hw || barrier_hides(e) ||
	    !(c->has & CONN_HAS_TIMEOUT) ||
	    ((c->has & CONN_HAS_TCP_STATE) && c->tcp_state != CONN_TCP_ESTABLISHED) ||
	    !seq_is_later(now_ds, r->since + SETTLE_DS))
		return;
	/* Events carry no counters; the answer to a query will. */
	if (r->has_base && r->has_pkts && !(c->has & CONN_HAS_COUNTERS))
		return;
	/* Packets that are too large for the way out reach the CPU by design. */
	saw = can_judge && saw_packet(f, r, c, now_ds) && !flowact_checks_size(e, f);
	set_base(r, c);
	if (doubtful(r) == 0) {
		r->look_at = 0;
	} else if (saw) {
		if ((r->hit & doubtful(r)) == doubtful(r))
			lose_in_hardware(e, f, now);
		else
			give_up(e, f, now);
	} else if (r->look_at == 0) {
		return;
	} else if (!can_judge) {
		r->look_at = now_ds + 1;
	} else if (r->hit == BOTH) {
		r->look_at = 0;
		r->quiet_until = now_ds + pause_ds(r);
	} else {
		r->look_at = now_ds + pause_ds(r);
	}
}

/* -- rounds --------------------------------------------------------------- */

static void report_lost(struct engine *e)
{
	struct notice n = { .type = NOTICE_RULES_LOST, .number = e->proof->n_lost };

	if (n.number)
		notice_push(&e->notices, &n);
	e->proof->n_lost = 0;
}

static void begin_round(struct engine *e, mono_t now)
{
	struct link_rec *rec;

	report_lost(e);
	e->proof->round++;
	e->proof->began[0] = e->proof->began[1];
	e->proof->began[1] = clock_ds(e, now);
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++)
		rec->is_read = false;
}

static void end_port(struct engine *e, const struct event_round *round)
{
	struct link_rec *rec = topology_find_link(&e->paths, round->ifindex);

	if (rec)
		rec->is_read = !round->err;
	portfsm_feed_round(e, round);
}

void proof_round(struct engine *e, const struct event *ev, mono_t now)
{
	struct proof *p = e->proof;

	switch ((enum event_type)ev->type) {
	case EVENT_ROUND_BEGIN:
		begin_round(e, now);
		break;
	case EVENT_ROUND_PORT:
		end_port(e, &ev->round);
		break;
	case EVENT_ROUND_END:
		if (walk_is_running(e, WALK_LOST))
			break;
		p->lost_round = p->round;
		walk_start(e, WALK_LOST);
		break;
	default:
		BUG_ON(true);
		break;
	}
}

/* The port of the rule of @dir was read completely, and the rule was not there. */
static bool is_gone(const struct engine *e, const struct flow *f, enum dir dir)
{
	const struct link_rec *rec = topology_find_link(&e->paths, f->port[dir]);
	uint8_t ahead = (uint8_t)(rec_of(e, f)->sampled[dir] - e->proof->lost_round);

	return rec && rec->is_read && ahead > ROUNDS_AHEAD;
}

void proof_visit_hidden(struct engine *e, struct flow *f, mono_t now)
{
	if (f->state == FLOW_ACTIVE)
		proof_installed(e, f, now);
}

void proof_visit_lost(struct engine *e, struct flow *f, mono_t now)
{
	if (f->state == FLOW_ACTIVE && (is_gone(e, f, DIR_ORIG) || is_gone(e, f, DIR_REPLY)))
		lose_rules(e, f, now);
}
