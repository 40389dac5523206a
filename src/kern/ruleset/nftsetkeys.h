/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftsetkeys - what rules look up in a set.
 *
 * The type of a set says what its keys look like, not where rules take them from:
 * "ip saddr & 255.255.255.0 @nets" finds 10.0.0.0 for a packet from 10.0.0.5. Only
 * what is taken from the packet or its connection as it is can be compared with
 * what we know of a connection.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlput.h"

struct nlmsghdr;

/* All parts of any key. */
#define NFTSETKEYS_ALL_SLOTS UINT32_MAX

/* Asks for all rules of a table. */
MUST_CHECK int nftsetkeys_put_dump(struct nlput *w, uint8_t family, const char *table);

/*
 * Reads one rule (NFT_MSG_NEWRULE). Adds to *slots which parts of the set's key it
 * takes from somewhere else than the addresses, ports, protocol and devices of a
 * packet or its connection: bit n for the bytes from 4 * n on. A rule without the
 * set adds nothing.
 */
void nftsetkeys_get(const struct nlmsghdr *nlh, const char *set, uint32_t *slots);
