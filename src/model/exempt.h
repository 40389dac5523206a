/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exempt - traffic that the administrator keeps on the CPU, whatever the ruleset says. A
 * plain value from the configuration, which the kernel gets as nft sets.
 */
#pragma once

#include "model/addr.h"
#include "model/link.h"

#define EXEMPT_MAX_PREFIXES   256
#define EXEMPT_MAX_PORTS      256
#define EXEMPT_MAX_INTERFACES 64
#define EXEMPT_MAX_MARKS      64

/* Address bits after the first len are ignored. */
struct exempt_prefix {
	struct addr addr;
	uint8_t family; /* enum family */
	uint8_t len;    /* 0 to 32 or 128 */
};

/* A range of ports of one protocol, both ends included; 0 to 65535 is every port. */
struct exempt_ports {
	uint8_t proto; /* enum l4proto */
	uint16_t from, to;
};

struct exempt {
	unsigned int n_prefixes, n_ports, n_interfaces, n_marks;
	struct exempt_prefix prefix[EXEMPT_MAX_PREFIXES]; /* source or destination */
	struct exempt_ports ports[EXEMPT_MAX_PORTS];      /* source or destination */
	char interface[EXEMPT_MAX_INTERFACES][LINK_NAME_SIZE]; /* ingress or egress */
	uint32_t mark[EXEMPT_MAX_MARKS]; /* the ct mark without our own bits */
};
