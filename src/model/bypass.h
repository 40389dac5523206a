/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bypass - what packets meet on a device, and a rule in front of it would go around.
 *
 * What arrives is redirected before the stack, or before the CPU: programs and
 * chains of the ingress do not see it, nor do those of the egress and the queues
 * of the device by which it leaves. Each such thing is one bit; a link has the bits
 * of what is on it. Both directions of a connection are offloaded, so that a device
 * on its path is the ingress of one and the egress of the other.
 *
 * With rules in software the kernel itself still runs XDP programs before them, and
 * filters and queues of the egress behind them. No difference is made: what is tried
 * out in software shall be what the NIC would do.
 *
 * Chains of the bridge family would be one more. Members of a bridge are not offloaded
 * (device-kind), so that question does not arise.
 */
#pragma once

#include <stdint.h>

#include "model/reason.h"

/*  X(enum suffix, reason, "side"). The name of the reason is also what the
 *  configuration calls it, both sides together. */
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

/* The reason for the first bit that is set; REASON_NONE without any. */
enum reason bypass_reason(uint8_t bits);
/* What it is called, and "ingress" or "egress". */
const char *bypass_name(enum bypass_bit bit);
const char *bypass_side(enum bypass_bit bit);
/* The bits of this name; 0 when there is none. */
uint8_t bypass_from_name(const char *name);
