/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * invariants - invariants that hold after every step, and those that hold at rest.
 */
#include <string.h>

#include "base/bug.h"
#include "core/engine_priv.h"
#include "core/path/plan.h"
#include "core/flow/flowact.h"
#include "core/flow/policy.h"
#include "core/flow/leftover.h"
#include "core/flow/pathanswer.h"
#include "core/rules/slot.h"
#include "core/walk.h"
#include "random/world.h"

/* -- rules and flows ------------------------------------------------------ */

static void check_rules(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	struct engine *e = w->rig.engine;

	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct rule *r = &k->rule[i].rule;
		const struct flow *f = flowtab_at(&e->flows, slot_from_handle(r->handle));

		if (!f || !flow_has_rules(f))
			fake_complain(k, "a rule of %u without a flow", r->cookie.ct_id);
		else if (f->ct_id != r->cookie.ct_id)
			fake_complain(k, "a rule of %u in the slot of %u", r->cookie.ct_id,
				      f->ct_id);
	}
}

static const struct rule *rule_at(const struct fake *k, const struct rule_where *where)
{
	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct rule *r = &k->rule[i].rule;

		if (r->ifindex == where->ifindex && r->prio == where->prio &&
		    r->handle == where->handle)
			return r;
	}
	return NULL;
}

static bool was_harmed(struct world *w, const struct flow *f)
{
	const struct fake_conn *c = fake_conn_by_id(&w->rig.kernel, f->ct_id);

	return c && c->was_harmed;
}

static struct rule_where where_of(struct world *w, const struct flow *f, enum dir dir)
{
	struct engine *e = w->rig.engine;

	return slot_where(w->rig.kernel.settings.tc_priority, flow_slot_kind(f, dir), f->orig.family,
			  flowtab_slot(&e->flows, f), dir, f->port[dir]);
}

/* Both rules are in, except those that went with their device or were deleted by others. */
static void check_active(struct world *w, const struct flow *f)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where where = where_of(w, f, d);

		if (!where.ifindex)
			fake_complain(k, "%u is active without a path", f->ct_id);
		else if (!rule_at(k, &where) && fake_find_link(k, where.ifindex) &&
			 !was_harmed(w, f))
			fake_complain(k, "%u is active without a rule", f->ct_id);
	}
	if (f->is_doubted && w->has_counters && !was_harmed(w, f))
		fake_complain(k, "%u is doubted without a reason", f->ct_id);
}

static bool is_read(struct world *w, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(&w->rig.engine->paths, ifindex);
	const struct fake_link *l = fake_find_link(&w->rig.kernel, ifindex);

	return rec && rec->port == PORT_OPEN && l && !l->is_unreadable;
}

unsigned int world_count_gone(struct world *w, bool is_readable)
{
	struct engine *e = w->rig.engine;
	unsigned int n = 0;

	SLAB_FOR_EACH(&e->flows.flows, slot)
	{
		const struct flow *f = flowtab_at(&e->flows, slot);
		bool is_gone = false;

		for (unsigned int d = 0; f->state == FLOW_ACTIVE && d < DIR__COUNT; d++) {
			struct rule_where where = where_of(w, f, d);

			is_gone |= !rule_at(&w->rig.kernel, &where) &&
				   (!is_readable || is_read(w, where.ifindex));
		}
		n += is_gone;
	}
	return n;
}

/* -- cards ---------------------------------------------------------------- */

struct card_sums {
	uint32_t used, confirmed, in_flight[FAKE_WORKERS], rules;
};

static void check_card(struct world *w, const struct card *c, const struct card_sums *s)
{
	struct fake *k = &w->rig.kernel;

	if (c->used != s->used || c->confirmed != s->confirmed)
		fake_complain(k, "a card counts %u rules, %u confirmed, not %u and %u", c->used,
			      c->confirmed, s->used, s->confirmed);
	for (unsigned int i = 0; i < w->rig.n_workers; i++) {
		if (c->in_flight[i] != s->in_flight[i])
			fake_complain(k, "a card has %u orders with worker %u, not %u",
				      c->in_flight[i], i, s->in_flight[i]);
	}
	if (s->rules > c->used)
		fake_complain(k, "a card has %u rules, but counts %u", s->rules, c->used);
	if (k->settings.hw_table_size && c->used > k->settings.hw_table_size)
		fake_complain(k, "%u rules on a card of %u", c->used, k->settings.hw_table_size);
}

