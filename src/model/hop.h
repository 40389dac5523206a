/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hop - how packets of one direction leave the router: port, MAC addresses, MTU.
 */
#pragma once

#include "model/addr.h"

struct hop {
	uint32_t ifindex;    /* egress port */
	struct mac src, dst; /* MAC addresses of the frames that leave */
	uint32_t mtu;	     /* the smaller of the device's and the route's MTU */
};

static inline bool hop_is_equal(const struct hop *a, const struct hop *b)
{
	return a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       mac_is_equal(&a->src, &b->src) && mac_is_equal(&a->dst, &b->dst);
}
