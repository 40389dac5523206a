/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/portfsm.h"

#include <errno.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/leftover.h"
#include "core/path/plan.h"
#include "core/port/barrier.h"
#include "core/port/portstate.h"
#include "core/walk.h"

COUNTER(guards_renewed,
	"times that the guards of a port were added again because the NIC may have lost them");
COUNTER(ports_mended,
	"times that the guards or the clsact of a port were missing and the daemon restored them");

/* The guards of untagged packets, all that software needs. */
#define BOTH_GUARDS  3
/* Sampling rounds without evidence after which guards are no longer trusted. */
#define TRUST_ROUNDS 4

static bool is_hardware(const struct engine *e)
{
	return e->paths.nic != NULL;
}

/* True when the link should be a port, whether or not its hardware can be used now. */
static bool wants_port(const struct engine *e, const struct link_rec *rec)
{
	return settings_use_flower(&e->settings) && !e->stopping && topology_is_port(rec);
}

/* Passes the link on to nic. Returns true if rules can be put on it. */
static bool put_in_nic(struct engine *e, struct link_rec *rec)
{
	bool changed = false;
	enum reason reason = REASON_NONE;

	if (is_hardware(e)) {
		reason = nic_put_link(e->paths.nic, &rec->link, &changed);
		if (rec->encaps & ~(1u << VLAN_UNTAGGED))
			nic_set_trunk(e->paths.nic, rec->link.ifindex);
	}
	if (changed)
		topology_touch_link(&e->paths, rec);
	return reason == REASON_NONE;
}

/* A port that is mended stays ready: its flows keep their rules. */
static void step(struct engine *e, struct link_rec *rec, enum port_input input)
{
	rec->port = fsm_next(&portstate_fsm, rec->port, input);
	e->has_unwanted |= rec->port == PORT_UNWANTED;
	if (is_hardware(e))
		nic_set_ready(e->paths.nic, rec->link.ifindex,
			      portstate_is_ready(rec->port) || rec->residue == RESIDUE_RULES);
}

static void step_guards(struct link_rec *rec, enum guards_input input)
{
	rec->guards_state = fsm_next(&portstate_guards_fsm, rec->guards_state, input);
}

/* A worker is adding the guards again. Orders to close a port overtake others in a worker, so no
 * other order about guards, clsact or the end of the port is given before the answer. */
static bool is_renewing(const struct link_rec *rec)
{
	return rec->guards_state == GUARDS_RENEWING;
}

/* The port is not mended any more. */
static void end_mending(struct link_rec *rec)
{
	if (rec->residue == RESIDUE_RULES)
		rec->residue = RESIDUE_NONE;
}

/* Something of ours is, or may be, on it. */
static bool is_ours(const struct link_rec *rec)
{
	return portstate_is_ours(rec->port) || rec->residue != RESIDUE_NONE;
}

/* Something of ours is, or may be, on it, and no worker has an order for it. */
static bool can_be_closed(const struct link_rec *rec)
{
	switch ((enum port_state)rec->port) {
	case PORT_CLSACT:
	case PORT_OPEN:
	case PORT_UNGUARDED:
		return true;
	case PORT_WANTED:
	case PORT_FAILED:
		return is_ours(rec);
	case PORT_NONE:
	case PORT_OPENING:
	case PORT_GUARDING:
	case PORT_UNWANTED:
	case PORT_CLOSING:
	case PORT_CLOSING_RETRY:
	case PORT_CLOSED:
	case PORT_STATE__COUNT:
		break;
	}
	return false;
}

/* The link is not a port any more, for example because the configuration does not name it. */
static void leave_port(struct engine *e, struct link_rec *rec)
{
	rec->is_wanted = false;
	if (is_hardware(e))
		nic_del_link(e->paths.nic, rec->link.ifindex);
	if (!is_ours(rec)) {
		step(e, rec, PORT_IN_LEAVE_CLEAN);
	} else if (!e->stopping) {
		if (can_be_closed(rec))
			end_mending(rec);
		step(e, rec, PORT_IN_LEAVE);
	}
}

