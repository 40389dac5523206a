/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/topofeed.h"

#include "base/util.h"
#include "core/engine_priv.h"
#include "core/port/barrier.h"
#include "core/port/portfsm.h"
#include "core/walk.h"

/* How long changes of what is behind the ports of bridges are collected before refused flows are checked. */
#define LIFT_MS 5000

/* Puts a port again, because of a change above it. */
static void put_again(struct engine *e, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(&e->paths, ifindex);
	struct link link;

	if (!rec)
		return;
	link = rec->link;
	IGNORE_RESULT(portfsm_put_link(e, &link));
}

/* Puts all ports below the ports of a bridge or bond again. */
static void put_ports_again(struct engine *e, uint32_t master, unsigned int depth)
{
	const struct legs *legs = &e->paths.legs;
	const struct link_rec *rec, *port;

	for (uint32_t slot = 0; master && (rec = topology_next_link(&e->paths, &slot)); slot++) {
		port = rec->link.master == master ? legs_bottom(legs, rec) : NULL;
		if (!port)
			continue;
		if (depth == 0 && legs_is_master(legs, port->link.ifindex))
			put_ports_again(e, port->link.ifindex, depth + 1);
		else
			put_again(e, port->link.ifindex);
	}
}

/* What is below a link: ports that carry its rules. */
struct below {
	uint32_t port, master; /* below its VLANs; legs_master_of() */
};

static struct below below(const struct engine *e, uint32_t ifindex)
{
	const struct legs *legs = &e->paths.legs;
	const struct link_rec *rec = topology_find_link(&e->paths, ifindex);
	const struct link_rec *port = rec && rec->link.vlan.proto ? legs_bottom(legs, rec) : NULL;

	return (struct below){ port && port->is_port_kind ? port->link.ifindex : 0,
			       rec ? legs_master_of(legs, rec) : 0 };
}

static void feed_below(struct engine *e, struct below was, struct below now)
{
	put_again(e, now.port);
	if (was.port != now.port)
		put_again(e, was.port);
	put_ports_again(e, now.master, 0);
	if (was.master != now.master)
		put_ports_again(e, was.master, 0);
}

static void feed_link(struct engine *e, const struct link *link)
{
	struct below was = below(e, link->ifindex);
	uint32_t before = e->paths.generation;

	if (portfsm_put_link(e, link) && e->paths.generation != before)
		feed_below(e, was, below(e, link->ifindex));
}

/* Sets the new list of devices, and feeds all links again. */
static void feed_devices(struct engine *e, const struct event_devices *devices)
{
	struct settings *s = &e->settings;
	struct link_rec *rec;
	struct link link;

	memset(s->device, 0, sizeof(s->device));
	s->n_devices = MIN(devices->n, (unsigned int)SETTINGS_MAX_DEVICES);
	for (unsigned int i = 0; i < s->n_devices; i++)
		memcpy(s->device[i], devices->name[i], LINK_NAME_SIZE);
	/* All names first: a port may lose its own, while a VLAN device above it gets one. */
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		link = rec->link;
		topology_put_link(&e->paths, s, &link);
	}
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		link = rec->link;
		feed_link(e, &link);
	}
	walk_start(e, WALK_PATH);
}

static void feed_link_gone(struct engine *e, uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&e->paths, ifindex);
	struct below was = below(e, ifindex);

	if (e->paths.nic)
		nic_del_link(e->paths.nic, ifindex);
	if (rec)
		barrier_forget(e, rec);
	topology_del_link(&e->paths, ifindex);
	feed_below(e, was, (struct below){ 0, 0 });
	walk_start(e, WALK_PATH);
}

/* -- bridges -------------------------------------------------------------- */

static void feed_bridge_port(struct engine *e, const struct bridge_port *port)
{
	uint32_t before = e->paths.generation;

	topology_put_bridge_port(&e->paths, port);
	if (e->paths.generation == before)
		return;
	put_ports_again(e, below(e, port->ifindex).master, 0);
	walk_start(e, WALK_PATH);
}

