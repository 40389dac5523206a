/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/pair.h"

#include <string.h>

/* A pair with so many recent flows that were not hit gets REASON_NOT_HIT for
 * NOT_HIT_PAUSE_MS, if they outnumber those that were hit. Both counts are halved
 * every RECENT_HALF_MS, and when their sum reaches RECENT_MAX. */
#define NOT_HIT_MIN	   8
#define RECENT_MAX	   4096
#define RECENT_HALF_MS	   60000
#define NOT_HIT_PAUSE_MS   60000
/* Refusals of a class that the probe found accepted, until the class is dropped. */
#define UNSUPPORTED_MAX	   4

bool pair_is_waiting(const struct nic_pair *pair)
{
	return pair->state == PAIR_WANTED || pair->state == PAIR_PROBING ||
	       pair->tags == TAGS_WANTED || pair->tags == TAGS_PROBING;
}

/* -- verdicts ------------------------------------------------------------- */

static bool is_tagged(const struct nic_want *want)
{
	return want->in_encap != VLAN_UNTAGGED || want->out_encap != VLAN_UNTAGGED;
}

static uint32_t tags_bit(const struct nic_want *want)
{
	return recipe_tags_bit((enum vlan_encap)want->in_encap, (enum vlan_encap)want->out_encap);
}

static enum reason tags_reason(const struct nic_pair *pair, const struct nic_want *want)
{
	switch ((enum pair_tags)pair->tags) {
	case TAGS_WANTED:
	case TAGS_PROBING:
	case TAGS_PAUSED:
		return REASON_PROBING;
	case TAGS_UNKNOWN:
	case TAGS_KNOWN:
		break;
	}
	return pair->recipe.tags & tags_bit(want) ? REASON_NONE : REASON_NOT_IN_RECIPE;
}

static enum reason state_reason(const struct nic_pair *pair)
{
	switch ((enum pair_state)pair->state) {
	case PAIR_GOOD:
	case PAIR_REFUSED:
		return pair->reason;
	case PAIR_NONE:
	case PAIR_WANTED:
	case PAIR_PROBING:
	case PAIR_PAUSED:
		break;
	}
	return REASON_PROBING;
}

enum reason pair_reason(const struct nic_pair *pair, const struct nic_want *want)
{
	enum reason reason = state_reason(pair);

	if (reason != REASON_NONE)
		return reason;
	if (!(pair->recipe.classes & 1u << want->class))
		return REASON_NOT_IN_RECIPE;
	return is_tagged(want) ? tags_reason(pair, want) : REASON_NONE;
}

/* -- probes --------------------------------------------------------------- */

unsigned int pair_n_classes(uint16_t classes)
{
	return (unsigned int)__builtin_popcount(classes);
}

void pair_note_refusal(struct nic_pair *pair, const struct event_probe *done)
{
	pair->err = done->err;
	pair->bad_class = done->bad_class;
	memcpy(pair->extack, done->extack, sizeof(pair->extack));
}

/* The refusal of the first step is kept in any case: it is about the best shape, and
 * tells the administrator most. */
void pair_note_answer(struct nic_pair *pair, const struct event_probe *done, struct recipe recipe)
{
	if (pair_n_classes(done->classes) > pair_n_classes(pair->recipe.classes)) {
		recipe.classes = done->classes;
		recipe.mtu_classes = done->mtu_classes;
		pair->recipe = recipe;
		pair->refused = done->refused;
		pair_note_refusal(pair, done);
	} else if (pair->step == 0) {
		pair_note_refusal(pair, done);
	}
}

/* -- proof ---------------------------------------------------------------- */

static void halve_recent(struct nic_pair *pair)
{
	pair->recent_hit /= 2;
	pair->recent_not_hit /= 2;
}

/* A flow is noted as hit once after each install, but one that is not hit is installed
 * and noted again and again. So not-hits are weighed against all recent hits, not
 * against the last few. */
static void forget_old(struct nic_pair *pair, mono_t now)
{
	while (pair->recent_hit + pair->recent_not_hit &&
	       mono_diff_ms(now, pair->recent_since) >= RECENT_HALF_MS) {
		halve_recent(pair);
		pair->recent_since = mono_add_ms(pair->recent_since, RECENT_HALF_MS);
	}
	if (pair->recent_hit + pair->recent_not_hit == 0)
		pair->recent_since = now;
	if (pair->recent_hit + pair->recent_not_hit >= RECENT_MAX)
		halve_recent(pair);
}

void pair_note_hit(struct nic_pair *pair, mono_t now)
{
	pair->n_hit++;
	forget_old(pair, now);
	pair->recent_hit++;
	pair->n_unsupported = 0;
}

bool pair_note_not_hit(struct nic_pair *pair, mono_t now)
{
	pair->n_not_hit++;
	forget_old(pair, now);
	pair->recent_not_hit++;
	if (pair->recent_not_hit < NOT_HIT_MIN || pair->recent_not_hit <= pair->recent_hit ||
	    pair->state != PAIR_GOOD || pair->reason != REASON_NONE)
		return false;
	pair->reason = REASON_NOT_HIT;
	pair->due = mono_add_ms(now, NOT_HIT_PAUSE_MS);
	return true;
}

void pair_drop_class(struct nic_pair *pair, const struct nic_want *want,
		     const struct event_install *done)
{
	if (pair->state != PAIR_GOOD || ++pair->n_unsupported < UNSUPPORTED_MAX)
		return;
	pair->n_unsupported = 0;
	if (is_tagged(want)) {
		pair->recipe.tags &= ~tags_bit(want);
	} else {
		pair->recipe.classes &= (uint16_t)~(1u << want->class);
		pair->refused |= (uint16_t)(1u << want->class);
	}
	pair->bad_class = want->class;
	pair->err = done->err;
	memcpy(pair->extack, done->extack, sizeof(pair->extack));
}
