/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rest - brings a random world to rest, and stops it.
 */
#include <string.h>

#include "base/util.h"
#include "core/engine_priv.h"
#include "random/world.h"

/* Changes every link, because a port that failed is opened again only when its link changes. */
static void shake(struct world *w, uint32_t ifindex)
{
	const struct fake_link *l = ifindex ? fake_find_link(&w->rig.kernel, ifindex) : NULL;
	struct event ev = { .type = EVENT_LINK };

	if (!l)
		return;
	ev.link = l->link;
	ev.link.mtu++;
	rig_feed(&w->rig, &ev);
	ev.link.mtu--;
	rig_feed(&w->rig, &ev);
}

static void shake_links(struct world *w)
{
	for (unsigned int n = 0; n < WORLD_NETS; n++) {
		shake(w, world_port(w, n));
		shake(w, w->net[n].port2);
	}
}

static void stream(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		for (unsigned int d = 0; k->conn[i].exists && d < DIR__COUNT; d++)
			world_burst(w, &k->conn[i], d, 1);
		world_read_all(w);
	}
}

/* Number of connections in use that must not expire. */
static unsigned int count_used(struct world *w)
{
	const struct fake *k = &w->rig.kernel;
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		const struct fake_conn *c = &k->conn[i];

		n += c->exists && !(c->conn.status & CONN_FIXED_TIMEOUT) &&
		     world_wanted_reason(w, c) == REASON_NONE;
	}
	return n;
}

/* Number of orders that move flows. In a full flow table, the flows that dumps show push each
 * other out and are looked up each time, so look-ups do not count. If the card is full, too,
 * they are also ranked again each time, so no order counts. Without conntrack's counters, each flow that is
 * alive on the CPU counts as busy (ALIVE_BYTES of rank), so flows take turns in a full card. */
static uint64_t count_moves(struct world *w)
{
	const struct fake *k = &w->rig.kernel;
	bool is_full = slab_count(&w->rig.engine->flows.flows) == k->settings.max_flows;

	if ((is_full || !w->has_counters) && w->rig.engine->n_reason[REASON_HARDWARE_FULL])
		return 0;
	return (is_full ? 0 : k->n_orders[ORDER_LOOKUP]) + k->n_orders[ORDER_INSTALL] +
	       k->n_orders[ORDER_REMOVE] + k->n_orders[ORDER_MOVE] + k->n_orders[ORDER_PORT_OPEN] +
	       k->n_orders[ORDER_PORT_CLOSE] + k->n_orders[ORDER_PROBE];
}

/* A learnt limit is raised again and again while flows wait, so flows keep moving. */
static bool is_growing(struct world *w)
{
	const struct nic *nic = w->rig.engine->paths.nic;

	for (unsigned int i = 0; nic && i < NIC_MAX_CARDS; i++) {
		if (nic->card[i].source == CARD_SIZE_LEARNT)
			return true;
	}
	return false;
}

/* Lets more time pass than the longest pause, with packets and samples every second. */
static void use_all(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	unsigned int n_used = count_used(w);
	uint64_t n_moves = 0;

	for (unsigned int i = 0; i < 400; i++) {
		if (i == 390)
			n_moves = count_moves(w);
		stream(w);
		rig_sample(&w->rig);
		if ((i % 2 && engine_wants_dumps(w->rig.engine)) || i % 16 == 0)
			rig_resync(&w->rig);
		rig_advance(&w->rig, mono_add_ms(w->rig.now, 1000));
	}
	if (count_used(w) != n_used)
		fake_complain(k, "%u connections in use, of %u", count_used(w), n_used);
	if (n_moves && count_moves(w) > n_moves && !is_growing(w))
		fake_complain(k, "flows still move at rest");
}

void world_rest(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	memset(&k->faults, 0, sizeof(k->faults));
	for (unsigned int i = 0; i < FAKE_LINKS; i++)
		k->link[i].is_unreadable = false;
	w->rig.room = 0;
	world_free_workers(w);
	world_read_all(w);
	if (w->is_dumping)
		world_end_dump(w, false);
	world_read_topology(w);
	shake_links(w);
	rig_settle(&w->rig);
	world_read_all(w);
	world_rest_ruleset(w);
	/* Connections that may not be offloaded would expire in the time that follows. */
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (c->exists && world_wanted_reason(w, c) != REASON_NONE &&
		    fake_rules_of(k, c->conn.id) == 0)
			c->expires = MONO_NEVER;
	}
	rig_resync(&w->rig);
	use_all(w);
	/* Connections that did not fit into the flow table at first may fit now. Some must show their way. */
	for (unsigned int i = 0; i < 3; i++) {
		rig_resync(&w->rig);
		rig_settle(&w->rig);
		stream(w);
		rig_advance(&w->rig, mono_add_ms(w->rig.now, 1100));
	}
}

void world_stop(struct world *w)
{
	w->is_stopping = true;
	w->rig.room = 0;
	/* Some workers come back only during the stop. */
	if (splitmix_below(&w->rnd, 2))
		world_free_workers(w);
	rig_feed_type(&w->rig, EVENT_STOP);
	for (unsigned int i = 0; i < 30; i++) {
		if (i < 5 && w->has_faults)
			world_add_fault(w);
		else
			memset(&w->rig.kernel.faults, 0, sizeof(w->rig.kernel.faults));
		w->rig.kernel.faults.port_err = 0;
		if (i == 5)
			world_free_workers(w);
		rig_advance(&w->rig, mono_add_ms(w->rig.now, 1000));
		world_check(w);
	}
	if (!engine_is_stopped(w->rig.engine))
		fake_complain(&w->rig.kernel, "the engine never stops");
	fake_check_empty(&w->rig.kernel);
}
