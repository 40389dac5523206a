/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hwinfo - what ethtool tells of a device: driver, place on its bus, and whether
 * flower rules may be offloaded to it.
 *
 * Asked by ioctl, because driver and bus are in no netlink message. Needs no
 * privilege (__dev_ethtool). Each question takes the RTNL lock and so waits for
 * whoever holds it.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"
#include "model/link.h"

struct ethtool_get_features_block;
struct hwinfo;

/* A socket to ask through. 0 or -errno. */
MUST_CHECK int hwinfo_open(struct hwinfo **ret);
/* NULL is fine. */
void hwinfo_close(struct hwinfo *h);

/*
 * Fills driver, bus and tc; the other members stay. A device of the kernel's own
 * making, such as a veth, has a driver too, but no bus. 0 or -errno, and hw is
 * untouched then; -ENODEV also while a driver has its device detached.
 */
MUST_CHECK int hwinfo_read(struct hwinfo *h, const char *name, struct link_hw *hw);

/* What the words of ETHTOOL_GFEATURES say of the feature with this number. */
enum link_tc hwinfo_tc_of(const struct ethtool_get_features_block *blocks, size_t n_blocks,
			  unsigned int feature);
