/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/legs.h"

#include <string.h>

#include "base/bug.h"
#include "base/util.h"

int legs_init(struct legs *legs, const uint64_t key[2])
{
	int err;

	memset(legs, 0, sizeof(*legs));
	err = linktab_init(&legs->links, key);
	if (!err)
		err = stations_init(&legs->stations, key);
	if (err)
		legs_fini(legs);
	return err;
}

void legs_fini(struct legs *legs)
{
	stations_fini(&legs->stations);
	linktab_fini(&legs->links);
}

static bool is_bridge(const struct link_rec *rec)
{
	return strcmp(rec->link.kind, "bridge") == 0;
}

static bool is_bond(const struct link_rec *rec)
{
	return rec->link.bond != LINK_BOND_NONE;
}

bool legs_is_master(const struct legs *legs, uint32_t ifindex)
{
	const struct link_rec *rec = ifindex ? linktab_find(&legs->links, ifindex) : NULL;

	return legs->go_down && rec && (is_bridge(rec) || rec->link.bond == LINK_BOND_BACKUP);
}

/* -- bridges -------------------------------------------------------------- */

static const struct bridge_range *find_range(const struct bridge_port *p, uint16_t vlan)
{
	for (unsigned int i = 0; i < p->n_ranges; i++) {
		if (vlan >= p->range[i].first && vlan <= p->range[i].last)
			return &p->range[i];
	}
	return NULL;
}

/* 0 if untagged frames are dropped. */
static uint16_t pvid_of(const struct bridge_port *p)
{
	for (unsigned int i = 0; i < p->n_ranges; i++) {
		if (p->range[i].is_pvid)
			return p->range[i].first;
	}
	return 0;
}

/* Finds the VLAN of the bridge for frames that its own device sends (br_allowed_ingress), and removes its tag
 * from @tags. False if frames that the device receives do not have the same tag (br_pass_frame_up). */
static bool enter_bridge(const struct link_rec *br, struct vlan_tags *tags, uint16_t *ret_vlan)
{
	const struct vlan_tag outer = tags->tag[0];
	const struct bridge_range *range;

	*ret_vlan = 0;
	if (!br->link.bridge_proto)
		return true;
	if (br->link.has_mst)
		return false;
	if (outer.proto && outer.proto != br->link.bridge_proto)
		return false;
	*ret_vlan = outer.proto ? outer.id : pvid_of(&br->bridge_port);
	if (outer.proto) {
		tags->tag[0] = tags->tag[1];
		tags->tag[1] = (struct vlan_tag){ VLAN_NONE, 0 };
	}
	range = find_range(&br->bridge_port, *ret_vlan);
	return range && !br->bridge_port.is_cut && !br->bridge_port.has_blocked &&
	       range->is_untagged == !outer.proto;
}

/* Adds the tag with which the port sends frames of a VLAN (br_handle_vlan), if it also expects that of
 * those that arrive (__allowed_ingress). */
static bool leave_bridge(const struct link_rec *br, const struct bridge_port *port, uint16_t vlan,
			 struct vlan_tags *tags)
{
	const struct bridge_range *range = find_range(port, vlan);

	if (port->has_tunnel || port->is_locked)
		return false;
	if (!br->link.bridge_proto)
		return true;
	if (!range || port->is_cut || port->has_blocked)
		return false;
	if (range->is_untagged)
		return pvid_of(port) == vlan && !tags->tag[0].proto;
	return vlan_push(tags, (struct vlan_tag){ br->link.bridge_proto, vlan });
}

/* -- one leg -------------------------------------------------------------- */

/* Where a leg goes from a bridge or bond: to the port behind which @station is, or that is active, or to @port,
 * whatever state it is in; and from a bond that is a port of a bridge to @inner. */
struct aim {
	const struct mac *station;
	uint32_t port, inner;
};

static enum reason cross_bond(const struct legs *legs, const struct link_rec *bond,
			      const struct aim *aim, struct leg *leg, uint32_t *ret_port)
{
	const struct link_rec *port;

	if (bond->link.bond != LINK_BOND_BACKUP)
		return REASON_BOND_MODE;
	*ret_port = leg->has_master ? aim->inner : aim->port;
	if (!*ret_port)
		*ret_port = bond->link.active_port;
	leg->has_master = true;
	port = linktab_find(&legs->links, *ret_port);
	return port && port->link.master == bond->link.ifindex ? REASON_NONE : REASON_DEVICE_DOWN;
}

