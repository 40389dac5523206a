/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/topology.h"

#include "base/bug.h"
#include "base/ds/siphash.h"
#include "base/util.h"

struct neigh_key {
	struct addr addr;
	uint32_t ifindex;
	uint32_t family;
};

struct neigh_match {
	const struct topology *tab;
	struct neigh_key key;
};

int topology_init(struct topology *tab, const uint64_t key[2])
{
	int err;

	memset(tab, 0, sizeof(*tab));
	memcpy(tab->key, key, sizeof(tab->key));
	tab->generation = 1;
	tab->forwards_ip6 = true;
	err = legs_init(&tab->legs, key);
	if (!err)
		err = slab_init(&tab->neighs, sizeof(struct neigh_rec), TOPOLOGY_MAX_NEIGHS);
	if (!err)
		err = htab_init(&tab->neigh_index, 1024);
	if (!err)
		err = routeset_init(&tab->routes, key);
	if (err)
		topology_fini(tab);
	return err;
}

void topology_fini(struct topology *tab)
{
	nic_free(tab->nic);
	routeset_fini(&tab->routes);
	htab_fini(&tab->neigh_index);
	slab_fini(&tab->neighs);
	legs_fini(&tab->legs);
}

void topology_set_nic(struct topology *tab, struct nic *nic)
{
	tab->nic = nic;
	tab->legs.go_down = nic != NULL;
}

static uint32_t next_generation(struct topology *tab)
{
	return ++tab->generation;
}

/* For all changes but those of neighbours and of single prefixes. */
static uint32_t next_way(struct topology *tab)
{
	tab->ways_doubted = false;
	return tab->ways_changed = next_generation(tab);
}

/*
 * The kernel also executes software rules on devices above the ports. A packet that such a device
 * receives has passed the devices below: its tag is off. A packet that is redirected to it is sent like
 * one of the IP stack: the device adds its tag, looks up the port of the station, or picks a port. A
 * NIC knows only its own ports.
 */
static bool is_upper(const struct link *l)
{
	static const char *const kinds[] = { "vlan", "bridge", "bond", "team", "macvlan" };

	for (size_t i = 0; i < array_size(kinds); i++) {
		if (strcmp(kinds[i], l->kind) == 0)
			return l->is_ether;
	}
	return false;
}

/* True for devices that can carry rules. */
static bool is_port_kind(const struct topology *tab, const struct settings *s, const struct link *l)
{
	/* With offload = observe, nothing is known about what the NIC would accept. */
	bool can_be_upper = s->offload != OFFLOAD_HARDWARE && s->backend == BACKEND_FLOWER;

	if (l->master)
		return link_is_at_wire(l) && legs_is_master(&tab->legs, l->master);
	return link_is_at_wire(l) || (can_be_upper && is_upper(l));
}

/* In hardware, ports are below it. */
static bool is_above_ports(const struct settings *s, const struct link *l)
{
	return s->offload == OFFLOAD_HARDWARE && !l->master &&
	       (l->vlan.proto || l->bond == LINK_BOND_BACKUP || strcmp(l->kind, "bridge") == 0);
}

/* A pattern names only devices that can be used, like "auto". */
static bool is_named(const struct settings *s, const struct link *l, bool is_port)
{
	bool can_be_used = is_port || is_above_ports(s, l);

	if (s->auto_devices || (s->n_devices == 0 && !s->devices_from.family))
		return is_port;
	for (unsigned int i = 0; i < s->n_devices; i++) {
		if (settings_device_matches(s->device[i], l->name) &&
		    (can_be_used || !settings_is_pattern(s->device[i])))
			return true;
	}
	return false;
}

bool topology_is_port(const struct link_rec *rec)
{
	return topology_is_named(rec) && rec->is_port_kind;
}

uint32_t topology_arrival(const struct topology *tab, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(tab, ifindex);

	return rec && rec->link.vrf ? rec->link.vrf : ifindex;
}

bool topology_has_device(const struct topology *tab, const char *entry)
{
	const struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(tab, &slot)); slot++) {
		if (settings_device_matches(entry, rec->link.name))
			return true;
	}
	return false;
}

static bool has_above(const struct topology *tab, uint32_t ifindex)
{
	const struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(tab, &slot)); slot++) {
		if (rec->link.vlan.proto && rec->link.lower == ifindex)
			return true;
	}
	return false;
}

/* What a link was before it changed. */
struct old_place {
	uint32_t port, master; /* legs_port_below(), legs_master_of() */
	bool is_known, is_port_kind, is_named;
};

