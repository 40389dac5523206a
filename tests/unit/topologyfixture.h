/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topologyfixture - links and neighbours for tests of the topology. Include it after unit.h.
 */
#pragma once

#include <string.h>

#include "core/path/topology.h"

static const uint64_t key[2] = { 1, 2 };
static const struct settings all UNUSED = { .auto_devices = true };

static inline void init(struct topology *tab)
{
	assert_int_equal(topology_init(tab, key), 0);
}

static inline struct link ether(uint32_t ifindex, const char *name)
{
	struct link l = { .ifindex = ifindex, .mtu = 1500, .is_up = true, .is_ether = true };

	l.mac.b[0] = 2;
	l.mac.b[5] = (uint8_t)ifindex;
	strncpy(l.name, name, sizeof(l.name) - 1);
	return l;
}

static inline struct neigh neigh_of(uint32_t ifindex, uint8_t host, uint8_t mac)
{
	struct neigh n = { .ifindex = ifindex, .family = FAMILY_IP4, .is_valid = mac != 0 };

	n.addr.b[0] = 10;
	n.addr.b[3] = host;
	n.mac.b[0] = 2;
	n.mac.b[5] = mac;
	return n;
}

static inline uint32_t find(const struct topology *tab, const struct neigh *n)
{
	return topology_find_neigh(tab, n->ifindex, n->family, &n->addr);
}
