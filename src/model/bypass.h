/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bypass - what offload rules on a device would bypass: programs, chains, filters and
 * qdiscs.
 *
 * An arriving packet is redirected before it gets to the network stack, or to the CPU at
 * all. So the programs and chains on the ingress of the device do not see it, nor do the
 * programs, chains and qdiscs on the egress of the device by which it leaves. Each kind
 * of them is one bit; a link has the bits of those it has. Both directions of a
 * connection are offloaded, so each device on its path is the ingress of one direction
 * and the egress of the other.
 *
 * With rules in software, the kernel still runs XDP programs before the rules, and
 * filters and qdiscs of the egress after them. The bits apply all the same: software mode
 * is meant to do what the NIC would do.
 *
 * What is attached to the devices below a VLAN, bridge or bond is not bypassed by software rules on it.
 * Hardware rules bypass the port and all devices above it, so all of them count, and so do nft chains of
 * family bridge, which belong to all bridges. Rules of ebtables-legacy are not seen.
 */
#pragma once

#include <stdint.h>

#include "model/reason.h"

/* X(enum suffix, reason, "side"). The configuration uses the reason's name too, for both
 * sides together. */
#define BYPASS_LIST(X)                          \
	X(XDP, XDP, "ingress")                  \
	X(NETDEV_INGRESS, NETDEV_CHAIN, "ingress") \
	X(NETDEV_EGRESS, NETDEV_CHAIN, "egress") \
	X(TC, FOREIGN_FILTER, "ingress")        \
	X(TC_EGRESS, FOREIGN_FILTER, "egress")  \
	X(SHAPER, SHAPER, "egress")

enum bypass_bit {
#define X(id, reason, side) BYPASS_BIT_##id,
	BYPASS_LIST(X)
#undef X
	BYPASS_BIT__COUNT,
};

enum bypass_mask {
#define X(id, reason, side) BYPASS_##id = 1 << BYPASS_BIT_##id,
	BYPASS_LIST(X)
#undef X
	BYPASS_ALL = (1 << BYPASS_BIT__COUNT) - 1,
};

/* Returns the reason of the lowest bit that is set; REASON_NONE if no bit is set. */
enum reason bypass_reason(uint8_t bits);
/* The name of its reason, and "ingress" or "egress". */
const char *bypass_name(enum bypass_bit bit);
const char *bypass_side(enum bypass_bit bit);
/* Returns the bits with this name; 0 if there are none. */
uint8_t bypass_from_name(const char *name);
