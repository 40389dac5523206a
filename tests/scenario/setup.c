/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setup - commands that describe the world: settings, links, neighbours, routes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "scenario/scene.h"

/* -- settings ------------------------------------------------------------- */

static void set_offload(struct scene *s, struct words *w)
{
	if (words_take_if(w, "observe"))
		s->settings.offload = OFFLOAD_OBSERVE;
	else if (words_take_if(w, "software"))
		s->settings.offload = OFFLOAD_SOFTWARE;
	else if (words_take_if(w, "hardware"))
		s->settings.offload = OFFLOAD_HARDWARE;
	else
		scene_fail(s, "no such offload mode: '%s'", words_peek(w));
}

static void set_admit(struct scene *s, struct words *w)
{
	if (words_take_if(w, "mark"))
		s->settings.admit = ADMIT_MARK;
	else if (words_take_if(w, "nft"))
		s->settings.admit = ADMIT_NFT;
	else if (words_take_if(w, "events"))
		s->settings.admit = ADMIT_EVENTS;
	else
		scene_fail(s, "no such admission: '%s'", words_peek(w));
}

static void set_devices(struct scene *s, struct words *w)
{
	s->settings.auto_devices = words_take_if(w, "auto");
	s->settings.devices_from.family = words_take_if(w, "flowtable") ? 1 : 0;
	s->settings.n_devices = 0;
	while (words_are_left(w) && s->settings.n_devices < SETTINGS_MAX_DEVICES)
		snprintf(s->settings.device[s->settings.n_devices++], LINK_NAME_SIZE, "%s",
			 words_take(s, w));
}

static void set_mark(struct scene *s, struct words *w)
{
	s->settings.mark = words_take_number(s, w);
}

static void set_max_flows(struct scene *s, struct words *w)
{
	s->settings.max_flows = words_take_number(s, w);
}

static void set_sample(struct scene *s, struct words *w)
{
	s->settings.sample_ms = (uint32_t)words_take_ms(s, w);
}

static void set_workers(struct scene *s, struct words *w)
{
	s->n_workers = words_take_number(s, w);
}

static void set_table_size(struct scene *s, struct words *w)
{
	s->settings.hw_table_size = words_take_number(s, w);
}

static void set_max_swaps(struct scene *s, struct words *w)
{
	s->settings.max_swaps = words_take_number(s, w);
}

static void set_ttl_guard(struct scene *s, struct words *w)
{
	s->settings.ttl_guard =
		words_take_if(w, "require") ? TTL_GUARD_REQUIRE : TTL_GUARD_PREFER;
}

static void set_udp_timeout(struct scene *s, struct words *w)
{
	s->settings.udp_timeout_s = words_take_number(s, w);
}

/* The bits of "NAME", for both sides, or of "NAME/SIDE". */
static uint8_t bypass_bits(struct scene *s, const char *word)
{
	uint8_t bits = bypass_from_name(word);

	for (unsigned int i = 0; i < BYPASS_BIT__COUNT; i++) {
		char text[SCENE_LINE];

		snprintf(text, sizeof(text), "%s/%s", bypass_name(i), bypass_side(i));
		if (strcmp(word, text) == 0)
			bits |= (uint8_t)(1u << i);
	}
	if (!bits)
		scene_fail(s, "no such bypass: '%s'", word);
	return bits;
}

/* "allow-bypass NAME..." or "allow-bypass DEVICE:NAME...". */
static void set_allow_bypass(struct scene *s, struct words *w)
{
	while (words_are_left(w) && s->settings.n_bypass < SETTINGS_MAX_BYPASS) {
		struct settings_bypass *b = &s->settings.bypass[s->settings.n_bypass++];
		const char *word = words_take(s, w), *colon = strchr(word, ':');

		*b = (struct settings_bypass){ .bits = bypass_bits(s, colon ? colon + 1 : word) };
		if (colon)
			snprintf(b->device, sizeof(b->device), "%.*s", (int)(colon - word), word);
	}
}

