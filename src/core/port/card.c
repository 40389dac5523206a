/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/card.h"

#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"

COUNTER(hardware_full, "rules refused because the table of a NIC was full");
COUNTER(card_pauses, "times that installs on a NIC were paused because it kept failing");

/* Failures in a row that pause a card, and length of the pause, doubled each time. */
#define FAILURES_MAX   32
#define PAUSE_MS       5000
#define PAUSE_MAX_MS   300000
/* How often a learnt limit is raised by one hundredth. */
#define GROW_MS	       30000

void card_id_of(const struct link *l, char id[CARD_ID_SIZE])
{
	const char *dot = strrchr(l->hw.bus, '.');
	int n = snprintf(id, CARD_ID_SIZE, "%.16s ", l->hw.driver);

	if (l->hw.switch_id_len) {
		for (unsigned int i = 0; i < l->hw.switch_id_len && n + 2 < CARD_ID_SIZE; i++)
			n += snprintf(id + n, CARD_ID_SIZE - (size_t)n, "%02x",
				      l->hw.switch_id[i]);
	} else if (dot) {
		snprintf(id + n, CARD_ID_SIZE - (size_t)n, "%.*s", (int)(dot - l->hw.bus),
			 l->hw.bus);
	} else {
		snprintf(id + n, CARD_ID_SIZE - (size_t)n, "port %u", l->ifindex);
	}
}

void card_init(struct card *c, const struct settings *s, const char *id)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->id, sizeof(c->id), "%s", id);
	c->limit = UINT32_MAX;
	c->grow_at = MONO_NEVER;
	c->paused_until = MONO_NEVER;
	if (s->hw_table_size) {
		c->limit = s->hw_table_size;
		c->source = CARD_SIZE_CONFIGURED;
	}
	c->limit_max = c->limit;
}

/* Rules of flows that fit. A configured limit includes the guards; a learnt limit
 * is the number of flow rules that fitted beside them. */
static uint32_t limit_of(const struct card *c)
{
	if (c->limit_max == UINT32_MAX)
		return c->limit;
	return MIN(c->limit, c->limit_max - MIN(c->guards, c->limit_max));
}

static bool fits(uint64_t used, uint64_t limit)
{
	return used + CARD_FLOW_RULES <= limit;
}

bool card_has_room(const struct card *c)
{
	return fits(c->used, limit_of(c));
}

uint32_t card_room(const struct card *c)
{
	uint32_t limit = limit_of(c);

	return c->used < limit ? (limit - c->used) / CARD_FLOW_RULES : 0;
}

bool card_takes_any(const struct card *c)
{
	uint32_t limit = limit_of(c);

	return fits(c->used, (uint64_t)limit - limit / 10);
}

bool card_works(const struct card *c)
{
	return !c->is_paused && !c->stuck;
}

void card_take(struct card *c, unsigned int worker)
{
	c->used += CARD_FLOW_RULES;
	c->in_flight[worker]++;
}

static void answered(struct card *c, unsigned int worker)
{
	if (!BUG_ON(c->in_flight[worker] == 0))
		c->in_flight[worker]--;
}

void card_installed(struct card *c, unsigned int worker)
{
	answered(c, worker);
	c->confirmed += CARD_FLOW_RULES;
	c->failures = 0;
	c->pauses = 0;
}

void card_not_installed(struct card *c, unsigned int worker)
{
	answered(c, worker);
	/* Counted until card_released(). */
	c->confirmed += CARD_FLOW_RULES;
}

void card_released(struct card *c)
{
	if (BUG_ON(c->used < CARD_FLOW_RULES || c->confirmed < CARD_FLOW_RULES))
		return;
	c->used -= CARD_FLOW_RULES;
	c->confirmed -= CARD_FLOW_RULES;
}

/*
 * Learns the limit: the card holds the rules that were confirmed before this
 * refusal. The first time, one twentieth is left free for rules of others, and so
 * that a swap need not wait for a removal. Later refusals only mean that the limit
 * was raised too far.
 */
static void learn(struct card *c, uint32_t port, mono_t now, struct notices *notices)
{
	uint32_t in = MAX(c->confirmed, (uint32_t)CARD_FLOW_RULES);
	struct notice n = { .type = NOTICE_CARD_LEARNT, .in = port, .number = in };

	c->n_full++;
	counter_inc(&hardware_full);
	c->grow_at = mono_add_ms(now, GROW_MS);
	if (c->source == CARD_SIZE_LEARNT) {
		c->limit = MIN(c->limit, in);
		return;
	}
	c->source = CARD_SIZE_LEARNT;
	c->limit = MAX(in - in / 20, (uint32_t)CARD_FLOW_RULES);
	notice_push(notices, &n);
}

static void fail(struct card *c, const struct event_install *done, uint32_t port, mono_t now,
		 struct notices *notices)
{
	struct notice n = { .type = NOTICE_CARD_FAILING,
			    .in = port,
			    .number = ++c->failures,
			    .err = done->err };

	if (c->failures < FAILURES_MAX || c->is_paused)
		return;
	memcpy(n.extack, done->extack, sizeof(n.extack));
	notice_push(notices, &n);
	counter_inc(&card_pauses);
	c->failures = 0;
	c->is_paused = true;
	c->paused_until = mono_add_ms(now, mono_backoff_ms(PAUSE_MS, PAUSE_MAX_MS, c->pauses++));
}

bool card_refused(struct card *c, const struct driver *driver, const struct event_install *done,
		  uint32_t port, mono_t now, struct notices *notices)
{
	switch (driver_refusal(driver, done->err, done->extack)) {
	case REFUSAL_FULL:
		if (c->confirmed > CARD_FLOW_RULES) {
			learn(c, port, now, notices);
			return true;
		}
		/* A card that is full with at most one flow in it is failing. */
		fail(c, done, port, now, notices);
		break;
	case REFUSAL_BUSY:
	case REFUSAL_BROKEN:
		fail(c, done, port, now, notices);
		break;
	case REFUSAL_UNSUPPORTED:
	case REFUSAL_EXISTS:
	case REFUSAL_GONE:
		break;
	}
	return false;
}

static bool end_pause(struct card *c, uint32_t port, mono_t now, struct notices *notices)
{
	struct notice n = { .type = NOTICE_CARD_RECOVERED, .in = port };

	if (!c->is_paused || mono_before(now, c->paused_until))
		return false;
	c->is_paused = false;
	c->paused_until = MONO_NEVER;
	notice_push(notices, &n);
	return true;
}

static void grow(struct card *c, mono_t now)
{
	if (c->source != CARD_SIZE_LEARNT || mono_before(now, c->grow_at))
		return;
	c->grow_at = mono_add_ms(now, GROW_MS);
	if (!card_has_room(c))
		c->limit += MIN(MAX(c->limit / 100, (uint32_t)CARD_FLOW_RULES),
				c->limit_max - c->limit);
}

bool card_tick(struct card *c, uint32_t port, mono_t now, struct notices *notices)
{
	grow(c, now);
	return end_pause(c, port, now, notices);
}

mono_t card_next_due(const struct card *c)
{
	return mono_min(c->grow_at, c->paused_until);
}
