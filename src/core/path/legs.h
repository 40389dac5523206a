/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * legs - the ways from the devices with IP addresses down to the ports that carry their rules.
 *
 * In software, rules sit on the device itself: it is the port. A NIC knows only its ports, so the
 * rules that it executes do what the devices between would do: they match and write VLAN tags, and
 * they are on that port of a bridge behind which the next hop is, or on the active port of a bond.
 */
#pragma once

#include "core/path/linktab.h"
#include "core/path/stations.h"
#include "model/reason.h"
#include "model/vlan.h"

/* VLANs, a bridge, a bond, VLANs again, and the port. */
#define LEG_DEVICES_MAX (3 + 2 * VLAN_TAGS_MAX)

struct leg {
	unsigned int n; /* devices, at least 1 */
	const struct link_rec *rec[LEG_DEVICES_MAX]; /* that with the address first, the port last */
	struct vlan_tags tags; /* of the frames on the wire */
	bool has_master; /* a bridge or bond */
};

struct legs {
	struct linktab links;
	struct stations stations;
	bool go_down; /* hardware: rules sit on the ports below */
};

MUST_CHECK int legs_init(struct legs *legs, const uint64_t key[2]);
/* Accepts a zeroed struct. */
void legs_fini(struct legs *legs);

/* Finds the leg of a device towards a station, the next hop; @station may be NULL if no bridge is on the
 * leg. Returns REASON_NONE, or why there is no leg: a device on the way is unknown, or does what rules
 * cannot imitate. The devices may be down or not named. */
enum reason legs_find(const struct legs *legs, uint32_t ifindex, const struct mac *station,
		      struct leg *ret);

static inline const struct link_rec *leg_port(const struct leg *leg)
{
	return leg->rec[leg->n - 1];
}

/* The configuration names one of its devices. */
bool leg_is_named(const struct leg *leg);

/* The device below all VLANs: @rec itself if it is none. NULL if it is not known. */
struct link_rec *legs_bottom(const struct legs *legs, const struct link_rec *rec);
/* The port below a VLAN device without a bridge, the active one if a bond is below it; 0 if there is none. */
uint32_t legs_port_below(const struct legs *legs, const struct link_rec *rec);
/* The bridge or bond that this link is, is a port of, or is a VLAN device on; 0 if none. */
uint32_t legs_master_of(const struct legs *legs, const struct link_rec *rec);
/* True for a bridge or bond whose ports can carry rules. */
bool legs_is_master(const struct legs *legs, uint32_t ifindex);
/* True when packets of flows can pass this link: it is a port, or on a leg that is named. */
bool legs_is_way(const struct legs *legs, const struct link_rec *rec);

/* The devices below a link get to know that it is above them. */
void legs_tell_below(const struct legs *legs, const struct link_rec *rec);
/* All devices get to know again what is above them. */
void legs_look_everywhere(const struct legs *legs);
