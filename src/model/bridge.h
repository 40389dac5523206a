/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridge - what the kernel reports about bridges: where stations are, and what ports do.
 */
#pragma once

#include "model/addr.h"

/* An entry of a bridge's forwarding database. */
struct station {
	uint32_t bridge;
	uint32_t port; /* behind which the station is; 0 = the entry is gone */
	uint16_t vlan; /* 0 if the bridge does not filter VLANs */
	struct mac mac;
};

#define BRIDGE_RANGES_MAX 32

/* VLANs with the same settings. */
struct bridge_range {
	uint16_t first, last;
	bool is_pvid;	  /* untagged frames that arrive are put into it */
	bool is_untagged; /* frames leave without the tag */
};

/* The bridge's side of one of its ports, or of the bridge itself. */
struct bridge_port {
	uint32_t ifindex;
	bool is_forwarding; /* STP */
	bool has_tunnel;    /* frames are mapped to tunnels by VLAN */
	bool is_locked;	    /* only stations that have been authorised may send */
	bool is_cut;	    /* there were more ranges than fit */
	bool has_blocked;   /* some of its VLANs do not forward */
	uint8_t n_ranges;   /* they only matter if the bridge filters VLANs */
	struct bridge_range range[BRIDGE_RANGES_MAX];
};