static void want_port(struct engine *e, struct link_rec *rec, bool changed)
{
	if ((rec->port == PORT_NONE && e->is_heir) || (rec->port == PORT_CLOSED && rec->err) ||
	    rec->port == PORT_UNWANTED)
		rec->residue = RESIDUE_UNKNOWN;
	step(e, rec, changed || !rec->is_wanted ? PORT_IN_CHANGED : PORT_IN_WANT);
	rec->is_wanted = true;
}

/* The kinds of tags for which the port needs guards: those of VLAN devices above it, if the driver
 * accepts rules that match them. */
static uint8_t encaps_to_guard(const struct engine *e, const struct link_rec *rec)
{
	uint8_t encaps = 1u << VLAN_UNTAGGED;

	if (is_hardware(e))
		encaps |= rec->encaps & nic_encaps_of(e->paths.nic, rec->link.ifindex);
	return encaps;
}

/* New flows wait for guards that are missing since a VLAN device has come. */
static void want_more_guards(struct engine *e, struct link_rec *rec)
{
	if (rec->port != PORT_OPEN || !rec->guards || !(encaps_to_guard(e, rec) & ~rec->guarded))
		return;
	rec->adds_guards |= rec->guards_state == GUARDS_TRUSTED || rec->guards_state == GUARDS_RENEWED;
	step_guards(rec, GUARDS_IN_EXPIRE);
}

/* The NIC may have lost some guards. */
static void doubt_guards(struct link_rec *rec, enum guards_input input)
{
	rec->adds_guards = false;
	step_guards(rec, input);
}

bool portfsm_put_link(struct engine *e, const struct link *link)
{
	uint32_t before = e->paths.generation;
	struct link_rec *rec = topology_find_link(&e->paths, link->ifindex);
	bool was_down = rec && !rec->link.is_up;

	rec = topology_put_link(&e->paths, &e->settings, link);
	if (!rec)
		return false;
	if (e->paths.generation != before)
		rec->has_no_barrier = false;
	/* A reset of the NIC, which loses rules, shows by the carrier at best. */
	if (was_down && link->is_up)
		portfsm_renew_guards(e, link->ifindex);
	if (!wants_port(e, rec))
		leave_port(e, rec);
	else if (put_in_nic(e, rec))
		want_port(e, rec, e->paths.generation != before);
	want_more_guards(e, rec);
	if (e->paths.generation != before)
		walk_start(e, WALK_PATH);
	return true;
}

/* -- answers -------------------------------------------------------------- */

/* The port's layout has no prio for guards, or the NIC does without them. */
static bool needs_no_guards(const struct nic_port *p)
{
	return p->layout == RECIPE_PRIO ||
	       (p->layout == RECIPE_PRIOS && p->driver->guards_itself);
}

static bool goes_unguarded(const struct engine *e, const struct link_rec *rec)
{
	const struct nic_port *p =
		is_hardware(e) ? nic_find_port(e->paths.nic, rec->link.ifindex) : NULL;

	return p && needs_no_guards(p);
}

void portfsm_close_again(struct engine *e)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->port == PORT_CLOSING)
			step(e, rec, PORT_IN_STOP);
		else if (rec->port == PORT_CLOSED && rec->err)
			step(e, rec, PORT_IN_RETRY);
	}
}

static void feed_close(struct engine *e, struct link_rec *rec, const struct event_port *done)
{
	if (done->err && rec->port == PORT_CLOSING_RETRY) {
		step(e, rec, PORT_IN_RETRY);
		return;
	}
	rec->residue = RESIDUE_NONE;
	step(e, rec, PORT_IN_ENDED);
	/* It may have become a port again meanwhile. */
	if (wants_port(e, rec) && put_in_nic(e, rec))
		want_port(e, rec, false);
}

static void feed_open(struct engine *e, struct link_rec *rec, const struct event_port *done)
{
	/* A port that could not be mended keeps what was on it. */
	if (done->err && rec->residue != RESIDUE_NONE)
		rec->residue = RESIDUE_UNKNOWN;
	else if (rec->residue == RESIDUE_UNKNOWN)
		rec->residue = RESIDUE_NONE;
	rec->made_clsact = done->made_clsact ||
			   (rec->residue == RESIDUE_UNKNOWN && rec->made_clsact);
	step(e, rec, done->err ? PORT_IN_NOT_OPENED : PORT_IN_OPENED);
	if (rec->residue == RESIDUE_RULES && goes_unguarded(e, rec))
		step(e, rec, PORT_IN_NO_GUARDS);
}