static void run_set(struct scene *s, struct words *w)
{
	static const struct scene_command table[] = {
		{ "offload", set_offload }, { "admit", set_admit },
		{ "devices", set_devices }, { "mark", set_mark },
		{ "max-flows", set_max_flows }, { "sample", set_sample },
		{ "workers", set_workers }, { "udp-timeout", set_udp_timeout },
		{ "table-size", set_table_size }, { "max-swaps", set_max_swaps },
		{ "ttl-guard", set_ttl_guard }, { "allow-bypass", set_allow_bypass },
	};
	const char *name = words_take(s, w);
	scene_fn fn = scene_find(table, array_size(table), name);

	if (s->is_started)
		scene_fail(s, "a setting after the engine has started");
	else if (!fn)
		scene_fail(s, "no such setting: '%s'", name);
	else
		fn(s, w);
}

/* -- what is logged ------------------------------------------------------- */

static uint32_t order_bits(struct scene *s, const char *word)
{
	if (strcmp(word, "lookup") == 0)
		return 1u << ORDER_LOOKUP;
	if (strcmp(word, "ports") == 0)
		return 1u << ORDER_PORT_OPEN | 1u << ORDER_PORT_CLOSE;
	if (strcmp(word, "probes") == 0)
		return 1u << ORDER_PROBE;
	if (strcmp(word, "guards") == 0)
		return 1u << ORDER_PORT_GUARD;
	if (strcmp(word, "install") == 0)
		return 1u << ORDER_INSTALL;
	if (strcmp(word, "remove") == 0)
		return 1u << ORDER_REMOVE;
	if (strcmp(word, "move") == 0)
		return 1u << ORDER_MOVE;
	if (strcmp(word, "refresh") == 0)
		return 1u << ORDER_REFRESH;
	scene_fail(s, "no such kind of order: '%s'", word);
	return 0;
}

static void run_show(struct scene *s, struct words *w)
{
	while (words_are_left(w)) {
		if (words_take_if(w, "rules"))
			s->shows_rules = true;
		else
			s->hidden &= ~order_bits(s, words_take(s, w));
	}
}

static void run_hide(struct scene *s, struct words *w)
{
	while (words_are_left(w)) {
		if (words_take_if(w, "rules"))
			s->shows_rules = false;
		else
			s->hidden |= order_bits(s, words_take(s, w));
	}
}

/* -- links and neighbours ------------------------------------------------- */

/* "vlan 802.1q|802.1ad ID over IF" */
static void take_vlan(struct scene *s, struct words *w, struct link *l)
{
	snprintf(l->kind, sizeof(l->kind), "vlan");
	memset(&l->hw, 0, sizeof(l->hw));
	l->vlan.proto = words_take_if(w, "802.1ad") ? VLAN_8021AD : VLAN_8021Q;
	words_take_if(w, "802.1q");
	l->vlan.id = (uint16_t)words_take_number(s, w);
	if (!words_take_if(w, "over"))
		scene_fail(s, "a VLAN without 'over'");
	l->lower = words_take_number(s, w);
}

/* "bridge [filters 802.1q|802.1ad]" */
static void take_bridge(struct words *w, struct link *l)
{
	snprintf(l->kind, sizeof(l->kind), "bridge");
	memset(&l->hw, 0, sizeof(l->hw));
	l->bridge_proto = VLAN_NONE;
	if (!words_take_if(w, "filters"))
		return;
	l->bridge_proto = words_take_if(w, "802.1ad") ? VLAN_8021AD : VLAN_8021Q;
	words_take_if(w, "802.1q");
}

/* "bond IF": in mode active-backup, with this active port; "bond other" */
static void take_bond(struct scene *s, struct words *w, struct link *l)
{
	snprintf(l->kind, sizeof(l->kind), "bond");
	memset(&l->hw, 0, sizeof(l->hw));
	l->bond = words_take_if(w, "other") ? LINK_BOND_OTHER : LINK_BOND_BACKUP;
	l->active_port = l->bond == LINK_BOND_BACKUP ? words_take_number(s, w) : 0;
}

