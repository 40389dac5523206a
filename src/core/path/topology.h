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
 * neighbour slots. Bounded: TOPOLOGY_MAX_LINKS links, TOPOLOGY_MAX_NEIGHS
 * neighbours. One that does not fit is unknown: flows over it stay on the CPU.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "base/mono.h"
#include "core/path/routeset.h"
#include "core/port/nic.h"
#include "core/port/portstate.h"
#include "model/hop.h"
#include "model/link.h"
#include "model/order.h"
#include "model/vlan.h"

#define TOPOLOGY_MAX_LINKS  4096
#define TOPOLOGY_MAX_NEIGHS 65536
#define TOPOLOGY_NONE	   UINT32_MAX

/* State of the rules that send all packets of a port to the CPU (core/port/barrier). */
enum barrier_state {
	BARRIER_NONE,
	BARRIER_RAISING, /* a worker is adding them */
	BARRIER_UP,
	BARRIER_LOWERING, /* a worker is removing them */
	BARRIER_HALF,	  /* a worker could not remove all of them; some may be gone */
};

struct link_rec {
	struct link link;
	bool is_port_kind; /* of a kind that can carry rules, and not enslaved */
	bool is_named_above; /* a VLAN device above it is_named */
	uint32_t changed; /* generation of the last change that moves paths */
	uint8_t port;	  /* enum port_state */
	bool is_wanted;	  /* `port` was last told that it should be one */
	bool is_named;	  /* in the configured list of devices, or taken by "auto" */
	uint8_t encaps;	  /* hardware: bits of enum vlan_encap of the frames of VLAN devices above it, also
			   * of those that are gone */
	uint8_t slot_kinds; /* bits of enum slot_kind of the rules that it has or had */
	uint8_t bypass;	  /* enum bypass_mask: what rules on it would bypass */
	uint8_t bypass_known;	/* bits of `bypass` that have been checked */
	uint8_t bypass_allowed; /* bits that the configuration allows (allow-bypass) */
	bool made_clsact; /* we added its clsact */
	uint8_t residue;  /* enum port_residue */
	uint8_t guards_state; /* enum guards_state */
	uint32_t guards_kept; /* last time that the NIC is known to have had them (clock_ds) */
	bool is_read;	  /* all its rules were read in this sampling round */
	uint8_t barrier;  /* enum barrier_state */
	mono_t barrier_due; /* BARRIER_HALF: when to try again to lower it */
	bool has_no_barrier; /* the driver refused a barrier, and the link has not changed since */
	uint8_t guarded;  /* bits of enum vlan_encap for which guards were last added */
	bool adds_guards; /* guards_state is DOUBTED only because more kinds are needed */
	uint16_t guards;  /* guards that are in (slot_guard) */
	int32_t err;
	char extack[EXTACK_SIZE];
};

struct neigh_rec {
	struct neigh neigh;
	uint32_t changed; /* generation of the last change that moves paths */
	uint32_t refs; /* flow directions that have it as next hop */
	uint8_t round; /* neigh_round in which it was last put */
};

struct topology {
	struct slab links, neighs;
	struct htab link_index, neigh_index;
	uint64_t key[2];
	uint32_t generation;	 /* of the newest change of any kind */
	uint32_t ways_changed;	 /* of the newest change except neighbours and prefixes
				  * in `routes` */
	uint32_t routes_changed; /* of the newest change that may affect any route */
	uint32_t routes_doubted; /* of the newest change that might, but is unlikely to */
	struct routeset routes;	 /* changes that affect one prefix only */
	uint32_t dropped;	 /* links and neighbours that did not fit */
	struct nic *nic;	 /* abilities of the hardware; NULL unless offload = hardware */
	uint8_t neigh_round;	 /* incremented by topology_begin_neighs() */
	uint32_t hidden_changed; /* of the newest change with is_hidden */
	bool rules_need_packet;	 /* a policy rule selects by what only the packet knows */
	bool routes_need_packet; /* so does a route, as far as seen */
	bool has_ipsec;		 /* an IPsec policy may apply to forwarded packets */
	bool forwards_ip6;	 /* the kernel forwards IPv6 */
};

int topology_init(struct topology *tab, const uint64_t key[2]) MUST_CHECK;
void topology_fini(struct topology *tab);

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
struct link_rec *topology_find_link(const struct topology *tab, uint32_t ifindex);
/* True when the link, or a VLAN device above it, is named and the link is of a kind that can carry
 * rules, even if it is not usable now. */
bool topology_is_port(const struct link_rec *rec);

/* True when the configuration names the link, or a VLAN device above it. */
static inline bool topology_is_named(const struct link_rec *rec)
{
	return rec->is_named || rec->is_named_above;
}

/*
 * The way from a device with an IP address down to the port. In software, rules sit on the device
 * itself: it is the port. A NIC knows only its ports, so the rules that it executes match and write the
 * VLAN tags of the devices above.
 */
struct leg {
	unsigned int n; /* devices, at least 1 */
	const struct link_rec *rec[1 + VLAN_TAGS_MAX]; /* that with the address first, the port last */
	struct vlan_tags tags; /* of the frames on the wire */
};

/* Finds the leg of a device. Returns REASON_NONE, or why there is none: a device on the way is unknown
 * or of a kind that rules cannot imitate. The devices may be down or not named. */
enum reason topology_find_leg(const struct topology *tab, uint32_t ifindex, struct leg *ret);
static inline const struct link_rec *leg_port(const struct leg *leg)
{
	return leg->rec[leg->n - 1];
}
/* The configuration names one of its devices. */
bool leg_is_named(const struct leg *leg);
/* The port below a VLAN device; 0 if it is no VLAN device, or no port is known below it. */
uint32_t topology_port_below(const struct topology *tab, uint32_t ifindex);
/* True when packets of flows can pass this link: it is a port, or on a leg that is named. */
bool topology_is_way(const struct topology *tab, const struct link_rec *rec);
/* Next record at or after cursor @slot, for walks; NULL at the end. */
struct link_rec *topology_next_link(const struct topology *tab, uint32_t *slot);

/* Adds or updates a neighbour. A neighbour that is neither valid nor referenced is removed. */
void topology_put_neigh(struct topology *tab, const struct neigh *neigh);
/* Bracket a dump of all neighbours: topology_end_neighs() invalidates those that were not
 * put since topology_begin_neighs(). */
void topology_begin_neighs(struct topology *tab);
void topology_end_neighs(struct topology *tab);
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

/* True when a flow leaves by this port. Visits all neighbours. */
bool topology_is_used(const struct topology *tab, uint32_t ifindex);

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
