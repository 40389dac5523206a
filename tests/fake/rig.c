/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/slot.h"
#include "fake/rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine_priv.h"
#include "core/path/plan.h"
#include "core/view.h"

/* More rounds than an engine that comes to rest can need. */
#define MANY_ROUNDS 200000

struct settings rig_settings(void)
{
	return (struct settings){
		.offload = OFFLOAD_HARDWARE,
		.admit = ADMIT_EVENTS,
		.mark = 0x1,
		.max_flows = 64,
		.auto_devices = true,
		.tc_priority = 100,
		.n_allowed = 1,
		.allowed = { { .name = FAKE_DRIVER } },
		.max_swaps = 4,
		.sample_ms = 1000,
		.tcp_timeout_s = 432000,
		.tcp_unacked_s = 300,
		.udp_timeout_s = 120,
		.tcp_time_wait_s = 120,
	};
}

void rig_init(struct rig *rig, const struct settings *settings, unsigned int n_workers,
	      uint64_t seed)
{
	struct engine_params params = {
		.settings = *settings,
		.n_workers = n_workers,
		.instance = 0xc0ffee,
		.hash_key = { seed, ~seed },
		.now = { 1000000000 },
	};

	memset(rig, 0, sizeof(*rig));
	rig->params = params;
	rig->now = params.now;
	rig->n_workers = n_workers;
	fake_init(&rig->kernel, settings, params.instance);
	if (engine_new(&params, &rig->engine))
		abort();
}

void rig_fini(struct rig *rig)
{
	engine_free(rig->engine);
	rig->engine = NULL;
	fake_fini(&rig->kernel);
}

static bool has_barrier(const struct rig *rig)
{
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		if (rig->kernel.link[i].exists && rig->kernel.link[i].barrier)
			return true;
	}
	return false;
}

/* Offers all rules to the new engine; removes those that it does not adopt. */
static void adopt_rules(struct rig *rig, bool may_adopt)
{
	struct fake *k = &rig->kernel;

	for (unsigned int i = k->n_rules; i-- > 0;) {
		struct fake_rule *r = &k->rule[i];
		struct engine_leftover left = { .rule = &r->rule,
						.stats = r->stats,
						.in_hw = !r->is_dead };

		if (!may_adopt || !engine_adopt(rig->engine, &left, rig->now)) {
			fake_remove_at(k, i);
			continue;
		}
		r->flow = flowtab_ref(&rig->engine->flows,
				      flowtab_at(&rig->engine->flows, slot_from_handle(r->rule.handle)));
		k->flow[r->flow.slot] = (struct fake_flow){ .ref = r->flow,
							    .ct_id = r->rule.cookie.ct_id };
	}
	for (unsigned int i = 0; i < FAKE_LINKS; i++)
		k->link[i].barrier = 0;
	engine_adopt_end(rig->engine, rig->now);
}

void rig_restart(struct rig *rig, bool may_adopt)
{
	engine_free(rig->engine);
	fake_lose_core(&rig->kernel);
	rig->params.now = rig->now;
	if (engine_new(&rig->params, &rig->engine))
		abort();
	/* The old engine was about to remove rules behind a barrier, so they are not adopted. */
	adopt_rules(rig, may_adopt && !has_barrier(rig));
}

unsigned int rig_n_lanes(const struct rig *rig)
{
	return 2 + 2 * rig->n_workers;
}

/* Like daemon/watch/bypass, which checks each link. A device above can make a link a
 * port. */
static void tell_all_bypasses(struct rig *rig)
{
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		if (rig->kernel.link[i].exists)
			rig_tell_bypass(rig, rig->kernel.link[i].link.ifindex);
	}
}

void rig_feed(struct rig *rig, const struct event *event)
{
	fake_tell(&rig->kernel, event, rig->now);
	engine_feed(rig->engine, event, rig->now);
	if (event->type == EVENT_LINK || event->type == EVENT_BRIDGE_PORT)
		tell_all_bypasses(rig);
}

void rig_tell_bypass(struct rig *rig, uint32_t ifindex)
{
	const struct fake_link *l = fake_find_link(&rig->kernel, ifindex);
	struct event ev = { .type = EVENT_BYPASS };

	ev.bypass = (struct event_bypass){ .ifindex = ifindex,
					   .mask = BYPASS_ALL,
					   .bits = l ? l->bypass : 0 };
	engine_feed(rig->engine, &ev, rig->now);
}

void rig_feed_type(struct rig *rig, enum event_type type)
{
	struct event ev = { .type = (uint8_t)type };

	rig_feed(rig, &ev);
}

/* -- orders and answers --------------------------------------------------- */

static bool has_room(const struct rig *rig, unsigned int lane)
{
	return !rig->room || fake_pending(&rig->kernel, lane) < rig->room;
}