static struct old_place place_of(const struct topology *tab, const struct link_rec *rec)
{
	if (!rec)
		return (struct old_place){ .port = 0 };
	return (struct old_place){ legs_port_below(&tab->legs, rec), legs_master_of(&tab->legs, rec), true,
				   rec->is_port_kind, rec->is_named };
}

/* A new or changed link: tells the devices below it of it, or, if what is above others has changed,
 * all of them. */
static void connect(const struct topology *tab, const struct link_rec *rec, const struct old_place *was)
{
	const struct old_place now = place_of(tab, rec);

	if (!tab->legs.go_down)
		return;
	/* A new VLAN device takes nothing away from others, even if it is above a bridge or bond. */
	if (!was->is_known && rec->link.vlan.proto && !rec->link.master && !has_above(tab, rec->link.ifindex))
		legs_tell_below(&tab->legs, rec);
	else if (now.master || was->master || (now.is_port_kind && !was->is_port_kind) ||
	    (was->port && was->port != now.port) ||
	    (now.port && ((was->is_named && !now.is_named) ||
			  (was->port != now.port && has_above(tab, rec->link.ifindex)))))
		legs_look_everywhere(&tab->legs);
	else
		legs_tell_below(&tab->legs, rec);
}

static uint8_t allowed_bypass(const struct settings *s, const struct link *l)
{
	uint8_t bits = 0;

	for (unsigned int i = 0; i < s->n_bypass; i++) {
		if (!s->bypass[i].device[0] || settings_device_matches(s->bypass[i].device, l->name))
			bits |= s->bypass[i].bits;
	}
	return bits;
}

/* The legs over the link may have changed, or whether a device on them is named. */
static bool is_placed_otherwise(const struct link *a, const struct link *b)
{
	return a->master != b->master || strcmp(a->kind, b->kind) ||
	       (a->vlan.proto && a->lower != b->lower) || a->vlan.proto != b->vlan.proto ||
	       a->vlan.id != b->vlan.id || a->bridge_proto != b->bridge_proto || a->bond != b->bond ||
	       a->active_port != b->active_port || strcmp(a->name, b->name);
}

/* The name counts because the configuration lists devices by name; `hw`, because other
 * hardware needs other rules. struct link_hw has no padding and its strings are
 * zero-filled, so memcmp can compare it. */
static bool moves_paths(const struct link *a, const struct link *b)
{
	return memcmp(&a->mac, &b->mac, sizeof(a->mac)) || a->mtu != b->mtu || a->is_up != b->is_up ||
	       memcmp(&a->hw, &b->hw, sizeof(a->hw)) || a->maps_priority != b->maps_priority || a->vrf != b->vrf ||
	       is_placed_otherwise(a, b);
}

/*
 * Records that routes over a link may have changed because it went down, came up or was
 * removed. The kernel deletes routes with their link, and uses others again when the link
 * comes back (multipath, ignore_routes_with_linkdown), without any event:
 * fib_sync_down_dev(), fib_sync_up(). Routes over a port are likely to concern flows,
 * those over other links are not. Uses the generation of the link's change, so that must
 * be recorded first.
 */
static void lose_routes(struct topology *tab, const struct link_rec *rec)
{
	/* No routes lead over a member of a bridge or bond. */
	if (!rec->link.master)
		*(legs_is_way(&tab->legs, rec) ? &tab->routes_changed : &tab->routes_doubted) =
			tab->generation;
}

/* A VLAN device takes frames that the bridge or bond whose port is below it would get. */
static void touch_lower(struct topology *tab, const struct link_rec *rec)
{
	struct link_rec *lower = rec->link.vlan.proto ? topology_find_link(tab, rec->link.lower) : NULL;

	if (!lower)
		return;
	lower->has_vlans = true;
	if (lower->link.master)
		lower->changed = next_way(tab);
}

