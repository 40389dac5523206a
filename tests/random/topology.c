/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology - devices, neighbours and routes of a random world.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/view.h"
#include "random/world.h"

/* Network n has 10.0.n.0/24 and fd00:n::/64; hosts are numbered from 1, the
 * router itself is 254. */
void world_address(unsigned int net, unsigned int host, bool is_ip6, struct addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (is_ip6) {
		ret->b[0] = 0xfd;
		ret->b[3] = (uint8_t)net;
		ret->b[15] = (uint8_t)host;
	} else {
		ret->b[0] = 10;
		ret->b[2] = (uint8_t)net;
		ret->b[3] = (uint8_t)host;
	}
}

uint32_t world_port(const struct world *w, unsigned int n)
{
	return w->net[n].port ? w->net[n].port : w->net[n].ifindex;
}

static void put_link(struct world *w, const struct link *link)
{
	const struct event ev = { .type = EVENT_LINK, .link = *link };

	fake_put_link(&w->rig.kernel, link);
	world_queue_add(&w->rt, &ev);
}

static void say_vlan(struct world *w, unsigned int n)
{
	const struct world_net *net = &w->net[n];
	struct link l = { .ifindex = net->ifindex,
			  .kind = "vlan",
			  .mac = { { 2, 0, 0, 1, net->mac, (uint8_t)n } },
			  .mtu = net->mtu,
			  .lower = net->port,
			  .vlan = net->vlan,
			  .is_up = net->is_up,
			  .is_ether = true };

	snprintf(l.name, sizeof(l.name), "vlan%u", n);
	put_link(w, &l);
}

static void say_bridge_port(struct world *w, uint32_t ifindex, bool is_blocked)
{
	struct event ev = { .type = EVENT_BRIDGE_PORT };

	memset(&ev.bridge_port, 0, sizeof(ev.bridge_port));
	ev.bridge_port.ifindex = ifindex;
	ev.bridge_port.is_forwarding = !is_blocked;
	world_queue_add(&w->rt, &ev);
}

/* The bridge and its second port. */
static void say_bridge(struct world *w, unsigned int n)
{
	const struct world_net *net = &w->net[n];
	struct link l = { .ifindex = net->ifindex,
			  .kind = "bridge",
			  .mac = { { 2, 0, 0, 1, net->mac, (uint8_t)n } },
			  .mtu = net->mtu,
			  .is_up = net->is_up,
			  .is_ether = true };

	snprintf(l.name, sizeof(l.name), "br%u", n);
	put_link(w, &l);
	l.master = l.ifindex;
	l.ifindex = net->port2;
	l.kind[0] = '\0';
	l.mac.b[3] = 2;
	l.hw = fake_hw();
	l.hw.switch_id[1] = net->card;
	l.hw.tc = LINK_TC_ON;
	snprintf(l.name, sizeof(l.name), "eth%ub", n);
	put_link(w, &l);
}

static void say_link(struct world *w, unsigned int n)
{
	const struct world_net *net = &w->net[n];
	struct link l = { .ifindex = world_port(w, n),
			  .mac = { { 2, 0, 0, 0, net->mac, (uint8_t)n } },
			  .mtu = net->mtu,
			  .master = net->is_enslaved ? 99 : net->port2 ? net->ifindex : 0,
			  .is_up = net->is_up,
			  .is_ether = true,
			  .hw = fake_hw() };

	snprintf(l.name, sizeof(l.name), "eth%u", n);
	l.hw.switch_id[1] = net->card;
	l.hw.tc = net->is_tc_off ? LINK_TC_OFF : LINK_TC_ON;
	put_link(w, &l);
	if (net->port2) {
		say_bridge(w, n);
		say_bridge_port(w, net->port, net->is_blocked);
		say_bridge_port(w, net->port2, false);
	} else if (net->port) {
		say_vlan(w, n);
	}
}

static void fill_neigh(const struct world *w, unsigned int n, unsigned int host, bool is_ip6,
		       struct neigh *ret)
{
	const struct world_neigh *from = &w->neigh[n][host][is_ip6];

	*ret = (struct neigh){ .ifindex = w->net[n].ifindex,
			       .family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
			       .is_valid = from->is_valid };
	if (from->is_valid)
		ret->mac = (struct mac){ { 2, 1, from->mac, is_ip6, (uint8_t)n, (uint8_t)host } };
	world_address(n, host + 1, is_ip6, &ret->addr);
}

/* False if the network is no bridge, or nobody knows the address of the host. */
static bool fill_station(const struct world *w, unsigned int n, const struct neigh *neigh,
			 const struct world_neigh *from, struct station *ret)
{
	const struct world_net *net = &w->net[n];

	*ret = (struct station){ .bridge = net->ifindex, .mac = neigh->mac };
	if (!from->is_forgotten)
		ret->port = from->is_second ? net->port2 : net->port;
	return net->ifindex && net->port2 && neigh->is_valid;
}

