/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exempt - what the operator wants on the CPU, whatever the ruleset says: a
 * plain value from the configuration, which the kernel is given as sets.
 */
#pragma once

#include "model/addr.h"
#include "model/link.h"

#define EXEMPT_MAX_PREFIXES   256
#define EXEMPT_MAX_PORTS      256
#define EXEMPT_MAX_INTERFACES 64
#define EXEMPT_MAX_MARKS      64

/* Bits of the address behind len may be anything. */
struct exempt_prefix {
	struct addr addr;
	uint8_t family; /* enum family */
	uint8_t len;    /* 0 to 32 or 128 */
};

/* Ports of one protocol; all of them are 0 to 65535. */
struct exempt_ports {
	uint8_t proto; /* enum l4proto */
	uint16_t from, to;
};

struct exempt {
	unsigned int n_prefixes, n_ports, n_interfaces, n_marks;
	struct exempt_prefix prefix[EXEMPT_MAX_PREFIXES]; /* source or destination */
	struct exempt_ports ports[EXEMPT_MAX_PORTS];      /* source or destination */
	char interface[EXEMPT_MAX_INTERFACES][LINK_NAME_SIZE]; /* in or out */
	uint32_t mark[EXEMPT_MAX_MARKS]; /* the whole ct mark but for our own bits of it */
};
