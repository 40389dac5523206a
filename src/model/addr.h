/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr - network and link-layer addresses as plain values.
 *
 * struct addr does not contain the address family; the structure that it is part of does
 * (struct tuple, struct neigh). IPv4 fills the first four bytes and leaves the rest zero,
 * so that addresses can be compared with memcmp and hashed in one pass over the bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

enum family {
	FAMILY_NONE = 0,
	FAMILY_IP4 = 4,
	FAMILY_IP6 = 6,
};

struct addr {
	uint8_t b[16]; /* network byte order */
};

struct mac {
	uint8_t b[6];
};

#define ADDR_STR_SIZE 46 /* longest IPv6 text with its NUL */
#define MAC_STR_SIZE  18

static inline bool addr_is_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool mac_is_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Number of bytes of struct addr that @family uses: 4, 16, or 0 for FAMILY_NONE. */
static inline unsigned int addr_len(enum family family)
{
	return family == FAMILY_IP4 ? 4 : family == FAMILY_IP6 ? 16 : 0;
}

/*
 * Convert between AF_INET, AF_INET6, AF_UNSPEC and enum family. Every other AF_x becomes
 * FAMILY_NONE.
 */
enum family family_from_af(int af);
int family_to_af(enum family family);

bool addr_is_zero(const struct addr *addr);
bool addr_is_multicast(enum family family, const struct addr *addr);
bool addr_is_loopback(enum family family, const struct addr *addr);
/* 255.255.255.255 only: the broadcast address of a subnet is known only from its route. */
bool addr_is_broadcast(enum family family, const struct addr *addr);
/* fe80::/10 and 169.254/16, which a router must not forward. */
bool addr_is_link_local(enum family family, const struct addr *addr);

/* Returns the first @len bits of the address; the rest is zero. */
struct addr addr_prefix(const struct addr *addr, unsigned int len);

/* Unicast and not all zero: can be the address of a neighbour. */
bool mac_is_unicast(const struct mac *mac);

/* Writes the address as text to @buf and returns @buf; "-" for FAMILY_NONE. */
const char *addr_to_str(enum family family, const struct addr *addr,
			char buf[ADDR_STR_SIZE]);
/* Strict: the whole of @text must be one address. Its form determines the family. Returns
 * 0 or -EINVAL; the results are unchanged on failure. */
int addr_from_str(const char *text, enum family *ret_family,
		  struct addr *ret_addr) MUST_CHECK;

const char *mac_to_str(const struct mac *mac, char buf[MAC_STR_SIZE]);
int mac_from_str(const char *text, struct mac *ret_mac) MUST_CHECK;
