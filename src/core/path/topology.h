/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology - what the kernel last told us about links and neighbours, and the
 * state of the ports among the links.
 *
 * Every change that can move a path gets the next generation number. A flow
 * remembers the generation its path accounts for; comparing the two tells
 * whether the flow must be looked at again, without lists of flows.
 *
 * Owns: link and neighbour records. Flows hold neighbour slots, counted.
 * Bounded: TOPOLOGY_MAX_LINKS links, TOPOLOGY_MAX_NEIGHS neighbours; what does
 * not fit is unknown, and a flow over it stays on the CPU.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "core/port/nic.h"
#include "core/path/routeset.h"
#include "model/hop.h"
#include "model/link.h"
#include "model/order.h"

#define TOPOLOGY_MAX_LINKS  4096
#define TOPOLOGY_MAX_NEIGHS 65536
#define TOPOLOGY_NONE	   UINT32_MAX

enum port_state {
	PORT_NONE,    /* not ours to use */
	PORT_WANTED,  /* to be prepared */
	PORT_OPENING, /* a worker is at it */
	PORT_CLSACT,  /* clsact is there, guards to be made */
	PORT_GUARDING, /* a worker is at it */
	PORT_OPEN,    /* clsact and guards are there */
	PORT_UNGUARDED, /* clsact is there, guards were refused: see err and extack */
	PORT_FAILED,  /* nothing is there: see err and extack */
	PORT_UNWANTED, /* one of the above, but no port any more: closed when no flow uses it */
	PORT_CLOSING, /* a worker is taking it back */
	PORT_CLOSED,  /* taken back, not wanted any more */
};

/* Something of ours is on it, or about to be. */
static inline bool port_is_ours(enum port_state state)
{
	return state >= PORT_OPENING && state != PORT_FAILED && state != PORT_CLOSED;
}

/* Whether all packets of a port go to the CPU, because many rules are being removed. */
enum barrier_state {
	BARRIER_NONE,
	BARRIER_RAISING, /* a worker is at it */
	BARRIER_UP,
	BARRIER_LOWERING, /* a worker is at it */
};

struct link_rec {
	struct link link;
	uint32_t changed; /* generation of the last change that moves paths */
	uint8_t port;	  /* enum port_state */
	bool is_named;	  /* the operator listed it, or "auto" took it */
	uint8_t bypass;	  /* what rules on it would go around (enum bypass_mask) */
	uint8_t bypass_known;	/* bits that somebody has looked for */
	uint8_t bypass_allowed; /* bits that the operator does not mind */
	bool made_clsact;
	bool close_again; /* it is being closed since before the stop: try again if that fails */
	bool is_mended;	  /* being opened again while flows have rules on it */
	bool is_left;	  /* ... and that failed, or was in an earlier life: something of
			   * ours may be on it still */
	bool renew_guards; /* the NIC may have lost them; the port stays open meanwhile */
	bool is_renewing; /* a worker is at it */
	bool was_renewed; /* since the port was last sampled: once is enough */
	uint32_t guards_kept; /* until when the NIC is known to have kept them (clock_ds) */
	bool is_read;	  /* in this round of samples: what it did not show is not there */
	uint8_t barrier;  /* enum barrier_state */
	bool has_no_barrier; /* it was refused, and nothing has changed since */
	uint8_t guards;	  /* those that are in; bit 0: IPv4, bit 1: IPv6 */
	int32_t err;
	char extack[EXTACK_SIZE];
};

struct neigh_rec {
	struct neigh neigh;
	uint32_t changed;
	uint32_t refs; /* flows that send there */
	uint8_t round; /* of reading all neighbours in which it was seen last */
};

struct topology {
	struct slab links, neighs;
	struct htab link_index, neigh_index;
	uint64_t key[2];
	uint32_t generation;	 /* of the newest change of any kind */
	uint32_t ways_changed;	 /* of the newest change of anything but neighbours */
	uint32_t routes_changed; /* of the newest change after which any route may be another */
	uint32_t routes_doubted; /* ... or might be, which is not likely */
	struct routeset routes;	 /* what changed beside that */
	uint32_t dropped;	 /* facts that did not fit */
	struct nic *nic;	 /* what the hardware can do; NULL: rules are in software */
	uint8_t neigh_round;	 /* of reading all neighbours */
	bool has_ipsec;		 /* a policy may want packets that are forwarded */
	bool forwards_ip6;
};

int topology_init(struct topology *tab, const uint64_t key[2]) MUST_CHECK;
void topology_fini(struct topology *tab);

/* Takes in a link. Returns its record, or NULL when the table is full. */
struct link_rec *topology_put_link(struct topology *tab, const struct settings *settings,
				  const struct link *link);
/* Takes in what would be bypassed. False when that changes nothing for any flow. */
bool topology_set_bypass(struct topology *tab, const struct event_bypass *told);
void topology_del_link(struct topology *tab, uint32_t ifindex);
/* NULL when unknown. */
struct link_rec *topology_find_link(const struct topology *tab, uint32_t ifindex);
/* It is named, and of a kind that can carry rules; it need not be usable just now. */
bool topology_is_port(const struct link_rec *rec);
/* Next record at or after cursor @slot, for walks; NULL at the end. */
struct link_rec *topology_next_link(const struct topology *tab, uint32_t *slot);

/* Takes in a neighbour; not valid and not in use means forgotten. */
void topology_put_neigh(struct topology *tab, const struct neigh *neigh);
/* Between the two all neighbours are put; others are not valid any more then. */
void topology_begin_neighs(struct topology *tab);
void topology_end_neighs(struct topology *tab);
/* Slot of the neighbour, or TOPOLOGY_NONE. */
uint32_t topology_find_neigh(const struct topology *tab, uint32_t ifindex,
			    enum family family, const struct addr *addr);
const struct neigh_rec *topology_get_neigh(const struct topology *tab, uint32_t slot);
/* The device that this neighbour is behind; 0 when there is none (TOPOLOGY_NONE). */
uint32_t topology_device_of(const struct topology *tab, uint32_t slot);
/* Next record at or after cursor @slot, for walks; NULL at the end. */
const struct neigh_rec *topology_next_neigh(const struct topology *tab, uint32_t *slot);
void topology_ref_neigh(struct topology *tab, uint32_t slot);
/* TOPOLOGY_NONE is fine. */
void topology_unref_neigh(struct topology *tab, uint32_t slot);

/* Flows send out of this device. A walk over all neighbours. */
bool topology_is_used(const struct topology *tab, uint32_t ifindex);

/* Routes changed. */
void topology_touch_routes(struct topology *tab, const struct route_change *change);
/* Routes to @addr changed after @generation. */
bool topology_touches(const struct topology *tab, enum family family, const struct addr *addr,
		     uint32_t generation);
/* All flows that have a path account for what changed until @generation. */
void topology_settle_routes(struct topology *tab, uint32_t generation);
/* Something changed that lets more flows through, but moves none. */
void topology_touch_ways(struct topology *tab);
/* IPsec policies are there, or no more. False when that was known. */
bool topology_set_ipsec(struct topology *tab, bool has_ipsec);
/* IPv6 is forwarded, which is assumed until somebody says otherwise, or not. False when
 * that was known. (For IPv4 look-ups of routes tell.) */
bool topology_set_forwards_ip6(struct topology *tab, bool forwards);
/* Something about this link changed that is not in struct link (its port). */
void topology_touch_link(struct topology *tab, struct link_rec *rec);