struct link_rec *topology_put_link(struct topology *tab, const struct settings *settings,
				  const struct link *link)
{
	struct link_rec *rec = topology_find_link(tab, link->ifindex);
	bool was_up = rec ? rec->link.is_up : link->is_up;
	bool is_port = is_port_kind(tab, settings, link), named = is_named(settings, link, is_port);
	bool is_same = rec && !is_placed_otherwise(&rec->link, link);
	const struct old_place was = place_of(tab, rec);

	if (!rec) {
		rec = linktab_add(&tab->legs.links, link->ifindex);
		if (!rec) {
			tab->dropped++;
			return NULL;
		}
		rec->has_vlans = has_above(tab, link->ifindex);
		rec->changed = next_way(tab);
	} else if (moves_paths(&rec->link, link)) {
		rec->changed = next_way(tab);
	}
	/* EVENT_DEVICES changes the list without changing the link, and so may its master. */
	if (rec->is_named != named || rec->is_port_kind != is_port)
		rec->changed = next_way(tab);
	is_same &= rec->is_named == named && rec->is_port_kind == is_port;
	/* A bridge tells what the port does for it. */
	if (rec->link.master != link->master && strcmp(link->kind, "bridge"))
		memset(&rec->bridge_port, 0, sizeof(rec->bridge_port));
	if (!is_same)
		touch_lower(tab, rec);
	rec->link = *link;
	tab->has_vrfs |= link->vrf != 0;
	rec->is_port_kind = is_port;
	rec->is_named = named;
	if (!is_same) {
		touch_lower(tab, rec);
		connect(tab, rec, &was);
	}
	if (rec->link.is_up != was_up)
		lose_routes(tab, rec);
	rec->bypass_allowed = allowed_bypass(settings, link);
	/* Bypasses are only looked for there. */
	if (!legs_is_way(&tab->legs, rec))
		rec->bypass = rec->bypass_known = 0;
	return rec;
}

/* Bits that forbid flows over this link: set or unknown, and not allowed. */
static uint8_t bypass_objections(const struct link_rec *rec)
{
	return (uint8_t)((rec->bypass | ~rec->bypass_known) & ~rec->bypass_allowed & BYPASS_ALL);
}

bool topology_can_bypass(const struct link_rec *rec)
{
	return !bypass_objections(rec);
}

bool topology_set_bypass(struct topology *tab, const struct event_bypass *told)
{
	struct link_rec *rec = topology_find_link(tab, told->ifindex);
	uint8_t bits = told->is_unknown ? 0 : told->bits & told->mask;
	uint8_t known = told->is_unknown ? 0 : told->mask;
	uint8_t before, after, was;

	if (!rec)
		return false;
	before = bypass_objections(rec);
	was = rec->bypass;
	rec->bypass = (uint8_t)((rec->bypass & ~told->mask) | bits);
	rec->bypass_known = (uint8_t)((rec->bypass_known & ~told->mask) | known);
	after = bypass_objections(rec);
	/* Without a new objection, existing rules stay right. */
	if (after & ~before)
		topology_touch_link(tab, rec);
	else if (after != before || ((was ^ rec->bypass) & ~rec->bypass_allowed))
		topology_touch_ways(tab);
	else
		return false;
	return true;
}

void topology_del_link(struct topology *tab, uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(tab, ifindex);
	bool was_above;

	if (!rec)
		return;
	next_way(tab);
	touch_lower(tab, rec);
	lose_routes(tab, rec);
	was_above = legs_master_of(&tab->legs, rec) ||
		    (rec->is_named || has_above(tab, ifindex) ? legs_port_below(&tab->legs, rec) : 0);
	linktab_del(&tab->legs.links, rec);
	if (was_above)
		legs_look_everywhere(&tab->legs);
}

/* -- bridges -------------------------------------------------------------- */

static void set_bridge_port(struct topology *tab, struct link_rec *rec, const struct bridge_port *port)
{
	if (memcmp(&rec->bridge_port, port, sizeof(*port)) == 0)
		return;
	rec->bridge_port = *port;
	rec->changed = next_way(tab);
	if (tab->legs.go_down)
		legs_look_everywhere(&tab->legs);
}

void topology_put_bridge_port(struct topology *tab, const struct bridge_port *port)
{
	struct link_rec *rec = topology_find_link(tab, port->ifindex);

	if (!rec)
		return;
	rec->bridge_round = tab->bridge_round;
	set_bridge_port(tab, rec, port);
}

void topology_begin_bridges(struct topology *tab)
{
	tab->bridge_round++;
}

void topology_end_bridges(struct topology *tab)
{
	static const struct bridge_port none;
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(tab, &slot)); slot++) {
		if (rec->bridge_round != tab->bridge_round)
			set_bridge_port(tab, rec, &none);
	}
}

/* -- neighbours ----------------------------------------------------------- */

static struct neigh_key neigh_key(uint32_t ifindex, enum family family, const struct addr *addr)
{
	return (struct neigh_key){ *addr, ifindex, family };
}

static bool neigh_matches(uint32_t slot, const void *ctx)
{
	const struct neigh_match *m = ctx;
	const struct neigh_rec *rec = slab_at(&m->tab->neighs, slot);

	return rec && rec->neigh.ifindex == m->key.ifindex &&
	       rec->neigh.family == m->key.family &&
	       addr_is_equal(&rec->neigh.addr, &m->key.addr);
}

static uint32_t neigh_hash(const struct topology *tab, const struct neigh_key *key)
{
	return (uint32_t)siphash13(key, sizeof(*key), tab->key);
}

