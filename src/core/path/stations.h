/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stations - the forwarding databases of all bridges: behind which port a station is.
 *
 * Bounded: STATIONS_MAX. A station that does not fit is unknown: flows to it stay on the CPU.
 */
#pragma once

#include "base/ds/htab.h"
#include "base/ds/slab.h"
#include "model/bridge.h"

#define STATIONS_MAX 65536

struct stations {
	struct slab slab;
	struct htab index;
	uint64_t key[2];
	uint8_t round; /* incremented by stations_begin() */
};

MUST_CHECK int stations_init(struct stations *s, const uint64_t key[2]);
/* Accepts a zeroed struct. */
void stations_fini(struct stations *s);
/* The port behind which a station is; 0 = unknown. */
uint32_t stations_find(const struct stations *s, uint32_t bridge, uint16_t vlan,
		       const struct mac *mac);
/* Adds, moves or removes a station. Returns false if nothing changed. */
bool stations_put(struct stations *s, const struct station *station);
/* Begins a list of all stations. */
void stations_begin(struct stations *s);
/* Takes out the next station, from cursor @slot on, that was not put since stations_begin(). Returns false
 * at the end. */
bool stations_take_absent(struct stations *s, uint32_t *slot, struct station *ret);
