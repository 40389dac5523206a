/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology - the links and neighbours of the kernel, what changed in its routing,
 * and the state of each port.
 *
 * Every change that can move a path gets the next generation number. A flow
 * remembers the generation its path accounts for. Comparing the two tells
 * whether the path must be checked again, without lists of flows.
 *
 * Owns the link and neighbour records. Flows hold counted references to
 * neighbour slots. Bounded: LINKTAB_MAX links, TOPOLOGY_MAX_NEIGHS
 * neighbours. One that does not fit is unknown: flows over it stay on the CPU.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "core/path/legs.h"
#include "core/path/routeset.h"
#include "core/port/nic.h"
#include "model/hop.h"
#include "model/order.h"

#define TOPOLOGY_MAX_NEIGHS 65536
#define TOPOLOGY_NONE	   UINT32_MAX

struct neigh_rec {
	struct neigh neigh;
	uint32_t changed; /* generation of the last change that moves paths */
	uint32_t refs; /* flow directions that have it as next hop */
	uint8_t round; /* neigh_round in which it was last put */
};

struct topology {
	struct legs legs;	 /* links, bridges */
	struct slab neighs;
	struct htab neigh_index;
	uint8_t bridge_round;	 /* incremented by topology_begin_bridges() */
	uint64_t key[2];
	uint32_t generation;	 /* of the newest change of any kind */
	uint32_t ways_changed;	 /* of the newest change except neighbours and prefixes
				  * in `routes` */
	bool ways_doubted;	 /* a next hop may be behind another port; topology_touch_ways() ends it */
	uint32_t routes_changed; /* of the newest change that may affect any route */
	uint32_t routes_doubted; /* of the newest change that might, but is unlikely to */
	struct routeset routes;	 /* changes that affect one prefix only */
	uint32_t dropped;	 /* links and neighbours that did not fit */
	struct nic *nic;	 /* abilities of the hardware; NULL unless offload = hardware */
	uint8_t neigh_round;	 /* incremented by topology_begin_neighs() */
	uint32_t hidden_changed; /* of the newest change with is_hidden */
	bool rules_need_packet;	 /* a policy rule selects by what only the packet knows */
	bool routes_need_packet; /* so does a route, as far as seen */
	bool has_vrfs; /* a link is, or was, in a VRF */
	bool has_ipsec;		 /* an IPsec policy may apply to forwarded packets */
	bool forwards_ip6;	 /* the kernel forwards IPv6 */
};

int topology_init(struct topology *tab, const uint64_t key[2]) MUST_CHECK;
void topology_fini(struct topology *tab);
/* With hardware, rules sit on the ports below the devices with addresses. Takes ownership. */
void topology_set_nic(struct topology *tab, struct nic *nic);

/* Adds or updates a link. Returns its record, or NULL when the table is full. */
struct link_rec *topology_put_link(struct topology *tab, const struct settings *settings,
				  const struct link *link);
/* Updates what rules on a link would bypass. False when no flow is affected. */
bool topology_set_bypass(struct topology *tab, const struct event_bypass *told);
/* True when the hooks on a link may be bypassed: each has been read and is absent, or the
 * configuration allows to bypass it. */
bool topology_can_bypass(const struct link_rec *rec);
void topology_del_link(struct topology *tab, uint32_t ifindex);
/* NULL when unknown. */
static inline struct link_rec *topology_find_link(const struct topology *tab, uint32_t ifindex)
{
	return linktab_find(&tab->legs.links, ifindex);
}

/* The device by which packets arrive for routing that came in by @ifindex: its VRF (vrf_ip_rcv), or itself. */
uint32_t topology_arrival(const struct topology *tab, uint32_t ifindex);

/* True when the link, or a device above it, is named and the link is of a kind that can carry
 * rules, even if it is not usable now. */
bool topology_is_port(const struct link_rec *rec);

/* True when the configuration names the link, or a device above it. */
static inline bool topology_is_named(const struct link_rec *rec)
{
	return rec->is_named || rec->is_named_above;
}

/* True when there is a device for this entry of the configured list of devices. */
bool topology_has_device(const struct topology *tab, const char *entry);