static enum reason cross_bridge(const struct legs *legs, const struct link_rec *br,
				const struct aim *aim, struct leg *leg, uint32_t *ret_port)
{
	const struct link_rec *port;
	uint16_t vlan;

	if (leg->has_master || !enter_bridge(br, &leg->tags, &vlan))
		return REASON_BRIDGE;
	leg->has_master = true;
	*ret_port = aim->port;
	if (!aim->port && aim->station)
		*ret_port = stations_find(&legs->stations, br->link.ifindex, vlan, aim->station);
	port = linktab_find(&legs->links, *ret_port);
	if (!port || port->link.master != br->link.ifindex)
		return REASON_STATION_UNKNOWN;
	/* A port that is blocked now stays a port. */
	if (!port->bridge_port.is_forwarding && !aim->port)
		return REASON_BRIDGE;
	return leave_bridge(br, &port->bridge_port, vlan, &leg->tags) ? REASON_NONE : REASON_BRIDGE;
}

/* A port of a bridge or bond, or a VLAN device that is one, is only reached through it. */
static bool is_reached(const struct leg *leg, const struct link_rec *rec)
{
	return !rec->link.master || leg->has_master || (leg->n && rec->is_port_kind);
}

static bool is_vlan(const struct link_rec *rec)
{
	return rec->link.vlan.proto && rec->link.is_ether && rec->link.lower;
}

/* True if the leg has just reached a port of a bridge or bond, and a VLAN device on this port takes its frames
 * before the bridge or bond gets them (vlan_do_receive). */
static bool has_taker(const struct legs *legs, const struct leg *leg)
{
	const struct link_rec *port = leg_port(leg), *rec;
	const struct vlan_tag *outer = &leg->tags.tag[0];

	if (!port->has_vlans || !port->link.master || !leg->has_master || !outer->proto)
		return false;
	for (uint32_t slot = 0; (rec = linktab_next(&legs->links, &slot)); slot++) {
		if (rec->link.lower == port->link.ifindex && rec->link.vlan.proto == outer->proto &&
		    rec->link.vlan.id == outer->id && rec != leg->rec[leg->n - 2])
			return true;
	}
	return false;
}

static enum reason go_down(const struct legs *legs, uint32_t ifindex, const struct aim *aim,
			   struct leg *ret)
{
	struct leg leg = { .n = 0 };
	enum reason reason;

	for (;;) {
		const struct link_rec *rec = linktab_find(&legs->links, ifindex);

		if (!rec)
			return REASON_DEVICE_UNKNOWN;
		if (leg.n == array_size(leg.rec) || !is_reached(&leg, rec))
			return REASON_DEVICE_KIND;
		leg.rec[leg.n++] = rec;
		if (has_taker(legs, &leg))
			return REASON_BRIDGE;
		if (rec->is_port_kind)
			break;
		if (legs->go_down && (is_bridge(rec) || is_bond(rec))) {
			reason = is_bond(rec) ? cross_bond(legs, rec, aim, &leg, &ifindex) :
						cross_bridge(legs, rec, aim, &leg, &ifindex);
			if (reason != REASON_NONE)
				return reason;
			continue;
		}
		/* The innermost tag is that of the device with the address. */
		if (!legs->go_down || !is_vlan(rec) || !vlan_push(&leg.tags, rec->link.vlan))
			return rec->link.is_loopback ? REASON_LOCAL : REASON_DEVICE_KIND;
		ifindex = rec->link.lower;
	}
	if (vlan_encap_of(&leg.tags) == VLAN_ENCAP__COUNT)
		return REASON_DEVICE_KIND;
	*ret = leg;
	return REASON_NONE;
}

enum reason legs_find(const struct legs *legs, uint32_t ifindex, const struct mac *station,
		      struct leg *ret)
{
	return go_down(legs, ifindex, &(const struct aim){ .station = station }, ret);
}

bool leg_is_named(const struct leg *leg)
{
	for (unsigned int i = 0; i < leg->n; i++) {
		if (leg->rec[i]->is_named)
			return true;
	}
	return false;
}

/* -- all legs of a device ------------------------------------------------- */

/* The bridge or bond at or below a device, without those below it; 0 if none. */
static uint32_t master_below(const struct legs *legs, const struct link_rec *rec)
{
	for (unsigned int i = 0; rec && i <= VLAN_TAGS_MAX; i++) {
		if (legs_is_master(legs, rec->link.ifindex))
			return rec->link.ifindex;
		if (rec->is_port_kind || !is_vlan(rec))
			break;
		rec = linktab_find(&legs->links, rec->link.lower);
	}
	return 0;
}

uint32_t legs_master_of(const struct legs *legs, const struct link_rec *rec)
{
	if (!legs->go_down)
		return 0;
	return legs_is_master(legs, rec->link.master) ? rec->link.master : master_below(legs, rec);
}