/* In hardware the port is opened even if the driver refused guards; nic_resolve() then
 * decides by the setting ttl-guard. */
static void feed_guards(struct engine *e, struct link_rec *rec, const struct event_port *done)
{
	rec->guards = done->guards;
	if (is_hardware(e))
		nic_set_guards(e->paths.nic, rec->link.ifindex, rec->guards);
	step(e, rec,
	     is_hardware(e) || rec->guards == BOTH_GUARDS ? PORT_IN_GUARDED : PORT_IN_NOT_GUARDED);
	want_more_guards(e, rec);
}

/* True when flows need not check their paths, because the port is as it was. */
static bool is_as_before(const struct link_rec *rec, uint16_t guards)
{
	return rec->residue == RESIDUE_RULES && rec->guards == guards &&
	       (rec->port == PORT_CLSACT || rec->port == PORT_OPEN);
}

static void feed_done(struct engine *e, const struct event_port *done)
{
	struct link_rec *rec = topology_find_link(&e->paths, done->ifindex);
	bool is_renewal;
	uint16_t guards;

	if (!rec)
		return;
	guards = rec->guards;
	is_renewal = is_renewing(rec);
	/* The port is neither opened nor closed before this answer (is_renewing()). */
	if (is_renewal && done->order == ORDER_PORT_GUARD) {
		step_guards(rec, GUARDS_IN_DONE);
		want_more_guards(e, rec);
		if (rec->port != PORT_OPEN || done->guards == guards)
			return;
	}
	/* Ignore the answer for an earlier device with the same index. */
	if (rec->port == PORT_NONE || rec->port == PORT_WANTED)
		return;
	rec->err = done->err;
	memcpy(rec->extack, done->extack, sizeof(rec->extack));
	switch ((enum order_type)done->order) {
	case ORDER_PORT_OPEN:
		feed_open(e, rec, done);
		break;
	case ORDER_PORT_GUARD:
		feed_guards(e, rec, done);
		break;
	default:
		feed_close(e, rec, done);
		break;
	}
	if (done->order != ORDER_PORT_CLOSE && !wants_port(e, rec))
		leave_port(e, rec);
	/* A port that has more guards than before is as good as it was. */
	if (is_renewal ? guards & ~rec->guards : !is_as_before(rec, guards)) {
		topology_touch_link(&e->paths, rec);
		walk_start(e, WALK_PATH);
	} else if (rec->port == PORT_OPEN) {
		/* Check flows that were refused meanwhile. */
		portfsm_touch_ways(e);
	}
	if (rec->port != PORT_CLSACT)
		end_mending(rec);
}

/* The layout of the port may be known now: opens a port that needs no guards. */
static void settle_layout(struct engine *e, uint32_t ifindex)
{
	const struct nic_port *p = nic_find_port(e->paths.nic, ifindex);
	struct link_rec *rec = topology_find_link(&e->paths, ifindex);

	if (p && rec && rec->port == PORT_CLSACT && needs_no_guards(p)) {
		rec->guards = 0;
		rec->residue = RESIDUE_NONE;
		step(e, rec, PORT_IN_NO_GUARDS);
	}
}

/* The guards or the clsact of an open port were deleted by others. Opens it again. */
static void mend(struct engine *e, struct link_rec *rec)
{
	struct notice n = { .type = NOTICE_GUARD_LOST, .in = rec->link.ifindex };

	notice_push(&e->notices, &n);
	counter_inc(&ports_mended);
	rec->residue = RESIDUE_RULES;
	step(e, rec, PORT_IN_BARE);
}

/* Sampling skips a port that waits for a recipe, so a failed probe must show that its
 * clsact is gone. */
static void mend_if_bare(struct engine *e, const struct event_probe *done)
{
	struct link_rec *rec = topology_find_link(&e->paths, done->in);

	if (rec && rec->port == PORT_CLSACT && !e->stopping && !done->classes &&
	    done->err == -EINVAL && driver_refusal(NULL, done->err, done->extack) == REFUSAL_GONE)
		mend(e, rec);
}

