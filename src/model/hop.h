/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hop - how a packet of one direction leaves the router.
 */
#pragma once

#include "model/addr.h"

struct hop {
	uint32_t ifindex;    /* egress port */
	struct mac src, dst; /* MAC addresses of the frame that leaves */
	uint32_t mtu;	     /* smallest of port and route */
};

static inline bool hop_is_equal(const struct hop *a, const struct hop *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       mac_is_equal(&a->src, &b->src) && mac_is_equal(&a->dst, &b->dst);
}