bool world_find_station(const struct world *w, const struct mac *mac, uint32_t *ret_port)
{
	for (unsigned int i = 0; i < WORLD_NEIGHS; i++) {
		unsigned int n = i / (2 * WORLD_HOSTS), host = i / 2 % WORLD_HOSTS;
		struct station station;
		struct neigh neigh;

		fill_neigh(w, n, host, i % 2, &neigh);
		if (!fill_station(w, n, &neigh, &w->neigh[n][host][i % 2], &station) ||
		    !mac_is_equal(&station.mac, mac))
			continue;
		*ret_port = station.port;
		return true;
	}
	return false;
}

static void say_neigh(struct world *w, unsigned int n, unsigned int host, bool is_ip6)
{
	struct event ev = { .type = EVENT_NEIGH }, at = { .type = EVENT_STATION };

	fill_neigh(w, n, host, is_ip6, &ev.neigh);
	if (ev.neigh.ifindex)
		world_queue_add(&w->rt, &ev);
	if (fill_station(w, n, &ev.neigh, &w->neigh[n][host][is_ip6], &at.station))
		world_queue_add(&w->rt, &at);
}

static void put_route(struct world *w, unsigned int n, bool is_ip6, uint32_t ifindex,
		      unsigned int via_net)
{
	struct fake_route r = { .family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
				.len = is_ip6 ? 64 : 24 };

	world_address(n, 0, is_ip6, &r.prefix);
	r.answer = (struct route_answer){ .kind = ROUTE_UNICAST, .oif = ifindex };
	if (via_net != n) {
		r.answer.has_gateway = true;
		r.answer.gateway_family = r.family;
		world_address(via_net, 1, is_ip6, &r.answer.gateway);
	}
	if (splitmix_below(&w->rnd, 8) == 0)
		r.answer.mtu = 1400;
	if (via_net != n && splitmix_below(&w->rnd, 2))
		r.mark = 1;
	else if (via_net != n && w->has_policy && splitmix_below(&w->rnd, 2))
		r.has_tos = true;
	fake_put_route(&w->rig.kernel, &r);
	r = (struct fake_route){ .family = r.family, .len = is_ip6 ? 128 : 32 };
	world_address(n, 254, is_ip6, &r.prefix);
	r.answer = (struct route_answer){ .kind = ROUTE_LOCAL, .oif = 1 };
	fake_put_route(&w->rig.kernel, &r);
}

static void say_route(struct world *w, unsigned int n, bool is_ip6)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };

	ev.routes.family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4;
	ev.routes.len = is_ip6 ? 64 : 24;
	ev.routes.has_tos = w->has_policy;
	world_address(n, 0, is_ip6, &ev.routes.prefix);
	world_queue_add(&w->rt, &ev);
}

static void add_net(struct world *w, unsigned int n)
{
	struct world_net *net = &w->net[n];
	uint32_t port = net->port, port2 = 0;

	if (!port && w->has_bridges && splitmix_below(&w->rnd, 2)) {
		port = w->next_ifindex++;
		port2 = w->next_ifindex++;
	} else if (!port && w->has_vlans && splitmix_below(&w->rnd, 2)) {
		port = w->next_ifindex++;
	}
	*net = (struct world_net){ .ifindex = w->next_ifindex++,
				   .port = port,
				   .port2 = port2,
				   .is_up = true,
				   .mtu = 1500 };
	if (port && !port2)
		net->vlan = (struct vlan_tag){ splitmix_below(&w->rnd, 4) ? VLAN_8021Q : VLAN_8021AD,
					       (uint16_t)(10 + n) };
	say_link(w, n);
	for (unsigned int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
		put_route(w, n, is_ip6, net->ifindex, n);
		for (unsigned int h = 0; h < WORLD_HOSTS; h++) {
			w->neigh[n][h][is_ip6].is_valid = true;
			say_neigh(w, n, h, is_ip6);
		}
		say_route(w, n, is_ip6);
	}
}

void world_add_nets(struct world *w)
{
	for (unsigned int n = 0; n < WORLD_NETS; n++)
		add_net(w, n);
	world_read_topology(w);
}

static void del_link(struct world *w, uint32_t *ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = *ifindex;
	fake_del_link(&w->rig.kernel, *ifindex);
	*ifindex = 0;
	world_queue_add(&w->rt, &ev);
}

/* A VLAN device can go alone. */
static void del_net(struct world *w, unsigned int n)
{
	del_link(w, &w->net[n].ifindex);
	if (w->net[n].port2) {
		del_link(w, &w->net[n].port2);
		del_link(w, &w->net[n].port);
	} else if (w->net[n].port && splitmix_below(&w->rnd, 2)) {
		del_link(w, &w->net[n].port);
	}
}