static void feed_probe(struct engine *e, const struct event_probe *done, mono_t now)
{
	struct link_rec *rec;

	mend_if_bare(e, done);
	if (!is_hardware(e) || !nic_feed_probe(e->paths.nic, done, now))
		return;
	settle_layout(e, done->in);
	rec = topology_find_link(&e->paths, done->in);
	if (rec)
		want_more_guards(e, rec);
	portfsm_touch_ways(e);
}

void portfsm_touch_ways(struct engine *e)
{
	topology_touch_ways(&e->paths);
	walk_start(e, WALK_PATH);
}

void portfsm_renew_guards(struct engine *e, uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&e->paths, ifindex);

	if (rec && is_hardware(e) && rec->guards && rec->port == PORT_OPEN)
		doubt_guards(rec, GUARDS_IN_DOUBT);
}

void portfsm_renew_all_guards(struct engine *e)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++)
		portfsm_renew_guards(e, rec->link.ifindex);
}

/*
 * A NIC does not report that it has lost rules, and a guard may be in although it counts no
 * packet. But a NIC that loses rules loses all of them. So if a rule counts packets that was
 * in the NIC when the guards were last known to be in, the guards are still in. After
 * TRUST_ROUNDS without such a rule, the guards are added again before new rules rely on them.
 */
static bool are_doubtful(const struct engine *e, const struct link_rec *rec, uint32_t now_ds)
{
	return seq_is_later(now_ds, rec->guards_kept + TRUST_ROUNDS * e->settings.sample_ms / 100);
}

void portfsm_note_hit(struct engine *e, uint32_t ifindex, uint32_t since, uint32_t counted,
		    uint32_t now_ds)
{
	struct link_rec *rec = topology_find_link(&e->paths, ifindex);

	if (!rec || !rec->guards)
		return;
	if (seq_is_later(since, rec->guards_kept)) {
		if (are_doubtful(e, rec, now_ds))
			portfsm_renew_guards(e, ifindex);
	} else if (seq_is_later(counted, rec->guards_kept)) {
		rec->guards_kept = counted;
	}
}

bool portfsm_trust_guards(struct engine *e, uint32_t ifindex, mono_t now)
{
	struct link_rec *rec = is_hardware(e) ? topology_find_link(&e->paths, ifindex) : NULL;

	if (!rec || !rec->guards || rec->port != PORT_OPEN)
		return true;
	if (are_doubtful(e, rec, clock_ds(e, now)))
		doubt_guards(rec, GUARDS_IN_EXPIRE);
	return rec->guards_state == GUARDS_TRUSTED || rec->guards_state == GUARDS_RENEWED;
}

void portfsm_feed_round(struct engine *e, const struct event_round *r)
{
	struct link_rec *rec = topology_find_link(&e->paths, r->ifindex);
	bool was_renewed;

	if (!rec || rec->port != PORT_OPEN || e->stopping)
		return;
	was_renewed = rec->guards_state == GUARDS_RENEWED;
	if (!r->err)
		step_guards(rec, GUARDS_IN_SAMPLED);
	/* The port was read while its guards were out. */
	if (is_renewing(rec))
		return;
	/* Guards that have just been added may be missing in a round that began before. */
	if (!r->err && (r->is_bare || (!was_renewed && (rec->guards & ~r->guards))))
		mend(e, rec);
}

/* -- orders --------------------------------------------------------------- */

static void make_order(const struct engine *e, struct link_rec *rec, enum order_type type,
		       struct order *ret)
{
	struct order_port *o = &ret->port;

	*ret = (struct order){ .type = (uint8_t)type };
	o->ifindex = rec->link.ifindex;
	o->instance = e->instance;
	o->keep_clsact = !rec->made_clsact;
	if (type == ORDER_PORT_GUARD)
		rec->guarded = encaps_to_guard(e, rec);
	plan_guards(&e->settings, rec, slot_guards_of(rec->guarded), e->instance, o);
}

