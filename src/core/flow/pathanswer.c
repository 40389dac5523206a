/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/pathanswer.h"

#include <string.h>

#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/flow/adopt.h"
#include "core/flow/flowact.h"
#include "core/flow/policy.h"
#include "core/port/proof.h"
#include "core/walk.h"

/* A flow with rules writes no notes. */
static bool asks_seen(const struct engine *e, const struct flow *f)
{
	return f->state == FLOW_RESOLVE && e->settings.admit == ADMIT_NFT;
}

void pathanswer_recall_ttl(const struct engine *e, const struct flow *f, struct path_query *q)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		q->ttl[d] = flowtab_ttl(&e->flows, f, d);
}

void pathanswer_recall(const struct engine *e, const struct flow *f, struct path_query *q)
{
	uint32_t iif[DIR__COUNT];
	bool is_in_vrf = false;

	path_use_marks(q, f->route_mark);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		uint32_t device = topology_device_of(&e->paths, f->next_hop[dir_other(d)]);

		iif[d] = topology_arrival(&e->paths, device);
		is_in_vrf |= iif[d] != device;
	}
	if (is_in_vrf && f->state == FLOW_ACTIVE)
		path_use_arrivals(q, iif);
}

void pathanswer_ask(struct engine *e, struct flow *f, struct order *ret)
{
	*ret = (struct order){ .type = ORDER_LOOKUP, .flow = flowtab_ref(&e->flows, f) };
	path_begin(&ret->lookup, &f->orig, &f->reply, settings_routing_mark(&e->settings, f->mark),
		   e->paths.generation);
	ret->lookup.ct_id = f->ct_id;
	ret->lookup.asks_seen = asks_seen(e, f);
	pathanswer_recall_ttl(e, f, &ret->lookup);
	ret->lookup.asks_ttl = ret->lookup.asks_seen && nic_matches_ttl(e->paths.nic);
	if (f->next_hop[DIR_ORIG] != FLOW_NONE)
		pathanswer_recall(e, f, &ret->lookup);
}

static bool has_same_hops(const struct flow *f, const struct path *path)
{
	return f->next_hop[DIR_ORIG] == path->next_hop[DIR_ORIG] &&
	       f->next_hop[DIR_REPLY] == path->next_hop[DIR_REPLY];
}

/* A neighbour that changed keeps its slot, but the rules contain its old MAC address. */
static bool is_same_path(const struct engine *e, const struct flow *f, const struct path *path)
{
	return has_same_hops(f, path) &&
	       memcmp(f->route_mtu, path->route_mtu, sizeof(f->route_mtu)) == 0 &&
	       !flowact_hops_changed(e, f);
}

/* Packets may not follow the look-up to another next hop: a route for their TOS may be older than the daemon. */
static bool needs_new_notes(const struct engine *e, const struct flow *f, const struct path *path)
{
	return e->settings.admit == ADMIT_NFT && !has_same_hops(f, path);
}

static void take_path(struct engine *e, struct flow *f, const struct path_query *q,
		      const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		topology_ref_neigh(&e->paths, path->next_hop[d]);
		topology_unref_neigh(&e->paths, f->next_hop[d]);
		f->next_hop[d] = path->next_hop[d];
		topology_unref_port(&e->paths, f->port[d]);
		f->port[d] = path->hop[dir_other(d)].ifindex;
		topology_ref_port(&e->paths, f->port[d]);
		topology_note_slot(&e->paths, f->port[d], path_slot_kind(path, d));
		f->route_mtu[d] = path->route_mtu[d];
		f->route_mark[d] = q->mark[d];
		flowtab_set_ttl(&e->flows, f, d, path->ttl[d]);
	}
}

/* Look-ups may be wrong for any IPv6 flow (topology_is_blind). That alone does not count here, because then no
 * IPv6 rule of an earlier run would ever be adopted. */
static bool needs_witness(const struct engine *e)
{
	return e->settings.admit == ADMIT_NFT && e->paths.rules_need_packet;
}

/* Rules of an earlier run are right if they are those that the flow would get now. But routes and rules may
 * have changed unseen, so where look-ups are not enough, packets are asked. */
static void judge_adopted(struct engine *e, struct flow *f, const struct path_query *q,
			  enum reason reason, const struct path *path, mono_t now)
{
	if (reason != REASON_NONE) {
		if (!adopt_waits(e, f, reason))
			flowact_input(e, f, FLOW_IN_PATH_BAD, reason, now);
	} else if (!needs_witness(e) && adopt_is_right(e, f, path)) {
		take_path(e, f, q, path);
		adopt_confirm(e, f, now);
		proof_rules_are_in(e, f, FLOW_IN_PATH_SAME, now);
	} else {
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	}
}

/* The kernel counts the age of a note in ticks of its clock. */
#define NOTE_SLACK_MS 20

/* Packets were asked for their way, and this note is older than that. */
static bool is_from_before(const struct flow *f, const struct seen_way *w, mono_t now)
{
	uint16_t since_ms = (uint16_t)((uint16_t)(now.us / 1000) - f->way_asked_ms);

	return w->age_ms > (uint32_t)since_ms + NOTE_SLACK_MS;
}