/* True ends the walk. */
typedef bool (*leg_fn)(const struct legs *legs, const struct leg *leg, void *ctx);

/* Calls fn for each leg over the ports of a bridge or bond; @over is the bridge if the bond is its port.
 * True if fn ended it. */
static bool for_each_port(const struct legs *legs, const struct link_rec *rec, uint32_t master, uint32_t over,
			  leg_fn fn, void *ctx)
{
	const struct link_rec *port;
	struct leg leg;

	for (uint32_t slot = 0; (port = linktab_next(&legs->links, &slot)); slot++) {
		uint32_t ifindex = port->link.ifindex;
		const struct aim aim = { .port = over ? master : ifindex, .inner = over ? ifindex : 0 };

		if (port->link.master != master)
			continue;
		if (!over && legs_is_master(legs, ifindex)) {
			if (for_each_port(legs, rec, ifindex, master, fn, ctx))
				return true;
		} else if (go_down(legs, rec->link.ifindex, &aim, &leg) == REASON_NONE &&
			   fn(legs, &leg, ctx)) {
			return true;
		}
	}
	return false;
}

/* Calls fn for each leg of a device that is no port. True if fn ended it. */
static bool for_each_leg(const struct legs *legs, const struct link_rec *rec, leg_fn fn, void *ctx)
{
	uint32_t master;
	struct leg leg;

	if (!legs->go_down || rec->is_port_kind || rec->link.master)
		return false;
	master = master_below(legs, rec);
	if (master)
		return for_each_port(legs, rec, master, 0, fn, ctx);
	return legs_find(legs, rec->link.ifindex, NULL, &leg) == REASON_NONE && fn(legs, &leg, ctx);
}

struct link_rec *legs_bottom(const struct legs *legs, const struct link_rec *rec)
{
	struct link_rec *ret = linktab_find(&legs->links, rec->link.ifindex);

	for (unsigned int i = 0; ret && ret->link.vlan.proto && i < VLAN_TAGS_MAX; i++)
		ret = linktab_find(&legs->links, ret->link.lower);
	return ret;
}

uint32_t legs_port_below(const struct legs *legs, const struct link_rec *rec)
{
	struct leg leg;

	if (!legs->go_down || rec->is_port_kind ||
	    legs_find(legs, rec->link.ifindex, NULL, &leg) != REASON_NONE)
		return 0;
	return leg_port(&leg)->link.ifindex;
}

static bool is_leg_named(const struct legs *legs UNUSED, const struct leg *leg, void *ctx UNUSED)
{
	return leg_is_named(leg);
}

/* A port below a device that is itself a port of a bridge or bond is named. */
static bool is_named_below(const struct legs *legs, const struct link_rec *rec)
{
	const struct link_rec *port;

	if (rec->link.vlan.proto) {
		port = legs_bottom(legs, rec);
		return port && port->is_named;
	}
	for (uint32_t slot = 0; (port = linktab_next(&legs->links, &slot)); slot++) {
		if (port->link.master == rec->link.ifindex && port->is_named)
			return true;
	}
	return false;
}

bool legs_is_way(const struct legs *legs, const struct link_rec *rec)
{
	if (rec->is_port_kind)
		return rec->is_named || rec->is_named_above;
	if (legs_is_master(legs, rec->link.master))
		return rec->is_named || rec->is_named_above || is_named_below(legs, rec);
	return (rec->is_named_above && legs->go_down) || for_each_leg(legs, rec, is_leg_named, NULL);
}

/* -- what is above -------------------------------------------------------- */

static bool tell(const struct legs *legs, const struct leg *leg, void *ctx UNUSED)
{
	bool is_named = false;

	for (unsigned int i = 0; i < leg->n; i++) {
		struct link_rec *rec = linktab_find(&legs->links, leg->rec[i]->link.ifindex);

		rec->is_named_above |= is_named;
		is_named |= rec->is_named;
		if (i + 1 == leg->n)
			rec->encaps |= (uint8_t)(1u << vlan_encap_of(&leg->tags));
	}
	return false;
}

void legs_tell_below(const struct legs *legs, const struct link_rec *rec)
{
	IGNORE_RESULT(for_each_leg(legs, rec, tell, NULL));
}

void legs_look_everywhere(const struct legs *legs)
{
	SLAB_FOR_EACH(&legs->links.slab, slot)
		((struct link_rec *)slab_at(&legs->links.slab, slot))->is_named_above = false;
	SLAB_FOR_EACH(&legs->links.slab, slot)
		legs_tell_below(legs, slab_at(&legs->links.slab, slot));
}
