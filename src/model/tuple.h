/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuple - one direction of a connection, as conntrack stores it.
 *
 * The reply tuple describes reply packets as they arrive. So a packet of the original
 * direction leaves as the inverse of the reply tuple. NAT is the difference between that
 * and the original tuple.
 */
#pragma once

#include "model/addr.h"

enum l4proto {
	L4_TCP = 6,
	L4_UDP = 17,
};

enum dir {
	DIR_ORIG,
	DIR_REPLY,
	DIR__COUNT,
};

static inline enum dir dir_other(enum dir dir)
{
	return dir == DIR_ORIG ? DIR_REPLY : DIR_ORIG;
}

/* Exactly 40 bytes without padding, so that memcmp and a hash over the bytes are correct. */
struct tuple {
	struct addr src;
	struct addr dst;
	uint16_t sport; /* host byte order */
	uint16_t dport; /* host byte order */
	uint8_t family; /* enum family */
	uint8_t proto;	/* IP protocol number */
	uint16_t zone;	/* conntrack zone; 0 is the default zone */
};
_Static_assert(sizeof(struct tuple) == 40, "tuple has padding");

/* "tcp 192.0.2.1:4000 > 198.51.100.1:80", with IPv6 addresses in brackets, and " zone N"
 * if the zone is not 0. */
#define TUPLE_STR_SIZE (2 * ADDR_STR_SIZE + 48)

static inline bool tuple_is_equal(const struct tuple *a, const struct tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Returns the tuple of a packet that answers @t: source and destination exchanged. */
struct tuple tuple_inverse(const struct tuple *t);

uint32_t tuple_hash(const struct tuple *t, const uint64_t key[2]);

const char *tuple_to_str(const struct tuple *t, char buf[TUPLE_STR_SIZE]);

/*
 * Strict parser for the same form. The arrow may be ">", "->" or a blank, and "zone N"
 * may follow. Returns 0 or -EINVAL; @ret is unchanged on failure.
 */
int tuple_from_str(const char *text, struct tuple *ret) MUST_CHECK;

/* "tcp", "udp", or the protocol number. */
const char *l4proto_to_str(uint8_t proto, char buf[8]);
