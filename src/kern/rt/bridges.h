/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bridges - decodes what bridges report: their ports, with VLANs, and their stations.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "model/bridge.h"

struct nlmsghdr;

typedef void (*bridges_port_fn)(const struct bridge_port *port, void *ctx);
typedef void (*bridges_station_fn)(const struct station *station, void *ctx);

/*
 * Asks the kernel for all bridges and their ports, or for all stations, on a socket of its own. Blocks
 * until the dump ends. 0 or -errno; after a failure some may have been reported. Unused members and
 * elements of the structures are zero.
 */
MUST_CHECK int bridges_dump(bridges_port_fn fn, void *ctx);
MUST_CHECK int bridges_dump_stations(bridges_station_fn fn, void *ctx);

/* True for an event after which bridges_dump() may report something else. */
bool bridges_have_changed(const struct nlmsghdr *nlh);

/* Decodes RTM_NEWLINK of a bridge. 0; or -ENOMSG (another message, or one about the bridging of a NIC) or
 * -EBADMSG, and ret is untouched. */
MUST_CHECK int bridges_get_port(const struct nlmsghdr *nlh, struct bridge_port *ret);

/* Decodes RTM_NEWNEIGH and RTM_DELNEIGH. 0; or -ENOMSG (not about a bridge's station) or -EBADMSG, and
 * ret is untouched. */
MUST_CHECK int bridges_get_station(const struct nlmsghdr *nlh, struct station *ret);
