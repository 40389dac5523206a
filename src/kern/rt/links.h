/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links - decodes network interfaces into struct link, with libnl-route, and dumps
 * all of them.
 *
 * rtwatch reports changes; the dump gives the state to start from. Messages of the
 * bridge family, which describe bridge ports and not interfaces, are skipped.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;

typedef void (*links_fn)(const struct link *link, void *ctx);

/*
 * Asks the kernel for all interfaces, on a socket of its own, and calls fn for each,
 * perhaps twice for some if interfaces change meanwhile. An interface that
 * libnl-route cannot decode is left out, as if it did not exist. Blocks until the
 * dump ends. 0 or -errno; after a failure some may have been reported.
 */
MUST_CHECK int links_dump(links_fn fn, void *ctx);

/*
 * Decodes RTM_NEWLINK and RTM_DELLINK. `lower` is 0 when the device below a VLAN, or
 * the peer of a veth, is in another network namespace. Of `hw` only switch_id and
 * port_name are set; kern/hw/hwinfo and kern/hw/devlink read the rest. 0; or -ENOMSG
 * (not a message about an interface), -EBADMSG or -ENOMEM, and ret is untouched.
 */
MUST_CHECK int links_get(const struct nlmsghdr *nlh, struct link *ret);
