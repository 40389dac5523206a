/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link - links, neighbours and answers to route look-ups, as the kernel reports them.
 */
#pragma once

#include "model/tuple.h"
#include "model/vlan.h"

#define LINK_NAME_SIZE 16
#define LINK_KIND_SIZE 16

/* State of hw-tc-offload (ethtool), which lets a device offload flower rules. */
enum link_tc {
	LINK_TC_NONE, /* the driver does not have it, or it cannot be turned on */
	LINK_TC_OFF,
	LINK_TC_ON,
};

/* Mode of a NIC's embedded switch (devlink eswitch mode). */
enum link_eswitch {
	LINK_ESWITCH_NONE, /* no embedded switch, or its mode is unknown */
	LINK_ESWITCH_LEGACY,
	LINK_ESWITCH_SWITCHDEV,
};

#define LINK_DRIVER_SIZE    32
#define LINK_BUS_SIZE	    32
#define LINK_SWITCH_ID_SIZE 32 /* MAX_PHYS_ITEM_ID_LEN */

/* Hardware of a link. All zero if it was not queried. */
struct link_hw {
	char driver[LINK_DRIVER_SIZE]; /* as ethtool reports it; "" = unknown */
	char bus[LINK_BUS_SIZE];       /* bus address, such as "0000:03:00.1"; "" = none */
	char port_name[LINK_NAME_SIZE]; /* phys_port_name: "p0", "pf0vf1"; "" = none */
	uint8_t switch_id[LINK_SWITCH_ID_SIZE];
	uint8_t switch_id_len; /* 0 = none */
	uint8_t tc;	       /* enum link_tc */
	uint8_t eswitch;       /* enum link_eswitch */
};

/* How a bond uses its ports. */
enum link_bond {
	LINK_BOND_NONE, /* it is no bond */
	LINK_BOND_BACKUP, /* one at a time (active-backup) */
	LINK_BOND_OTHER,
};

struct link {
	uint32_t ifindex;
	char name[LINK_NAME_SIZE];
	char kind[LINK_KIND_SIZE]; /* IFLA_INFO_KIND; "" for a physical port */
	struct mac mac;
	uint32_t mtu;
	uint32_t master; /* ifindex of the bridge, bond or other device above, if that is no VRF; 0 = none */
	uint32_t vrf;	 /* ifindex of the VRF that it belongs to; 0 = none */
	uint32_t lower;	 /* IFLA_LINK: device below a VLAN, or the veth peer; 0 = none */
	struct vlan_tag vlan; /* of kind "vlan": the tag of its frames */
	bool maps_priority; /* of kind "vlan": it maps priorities of packets to those of tags */
	uint16_t bridge_proto; /* of kind "bridge": enum vlan_proto by which it filters VLANs; 0 = it does not */
	bool has_mst;	 /* of kind "bridge": each VLAN has a state of its own, which is not announced */
	uint8_t bond;	 /* enum link_bond */
	uint32_t active_port; /* LINK_BOND_BACKUP: ifindex; 0 = none */
	bool is_up;	 /* administratively up, with carrier */
	bool is_ether;	 /* ARPHRD_ETHER: frames have MAC addresses */
	bool is_loopback;
	struct link_hw hw;
};

/* True for a physical port, or one end of a veth pair: its ingress sees packets as they come from the
 * wire, and its egress is the wire. */
static inline bool link_is_at_wire(const struct link *l)
{
	return l->is_ether && !l->is_loopback &&
	       (l->kind[0] == '\0' || strcmp(l->kind, "veth") == 0);
}

/* Who keeps the kernel from deleting a neighbour entry. */
enum neigh_care {
	NEIGH_AGES,   /* nobody: the kernel deletes it some time after its last packet */
	NEIGH_OURS,   /* the kernel, at our request (NTF_EXT_MANAGED) */
	NEIGH_OTHERS, /* permanent, externally learnt or kept for another program: must not be
		       * changed */
};

struct neigh {
	uint32_t ifindex;
	uint8_t family; /* enum family */
	struct addr addr;
	struct mac mac;
	bool is_valid;	/* the kernel would send to `mac` now (NUD_VALID) */
	bool is_stale;	/* the kernel would also check that the neighbour still answers
			 * (NUD_STALE) */
	uint8_t care;	/* enum neigh_care */
};

/* Routes that may have changed: those to destinations in a prefix, for packets that
 * arrive on one device or on any. */
struct route_change {
	uint32_t ifindex; /* 0 = any device */
	uint8_t family;	  /* enum family; FAMILY_NONE = both, and len is 0 */
	uint8_t len;	  /* prefix length in bits; 0 = any destination */
	struct addr prefix;
	bool is_hidden; /* a look-up may not show the change: what only the packet knows may decide */
	bool has_tos;	/* the route is only for packets with a TOS */
};

/* Result of a route look-up. */
enum route_kind {
	ROUTE_NONE,	   /* not looked up yet, or unreachable: see err */
	ROUTE_FAILED,	   /* the look-up itself failed: see err */
	ROUTE_UNICAST,
	ROUTE_LOCAL,
	ROUTE_ENCAP,	   /* adds headers to packets (lwtunnel) */
	ROUTE_OTHER,	   /* broadcast, multicast, blackhole, ... */
};

/* The way of the packet of a direction that set the mark of its connection, as far as it left a note. */
struct seen_way {
	bool is_known;
	uint32_t iif, oif;
	uint32_t mark;	 /* of the packet, behind routing */
	uint32_t age_ms; /* since then */
	uint8_t ttl;	 /* with which the packet left; 0 = not known */
	struct addr next_hop; /* of the family of the packet; its destination if there is no gateway */
};

struct route_query {
	uint8_t family; /* enum family */
	uint8_t proto;
	uint16_t sport, dport;
	bool with_src;	/* src is set */
	struct addr src, dst;
	uint32_t iif;	/* device on which the packet arrives; 0: the router itself sends it */
	uint32_t mark;
};

struct route_answer {
	uint8_t kind;	  /* enum route_kind */
	int32_t err;	  /* negative errno of the look-up; 0 = none */
	uint32_t oif;
	bool has_gateway;
	uint8_t gateway_family; /* an IPv4 route may have an IPv6 next hop */
	struct addr gateway;
	uint32_t mtu;	  /* path MTU metric; 0 = none */
	uint32_t table;	  /* that has the route; 0 = not known */
};