static void check_cards(struct world *w)
{
	struct engine *e = w->rig.engine;
	static struct card_sums sums[NIC_MAX_CARDS];

	if (!e->paths.nic)
		return;
	memset(sums, 0, sizeof(sums));
	SLAB_FOR_EACH(&e->flows.flows, slot)
	{
		const struct flow *f = flowtab_at(&e->flows, slot);
		struct card_sums *s;

		if (f->is_counted != (flow_has_rules(f) && !leftover_has(e, f)))
			fake_complain(&w->rig.kernel, "%u is %s, but %s counted", f->ct_id,
				      flow_state_name(f->state), f->is_counted ? "is" : "is not");
		if (!f->is_counted || f->card >= NIC_MAX_CARDS)
			continue;
		s = &sums[f->card];
		s->used += CARD_FLOW_RULES;
		s->confirmed += f->state == FLOW_INSTALL ? 0 : CARD_FLOW_RULES;
		s->in_flight[f->worker] += f->state == FLOW_INSTALL;
		s->rules += fake_rules_of(&w->rig.kernel, f->ct_id);
	}
	for (unsigned int i = 0; i < NIC_MAX_CARDS; i++)
		check_card(w, &e->paths.nic->card[i], &sums[i]);
}

/* A flow may be offloaded only if the engine was told that it is eligible. */
static void check_told(struct world *w, const struct flow *f)
{
	struct fake *k = &w->rig.kernel;
	const struct engine *e = w->rig.engine;
	bool is_eligible = fake_is_told_eligible(k, f->ct_id);

	/* The walk may not have reached the flow yet. Nothing is installed meanwhile. */
	if (walk_is_running(e, WALK_EPOCH) || walk_is_running(e, WALK_CHANGE))
		return;
	switch ((enum flow_state)f->state) {
	case FLOW_RESOLVE:
	case FLOW_WAIT:
	case FLOW_ACTIVE:
	case FLOW_MOVE:
		if (!is_eligible)
			fake_complain(k, "%u is %s, but not eligible", f->ct_id,
				      flow_state_name(f->state));
		break;
	case FLOW_INSTALL:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_MOVING:
		if (!is_eligible &&
		    (f->goal == FLOW_GOAL_KEEP || f->goal == FLOW_GOAL_RESOLVE))
			fake_complain(k, "%u is %s with goal %u, but not eligible", f->ct_id,
				      flow_state_name(f->state), f->goal);
		break;
	case FLOW_ADOPTED:
		if (leftover_is_recognised(f) && !is_eligible)
			fake_complain(k, "%u is recognised, but not eligible", f->ct_id);
		break;
	case FLOW_REFUSED:
	case FLOW_STATE__COUNT:
		break;
	}
}

/* -- one flow is where its state says ------------------------------------- */

static bool waits_for_time(const struct flow *f)
{
	switch ((enum reason)f->reason) {
	case REASON_RULE_REFUSED:
	case REASON_RULE_LOST:
	case REASON_CONNTRACK_REFUSED:
	case REASON_ROUTE_LOOKUP_FAILED:
	case REASON_FLUSHED:
		return true;
	default:
		return false;
	}
}