/* The port needs guards, and its layout is known. */
static bool wants_guards(const struct engine *e, const struct link_rec *rec)
{
	const struct nic_port *p;

	if (!is_hardware(e))
		return true;
	p = nic_find_port(e->paths.nic, rec->link.ifindex);
	return p && p->layout == RECIPE_PRIOS && !needs_no_guards(p);
}

/* Finds a port in state @from and makes its order, which a worker takes: @taken. */
static bool next_port(struct engine *e, enum port_state from, enum port_input taken,
		      enum order_type type, mono_t now, struct order *ret)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->port != from || is_renewing(rec) ||
		    (type == ORDER_PORT_GUARD && !wants_guards(e, rec)))
			continue;
		step(e, rec, taken);
		if (type == ORDER_PORT_GUARD)
			rec->guards_kept = clock_ds(e, now);
		make_order(e, rec, type, ret);
		return true;
	}
	return false;
}

/* Orders to add the guards of a port again, or more of them. The port stays open meanwhile. */
static bool next_renewal(struct engine *e, mono_t now, struct order *ret)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->guards_state != GUARDS_DOUBTED || rec->port != PORT_OPEN)
			continue;
		step_guards(rec, GUARDS_IN_TAKEN);
		make_order(e, rec, ORDER_PORT_GUARD, ret);
		ret->port.renew = !rec->adds_guards;
		if (ret->port.renew) {
			counter_inc(&guards_renewed);
			rec->guards_kept = clock_ds(e, now);
		}
		rec->adds_guards = false;
		return true;
	}
	return false;
}

static bool next_probe(struct engine *e, struct order *ret)
{
	if (!is_hardware(e) || !nic_next_probe(e->paths.nic, &ret->probe))
		return false;
	ret->type = ORDER_PROBE;
	return true;
}

bool portfsm_next_order(struct engine *e, mono_t now, struct order *ret)
{
	return next_port(e, PORT_CLSACT, PORT_IN_GUARD_TAKEN, ORDER_PORT_GUARD, now, ret) ||
	       next_port(e, PORT_WANTED, PORT_IN_OPEN_TAKEN, ORDER_PORT_OPEN, now, ret) ||
	       next_renewal(e, now, ret) || next_probe(e, ret);
}

/* Ports that flows still use, or that have a barrier, wait. */
bool portfsm_next_unwanted(struct engine *e, struct order *ret)
{
	struct link_rec *rec;
	bool any = false;

	/* Flows that are being adopted may have rules on a port that
	 * topology_is_used() does not report. */
	if (!e->has_unwanted || leftover_is_any(e))
		return false;
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->port != PORT_UNWANTED)
			continue;
		any = true;
		if (topology_is_used(&e->paths, rec->link.ifindex) ||
		    rec->barrier != BARRIER_NONE || is_renewing(rec))
			continue;
		step(e, rec, PORT_IN_CLOSE_TAKEN);
		make_order(e, rec, ORDER_PORT_CLOSE, ret);
		return true;
	}
	e->has_unwanted = any;
	return false;
}

bool portfsm_next_closing(struct engine *e, struct order *ret)
{
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (!can_be_closed(rec) || rec->barrier != BARRIER_NONE || is_renewing(rec))
			continue;
		end_mending(rec);
		step(e, rec, PORT_IN_CLOSE_TAKEN);
		make_order(e, rec, ORDER_PORT_CLOSE, ret);
		return true;
	}
	return false;
}

uint32_t portfsm_count_ours(const struct engine *e)
{
	struct link_rec *rec;
	uint32_t n = 0;

	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++)
		n += is_ours(rec);
	return n;
}

bool portfsm_are_settled(const struct engine *e)
{
	struct link_rec *rec;

	if (is_hardware(e) && !nic_is_settled(e->paths.nic))
		return false;
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (rec->port == PORT_WANTED || rec->port == PORT_OPENING ||
		    rec->port == PORT_GUARDING || (rec->port == PORT_CLSACT && wants_guards(e, rec)))
			return false;
	}
	return true;
}

void portfsm_feed(struct engine *e, const struct event *ev, mono_t now)
{
	if (ev->type == EVENT_PORT_DONE)
		feed_done(e, &ev->port);
	else
		feed_probe(e, &ev->probe, now);
}