uint32_t topology_find_neigh(const struct topology *tab, uint32_t ifindex,
			    enum family family, const struct addr *addr)
{
	struct neigh_match m = { tab, neigh_key(ifindex, family, addr) };
	uint32_t slot = htab_find(&tab->neigh_index, neigh_hash(tab, &m.key), neigh_matches, &m);

	return slot == HTAB_NONE ? TOPOLOGY_NONE : slot;
}

const struct neigh_rec *topology_get_neigh(const struct topology *tab, uint32_t slot)
{
	return slab_at(&tab->neighs, slot);
}

uint32_t topology_device_of(const struct topology *tab, uint32_t slot)
{
	const struct neigh_rec *n = topology_get_neigh(tab, slot);

	return n ? n->neigh.ifindex : 0;
}

uint32_t topology_count_neighs(const struct topology *tab, enum family family)
{
	const struct neigh_rec *rec;
	uint32_t n = 0;

	for (uint32_t slot = 0; (rec = topology_next_neigh(tab, &slot)); slot++)
		n += rec->neigh.is_valid && rec->neigh.family == family;
	return n;
}

const struct neigh_rec *topology_next_neigh(const struct topology *tab, uint32_t *slot)
{
	*slot = slab_next(&tab->neighs, *slot);
	return *slot == SLAB_END ? NULL : slab_at(&tab->neighs, *slot);
}

static void forget_neigh(struct topology *tab, uint32_t slot)
{
	struct neigh_rec *rec = slab_at(&tab->neighs, slot);
	struct neigh_key key = neigh_key(rec->neigh.ifindex, rec->neigh.family, &rec->neigh.addr);

	htab_del(&tab->neigh_index, neigh_hash(tab, &key), slot);
	slab_free(&tab->neighs, slab_ref_of(&tab->neighs, rec));
}

static void add_neigh(struct topology *tab, const struct neigh *neigh)
{
	struct neigh_key key = neigh_key(neigh->ifindex, neigh->family, &neigh->addr);
	struct slab_ref ref;
	struct neigh_rec *rec = slab_alloc(&tab->neighs, &ref);

	if (!rec) {
		tab->dropped++;
		return;
	}
	if (htab_add(&tab->neigh_index, neigh_hash(tab, &key), ref.slot)) {
		slab_free(&tab->neighs, ref);
		tab->dropped++;
		return;
	}
	rec->neigh = *neigh;
	rec->round = tab->neigh_round;
	rec->changed = next_generation(tab);
}

/* The MAC address of a next hop says which port it is behind. */
static bool is_over_bridge(const struct topology *tab, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(tab, ifindex);

	return rec && legs_master_of(&tab->legs, rec);
}

void topology_put_neigh(struct topology *tab, const struct neigh *neigh)
{
	uint32_t slot = topology_find_neigh(tab, neigh->ifindex, neigh->family, &neigh->addr);
	struct neigh_rec *rec;

	if (slot == TOPOLOGY_NONE) {
		if (neigh->is_valid)
			add_neigh(tab, neigh);
		return;
	}
	rec = slab_at(&tab->neighs, slot);
	if (rec->neigh.is_valid != neigh->is_valid ||
	    (neigh->is_valid && !mac_is_equal(&rec->neigh.mac, &neigh->mac))) {
		rec->changed = next_generation(tab);
		tab->ways_doubted |= is_over_bridge(tab, neigh->ifindex);
	}
	rec->neigh = *neigh;
	rec->round = tab->neigh_round;
	if (!neigh->is_valid && rec->refs == 0)
		forget_neigh(tab, slot);
}

void topology_begin_neighs(struct topology *tab)
{
	tab->neigh_round++;
}

void topology_end_neighs(struct topology *tab)
{
	for (uint32_t slot = slab_next(&tab->neighs, 0); slot != SLAB_END;
	     slot = slab_next(&tab->neighs, slot + 1)) {
		const struct neigh_rec *rec = slab_at(&tab->neighs, slot);
		struct neigh gone = rec->neigh;

		if (!gone.is_valid || rec->round == tab->neigh_round)
			continue;
		gone.is_valid = false;
		topology_put_neigh(tab, &gone);
	}
}

void topology_ref_neigh(struct topology *tab, uint32_t slot)
{
	struct neigh_rec *rec = slab_at(&tab->neighs, slot);

	if (!BUG_ON(!rec))
		rec->refs++;
}

void topology_unref_neigh(struct topology *tab, uint32_t slot)
{
	struct neigh_rec *rec;

	if (slot == TOPOLOGY_NONE)
		return;
	rec = slab_at(&tab->neighs, slot);
	if (BUG_ON(!rec || rec->refs == 0))
		return;
	if (--rec->refs == 0 && !rec->neigh.is_valid)
		forget_neigh(tab, slot);
}