/* No flow is forgotten: whatever it waits for is under way or queued. */
static const char *find_fault(struct world *w, const struct flow *f, uint32_t slot)
{
	struct engine *e = w->rig.engine;
	const struct fake_flow *ff = &w->rig.kernel.flow[slot];
	bool is_known = slab_ref_is_equal(ff->ref, flowtab_ref(&e->flows, f));
	unsigned int n_orders = is_known ? ff->n_rule_orders : 0;
	unsigned int n_lookups = is_known ? ff->n_lookups : 0;
	unsigned int n_refreshes = is_known ? ff->n_refreshes : 0;
	bool is_armed = wheel_is_armed(&e->timers, slot);
	bool is_working = f->state == FLOW_INSTALL || f->state == FLOW_REMOVE ||
			  f->state == FLOW_MOVING;

	if (is_working != (n_orders == 1))
		return "has orders under way that do not fit its state";
	if (f->is_asking != (n_refreshes == 1))
		return "has refreshes under way that do not fit is_asking";
	if ((f->state == FLOW_WAIT) != (f->queue == FLOW_Q_INSTALL))
		return "waits in the wrong queue to install";
	if (f->queue == FLOW_Q_REMOVE && f->state != FLOW_DRAIN && f->state != FLOW_MOVE)
		return "waits in the wrong queue to remove";
	if (f->state == FLOW_MOVE && f->queue != FLOW_Q_REMOVE)
		return "is never moved";
	if (f->state == FLOW_DRAIN && f->queue != FLOW_Q_REMOVE && !is_armed)
		return "is never removed";
	if (f->state == FLOW_RESOLVE && !f->ask_path && !n_lookups)
		return "is never resolved";
	if (f->state == FLOW_REFUSED && !e->stopping && waits_for_time(f) &&
	    f->attempts < WORLD_ATTEMPTS && !is_armed)
		return "is never tried again";
	if (f->is_revoked && !e->changes.everything && !e->changes.n && !revoke_is_walking(e))
		return "has a revoked mark for ever";
	if (f->ask_path && f->queue != FLOW_Q_ASK)
		return "never asks for its path";
	if (flow_asks_conntrack(f) && f->queue != FLOW_Q_ASK && !f->is_asking &&
	    (f->state == FLOW_REFUSED || f->state == FLOW_RESOLVE || f->state == FLOW_ACTIVE))
		return "never asks for its entry";
	if (f->state == FLOW_ADOPTED && !leftover_has(e, f))
		return "is adopted, but has no record of rules of an earlier run";
	if (leftover_has(e, f) && !flow_has_rules(f))
		return "has a record of rules of an earlier run, but no rules";
	if (f->is_barred && !flow_has_rules(f))
		return "waits behind a barrier without rules";
	if ((f->goal != FLOW_GOAL_KEEP) && !flow_has_rules(f))
		return "has a goal without rules";
	if ((f->state == FLOW_DRAIN || f->state == FLOW_REMOVE) && f->goal == FLOW_GOAL_KEEP)
		return "is removed without a goal";
	if ((flowtab_find(&e->flows, &f->orig) == f) != (f->goal != FLOW_GOAL_GONE))
		return "is wrongly indexed";
	return NULL;
}

/* -- sums ----------------------------------------------------------------- */

struct sums {
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT];
	uint32_t n_silent, n_silent_known, n_asking, n_indexed, n_barred;
	uint32_t queue[FLOW_Q__COUNT];
	uint32_t refs; /* to neighbours */
};

static void add_up(struct engine *e, const struct flow *f, struct sums *s)
{
	if (f->state < FLOW_STATE__COUNT)
		s->n_state[f->state]++;
	if (f->state == FLOW_REFUSED && f->reason < REASON__COUNT)
		s->n_reason[f->reason]++;
	s->n_silent += f->is_silent && flow_has_rules(f);
	s->n_silent_known += f->is_silent;
	s->n_asking += f->is_asking;
	s->n_barred += f->is_barred;
	s->n_indexed += f->goal != FLOW_GOAL_GONE;
	s->queue[f->queue]++;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		s->refs += topology_get_neigh(&e->paths, f->next_hop[d]) != NULL;
}

/* Walks a queue forwards and checks its links backwards. Returns its length. */
static uint32_t walk_list(struct world *w, const struct flow_list *list, enum flow_queue queue)
{
	struct engine *e = w->rig.engine;
	uint32_t n = 0, last = FLOW_NONE;

	for (uint32_t slot = list->first; slot != FLOW_NONE && n <= list->count;) {
		const struct flow *f = flowtab_at(&e->flows, slot);

		if (!f || f->queue != (uint8_t)queue || f->prev != last) {
			fake_complain(&w->rig.kernel, "queue %u is broken", queue);
			return n;
		}
		n++;
		last = slot;
		slot = f->next;
	}
	if (n != list->count || list->last != last)
		fake_complain(&w->rig.kernel, "queue %u has a wrong length", queue);
	return n;
}

static void check_queues(struct world *w, const struct sums *s)
{
	struct engine *e = w->rig.engine;
	uint32_t n_install = 0, n_remove = 0;

	for (unsigned int i = 0; i < e->flows.n_workers; i++) {
		n_install += walk_list(w, &e->flows.install[i], FLOW_Q_INSTALL);
		n_remove += walk_list(w, &e->flows.remove[i], FLOW_Q_REMOVE);
	}
	if (walk_list(w, &e->flows.ask, FLOW_Q_ASK) != s->queue[FLOW_Q_ASK] ||
	    n_install != s->queue[FLOW_Q_INSTALL] || n_remove != s->queue[FLOW_Q_REMOVE])
		fake_complain(&w->rig.kernel, "queues and flows disagree");
}