static bool hand_out_class(struct rig *rig, enum order_class class, unsigned int worker,
			   unsigned int lane)
{
	struct order o;
	bool any = false;

	while (has_room(rig, lane) &&
	       engine_next_order(rig->engine, class, worker, rig->now, &o)) {
		any = true;
		if (rig->on_order)
			rig->on_order(rig->ctx, &o, worker);
		fake_push(&rig->kernel, &o, worker, rig->now);
	}
	return any;
}

bool rig_hand_out(struct rig *rig)
{
	bool any = hand_out_class(rig, ORDERS_ASK, 0, 0);

	any |= hand_out_class(rig, ORDERS_URGENT, 0, FAKE_URGENT);
	for (unsigned int w = 0; w < rig->n_workers; w++)
		any |= hand_out_class(rig, ORDERS_REMOVE, w, fake_lane(ORDER_REMOVE, w));
	for (unsigned int w = 0; w < rig->n_workers; w++)
		any |= hand_out_class(rig, ORDERS_INSTALL, w, fake_lane(ORDER_INSTALL, w));
	return any;
}

bool rig_answer(struct rig *rig, unsigned int lane)
{
	struct event ev;

	if (!fake_answer(&rig->kernel, lane, &ev))
		return false;
	rig_feed(rig, &ev);
	return true;
}

static bool work_lanes(struct rig *rig)
{
	bool any = false;

	for (unsigned int lane = 0; lane < rig_n_lanes(rig); lane++) {
		if (rig->is_held[lane])
			continue;
		while (fake_execute(&rig->kernel, lane, rig->now))
			any = true;
		while (!rig->is_mute[lane] && rig_answer(rig, lane))
			any = true;
	}
	return any;
}

void rig_settle(struct rig *rig)
{
	for (unsigned int i = 0; i < MANY_ROUNDS; i++) {
		bool more = engine_tick(rig->engine, rig->now);

		more |= rig_hand_out(rig);
		more |= work_lanes(rig);
		if (!more)
			return;
	}
	fake_complain(&rig->kernel, "the engine does not come to rest");
}

/* -- time ----------------------------------------------------------------- */

static void end_expired(struct rig *rig)
{
	struct fake_conn *c;

	while ((c = fake_expire(&rig->kernel, rig->now))) {
		if (!c->is_silent)
			rig_report_end(rig, c);
	}
}

void rig_advance(struct rig *rig, mono_t when)
{
	rig_settle(rig);
	while (mono_before(rig->now, when)) {
		mono_t next = mono_min(engine_next_due(rig->engine),
				       fake_next_expiry(&rig->kernel));

		next = mono_max(next, mono_add_ms(rig->now, 1));
		rig->now = mono_min(next, when);
		end_expired(rig);
		rig_settle(rig);
	}
}

/* -- reports -------------------------------------------------------------- */

void rig_report(struct rig *rig, const struct fake_conn *conn, bool is_dump)
{
	struct event ev = { .type = EVENT_CONN, .is_dump = is_dump };

	if (is_dump)
		fake_report(conn, rig->now, &ev.conn);
	else
		fake_report_event(conn, rig->now, &ev.conn);
	rig_feed(rig, &ev);
}

void rig_report_end(struct rig *rig, const struct fake_conn *conn)
{
	struct event ev = { .type = EVENT_CONN_DESTROY };

	fake_report(conn, rig->now, &ev.conn);
	rig_feed(rig, &ev);
}

static void sample_port(struct rig *rig, uint32_t ifindex)
{
	const struct fake_link *l = fake_find_link(&rig->kernel, ifindex);
	struct event port = { .type = EVENT_ROUND_PORT }, ev;

	port.round.ifindex = ifindex;
	port.round.is_bare = !l || !l->has_clsact;
	port.round.guards = l ? l->guards : 0;
	port.round.err = l && l->is_unreadable ? -EINTR : 0;
	for (unsigned int i = 0; !port.round.err && i < rig->kernel.n_rules; i++) {
		if (rig->kernel.rule[i].rule.ifindex != ifindex)
			continue;
		fake_sample(&rig->kernel, i, &ev);
		rig_feed(rig, &ev);
	}
	rig_feed(rig, &port);
}

void rig_sample(struct rig *rig)
{
	const struct topology *paths = view_paths(rig->engine);
	const struct link_rec *rec;

	rig_feed_type(rig, EVENT_ROUND_BEGIN);
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (rec->port == PORT_OPEN)
			sample_port(rig, rec->link.ifindex);
	}
	rig_feed_type(rig, EVENT_ROUND_END);
}

void rig_resync(struct rig *rig)
{
	rig_feed_type(rig, EVENT_RESYNC_BEGIN);
	for (unsigned int i = 0; i < rig->kernel.n_conns; i++) {
		if (rig->kernel.conn[i].exists)
			rig_report(rig, &rig->kernel.conn[i], true);
	}
	rig_feed_type(rig, EVENT_RESYNC_END);
}