static void take_link_word(struct scene *s, struct words *w, struct link *l)
{
	if (words_take_if(w, "up"))
		l->is_up = true;
	else if (words_take_if(w, "down"))
		l->is_up = false;
	else if (words_take_if(w, "mtu"))
		l->mtu = words_take_number(s, w);
	else if (words_take_if(w, "mac"))
		words_take_mac(s, w, &l->mac);
	else if (words_take_if(w, "driver"))
		snprintf(l->hw.driver, sizeof(l->hw.driver), "%s", words_take(s, w));
	else if (words_take_if(w, "tc-off"))
		l->hw.tc = LINK_TC_OFF;
	else if (words_take_if(w, "tc-on"))
		l->hw.tc = LINK_TC_ON;
	else if (words_take_if(w, "card"))
		l->hw.switch_id[0] = (uint8_t)words_take_number(s, w);
	else if (words_take_if(w, "kind"))
		snprintf(l->kind, sizeof(l->kind), "%s", words_take(s, w));
	else if (words_take_if(w, "vlan"))
		take_vlan(s, w, l);
	else if (words_take_if(w, "bridge"))
		take_bridge(w, l);
	else if (words_take_if(w, "bond"))
		take_bond(s, w, l);
	else if (words_take_if(w, "maps-priority"))
		l->maps_priority = true;
	else if (words_take_if(w, "master"))
		l->master = words_take_number(s, w);
	else if (words_take_if(w, "vrf"))
		l->vrf = words_take_number(s, w);
	else if (words_take_if(w, "loopback"))
		l->is_loopback = true;
	else if (words_take_if(w, "noether"))
		l->is_ether = false;
	else
		scene_fail(s, "unknown word '%s' for a link", words_take(s, w));
}

/* "quiet": the core is not told of it. */
static void run_link(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_LINK };
	struct link *l = &ev.link;
	struct fake_link *old, *fl;
	bool is_foreign = false, is_quiet = false;

	scene_start(s);
	l->ifindex = words_take_number(s, w);
	old = fake_find_link(&s->rig.kernel, l->ifindex);
	if (old)
		*l = old->link;
	else
		*l = (struct link){ .ifindex = l->ifindex,
				    .mac = { { 2, 0, 0, 0, 0, (uint8_t)l->ifindex } },
				    .mtu = 1500,
				    .is_up = true,
				    .is_ether = true,
				    .hw = fake_hw() };
	snprintf(l->name, sizeof(l->name), "%s", words_take(s, w));
	while (words_are_left(w) && !s->has_failed) {
		if (words_take_if(w, "foreign-clsact"))
			is_foreign = true;
		else if (words_take_if(w, "quiet"))
			is_quiet = true;
		else
			take_link_word(s, w, l);
	}
	fl = fake_put_link(&s->rig.kernel, l);
	fl->has_clsact |= is_foreign;
	fl->clsact_is_foreign |= is_foreign;
	if (!is_quiet)
		rig_feed(&s->rig, &ev);
}

/* "bypass LINK NAME...": all bypasses of the link. "bypass LINK unknown": they are not known. */
static void run_bypass(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_BYPASS };
	struct fake_link *l;

	scene_start(s);
	ev.bypass.ifindex = words_take_number(s, w);
	ev.bypass.mask = BYPASS_ALL;
	ev.bypass.is_unknown = words_take_if(w, "unknown");
	while (words_are_left(w) && !s->has_failed)
		ev.bypass.bits |= bypass_bits(s, words_take(s, w));
	l = fake_find_link(&s->rig.kernel, ev.bypass.ifindex);
	if (l)
		l->bypass = ev.bypass.bits;
	rig_feed(&s->rig, &ev);
}

static void run_unlink(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = words_take_number(s, w);
	fake_del_link(&s->rig.kernel, ev.link.ifindex);
	rig_feed(&s->rig, &ev);
}

static void run_neigh(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_NEIGH };
	struct neigh *n = &ev.neigh;

	scene_start(s);
	n->ifindex = words_take_number(s, w);
	words_take_addr(s, w, &n->family, &n->addr);
	n->is_valid = !words_take_if(w, "gone");
	if (n->is_valid)
		words_take_mac(s, w, &n->mac);
	rig_feed(&s->rig, &ev);
}

/* "station BRIDGE MAC [vlan ID] PORT"; PORT 0: it is gone */
static void run_station(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_STATION };

	scene_start(s);
	ev.station.bridge = words_take_number(s, w);
	words_take_mac(s, w, &ev.station.mac);
	if (words_take_if(w, "vlan"))
		ev.station.vlan = (uint16_t)words_take_number(s, w);
	ev.station.port = words_take_number(s, w);
	rig_feed(&s->rig, &ev);
}