static void change_link(struct world *w, unsigned int n)
{
	struct world_net *net = &w->net[n];

	switch (splitmix_below(&w->rnd, 7)) {
	case 0:
		net->is_up = !net->is_up || splitmix_below(&w->rnd, 3);
		break;
	case 4:
		net->is_tc_off = !net->is_tc_off && splitmix_below(&w->rnd, 3) == 0;
		break;
	case 5:
		net->card ^= w->has_cards;
		break;
	case 1:
		net->mtu = net->mtu == 1500 ? 9000 : 1500;
		break;
	case 2:
		net->mac ^= 1;
		break;
	case 3:
		net->is_blocked = net->port2 && !net->is_blocked && splitmix_below(&w->rnd, 3) == 0;
		break;
	default:
		/* Into a bridge, and out of it again. */
		net->is_enslaved = !net->is_enslaved && splitmix_below(&w->rnd, 4) == 0;
		break;
	}
	say_link(w, n);
}

/* The event reports everything that is on the link at this time, like a poll. */
static void change_bypass(struct world *w, unsigned int n)
{
	uint32_t ifindex = splitmix_below(&w->rnd, 2) ? world_port(w, n) : w->net[n].ifindex;
	struct fake_link *l = fake_find_link(&w->rig.kernel, ifindex);
	struct event ev = { .type = EVENT_BYPASS };

	if (!l)
		return;
	l->bypass = l->bypass || splitmix_below(&w->rnd, 4) ?
			    0 :
			    (uint8_t)(1u << splitmix_below(&w->rnd, BYPASS_BIT__COUNT));
	ev.bypass = (struct event_bypass){ .ifindex = ifindex,
					   .mask = BYPASS_ALL,
					   .bits = l->bypass,
					   .is_unknown = splitmix_below(&w->rnd, 8) == 0 };
	world_queue_add(&w->rt, &ev);
	/* A check that failed is repeated. */
	if (ev.bypass.is_unknown) {
		ev.bypass.is_unknown = false;
		world_queue_add(&w->rt, &ev);
	}
}

static void change_route(struct world *w, unsigned int n)
{
	bool is_ip6 = splitmix_below(&w->rnd, 2);
	unsigned int via = splitmix_below(&w->rnd, WORLD_NETS);
	struct fake_route r = { .family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
				.len = is_ip6 ? 64 : 24 };

	if (splitmix_below(&w->rnd, 3))
		via = n;
	world_address(n, 0, is_ip6, &r.prefix);
	if (splitmix_below(&w->rnd, 6) == 0)
		fake_del_route(&w->rig.kernel, &r);
	else if (w->net[via].ifindex)
		put_route(w, n, is_ip6, w->net[via].ifindex, via);
	say_route(w, n, is_ip6);
}

static void change_neigh(struct world *w, unsigned int n)
{
	unsigned int host = splitmix_below(&w->rnd, WORLD_HOSTS);
	bool is_ip6 = splitmix_below(&w->rnd, 2);
	struct world_neigh *neigh = &w->neigh[n][host][is_ip6];

	if (splitmix_below(&w->rnd, 3) == 0)
		neigh->mac ^= 1;
	else
		neigh->is_valid = !neigh->is_valid || splitmix_below(&w->rnd, 2);
	say_neigh(w, n, host, is_ip6);
}

/* Nothing else changes, so nothing else makes the engine look at the flows. */
void world_move_station(struct world *w)
{
	unsigned int n = splitmix_below(&w->rnd, WORLD_NETS), host = splitmix_below(&w->rnd, WORLD_HOSTS);
	bool is_ip6 = splitmix_below(&w->rnd, 2);
	struct world_neigh *neigh = &w->neigh[n][host][is_ip6];

	if (!w->net[n].port2)
		return;
	if (neigh->is_forgotten || splitmix_below(&w->rnd, 3) == 0)
		neigh->is_forgotten = !neigh->is_forgotten;
	else
		neigh->is_second = !neigh->is_second;
	say_neigh(w, n, host, is_ip6);
}

/* Sets the flag rarely and clears it soon, because nothing is offloaded while it is set. */
static bool flip(struct world *w, bool *flag)
{
	if (splitmix_below(&w->rnd, *flag ? 3 : 60))
		return false;
	*flag = !*flag;
	return true;
}

static bool change_family(struct world *w)
{
	struct event ev = { .type = EVENT_IPSEC };

	if (flip(w, &w->has_ipsec)) {
		ev.ipsec = w->has_ipsec;
	} else if (flip(w, &w->is_ip6_off)) {
		ev.type = EVENT_FORWARDING_IP6;
		ev.forwards_ip6 = !w->is_ip6_off;
	} else {
		return false;
	}
	world_queue_add(&w->rt, &ev);
	return true;
}