/* Routes have changed since a packet of this direction noted its way, and a look-up may not show it. */
static bool is_outdated(const struct engine *e, const struct flow *f, enum dir dir,
			const struct seen_way *w, mono_t now)
{
	const struct addr *dst = dir == DIR_REPLY ? &f->orig.src : &f->reply.src;

	return routelog_touches(&e->route_log, f->orig.family, dst,
				mono_add_ms(now, -(int64_t)w->age_ms - NOTE_SLACK_MS),
				!topology_is_blind(&e->paths, f->orig.family));
}

/* The note is older than rules that matched its TTL, and the packets have missed them. */
static bool has_old_ttl(const struct engine *e, const struct flow *f, enum dir dir, const struct seen_way *w,
			mono_t now)
{
	return f->is_doubted && flowtab_ttl(&e->flows, f, dir) &&
	       !seq_is_later(clock_ds(e, mono_add_ms(now, -(int64_t)w->age_ms)), proof_since(e, f));
}

static bool has_old_note(const struct engine *e, const struct flow *f, const struct path_query *q,
			 mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT && path_has_notes(q); d++) {
		const struct seen_way *w = &q->seen[d];

		if (has_old_ttl(e, f, d, w, now) ||
		    (f->has_asked_way ? is_from_before(f, w, now) : is_outdated(e, f, d, w, now)))
			return true;
	}
	return false;
}

static bool is_about_way(enum reason reason)
{
	return reason == REASON_WAY_UNKNOWN || reason == REASON_ROUTED_OTHERWISE ||
	       reason == REASON_ASYMMETRIC_ROUTE;
}

/* Whether the packets may show another way than the one that was refused: where the look-ups and the notes do
 * not agree, because the notes may be older than the newest routes; and where there are no notes, and
 * look-ups alone may be wrong, or do not find a path in a VRF. */
static bool can_packets_tell(const struct engine *e, const struct flow *f, const struct path_query *q,
			     bool is_found, enum reason reason)
{
	if (!q->asks_seen || f->has_asked_way)
		return false;
	if (is_found && is_about_way(reason))
		return true;
	return !path_has_notes(q) && policy_is_path_reason(reason) && reason != REASON_LOCAL &&
	       path_check_family(&e->paths, f->orig.family) == REASON_NONE &&
	       (e->paths.has_vrfs || topology_is_blind(&e->paths, f->orig.family));
}

/* The path is not right, or not known. */
static void refuse_path(struct engine *e, struct flow *f, const struct path_query *q, bool is_found,
			enum reason reason, mono_t now)
{
	bool shall_ask = can_packets_tell(e, f, q, is_found, reason);

	f->path_gen = q->generation;
	if (reason == REASON_ROUTED_OTHERWISE && !shall_ask)
		topology_was_wrong(&e->paths);
	flowact_input(e, f, FLOW_IN_PATH_BAD, shall_ask ? REASON_WAY_UNKNOWN : reason, now);
	if (shall_ask)
		flowact_ask_way(e, f);
}

void pathanswer_feed(struct engine *e, struct flow *f, struct path_query *q, mono_t now)
{
	enum reason reason = REASON_NO_ROUTE;
	struct path path;
	bool is_found;

	if (f->state != FLOW_RESOLVE && f->state != FLOW_ACTIVE && f->state != FLOW_ADOPTED)
		return;
	/* It was asked for another mark, or while the flow had rules. */
	if (q->ct_mark != settings_routing_mark(&e->settings, f->mark) || (asks_seen(e, f) && !q->asks_seen)) {
		flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		return;
	}
	if (flowact_has_new_routes(e, f))
		f->has_asked_way = false;
	is_found = path_advance(q, &reason) == PATH_FOUND;
	if (is_found)
		reason = path_resolve(&e->paths, &e->settings, q, &path);
	if (is_found && (reason == REASON_NONE || is_about_way(reason)) && has_old_note(e, f, q, now))
		reason = REASON_WAY_UNKNOWN;
	/* If a fact changed during the lookups, a walk checks whether it concerns the flow. */
	if (q->generation != e->paths.generation)
		walk_start(e, WALK_PATH);
	if (f->state == FLOW_ADOPTED) {
		f->path_gen = q->generation;
		judge_adopted(e, f, q, reason, &path, now);
	} else if (!is_found && f->state == FLOW_ACTIVE && path_first_step(q) != PATH_STEP_INGRESS) {
		/* Its packets may arrive by another device now. */
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	} else if (reason != REASON_NONE) {
		refuse_path(e, f, q, is_found, reason, now);
	} else if (f->state == FLOW_RESOLVE) {
		f->path_gen = q->generation;
		take_path(e, f, q, &path);
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_NONE, now);
	} else if (is_same_path(e, f, &path)) {
		f->path_gen = q->generation;
		flowact_input(e, f, FLOW_IN_PATH_SAME, REASON_NONE, now);
	} else if (flowact_is_in_place(e, f, &path) && !needs_new_notes(e, f, &path)) {
		f->path_gen = q->generation;
		take_path(e, f, q, &path);
		flowact_input(e, f, FLOW_IN_PATH_MOVED, REASON_NONE, now);
	} else {
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	}
}