/* "bridge-port IF [blocked] [pvid ID | vlan ID]...": what the bridge does with frames of the port. Those of the
 * VLAN "pvid" have no tag. */
static void run_bridge_port(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_BRIDGE_PORT };
	struct bridge_port *p = &ev.bridge_port;

	scene_start(s);
	memset(p, 0, sizeof(*p));
	p->ifindex = words_take_number(s, w);
	p->is_forwarding = !words_take_if(w, "blocked");
	while (words_are_left(w) && !s->has_failed) {
		struct bridge_range *r = &p->range[p->n_ranges++];

		r->is_pvid = r->is_untagged = words_take_if(w, "pvid");
		if (!r->is_pvid && !words_take_if(w, "vlan"))
			scene_fail(s, "bridge-port: not pvid or vlan");
		r->first = r->last = (uint16_t)words_take_number(s, w);
	}
	rig_feed(&s->rig, &ev);
}

/* -- routes --------------------------------------------------------------- */

static void take_prefix(struct scene *s, struct words *w, uint8_t *family, struct addr *prefix, uint8_t *len)
{
	char text[SCENE_LINE];
	struct words addr;
	char *slash;

	snprintf(text, sizeof(text), "%s", words_take(s, w));
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	words_split(&addr, text);
	words_take_addr(s, &addr, family, prefix);
	*len = (uint8_t)(slash ? atoi(slash + 1) : 8 * (int)addr_len((enum family)*family));
}

static void take_route_word(struct scene *s, struct words *w, struct fake_route *r, bool *quiet)
{
	struct route_answer *a = &r->answer;

	if (words_take_if(w, "dev")) {
		a->oif = words_take_number(s, w);
	} else if (words_take_if(w, "via")) {
		a->has_gateway = true;
		words_take_addr(s, w, &a->gateway_family, &a->gateway);
	} else if (words_take_if(w, "mtu")) {
		a->mtu = words_take_number(s, w);
	} else if (words_take_if(w, "iif")) {
		r->iif = words_take_number(s, w);
	} else if (words_take_if(w, "mark")) {
		r->mark = words_take_number(s, w);
	} else if (words_take_if(w, "local")) {
		a->kind = ROUTE_LOCAL;
		a->oif = 1;
	} else if (words_take_if(w, "encap")) {
		a->kind = ROUTE_ENCAP;
	} else if (words_take_if(w, "blackhole")) {
		/* inet_rtm_getroute and inet6_rtm_getroute fail with the error of the route. */
		a->kind = ROUTE_NONE;
		a->err = -EINVAL;
	} else if (words_take_if(w, "quiet")) {
		*quiet = true;
	} else {
		scene_fail(s, "unknown word '%s' for a route", words_take(s, w));
	}
}

static bool take_route(struct scene *s, struct words *w, struct fake_route *r)
{
	bool is_quiet = false;

	scene_start(s);
	*r = (struct fake_route){ .answer = { .kind = ROUTE_UNICAST } };
	take_prefix(s, w, &r->family, &r->prefix, &r->len);
	while (words_are_left(w) && !s->has_failed)
		take_route_word(s, w, r, &is_quiet);
	return is_quiet;
}

static void tell_route(struct scene *s, const struct fake_route *r)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };

	ev.routes = (struct route_change){ .family = r->family, .len = r->len, .prefix = r->prefix };
	rig_feed(&s->rig, &ev);
}

static void run_route(struct scene *s, struct words *w)
{
	struct fake_route r;
	bool is_quiet = take_route(s, w, &r);

	fake_put_route(&s->rig.kernel, &r);
	if (!is_quiet)
		tell_route(s, &r);
}

static void run_unroute(struct scene *s, struct words *w)
{
	struct fake_route r;
	bool is_quiet = take_route(s, w, &r);

	fake_del_route(&s->rig.kernel, &r);
	if (!is_quiet)
		tell_route(s, &r);
}

static void run_forwarding_ip6(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_FORWARDING_IP6 };

	scene_start(s);
	ev.forwards_ip6 = words_take_if(w, "on");
	if (!ev.forwards_ip6 && !words_take_if(w, "off"))
		scene_fail(s, "forwarding-ip6: not on or off");
	rig_feed(&s->rig, &ev);
}

