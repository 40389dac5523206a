/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/adopt.h"

#include <errno.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/ds/reserve.h"
#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/age.h"
#include "core/flow/flowact.h"
#include "core/flow/leftover.h"
#include "core/path/plan.h"
#include "core/rules/slot.h"
#include "core/walk.h"

COUNTER(flows_adopted, "flows whose rules from an earlier run were still right and were kept");

/* Unconfirmed flows are drained when no flow has been confirmed for this long. */
#define PATIENCE_MS 10000
/* How far before the start timestamps can go back (clock_ds). */
#define BEFORE_MS   (24 * 3600 * 1000)

static int make(struct engine *e, mono_t now)
{
	int err;

	if (leftover_is_any(e))
		return 0;
	err = leftover_open(e);
	if (!err)
		e->started = mono_add_ms(now, -BEFORE_MS);
	return err;
}

/* -- reading ---------------------------------------------------------------- */

static enum slot_kind kind_of(const struct rule *r)
{
	return slot_kind_of(r->form & RULE_ANY_ETHERTYPE, &r->tags);
}

/* The rule is in a place where a rule of some flow would be now. */
static bool has_place(const struct engine *e, const struct rule *r)
{
	struct rule_where is = rule_where(r);
	struct rule_where wanted;

	if (r->kind != RULE_FLOW || r->cookie.instance != e->instance ||
	    slot_from_handle(r->handle) >= e->settings.max_flows ||
	    slot_dir(r->handle) != r->cookie.dir)
		return false;
	wanted = slot_where(e->settings.tc_priority, kind_of(r), (enum family)r->family,
			    slot_from_handle(r->handle), (enum dir)r->cookie.dir, r->ifindex);
	return is.prio == wanted.prio && is.family == wanted.family && is.vlan == wanted.vlan;
}

/* Finds or adds the flow at the rule's slot. NULL if the flow has a rule of the other direction
 * that belongs to another connection. */
static struct flow *flow_at(struct engine *e, const struct rule *r)
{
	struct flow *f = flowtab_at(&e->flows, slot_from_handle(r->handle));

	if (f)
		return f->ct_id == r->cookie.ct_id && f->orig.family == r->match.family &&
				       f->orig.proto == r->match.proto ?
			       f :
			       NULL;
	f = flowtab_add_at(&e->flows, slot_from_handle(r->handle));
	if (!f)
		return NULL;
	f->orig.family = r->match.family;
	f->orig.proto = r->match.proto;
	f->ct_id = r->cookie.ct_id;
	f->state = FLOW_ADOPTED;
	/* Until conntrack reports the connection. */
	f->reason = REASON_INCOMPLETE;
	f->card = NIC_NONE;
	f->had_rules = true;
	f->in_hw = true;
	f->is_silent = true;
	e->n_silent_known++;
	e->n_silent++;
	e->n_state[FLOW_ADOPTED]++;
	leftover_count(e);
	return f;
}

/* What the rule forwarded in the earlier run does not count for this one, but the time of last use
 * does. */
static void take_use(const struct engine *e, struct flow *f, enum dir dir,
		     const struct engine_leftover *left, mono_t now)
{
	uint32_t now_ds = clock_ds(e, now);

	f->rule_pkts[dir] = left->stats.pkts;
	f->rule_bytes[dir] = left->stats.bytes;
	if (left->has_age && left->age_ds < now_ds)
		f->last_use = MAX(f->last_use, now_ds - left->age_ds);
	f->in_hw &= left->in_hw;
}

bool engine_adopt(struct engine *e, const struct engine_leftover *left, mono_t now)
{
	const struct rule *rule = left->rule;
	enum dir dir = (enum dir)rule->cookie.dir;
	struct leftover *rec;
	struct flow *f;

	if (!settings_use_flower(&e->settings) || !has_place(e, rule) || make(e, now))
		return false;
	rec = leftover_at(e, slot_from_handle(rule->handle));
	/* A dump may show a rule twice. */
	if (rec->ifindex[dir])
		return rec->ifindex[dir] == rule->ifindex &&
		       rec->digest[dir] == rule_digest(rule, e->flows.key);
	f = flow_at(e, rule);
	if (!f)
		return false;
	rec->ifindex[dir] = rule->ifindex;
	rec->digest[dir] = rule_digest(rule, e->flows.key);
	*(dir == DIR_ORIG ? &f->orig : &f->reply) = rule->match;
	flow_set_slot_kind(f, dir, kind_of(rule));
	flowtab_set_ttl(&e->flows, f, dir, rule->form & RULE_EXACT_TTL ? rule->ttl : 0);
	take_use(e, f, dir, left, now);
	return true;
}

