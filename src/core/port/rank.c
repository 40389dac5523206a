/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/rank.h"

#include <errno.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/ds/reserve.h"
#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/flowact.h"
#include "core/flow/policy.h"
#include "core/port/proof.h"

COUNTER(hardware_swaps, "flows that lost their place in a full NIC to a busier flow");
COUNTER(hardware_fills, "flows that got a place in a full NIC when room became free");

#define RANK_MS	      1000
#define SLICE	      512
/* Most candidates, and most victims, that a walk keeps. */
#define KEEP	      256
/* A candidate needs at least twice the victim's rate, and at least this one: a flow
 * with a packet now and then is not worth a swap. */
#define MARGIN_BPS    1000
/* How long a flow is safe from losing its place. */
#define STAY_DS	      50u
/* How long a chosen flow waits for its victim's rules to be removed. A flow that waits
 * longer has lost the place to others, and would keep new flows from being chosen. */
#define CHOSEN_DS     50u
/* Bytes assumed for a flow that is alive, where conntrack has no counters. It is alive
 * when its timeout was restarted at most ALIVE_S ago. */
#define ALIVE_BYTES   8000
#define ALIVE_S	      3u

/* Rate of the flow in the same slot. */
struct rate {
	uint32_t cpu_bytes; /* conntrack's counter as last read, low bits */
	uint32_t fresh_bytes; /* since the last walk */
	uint32_t bps;	    /* bytes per second */
	uint32_t chosen_at; /* clock_ds */
	bool has_base; /* cpu_bytes has been read */
};

struct entry {
	uint32_t slot;
	uint32_t rate;
};

/* The KEEP entries with the highest rates of a walk; a heap with the lowest first. */
struct best {
	unsigned int n;
	struct entry e[KEEP];
};

struct rank {
	struct rate *rate;
	uint32_t n_rates;
	uint32_t rated_at; /* when this walk began (clock_ds) */
	uint32_t rate_ds;  /* time between that and the begin of the walk before */
	uint32_t max_swaps;
	mono_t due;	   /* when the next walk begins */
	bool is_walking;
	uint32_t cursor;
	uint8_t card;	   /* card of this walk */
	uint32_t reserved; /* flows that were chosen and are not in yet */
	struct best in;	   /* candidates: highest rates */
	struct best out;   /* victims: lowest rates, stored as UINT32_MAX - rate */
};

int rank_new(const struct settings *settings, mono_t now, struct rank **ret)
{
	struct rank *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->n_rates = settings->max_flows;
	r->rate = reserve_new(r->n_rates, sizeof(*r->rate));
	if (!r->rate) {
		free(r);
		return -ENOMEM;
	}
	r->max_swaps = settings->max_swaps;
	r->due = now;
	*ret = r;
	return 0;
}

void rank_free(struct rank *rank)
{
	if (!rank)
		return;
	reserve_free(rank->rate, rank->n_rates, sizeof(*rank->rate));
	free(rank);
}

/* -- rates ---------------------------------------------------------------- */

static struct rate *rate_of(const struct engine *e, const struct flow *f)
{
	return &e->rank->rate[flowtab_slot(&e->flows, f)];
}

static uint32_t all_bytes(const struct conn *c)
{
	return (uint32_t)(c->bytes[DIR_ORIG] + c->bytes[DIR_REPLY]);
}

void rank_began(struct engine *e, const struct flow *f, const struct conn *c)
{
	if (e->rank)
		*rate_of(e, f) = (struct rate){ .cpu_bytes = all_bytes(c),
						.has_base = c->has & CONN_HAS_COUNTERS };
}