/* "mtu6 IFINDEX BYTES" */
static void run_mtu6(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_MTU6 };

	scene_start(s);
	ev.mtu6.ifindex = words_take_number(s, w);
	ev.mtu6.mtu = words_take_number(s, w);
	rig_feed(&s->rig, &ev);
}

static void run_neighs(struct scene *s, struct words *w)
{
	scene_start(s);
	if (words_take_if(w, "begin"))
		rig_feed_type(&s->rig, EVENT_NEIGHS_BEGIN);
	else if (words_take_if(w, "end"))
		rig_feed_type(&s->rig, EVENT_NEIGHS_END);
	else
		scene_fail(s, "neighs: not begin or end");
}

static void run_ipsec(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_IPSEC };

	scene_start(s);
	ev.ipsec = words_take_if(w, "on");
	if (!ev.ipsec && !words_take_if(w, "off"))
		scene_fail(s, "ipsec: not on or off");
	rig_feed(&s->rig, &ev);
}

/* "way ID unknown": no packet has noted its way. "way ID orig|reply IF": packets of this direction leave by the
 * device, whatever look-ups say; 0 = as they say. "way ID marks N N": the packets of the original and of the
 * reply direction have these marks, not that of the connection. "way ID age MS": they noted their way so long ago,
 * until the mark is cleared. */
static void run_way(struct scene *s, struct words *w)
{
	struct fake_conn *c = fake_conn_by_id(&s->rig.kernel, words_take_number(s, w));
	bool is_reply;

	if (!c) {
		scene_fail(s, "way: no such connection");
		return;
	}
	if (words_take_if(w, "unknown")) {
		c->way_is_unknown = true;
		return;
	}
	if (words_take_if(w, "age")) {
		c->way_age_ms = words_take_number(s, w);
		return;
	}
	if (words_take_if(w, "marks")) {
		c->has_packet_mark = true;
		c->packet_mark[DIR_ORIG] = words_take_number(s, w);
		c->packet_mark[DIR_REPLY] = words_take_number(s, w);
		return;
	}
	if (words_take_if(w, "ttl")) {
		c->ttl[DIR_ORIG] = (uint8_t)words_take_number(s, w);
		c->ttl[DIR_REPLY] = (uint8_t)words_take_number(s, w);
		return;
	}
	is_reply = words_take_if(w, "reply");
	if (!is_reply && !words_take_if(w, "orig"))
		scene_fail(s, "way: not unknown, age, marks, ttl, orig or reply");
	c->other_oif[is_reply ? DIR_REPLY : DIR_ORIG] = words_take_number(s, w);
}

/* "routes-changed [PREFIX | hidden]" */
static void run_routes_changed(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };

	ev.routes.is_hidden = words_take_if(w, "hidden");
	if (!ev.routes.is_hidden && words_are_left(w))
		take_prefix(s, w, &ev.routes.family, &ev.routes.prefix, &ev.routes.len);
	rig_feed(&s->rig, &ev);
}

/* "rules need-packet" or "rules plain": what the policy rules select by. */
static void run_rules(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_RULES_CHANGED };

	scene_start(s);
	ev.rules_need_packet = words_take_if(w, "need-packet");
	if (!ev.rules_need_packet && !words_take_if(w, "plain"))
		scene_fail(s, "rules: not need-packet or plain");
	rig_feed(&s->rig, &ev);
}

const struct scene_command scene_setup[] = {
	{ "set", run_set },	    { "show", run_show },
	{ "hide", run_hide },	    { "link", run_link },
	{ "unlink", run_unlink },   { "bypass", run_bypass },
	{ "neigh", run_neigh },	    { "station", run_station },
	{ "bridge-port", run_bridge_port },
	{ "route", run_route },
	{ "unroute", run_unroute }, { "routes-changed", run_routes_changed },
	{ "way", run_way },	    { "rules", run_rules },
	{ "neighs", run_neighs },   { "ipsec", run_ipsec },
	{ "forwarding-ip6", run_forwarding_ip6 },
	{ "mtu6", run_mtu6 },
};
const size_t scene_n_setup = array_size(scene_setup);
