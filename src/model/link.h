/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link - links, neighbours and route answers as the kernel delivers them.
 */
#pragma once

#include "model/tuple.h"

#define LINK_NAME_SIZE 16
#define LINK_KIND_SIZE 16

struct link {
	uint32_t ifindex;
	char name[LINK_NAME_SIZE];
	char kind[LINK_KIND_SIZE]; /* IFLA_INFO_KIND; "" for a physical port */
	struct mac mac;
	uint32_t mtu;
	uint32_t master; /* ifindex of the bridge, bond or VRF above; 0 = none */
	uint32_t lower;	 /* IFLA_LINK: device below a VLAN, or the veth peer; 0 = none */
	uint16_t vlan;	 /* VLAN id of kind "vlan"; 0 = none */
	bool is_up;	 /* administratively up and with carrier */
	bool is_ether;	 /* ARPHRD_ETHER: frames have MAC addresses */
	bool is_loopback;
};

struct neigh {
	uint32_t ifindex;
	uint8_t family; /* enum family */
	struct addr addr;
	struct mac mac;
	bool is_valid;	/* the kernel would send to `mac` now (NUD_VALID) */
};

/* What a route look-up said. */
enum route_kind {
	ROUTE_NONE,	   /* no answer yet, or unreachable: see err */
	ROUTE_UNICAST,
	ROUTE_LOCAL,
	ROUTE_OTHER,	   /* broadcast, multicast, blackhole, ... */
};

struct route_query {
	uint8_t family; /* enum family */
	uint8_t proto;
	uint16_t sport, dport;
	bool with_src;	/* src is given */
	struct addr src, dst;
	uint32_t iif;	/* 0: as if sent by the router itself */
	uint32_t mark;
};

struct route_answer {
	uint8_t kind;	  /* enum route_kind */
	int32_t err;	  /* negative errno of the look-up, 0 = answered */
	uint32_t oif;
	bool has_gateway;
	uint8_t gateway_family; /* an IPv4 route may have an IPv6 next hop */
	struct addr gateway;
	uint32_t mtu;	  /* path MTU metric; 0 = none */
};