static void check_neighs(struct world *w, const struct sums *s)
{
	struct engine *e = w->rig.engine;
	uint32_t refs = 0;

	SLAB_FOR_EACH(&e->paths.neighs, slot)
	{
		const struct neigh_rec *n = topology_get_neigh(&e->paths, slot);

		refs += n->refs;
		if (!n->refs && !n->neigh.is_valid)
			fake_complain(&w->rig.kernel, "a neighbour that is neither valid nor used");
	}
	if (refs != s->refs)
		fake_complain(&w->rig.kernel, "%u references to neighbours, not %u", refs,
			      s->refs);
}

static uint32_t count_barriers(const struct engine *e)
{
	const struct link_rec *rec;
	uint32_t n = 0;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++)
		n += rec->barrier != BARRIER_NONE;
	return n;
}

static void check_sums(struct world *w, const struct sums *s)
{
	struct engine *e = w->rig.engine;
	struct fake *k = &w->rig.kernel;

	if (memcmp(s->n_state, e->n_state, sizeof(s->n_state)))
		fake_complain(k, "flows by state are miscounted");
	if (memcmp(s->n_reason, e->n_reason, sizeof(s->n_reason)))
		fake_complain(k, "flows by reason are miscounted");
	if (s->n_silent != e->n_silent || s->n_silent_known != e->n_silent_known ||
	    s->n_asking != e->n_asking)
		fake_complain(k, "silent or asking flows are miscounted");
	if (s->n_barred != e->n_barred || count_barriers(e) != e->n_barriers)
		fake_complain(k, "barriers or flows behind them are miscounted");
	if (s->n_indexed != htab_count(&e->flows.index))
		fake_complain(k, "%u flows indexed, not %u", htab_count(&e->flows.index),
			      s->n_indexed);
	if (slab_count(&e->flows.flows) > k->settings.max_flows)
		fake_complain(k, "more flows than max_flows");
	if (e->forwarded_pkts[DIR_ORIG] + e->forwarded_pkts[DIR_REPLY] > w->forwarded)
		fake_complain(k, "more packets counted than forwarded");
}

/* Rules send packets to that port of a bridge behind which the host is, or the engine knows that they do not. */
static void check_stations(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	uint32_t port;

	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct rule *r = &k->rule[i].rule;
		const struct flow *f = flowtab_get(&w->rig.engine->flows, k->rule[i].flow);

		if (f && f->state == FLOW_ACTIVE && !flowact_hops_changed(w->rig.engine, f) &&
		    world_find_station(w, &r->eth_dst, &port) && port != r->out_ifindex)
			fake_complain(k, "a rule of %u redirects to if%u, but the host is behind if%u",
				      r->cookie.ct_id, r->out_ifindex, port);
	}
}

void world_check(struct world *w)
{
	struct engine *e = w->rig.engine;
	struct sums s;

	memset(&s, 0, sizeof(s));
	SLAB_FOR_EACH(&e->flows.flows, slot)
	{
		const struct flow *f = flowtab_at(&e->flows, slot);
		const char *fault = find_fault(w, f, slot);

		if (fault)
			fake_complain(&w->rig.kernel, "%u (%s) %s", f->ct_id,
				      flow_state_name(f->state), fault);
		if (f->state == FLOW_ACTIVE)
			check_active(w, f);
		if (!e->stopping)
			check_told(w, f);
		add_up(e, f, &s);
	}
	check_rules(w);
	check_cards(w);
	check_sums(w, &s);
	check_queues(w, &s);
	check_neighs(w, &s);
	if (!w->rt.n && !w->rt.has_lost)
		check_stations(w);
	if (bug_count())
		fake_complain(&w->rig.kernel, "BUG_ON() was hit");
}

/* -- rest ----------------------------------------------------------------- */

/* Finds the path by the routes that the kernel has now, in the same steps as the engine. */
static enum reason wanted_path(struct world *w, const struct flow *f, struct path *ret)
{
	struct engine *e = w->rig.engine;
	enum reason reason = REASON_NONE;
	struct path_query q;

