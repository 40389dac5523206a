/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devlink - reads the mode of the embedded switch (eswitch) of a NIC.
 *
 * The kernel sends no event when the mode changes: devlink_nl_cmd_eswitch_set_doit()
 * sends none, and the events of the group "config" (devlinks, ports and parameters
 * that come and go, results of a reload) do not carry the mode. But a change makes
 * representors come or go, and the other ports lose their carrier. So rtnetlink
 * reports links, and the module that reads those events asks here again. While a
 * driver changes the mode, it holds the lock that the question takes
 * (devlink_nl_pre_doit). So the caller waits, perhaps for seconds, and then gets the
 * new mode.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "model/link.h"
#include "nl/nlput.h"

struct devlink;

/* Opens a socket for questions. 0, also when the kernel has no devlink; or -errno. */
MUST_CHECK int devlink_open(struct devlink **ret);
/* Does nothing for NULL. */
void devlink_close(struct devlink *d);

/* True for names of PCI functions, such as "0000:03:00.1". ethtool and devlink use the
 * same names. */
bool devlink_is_pci_name(const char *bus);

/*
 * Reads the eswitch mode of the PCI device of this name. LINK_ESWITCH_NONE when
 * the kernel has no devlink, when devlink does not know the device (in this network
 * namespace), or when the device has no eswitch. 0 or -errno; -EPERM without
 * CAP_NET_ADMIN.
 */
MUST_CHECK int devlink_read_eswitch(struct devlink *d, const char *bus, enum link_eswitch *ret);

/* Encode the question and decode its answer. `family` is the number of devlink's generic
 * netlink family. devlink_get_eswitch() returns 0 or -EBADMSG. */
MUST_CHECK int devlink_put_eswitch(struct nlput *w, uint16_t family, const char *bus);
MUST_CHECK int devlink_get_eswitch(const struct nlmsghdr *nlh, enum link_eswitch *ret);
