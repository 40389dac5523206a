/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr - network and link-layer addresses as plain values.
 *
 * An address does not know its family; whoever holds it (a tuple, a hop, a
 * neighbour) does. IPv4 fills the first four bytes and leaves the rest zero,
 * so that equality and hashing are memcmp and one pass over the bytes.
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

/* Bytes that @family uses of a struct addr: 4, 16, or 0 for no family. */
static inline unsigned int addr_len(enum family family)
{
	return family == FAMILY_IP4 ? 4 : family == FAMILY_IP6 ? 16 : 0;
}

/* AF_INET, AF_INET6 and AF_UNSPEC, which stands for all others. */
enum family family_from_af(int af);
int family_to_af(enum family family);

bool addr_is_zero(const struct addr *addr);
bool addr_is_multicast(enum family family, const struct addr *addr);
bool addr_is_loopback(enum family family, const struct addr *addr);
/* 255.255.255.255 only: a subnet's broadcast is known by the route alone. */
bool addr_is_broadcast(enum family family, const struct addr *addr);
/* fe80::/10 and 169.254/16, which no router may forward. */
bool addr_is_link_local(enum family family, const struct addr *addr);

/* The first @len bits of it, the rest zero. */
struct addr addr_prefix(const struct addr *addr, unsigned int len);

/* Unicast and not all zero: a neighbour may have it. */
bool mac_is_unicast(const struct mac *mac);

/* Text form into @buf; returns @buf. An unknown family gives "-". */
const char *addr_to_str(enum family family, const struct addr *addr,
			char buf[ADDR_STR_SIZE]);
/* Strict: the whole of @text is one address. The family is told from its
 * form. 0 or -EINVAL; results are untouched on failure. */
int addr_from_str(const char *text, enum family *ret_family,
		  struct addr *ret_addr) MUST_CHECK;

const char *mac_to_str(const struct mac *mac, char buf[MAC_STR_SIZE]);
int mac_from_str(const char *text, struct mac *ret_mac) MUST_CHECK;