	path_begin(&q, &f->orig, &f->reply, settings_routing_mark(&e->settings, f->mark), 0);
	pathanswer_recall_ttl(e, f, &q);
	q.asks_seen = q.asks_ttl = e->settings.admit == ADMIT_NFT;
	if (q.asks_seen)
		fake_note(&w->rig.kernel, fake_find_conn(&w->rig.kernel, &f->orig), w->rig.now);
	if (fake_walk(&w->rig.kernel, &q, w->rig.now, &reason) != PATH_FOUND)
		return reason;
	reason = path_resolve(&e->paths, &e->settings, &q, ret);
	/* Nobody knows a newer TTL before packets have missed the rule. */
	for (unsigned int d = 0; d < DIR__COUNT && reason == REASON_NONE; d++) {
		if (flow_has_rules(f) && flowtab_ttl(&e->flows, f, d))
			ret->ttl[d] = flowtab_ttl(&e->flows, f, d);
	}
	return reason;
}

static bool sends_only_what_fits(struct fake *k, const struct rule *r)
{
	const struct fake_link *in = fake_find_link(k, r->ifindex),
			       *out = fake_find_link(k, r->out_ifindex);
	uint32_t largest = r->form & RULE_WITH_MTU ? r->mtu : in ? in->link.mtu : 0;

	return in && out && largest <= out->link.mtu;
}

static void check_planned(struct world *w, const struct flow *f, uint32_t slot,
			  const struct path *path)
{
	struct fake *k = &w->rig.kernel;
	struct rule rule[DIR__COUNT];

	plan_build(&k->settings, &f->orig, &f->reply, path, slot, k->instance, f->ct_id, rule);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where where = rule_where(&rule[d]);
		const struct rule *r = rule_at(k, &where);

		if (!r || !rule_is_equal(r, &rule[d]))
			fake_complain(k, "%u has rules that are out of date", f->ct_id);
		else if (!sends_only_what_fits(k, r))
			fake_complain(k, "a rule of %u sends packets that are too large", f->ct_id);
	}
}

/* True when the flow was refused or lost too often, or when there is no room. */
static bool is_left_alone(struct world *w, const struct flow *f, const struct path *path)
{
	struct nic *nic = w->rig.engine->paths.nic;
	const struct card *card =
		nic ? nic_card(nic, path_port(path, DIR_ORIG)->link.ifindex) : NULL;

	if (f->state != FLOW_REFUSED)
		return false;
	if (f->attempts >= WORLD_ATTEMPTS)
		return true;
	/* It has been chosen for a place, and its packets must show their way first. */
	if (f->reason == REASON_NOT_ADMITTED && f->has_asked_way && card)
		return w->rig.engine->n_reason[REASON_HARDWARE_FULL] || card_room(card) <= 1;
	if (f->reason != REASON_HARDWARE_FULL || !card)
		return false;
	/* Rank fills room only once a second. Meanwhile a learnt limit may have been
	 * raised. In a full flow table, new flows come with every dump. */
	return card_room(card) <= (card->source == CARD_SIZE_LEARNT) ||
	       slab_count(&w->rig.engine->flows.flows) == w->rig.kernel.settings.max_flows;
}

/* A flow whose mark was revoked keeps the reason RULESET_CHANGED. One whose packets were asked for their way
 * waits for its mark. Without fresh notes, look-ups may find another reason. */
static bool is_reason(const struct world *w, const struct flow *f, enum reason reason)
{
	bool has_notes = w->rig.kernel.settings.admit == ADMIT_NFT;

	return f->reason == (uint8_t)reason ||
	       (has_notes && policy_is_path_reason(f->reason) && policy_is_path_reason(reason)) ||
	       (f->has_asked_way && f->reason == REASON_NOT_ADMITTED && policy_is_path_reason(reason)) ||
	       (reason == REASON_NOT_ADMITTED && f->reason == REASON_RULESET_CHANGED);
}

static void check_rest_flow(struct world *w, const struct flow *f, uint32_t slot)
{
	struct fake *k = &w->rig.kernel;
	const struct fake_conn *c = fake_find_conn(k, &f->orig);
	enum reason reason;
	struct path path;

	if (!c || c->conn.id != f->ct_id) {
		fake_complain(k, "a flow of %u, whose connection is gone", f->ct_id);
		return;
	}
	reason = world_wanted_reason(w, c);
	if (reason == REASON_NONE)
		reason = wanted_path(w, f, &path);
	if (reason == REASON_NONE && k->settings.offload == OFFLOAD_OBSERVE)
		reason = REASON_OBSERVE_ONLY;
	if (reason == REASON_NONE) {
		if (is_left_alone(w, f, &path))
			return;
		if (f->state == FLOW_ACTIVE)
			check_planned(w, f, slot, &path);
		else
			fake_complain(k, "%u is %s (%s), not active", f->ct_id,
				      flow_state_name(f->state), reason_name(f->reason));
	} else if (f->state != FLOW_REFUSED || !is_reason(w, f, reason)) {
		fake_complain(k, "%u is %s (%s), not refused (%s)", f->ct_id,
			      flow_state_name(f->state), reason_name(f->reason),
			      reason_name(reason));
	}
}

