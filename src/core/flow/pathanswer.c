/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/pathanswer.h"

#include <string.h>

#include "core/engine_priv.h"
#include "core/flow/adopt.h"
#include "core/flow/flowact.h"
#include "core/port/proof.h"
#include "core/walk.h"

static uint32_t routing_mark(const struct engine *e, const struct flow *f)
{
	return f->mark & ~settings_mark_bits(&e->settings);
}

/* A flow with rules writes no notes. */
static bool asks_seen(const struct engine *e, const struct flow *f)
{
	return f->state == FLOW_RESOLVE && e->settings.admit == ADMIT_NFT;
}

void pathanswer_ask(struct engine *e, struct flow *f, struct order *ret)
{
	*ret = (struct order){ .type = ORDER_LOOKUP, .flow = flowtab_ref(&e->flows, f) };
	path_begin(&ret->lookup, &f->orig, &f->reply, routing_mark(e, f), e->paths.generation);
	ret->lookup.ct_id = f->ct_id;
	ret->lookup.asks_seen = asks_seen(e, f);
}

/* A neighbour that changed keeps its slot, but the rules contain its old MAC address. */
static bool is_same_path(const struct engine *e, const struct flow *f, const struct path *path)
{
	return f->next_hop[DIR_ORIG] == path->next_hop[DIR_ORIG] &&
	       f->next_hop[DIR_REPLY] == path->next_hop[DIR_REPLY] &&
	       memcmp(f->route_mtu, path->route_mtu, sizeof(f->route_mtu)) == 0 &&
	       !flowact_hops_changed(e, f);
}

static void take_path(struct engine *e, struct flow *f, const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		topology_ref_neigh(&e->paths, path->next_hop[d]);
		topology_unref_neigh(&e->paths, f->next_hop[d]);
		f->next_hop[d] = path->next_hop[d];
		f->route_mtu[d] = path->route_mtu[d];
	}
}

/* Rules of an earlier run are right if they are those that the flow would get now. */
static void judge_adopted(struct engine *e, struct flow *f, enum reason reason,
			  const struct path *path, mono_t now)
{
	if (reason != REASON_NONE) {
		if (!adopt_waits(e, f, reason))
			flowact_input(e, f, FLOW_IN_PATH_BAD, reason, now);
	} else if (adopt_is_right(e, f, path)) {
		take_path(e, f, path);
		adopt_confirm(e, f, now);
		proof_rules_are_in(e, f, FLOW_IN_PATH_SAME, now);
	} else {
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	}
}

/* A note in a map of our nft table loses some milliseconds to the kernel's clock tick. */
#define NOTE_SLACK_MS 20

/* What a packet noted before such a change may not hold any more. */
static void drop_old_notes(const struct engine *e, struct path_query *q, mono_t now)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct seen_way *w = &q->seen[d];

		if (e->hidden_changed.us &&
		    mono_diff_ms(now, e->hidden_changed) <= (int64_t)w->age_ms + NOTE_SLACK_MS)
			w->is_known = false;
	}
}

static bool is_about_way(enum reason reason)
{
	return reason == REASON_WAY_UNKNOWN || reason == REASON_ROUTED_OTHERWISE ||
	       reason == REASON_ASYMMETRIC_ROUTE;
}

/* The path is not right, or not known. Where the look-ups and the notes of packets do not agree, the
 * notes may be older than the newest routes: the packets are asked once more. */
static void refuse_path(struct engine *e, struct flow *f, const struct path_query *q, bool is_found,
			enum reason reason, mono_t now)
{
	bool shall_ask = is_found && q->asks_seen && is_about_way(reason) && !f->is_reseen;

	f->path_gen = q->generation;
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
	if (q->ask.mark != routing_mark(e, f) || (asks_seen(e, f) && !q->asks_seen)) {
		flowact_input(e, f, FLOW_IN_RECHECK, REASON_NONE, now);
		return;
	}
	drop_old_notes(e, q, now);
	is_found = path_advance(q, &reason) == PATH_FOUND;
	if (is_found)
		reason = path_resolve(&e->paths, &e->settings, q, &path);
	/* If a fact changed during the lookups, a walk checks whether it concerns the flow. */
	if (q->generation != e->paths.generation)
		walk_start(e, WALK_PATH);
	if (f->state == FLOW_ADOPTED) {
		f->path_gen = q->generation;
		judge_adopted(e, f, reason, &path, now);
	} else if (reason != REASON_NONE) {
		refuse_path(e, f, q, is_found, reason, now);
	} else if (f->state == FLOW_RESOLVE) {
		f->path_gen = q->generation;
		take_path(e, f, &path);
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_NONE, now);
	} else if (is_same_path(e, f, &path)) {
		f->path_gen = q->generation;
		flowact_input(e, f, FLOW_IN_PATH_SAME, REASON_NONE, now);
	} else if (flowact_is_in_place(e, f, &path)) {
		f->path_gen = q->generation;
		take_path(e, f, &path);
		flowact_input(e, f, FLOW_IN_PATH_MOVED, REASON_NONE, now);
	} else {
		flowact_input(e, f, FLOW_IN_PATH_NEW, REASON_PATH_CHANGED, now);
	}
}
