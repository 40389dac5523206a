/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakert - the links, neighbours and hardware of a kernel that a test makes up, in the place of
 * kern/rt/rtwatch, links, bridges, neighs, rules and netconf, and of kern/hw/hwinfo and devlink.
 *
 * Events are results of rtwatch_read(): each has a return value, and may bring one message. A
 * dump shows what the lists have. Everything is of one thread.
 */
#pragma once

#include <stdbool.h>

#include "model/bridge.h"
#include "model/link.h"

#define FAKERT_LINKS 8192
#define FAKERT_NEIGHS 64

/* One call of rtwatch_read(). */
struct fakert_read {
	int ret; /* number of messages, or negative errno */
	enum {
		FAKERT_NOTHING,
		FAKERT_LINK,
		FAKERT_LINK_GONE,
		FAKERT_MTU6,
		FAKERT_NEIGH,
		FAKERT_NEIGH_GONE,
		FAKERT_BRIDGES,
		FAKERT_STATION,
		FAKERT_FORWARDING,
		FAKERT_ROUTES
	} what;
	struct link link;
	uint32_t mtu6; /* of link.ifindex */
	struct neigh neigh;
	struct station station;
	bool forwards_ip6;
	struct route_change routes;
};

struct fakert {
	/* What dumps show, and how they end. */
	struct link link[FAKERT_LINKS];
	unsigned int n_links;
	uint32_t mtu6; /* of every link; 0 = they have no IPv6 */
	struct neigh neigh[FAKERT_NEIGHS];
	unsigned int n_neighs;
	struct bridge_port bridge_port[FAKERT_NEIGHS];
	unsigned int n_bridge_ports;
	struct station station[FAKERT_NEIGHS];
	unsigned int n_stations;
	bool forwards_ip6;
	int links_err, mtu6_err, bridges_err, stations_err, neighs_err, forwarding_err;
	bool rules_need_packet;
	int rules_err;
	/* Hardware of every device, by the first letter of its name: 'p' is a PCI function. */
	int open_err, hw_open_err, devlink_open_err;
	int hw_err, eswitch_err;
	enum link_eswitch eswitch;
	bool reads_forever; /* rtwatch_read() returns -ENOBUFS without end */
	/* What was asked. */
	unsigned int n_link_dumps, n_mtu6_dumps, n_bridge_dumps, n_station_dumps, n_neigh_dumps, n_forwarding, n_rules, n_reads, n_grown;
	unsigned int n_hw, n_eswitch;
	int rcvbuf_bytes;
	unsigned int n_open; /* rtwatch, hwinfo and devlink together */
};

extern struct fakert fakert;

void fakert_start(void);
/* Queues a result for rtwatch_read(). */
void fakert_say(const struct fakert_read *read);
/* Results that were not read. */
unsigned int fakert_unread(void);
