/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hwinfo - reads what ethtool shows of a device: driver, bus address, and whether
 * flower rules can be offloaded to it (hw-tc-offload).
 *
 * Uses the ioctl, because no netlink message has the driver and the bus. Needs no
 * privilege (__dev_ethtool). Each question takes the RTNL lock and may wait for it.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"
#include "model/link.h"

struct ethtool_get_features_block;
struct hwinfo;

/* Opens a socket for questions. 0 or -errno. */
MUST_CHECK int hwinfo_open(struct hwinfo **ret);
/* Does nothing for NULL. */
void hwinfo_close(struct hwinfo *h);

/*
 * Sets driver, bus and tc of hw; the other members stay. A virtual device such as a
 * veth has a driver but no bus. 0, or -errno and hw is untouched. -ENODEV: no such
 * device, or its driver has detached it.
 */
MUST_CHECK int hwinfo_read(struct hwinfo *h, const char *name, struct link_hw *hw);

/* State of the feature with this number in the answer to ETHTOOL_GFEATURES. */
enum link_tc hwinfo_tc_of(const struct ethtool_get_features_block *blocks, size_t n_blocks,
			  unsigned int feature);