/* The recipe that the ladder must find. All ports have the same driver. */
static enum reason wanted_recipe(const struct fake_driver *d, struct recipe *ret)
{
	*ret = (struct recipe){
		.shape = d->sets_only ? RECIPE_EXACT_TTL : d->form & RULE_WITH_CSUM ? RECIPE_NO_CSUM : RECIPE_FULL,
		.layout = d->has_one_prio ? RECIPE_PRIO : RECIPE_PRIOS,
		.classes = d->classes,
		.mtu_classes = d->form & RULE_WITH_MTU ? 0 : d->classes,
		.tags = d->has_one_prio ? 0 : FAKE_TAGS_ALL & ~d->no_tags,
	};
	if (d->takes_odd)
		return REASON_DRIVER_LIES;
	return d->classes ? REASON_NONE : REASON_NO_RECIPE;
}

static void check_pair(struct world *w, const struct nic_pair *pair)
{
	struct fake *k = &w->rig.kernel;
	struct recipe wanted;
	enum reason reason = wanted_recipe(&k->driver, &wanted);

	if (pair->state == PAIR_NONE || pair->reason == REASON_NOT_HIT)
		return;
	if (pair->state != PAIR_GOOD && pair->state != PAIR_REFUSED)
		fake_complain(k, "a pair has no verdict");
	else if (pair->reason != (uint8_t)reason)
		fake_complain(k, "a pair is %s, not %s", reason_name(pair->reason),
			      reason_name(reason));
	else if (reason == REASON_NONE && (pair->recipe.shape != wanted.shape ||
					   pair->recipe.layout != wanted.layout ||
					   (pair->recipe.classes & ~wanted.classes) ||
					   (pair->recipe.mtu_classes & ~wanted.mtu_classes) ||
					   (pair->recipe.tags & ~wanted.tags)))
		fake_complain(k, "a pair has a wrong recipe");
	/* Without faults, no class that the driver accepts is lost for long. */
	else if (reason == REASON_NONE && !w->has_faults && pair->recipe.classes != wanted.classes)
		fake_complain(k, "a pair has lost a class");
}

static void check_pairs(struct world *w)
{
	const struct nic *nic = w->rig.engine->paths.nic;

	/* If link events were lost, a pair may have been probed while its driver was off. */
	for (unsigned int i = 0; nic && !w->rt.ever_lost && i < NIC_MAX_PORTS; i++) {
		for (unsigned int o = 0; o < NIC_MAX_PORTS; o++)
			check_pair(w, &nic->pair[i][o]);
	}
}

static void check_barriers_are_down(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	const struct engine *e = w->rig.engine;

	if (e->n_barred || e->n_barriers)
		fake_complain(k, "%u flows still wait behind %u barriers", e->n_barred,
			      e->n_barriers);
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		if (k->link[i].exists && k->link[i].barrier)
			fake_complain(k, "a barrier is left on if%u",
				      k->link[i].link.ifindex);
	}
}

void world_check_rest(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	struct engine *e = w->rig.engine;

	world_check(w);
	check_pairs(w);
	check_barriers_are_down(w);
	if (k->n_rules != 2 * e->n_state[FLOW_ACTIVE])
		fake_complain(k, "%u rules for %u flows", k->n_rules, e->n_state[FLOW_ACTIVE]);
	SLAB_FOR_EACH(&e->flows.flows, slot)
		check_rest_flow(w, flowtab_at(&e->flows, slot), slot);
	for (unsigned int i = 0; i < k->n_conns; i++) {
		const struct fake_conn *c = &k->conn[i];

		if (c->exists && world_wanted_reason(w, c) == REASON_NONE &&
		    !flowtab_find(&e->flows, &c->conn.orig) &&
		    slab_count(&e->flows.flows) < k->settings.max_flows)
			fake_complain(k, "%u is eligible and there is room, but it has no flow",
				      c->conn.id);
	}
}
