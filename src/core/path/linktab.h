/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linktab - the links of the kernel, by their index, and the state of each port.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "base/mono.h"
#include "core/port/portstate.h"
#include "model/bridge.h"
#include "model/link.h"
#include "model/order.h"

#define LINKTAB_MAX 4096

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
	struct bridge_port bridge_port; /* of a bridge, or of a port of one */
	uint8_t bridge_round; /* the last reading of all bridges that showed it */
	bool is_port_kind; /* of a kind that can carry rules; in hardware also a port of a bridge, else not
			    * enslaved */
	bool is_named_above; /* a device above it is_named */
	uint32_t mtu6; /* the largest IPv6 packets that may leave by it; 0 = not known */
	uint32_t changed; /* generation of the last change that moves paths */
	uint32_t mtu6_changed; /* and of the last of mtu6, which moves paths of IPv6 */
	uint32_t n_dirs;  /* flow directions whose rules are on it (flow.port) */
	uint8_t port;	  /* enum port_state */
	bool is_wanted;	  /* `port` was last told that it should be one */
	bool is_named;	  /* in the configured list of devices, or taken by "auto" */
	bool has_vlans;	  /* VLAN devices are, or were, on it */
	uint8_t encaps;	  /* hardware: bits of enum vlan_encap of the frames of devices above it, also
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

struct linktab {
	struct slab slab;
	struct htab index;
	uint64_t key[2];
};

MUST_CHECK int linktab_init(struct linktab *links, const uint64_t key[2]);
/* Accepts a zeroed struct. */
void linktab_fini(struct linktab *links);
/* NULL when unknown. */
struct link_rec *linktab_find(const struct linktab *links, uint32_t ifindex);
/* Next record at or after cursor @slot, for walks; NULL at the end. */
struct link_rec *linktab_next(const struct linktab *links, uint32_t *slot);
/* Adds a record for a link that is not known, or returns NULL when the table is full. */
struct link_rec *linktab_add(struct linktab *links, uint32_t ifindex);
void linktab_del(struct linktab *links, struct link_rec *rec);

static inline struct slab_ref linktab_ref(const struct linktab *links, const struct link_rec *rec)
{
	return slab_ref_of(&links->slab, rec);
}
