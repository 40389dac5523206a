/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links - network interfaces, decoded by libnl-route into struct link.
 *
 * Changes arrive through rtwatch; this gives the state to start from. Messages
 * of the bridge family, which describe ports and not interfaces, are skipped.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct nlmsghdr;

typedef void (*links_fn)(const struct link *link, void *ctx);

/*
 * Asks the kernel for all interfaces, on a socket of its own, and calls fn for
 * each; for some twice when they change meanwhile. One that libnl-route does not
 * understand is left out: for us it does not exist. Blocks for the duration of
 * the dump. 0 or -errno; after a failure some may have been reported.
 */
MUST_CHECK int links_dump(links_fn fn, void *ctx);

/*
 * Decodes RTM_NEWLINK and RTM_DELLINK. 0, -ENOMSG (not an interface's message),
 * -EBADMSG or -ENOMEM; ret is untouched then. A VLAN's or veth's other end in
 * another network namespace is not a `lower`. Of hw only what the message says is
 * set: switch_id and port_name (kern/hw/hwinfo and kern/hw/devlink know the rest).
 */
MUST_CHECK int links_get(const struct nlmsghdr *nlh, struct link *ret);
