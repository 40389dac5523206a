/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link - links, neighbours and route answers as the kernel delivers them.
 */
#pragma once

#include "model/tuple.h"

#define LINK_NAME_SIZE 16
#define LINK_KIND_SIZE 16

/* The switch for flower offload of a device (ethtool's hw-tc-offload). */
enum link_tc {
	LINK_TC_NONE, /* its driver has none, or it cannot be turned on */
	LINK_TC_OFF,
	LINK_TC_ON,
};

/* How the embedded switch of a NIC works (devlink's eswitch mode). */
enum link_eswitch {
	LINK_ESWITCH_NONE, /* there is none, or it does not tell */
	LINK_ESWITCH_LEGACY,
	LINK_ESWITCH_SWITCHDEV,
};

#define LINK_DRIVER_SIZE    32
#define LINK_BUS_SIZE	    32
#define LINK_SWITCH_ID_SIZE 32 /* MAX_PHYS_ITEM_ID_LEN */

/* What kind of hardware a link is. All zero where nobody asked. */
struct link_hw {
	char driver[LINK_DRIVER_SIZE]; /* ethtool's; "" = unknown */
	char bus[LINK_BUS_SIZE];       /* such as "0000:03:00.1"; "" = none */
	char port_name[LINK_NAME_SIZE]; /* phys_port_name: "p0", "pf0vf1"; "" = none */
	uint8_t switch_id[LINK_SWITCH_ID_SIZE];
	uint8_t switch_id_len; /* 0 = none */
	uint8_t tc;	       /* enum link_tc */
	uint8_t eswitch;       /* enum link_eswitch */
};

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
	struct link_hw hw;
};

/* Who sees to it that the kernel does not forget a neighbour. */
enum neigh_care {
	NEIGH_AGES,   /* nobody: it is forgotten some time after its last packet */
	NEIGH_OURS,   /* the kernel, because we asked for it */
	NEIGH_OTHERS, /* it is permanent, or learnt or kept for somebody else: not ours to touch */
};

struct neigh {
	uint32_t ifindex;
	uint8_t family; /* enum family */
	struct addr addr;
	struct mac mac;
	bool is_valid;	/* the kernel would send to `mac` now (NUD_VALID) */
	bool is_stale;	/* ... and would ask whether it is still there (NUD_STALE) */
	uint8_t care;	/* enum neigh_care */
};

/* Routes that may be others now: those of destinations in a prefix, for packets that arrive on
 * one device, or of all. */
struct route_change {
	uint32_t ifindex; /* 0 = of any device */
	uint8_t family;	  /* enum family; FAMILY_NONE = of both, and len is 0 */
	uint8_t len;	  /* of the prefix, bits; 0 = any destination */
	struct addr prefix;
};

/* What a route look-up said. */
enum route_kind {
	ROUTE_NONE,	   /* no answer yet, or unreachable: see err */
	ROUTE_FAILED,	   /* the question got no answer: see err */
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