void rank_count(struct engine *e, const struct flow *f, uint64_t bytes)
{
	struct rate *r;
	uint64_t sum;

	if (!e->rank)
		return;
	r = rate_of(e, f);
	sum = r->fresh_bytes + bytes;
	r->fresh_bytes = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

void rank_count_cpu(struct engine *e, const struct flow *f, const struct conn *c)
{
	struct rate *r;

	if (!e->rank)
		return;
	if (c->has & CONN_HAS_COUNTERS) {
		r = rate_of(e, f);
		if (r->has_base)
			rank_count(e, f, all_bytes(c) - r->cpu_bytes);
		r->cpu_bytes = all_bytes(c);
		r->has_base = true;
	} else if (f->state == FLOW_REFUSED && (c->has & CONN_HAS_TIMEOUT) && f->policy_s &&
		   c->timeout_s + ALIVE_S >= f->policy_s) {
		rank_count(e, f, ALIVE_BYTES);
	}
}

/* The new rate is one quarter of the latest one and three quarters of the old one:
 * conntrack dumps are seconds apart, and a flow on the CPU must not look twice as busy
 * in the second in which one arrives. */
static uint32_t update_rate(struct rank *rank, struct rate *r)
{
	uint64_t bps = (uint64_t)r->fresh_bytes * 10 / MAX(rank->rate_ds, 1u);

	r->bps = (uint32_t)((UINT64_C(3) * r->bps + MIN_T(uint64_t, bps, UINT32_MAX)) / 4);
	r->fresh_bytes = 0;
	return r->bps;
}

/* -- heap of the highest rates -------------------------------------------- */

static void swap_entries(struct entry *a, struct entry *b)
{
	struct entry t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct best *b, unsigned int i)
{
	while (i && b->e[i].rate < b->e[(i - 1) / 2].rate) {
		swap_entries(&b->e[i], &b->e[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct best *b)
{
	unsigned int i = 0;

	for (;;) {
		unsigned int left = 2 * i + 1, least = i;

		if (left < b->n && b->e[left].rate < b->e[least].rate)
			least = left;
		if (left + 1 < b->n && b->e[left + 1].rate < b->e[least].rate)
			least = left + 1;
		if (least == i)
			return;
		swap_entries(&b->e[i], &b->e[least]);
		i = least;
	}
}

static void offer(struct best *b, uint32_t slot, uint32_t rate)
{
	if (b->n < KEEP) {
		b->e[b->n] = (struct entry){ slot, rate };
		sift_up(b, b->n++);
	} else if (rate > b->e[0].rate) {
		b->e[0] = (struct entry){ slot, rate };
		sift_down(b);
	}
}

static int by_rate(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->rate > y->rate ? -1 : x->rate < y->rate;
}

/* -- the walk ------------------------------------------------------------- */

static void visit(struct engine *e, struct flow *f, uint32_t now_ds)
{
	struct rank *r = e->rank;
	uint32_t slot = flowtab_slot(&e->flows, f), bps = update_rate(r, rate_of(e, f));

	if (f->card != r->card)
		return;
	switch ((enum flow_state)f->state) {
	case FLOW_REFUSED:
		if (f->reason == REASON_HARDWARE_FULL)
			offer(&r->in, slot, bps);
		break;
	case FLOW_ACTIVE:
		if (seq_is_later(now_ds, proof_since(e, f) + STAY_DS))
			offer(&r->out, slot, UINT32_MAX - bps);
		break;
	case FLOW_RESOLVE:
	case FLOW_WAIT:
		r->reserved += f->is_chosen;
		break;
	case FLOW_INSTALL:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_ADOPTED:
	case FLOW_MOVE:
	case FLOW_MOVING:
	case FLOW_STATE__COUNT:
		break;
	}
}

static void choose(struct engine *e, struct flow *f, mono_t now)
{
	flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
	f->is_chosen = true;
	rate_of(e, f)->chosen_at = clock_ds(e, now);
}

bool rank_is_overdue(const struct engine *e, const struct flow *f, mono_t now)
{
	return clock_ds(e, now) - rate_of(e, f)->chosen_at > CHOSEN_DS;
}

/* The flow of an entry; NULL when it has changed since it was visited. */
static struct flow *candidate(const struct engine *e, const struct entry *entry)
{
	struct flow *f = flowtab_at(&e->flows, entry->slot);

	return f && f->state == FLOW_REFUSED && f->reason == REASON_HARDWARE_FULL ? f : NULL;
}

static struct flow *victim(const struct engine *e, const struct entry *entry)
{
	struct flow *f = flowtab_at(&e->flows, entry->slot);

	return f && f->state == FLOW_ACTIVE ? f : NULL;
}

/* Returns how many candidates were handled. */
static unsigned int fill_room(struct engine *e, const struct card *card, mono_t now)
{
	struct rank *r = e->rank;
	uint32_t room = card_room(card);
	unsigned int i = 0;

	room -= MIN(room, r->reserved);
	for (; i < r->in.n && room; i++) {
		struct flow *f = candidate(e, &r->in.e[i]);

		if (!f)
			continue;
		counter_inc(&hardware_fills);
		choose(e, f, now);
		room--;
	}
	return i;
}

static void swap_flows(struct engine *e, unsigned int from, mono_t now)
{
	struct rank *r = e->rank;

	for (unsigned int i = 0; i < r->max_swaps && from + i < r->in.n && i < r->out.n; i++) {
		struct flow *in = candidate(e, &r->in.e[from + i]);
		struct flow *out = victim(e, &r->out.e[i]);

		if (!in || !out)
			continue;
		if (rate_of(e, in)->bps / 2 < rate_of(e, out)->bps ||
		    rate_of(e, in)->bps < MARGIN_BPS)
			return;
		counter_inc(&hardware_swaps);
		flowact_input(e, out, FLOW_IN_LEAVE, REASON_HARDWARE_FULL, now);
		choose(e, in, now);
	}
}

static void finish(struct engine *e, mono_t now)
{
	struct rank *r = e->rank;
	struct card *card = nic_card_at(e->paths.nic, r->card);
	unsigned int served;

	qsort(r->in.e, r->in.n, sizeof(r->in.e[0]), by_rate);
	qsort(r->out.e, r->out.n, sizeof(r->out.e[0]), by_rate);
	if (card_works(card)) {
		served = fill_room(e, card, now);
		/* While many chosen flows wait for room, more would only wait too. */
		if (r->reserved < r->max_swaps)
			swap_flows(e, served, now);
	}
	r->is_walking = false;
	r->due = mono_add_ms(now, RANK_MS);
}

/* Advances to the next card that has ports. False when there is none. */
static bool next_card(struct engine *e)
{
	struct rank *r = e->rank;

	for (unsigned int i = 1; i <= NIC_MAX_CARDS; i++) {
		uint8_t card = (uint8_t)((r->card + i) % NIC_MAX_CARDS);

		if (nic_card_at(e->paths.nic, card)->n_ports) {
			r->card = card;
			return true;
		}
	}
	return false;
}

static bool is_wanted(const struct engine *e)
{
	return e->rank && e->paths.nic && e->n_reason[REASON_HARDWARE_FULL] && !e->stopping;
}

bool rank_step(struct engine *e, mono_t now)
{
	struct rank *r = e->rank;
	uint32_t now_ds = clock_ds(e, now);

	if (!is_wanted(e)) {
		if (r)
			r->is_walking = false;
		return false;
	}
	if (!r->is_walking) {
		if (mono_before(now, r->due) || !next_card(e))
			return false;
		r->is_walking = true;
		r->rate_ds = now_ds - r->rated_at;
		r->rated_at = now_ds;
		r->cursor = 0;
		r->reserved = 0;
		r->in.n = 0;
		r->out.n = 0;
	}
	for (unsigned int i = 0; i < SLICE; i++) {
		uint32_t slot = slab_next(&e->flows.flows, r->cursor);

		if (slot == SLAB_END) {
			finish(e, now);
			return false;
		}
		r->cursor = slot + 1;
		visit(e, flowtab_at(&e->flows, slot), now_ds);
	}
	return true;
}

mono_t rank_next_due(const struct engine *e)
{
	return is_wanted(e) ? e->rank->due : MONO_NEVER;
}

bool rank_admits(const struct flow *f, const struct card *card)
{
	return f->is_chosen ? card_has_room(card) : card_takes_any(card);
}
