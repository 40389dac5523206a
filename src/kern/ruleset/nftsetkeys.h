/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftsetkeys - finds out which values rules look up in a set.
 *
 * The type of a set tells the format of its keys, not where rules take them from:
 * "ip saddr & 255.255.255.0 @nets" looks up 10.0.0.0 for a packet from 10.0.0.5. Only keys
 * that a rule takes unmodified from the packet or its connection can be compared with the
 * addresses, ports, protocol and devices of a connection.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlput.h"

struct nlmsghdr;

/* All bits of slots, for keys of any length. */
#define NFTSETKEYS_ALL_SLOTS UINT32_MAX

/* Writes the request for all rules of a table. 0 or -EMSGSIZE. */
MUST_CHECK int nftsetkeys_put_dump(struct nlput *w, uint8_t family, const char *table);

/*
 * Reads one rule (NFT_MSG_NEWRULE). If the rule looks up keys in the set, sets bit n in
 * *slots when it takes the 4 key bytes from 4 * n on from anything but the unmodified
 * addresses, ports, protocol and devices of a packet or its connection. Bits beyond the key
 * may be set, too.
 */
void nftsetkeys_get(const struct nlmsghdr *nlh, const char *set, uint32_t *slots);