static void end_bridges(struct engine *e)
{
	uint32_t before = e->paths.generation;
	const struct link_rec *rec;

	topology_end_bridges(&e->paths);
	if (e->paths.generation == before)
		return;
	for (uint32_t slot = 0; (rec = topology_next_link(&e->paths, &slot)); slot++) {
		if (legs_is_master(&e->paths.legs, rec->link.ifindex))
			put_ports_again(e, rec->link.ifindex, 0);
	}
	walk_start(e, WALK_PATH);
}

/* Routes may have changed with the link, without an event of their own (topology.c, lose_routes). */
static void feed_any_link(struct engine *e, const struct event *ev, mono_t now)
{
	uint32_t changed = e->paths.routes_changed, doubted = e->paths.routes_doubted;

	if (ev->type == EVENT_LINK)
		feed_link(e, &ev->link);
	else
		feed_link_gone(e, ev->link.ifindex);
	if (e->paths.routes_changed != changed || e->paths.routes_doubted != doubted)
		routelog_add(&e->route_log, &(struct route_change){ .family = FAMILY_NONE }, now);
}

/* -- events --------------------------------------------------------------- */

/* Facts of which only the topology takes note. */
static bool feed_fact(struct engine *e, const struct event *ev)
{
	uint32_t before = e->paths.generation;

	switch ((enum event_type)ev->type) {
	case EVENT_NEIGH:
		topology_put_neigh(&e->paths, &ev->neigh);
		break;
	case EVENT_NEIGHS_BEGIN:
		topology_begin_neighs(&e->paths);
		break;
	case EVENT_NEIGHS_END:
		topology_end_neighs(&e->paths);
		break;
	case EVENT_BRIDGES_BEGIN:
		topology_begin_bridges(&e->paths);
		break;
	case EVENT_STATION:
		topology_put_station(&e->paths, &ev->station);
		break;
	case EVENT_STATIONS_BEGIN:
		topology_begin_stations(&e->paths);
		break;
	case EVENT_STATIONS_END:
		topology_end_stations(&e->paths);
		break;
	default:
		return false;
	}
	if (e->paths.generation != before)
		walk_start(e, WALK_PATH);
	return true;
}

void topofeed_tick(struct engine *e, mono_t now)
{
	if (mono_before(now, e->lift_due))
		return;
	e->lift_due = MONO_NEVER;
	if (!e->paths.ways_doubted)
		return;
	topology_touch_ways(&e->paths);
	walk_start(e, WALK_PATH);
}

static bool feed(struct engine *e, const struct event *ev, mono_t now)
{
	switch ((enum event_type)ev->type) {
	case EVENT_LINK:
	case EVENT_LINK_GONE:
		feed_any_link(e, ev, now);
		break;
	case EVENT_BYPASS:
		if (topology_set_bypass(&e->paths, &ev->bypass))
			walk_start(e, WALK_PATH);
		break;
	case EVENT_DEVICES:
		feed_devices(e, &ev->devices);
		break;
	case EVENT_BRIDGE_PORT:
		feed_bridge_port(e, &ev->bridge_port);
		break;
	case EVENT_BRIDGES_END:
		end_bridges(e);
		break;
	case EVENT_ROUTES_CHANGED:
		topology_touch_routes(&e->paths, &ev->routes);
		if (ev->routes.ifindex == 0)
			routelog_add(&e->route_log, &ev->routes, now);
		walk_start(e, WALK_PATH);
		break;
	case EVENT_RULES_CHANGED:
		if (topology_set_rules_need_packet(&e->paths, ev->rules_need_packet))
			walk_start(e, WALK_PATH);
		break;
	case EVENT_IPSEC:
		if (topology_set_ipsec(&e->paths, ev->ipsec))
			walk_start(e, WALK_PATH);
		break;
	case EVENT_MTU6:
		if (topology_set_mtu6(&e->paths, &ev->mtu6))
			walk_start(e, WALK_PATH);
		break;
	case EVENT_FORWARDING_IP6:
		if (topology_set_forwards_ip6(&e->paths, ev->forwards_ip6))
			walk_start(e, WALK_PATH);
		break;
	default:
		return feed_fact(e, ev);
	}
	return true;
}

bool topofeed(struct engine *e, const struct event *ev, mono_t now)
{
	bool is_ours = feed(e, ev, now);

	if (e->paths.ways_doubted && mono_is_never(e->lift_due))
		e->lift_due = mono_add_ms(now, LIFT_MS);
	return is_ours;
}