/* The flow has both rules, and no other flow has the same tuple. */
static bool is_whole(struct engine *e, const struct flow *f)
{
	const struct leftover *rec = leftover_of(e, f);

	return rec->ifindex[DIR_ORIG] && rec->ifindex[DIR_REPLY] &&
	       !flowtab_find(&e->flows, &f->orig);
}

void engine_adopt_end(struct engine *e, mono_t now)
{
	e->is_heir = true;
	if (!leftover_is_any(e))
		return;
	flowtab_collect(&e->flows);
	SLAB_FOR_EACH(&e->flows.flows, slot) {
		struct flow *f = flowtab_at(&e->flows, slot);

		if (!is_whole(e, f) || flowtab_index(&e->flows, f))
			flowact_input(e, f, FLOW_IN_END, REASON_NONE, now);
	}
	e->adopt_due = mono_add_ms(now, PATIENCE_MS);
}

/* -- judging ---------------------------------------------------------------- */

bool adopt_is_right(const struct engine *e, const struct flow *f, const struct path *path)
{
	const struct leftover *rec = leftover_of(e, f);
	struct rule rule[DIR__COUNT];
	bool is_right = true;

	plan_build(&e->settings, &f->orig, &f->reply, path, flowtab_slot(&e->flows, f),
		   e->instance, f->ct_id, rule);
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		is_right &= rec->digest[d] == rule_digest(&rule[d], e->flows.key);
	/* The NIC must still have the rules, too. */
	return is_right && (f->in_hw || e->settings.offload != OFFLOAD_HARDWARE);
}

/* At the start, ports are opened, drivers probed and neighbours read at the same time. */
bool adopt_waits(struct engine *e, const struct flow *f, enum reason reason)
{
	switch (reason) {
	case REASON_ROUTE_LOOKUP_FAILED:
	case REASON_DEVICE_UNKNOWN:
	case REASON_DEVICE_NOT_READY:
	case REASON_DEVICE_NOT_NAMED:
	case REASON_PROBING:
	case REASON_TTL_GUARD:
	case REASON_NEIGHBOUR_UNRESOLVED:
	case REASON_STATION_UNKNOWN:
	case REASON_BRIDGE:
		leftover_of(e, f)->waits_for = (uint8_t)reason;
		return !mono_is_never(e->adopt_due);
	default:
		return false;
	}
}

void adopt_confirm(struct engine *e, struct flow *f, mono_t now)
{
	struct card *card = NULL;

	counter_inc(&flows_adopted);
	if (e->paths.nic) {
		f->card = nic_card_index(e->paths.nic, f->port[DIR_ORIG]);
		card = nic_card_at(e->paths.nic, f->card);
	}
	if (card) {
		card_take(card, f->worker);
		card_installed(card, f->worker);
		f->is_counted = true;
	}
	if (!mono_is_never(e->adopt_due))
		e->adopt_due = mono_add_ms(now, PATIENCE_MS);
	leftover_forget(e, f);
	/* Nothing has prolonged its conntrack entry between the two runs. */
	if (age_needs_refresh(e, f, clock_ds(e, now)) && !f->is_asking)
		flowact_ask_care(e, f);
}

/* -- time ------------------------------------------------------------------- */

void adopt_visit(struct engine *e, struct flow *f, mono_t now)
{
	enum reason reason;

	if (f->state != FLOW_ADOPTED)
		return;
	reason = leftover_of(e, f)->waits_for;
	flowact_input(e, f, FLOW_IN_LEAVE, reason == REASON_NONE ? REASON_INCOMPLETE : reason, now);
}

void adopt_step(struct engine *e, mono_t now)
{
	if (!leftover_is_any(e) || mono_before(now, e->adopt_due))
		return;
	e->adopt_due = MONO_NEVER;
	walk_start(e, WALK_ADOPTED);
}

mono_t adopt_next_due(const struct engine *e)
{
	return leftover_is_any(e) ? e->adopt_due : MONO_NEVER;
}