void world_step_topology(struct world *w)
{
	unsigned int n = splitmix_below(&w->rnd, WORLD_NETS);

	if (change_family(w))
		return;
	if (!w->net[n].ifindex) {
		add_net(w, n);
		return;
	}
	switch (splitmix_below(&w->rnd, 9)) {
	case 8:
		change_bypass(w, n);
		break;
	case 0:
		del_net(w, n);
		break;
	case 1:
	case 2:
		change_link(w, n);
		break;
	case 3:
	case 4:
		change_route(w, n);
		break;
	default:
		change_neigh(w, n);
		break;
	}
}

static bool is_there(const struct world *w, uint32_t ifindex)
{
	for (unsigned int n = 0; n < WORLD_NETS; n++) {
		if (w->net[n].ifindex == ifindex || w->net[n].port == ifindex || w->net[n].port2 == ifindex)
			return true;
	}
	return false;
}

/* Reports links as gone that disappeared while events were lost. */
static void drop_absent(struct world *w)
{
	const struct topology *paths = view_paths(w->rig.engine);
	uint32_t gone[16];
	unsigned int n_gone = 0;
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (!is_there(w, rec->link.ifindex) && n_gone < array_size(gone))
			gone[n_gone++] = rec->link.ifindex;
	}
	for (unsigned int i = 0; i < n_gone; i++) {
		struct event ev = { .type = EVENT_LINK_GONE };

		ev.link.ifindex = gone[i];
		rig_feed(&w->rig, &ev);
	}
}

static bool feed_link(struct world *w, uint32_t ifindex)
{
	const struct fake_link *l = ifindex ? fake_find_link(&w->rig.kernel, ifindex) : NULL;
	struct event ev = { .type = EVENT_LINK };

	if (!l)
		return false;
	ev.link = l->link;
	rig_feed(&w->rig, &ev);
	return true;
}

static void read_bridges(struct world *w)
{
	struct event ev = { .type = EVENT_BRIDGE_PORT };

	rig_feed_type(&w->rig, EVENT_BRIDGES_BEGIN);
	for (unsigned int n = 0; n < WORLD_NETS; n++) {
		const uint32_t ports[] = { w->net[n].port, w->net[n].port2 };

		for (unsigned int i = 0; w->net[n].port2 && i < array_size(ports); i++) {
			memset(&ev.bridge_port, 0, sizeof(ev.bridge_port));
			ev.bridge_port.ifindex = ports[i];
			ev.bridge_port.is_forwarding = i || !w->net[n].is_blocked;
			rig_feed(&w->rig, &ev);
		}
	}
	rig_feed_type(&w->rig, EVENT_BRIDGES_END);
	rig_feed_type(&w->rig, EVENT_STATIONS_BEGIN);
	for (unsigned int i = 0; i < WORLD_NEIGHS; i++) {
		unsigned int n = i / (2 * WORLD_HOSTS), host = i / 2 % WORLD_HOSTS;
		struct neigh neigh;

		fill_neigh(w, n, host, i % 2, &neigh);
		ev = (struct event){ .type = EVENT_STATION };
		if (fill_station(w, n, &neigh, &w->neigh[n][host][i % 2], &ev.station) && ev.station.port)
			rig_feed(&w->rig, &ev);
	}
	rig_feed_type(&w->rig, EVENT_STATIONS_END);
}

void world_read_topology(struct world *w)
{
	struct event ev;

	w->rt.n = 0;
	w->rt.has_lost = false;
	ev = (struct event){ .type = EVENT_RULES_CHANGED, .rules_need_packet = w->has_policy };
	rig_feed(&w->rig, &ev);
	rig_feed_type(&w->rig, EVENT_NEIGHS_BEGIN);
	for (unsigned int n = 0; n < WORLD_NETS; n++) {
		feed_link(w, w->net[n].port);
		feed_link(w, w->net[n].port2);
		if (!feed_link(w, w->net[n].ifindex))
			continue;
		for (unsigned int i = 0; i < 2 * WORLD_HOSTS; i++) {
			ev = (struct event){ .type = EVENT_NEIGH };
			fill_neigh(w, n, i / 2, i % 2, &ev.neigh);
			/* A dump shows only neighbours that are there. */
			if (ev.neigh.is_valid)
				rig_feed(&w->rig, &ev);
		}
	}
	rig_feed_type(&w->rig, EVENT_NEIGHS_END);
	drop_absent(w);
	read_bridges(w);
	ev = (struct event){ .type = EVENT_IPSEC, .ipsec = w->has_ipsec };
	rig_feed(&w->rig, &ev);
	ev = (struct event){ .type = EVENT_FORWARDING_IP6, .forwards_ip6 = !w->is_ip6_off };
	rig_feed(&w->rig, &ev);
	rig_feed_type(&w->rig, EVENT_ROUTES_CHANGED);
}
