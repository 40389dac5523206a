/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtu6 - reads how large IPv6 packets may be that leave by a device.
 *
 * That may be less than the MTU of the device: the sysctl net.ipv6.conf.DEVICE.mtu or a router advertisement
 * (ndisc_router_discovery) can set it. ip6_forward() refuses larger packets, unless their route has a locked MTU
 * (ip6_dst_mtu_maybe_forward). Route look-ups do not show it.
 *
 * The kernel announces what advertisements change, but not what is written to the sysctl or follows the MTU of
 * the device (addrconf_notify). So the dump must be repeated from time to time.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;

typedef void (*mtu6_fn)(uint32_t ifindex, uint32_t mtu, void *ctx);

/* Decodes RTM_NEWLINK of IPv6. 0; or -ENOMSG (another message or family) or -EBADMSG, and nothing is stored. */
MUST_CHECK int mtu6_get(const struct nlmsghdr *nlh, uint32_t *ret_ifindex, uint32_t *ret_mtu);

/* Asks for all devices that have IPv6, on a socket of its own, and calls fn for each, perhaps twice. 0 or
 * -errno; after a failure some may have been reported. */
MUST_CHECK int mtu6_dump(mtu6_fn fn, void *ctx);