/* Next record at or after cursor @slot, for walks; NULL at the end. */
static inline struct link_rec *topology_next_link(const struct topology *tab, uint32_t *slot)
{
	return linktab_next(&tab->legs.links, slot);
}

/* Updates the bridge's side of a port. */
void topology_put_bridge_port(struct topology *tab, const struct bridge_port *port);
/* Bracket a reading of all bridges: topology_end_bridges() resets the ports that were not put since
 * topology_begin_bridges(). */
void topology_begin_bridges(struct topology *tab);
void topology_end_bridges(struct topology *tab);
/* Adds, moves or removes a station. */
void topology_put_station(struct topology *tab, const struct station *station);
/* Bracket a list of all stations in the same way. */
void topology_begin_stations(struct topology *tab);
void topology_end_stations(struct topology *tab);

/* Adds or updates a neighbour. A neighbour that is neither valid nor referenced is removed. */
void topology_put_neigh(struct topology *tab, const struct neigh *neigh);
/* Bracket a dump of all neighbours: topology_end_neighs() invalidates those that were not
 * put since topology_begin_neighs(). */
void topology_begin_neighs(struct topology *tab);
void topology_end_neighs(struct topology *tab);
/* The number of valid neighbours of a family. */
uint32_t topology_count_neighs(const struct topology *tab, enum family family);
/* Slot of the neighbour, or TOPOLOGY_NONE. */
uint32_t topology_find_neigh(const struct topology *tab, uint32_t ifindex,
			    enum family family, const struct addr *addr);
const struct neigh_rec *topology_get_neigh(const struct topology *tab, uint32_t slot);
/* Interface index of the neighbour's device; 0 for TOPOLOGY_NONE. */
uint32_t topology_device_of(const struct topology *tab, uint32_t slot);
/* Next record at or after cursor @slot, for walks; NULL at the end. */
const struct neigh_rec *topology_next_neigh(const struct topology *tab, uint32_t *slot);
void topology_ref_neigh(struct topology *tab, uint32_t slot);
/* Does nothing for TOPOLOGY_NONE. */
void topology_unref_neigh(struct topology *tab, uint32_t slot);

/* The port carries, or will carry, a rule of a flow, or no more. No port has index 0. */
void topology_ref_port(struct topology *tab, uint32_t ifindex);
void topology_unref_port(struct topology *tab, uint32_t ifindex);
/* True when the port has such rules. */
bool topology_is_used(const struct topology *tab, uint32_t ifindex);

/* The largest IPv6 packets that may leave by a link. Returns false if nothing changed. */
bool topology_set_mtu6(struct topology *tab, const struct event_mtu6 *mtu6);

/* Records a change of routes. */
void topology_touch_routes(struct topology *tab, const struct route_change *change);
/* True when a prefix in `routes` that contains @addr changed after @generation. */
bool topology_touches(const struct topology *tab, enum family family, const struct addr *addr,
		     uint32_t generation);
/* Forgets prefixes that changed at @generation or before. Call it when all flows with a
 * path account for @generation. */
void topology_settle_routes(struct topology *tab, uint32_t generation);
/* Records a change that may let more flows be offloaded but moves no path. */
void topology_touch_ways(struct topology *tab);
/* Look-ups may not show what a change of routes does to packets of @family: policy rules, TOS, or
 * the flow label, by which the kernel picks a next hop of IPv6 (rt6_multipath_hash). */
bool topology_is_blind(const struct topology *tab, enum family family);
/* Sets routes_need_packet: packets went another way than look-ups said. */
void topology_was_wrong(struct topology *tab);
/* Sets rules_need_packet. Returns false if it had that value already. */
bool topology_set_rules_need_packet(struct topology *tab, bool need);
/* Sets has_ipsec. False when it had that value. */
bool topology_set_ipsec(struct topology *tab, bool has_ipsec);
/* Sets forwards_ip6, which is true at first. False when it had that value. (For IPv4 the
 * route look-ups fail when forwarding is off.) */
bool topology_set_forwards_ip6(struct topology *tab, bool forwards);
/* A port is about to get a rule of this kind (enum slot_kind). */
void topology_note_slot(struct topology *tab, uint32_t port, unsigned int kind);
/* Records a change of a link that is not in struct link, such as its port state. */
void topology_touch_link(struct topology *tab, struct link_rec *rec);