/* The way to all neighbours with this address has changed. */
static void touch_neighs(struct topology *tab, const struct mac *mac)
{
	SLAB_FOR_EACH(&tab->neighs, slot) {
		struct neigh_rec *rec = slab_at(&tab->neighs, slot);

		if (!rec->neigh.is_valid || !mac_is_equal(&rec->neigh.mac, mac))
			continue;
		rec->changed = next_generation(tab);
		tab->ways_doubted = true;
	}
}

void topology_put_station(struct topology *tab, const struct station *station)
{
	if (stations_put(&tab->legs.stations, station))
		touch_neighs(tab, &station->mac);
}

void topology_begin_stations(struct topology *tab)
{
	stations_begin(&tab->legs.stations);
}

void topology_end_stations(struct topology *tab)
{
	struct station gone;

	for (uint32_t slot = 0; stations_take_absent(&tab->legs.stations, &slot, &gone);)
		touch_neighs(tab, &gone.mac);
}

void topology_ref_port(struct topology *tab, uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(tab, ifindex);

	if (rec)
		rec->n_dirs++;
}

void topology_unref_port(struct topology *tab, uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(tab, ifindex);

	/* A later device can have got the index. Then the count may get too low, and the port be closed
	 * before its flows are out: that takes their rules out as well. */
	if (rec && rec->n_dirs)
		rec->n_dirs--;
}

bool topology_is_used(const struct topology *tab, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(tab, ifindex);

	return rec && rec->n_dirs;
}

static void touch_all_routes(struct topology *tab)
{
	tab->routes_changed = next_way(tab);
}

void topology_touch_routes(struct topology *tab, const struct route_change *change)
{
	struct link_rec *rec;

	if (change->ifindex) {
		rec = topology_find_link(tab, change->ifindex);
		if (rec)
			topology_touch_link(tab, rec);
	} else if (change->family == FAMILY_NONE ||
		   !routeset_add(&tab->routes, change, next_generation(tab))) {
		touch_all_routes(tab);
	}
	if (change->is_hidden)
		tab->hidden_changed = next_generation(tab);
	tab->routes_need_packet |= change->has_tos;
}

bool topology_is_blind(const struct topology *tab, enum family family)
{
	return tab->rules_need_packet || tab->routes_need_packet || family == FAMILY_IP6;
}

void topology_was_wrong(struct topology *tab)
{
	tab->routes_need_packet = true;
}

bool topology_touches(const struct topology *tab, enum family family, const struct addr *addr,
		     uint32_t generation)
{
	return routeset_touches(&tab->routes, family, addr, generation);
}

/* A flow that accounts for an older generation, such as one whose rules are being removed,
 * must then assume that any route changed: routes_changed says so. */
void topology_settle_routes(struct topology *tab, uint32_t generation)
{
	if (slab_count(&tab->routes.entries) == 0)
		return;
	routeset_forget(&tab->routes, generation);
	if (seq_is_later(generation, tab->routes_changed))
		tab->routes_changed = generation;
}

void topology_touch_ways(struct topology *tab)
{
	next_way(tab);
}

static bool set_flag(struct topology *tab, bool *flag, bool value)
{
	if (*flag == value)
		return false;
	*flag = value;
	touch_all_routes(tab);
	return true;
}

bool topology_set_rules_need_packet(struct topology *tab, bool need)
{
	return set_flag(tab, &tab->rules_need_packet, need);
}

bool topology_set_ipsec(struct topology *tab, bool has_ipsec)
{
	return set_flag(tab, &tab->has_ipsec, has_ipsec);
}

bool topology_set_forwards_ip6(struct topology *tab, bool forwards)
{
	return set_flag(tab, &tab->forwards_ip6, forwards);
}

bool topology_set_mtu6(struct topology *tab, const struct event_mtu6 *mtu6)
{
	struct link_rec *rec = topology_find_link(tab, mtu6->ifindex);

	if (!rec || rec->mtu6 == mtu6->mtu)
		return false;
	rec->mtu6 = mtu6->mtu;
	rec->mtu6_changed = next_way(tab);
	return true;
}

void topology_note_slot(struct topology *tab, uint32_t port, unsigned int kind)
{
	struct link_rec *rec = topology_find_link(tab, port);

	if (rec)
		rec->slot_kinds |= (uint8_t)(1u << kind);
}

void topology_touch_link(struct topology *tab, struct link_rec *rec)
{
	rec->changed = next_way(tab);
}
