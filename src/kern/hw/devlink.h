/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devlink - in which mode the embedded switch of a NIC works.
 *
 * Only the question: a change of the mode is not announced.
 * devlink_nl_cmd_eswitch_set_doit() sends nothing, and what the group "config"
 * carries (devlinks, ports, parameters that come and go, a reload's result) says
 * nothing of a mode. But a change makes representors come or go, and takes the
 * carrier from the ports that stay, so rtnetlink reports links, and the reader
 * of those asks again. While a driver changes the mode it holds the lock that the
 * question takes (devlink_nl_pre_doit), so the caller waits, for seconds perhaps,
 * and learns the new one.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "model/link.h"
#include "nl/nlput.h"

struct devlink;

/* A socket to ask through. 0 or -errno; that the kernel has no devlink is no failure. */
MUST_CHECK int devlink_open(struct devlink **ret);
/* NULL is fine. */
void devlink_close(struct devlink *d);

/* "0000:03:00.1": ethtool's name of a PCI function is devlink's as well. */
bool devlink_is_pci_name(const char *bus);

/*
 * Mode of the PCI device of this name. LINK_ESWITCH_NONE when there is no
 * devlink, when it does not know the device (in this network namespace), or when
 * the device has no switch. Needs CAP_NET_ADMIN: -EPERM. 0 or -errno.
 */
MUST_CHECK int devlink_read_eswitch(struct devlink *d, const char *bus, enum link_eswitch *ret);

/* The question, to the family of this number, and its answer (0 or -EBADMSG). */
MUST_CHECK int devlink_put_eswitch(struct nlput *w, uint16_t family, const char *bus);
MUST_CHECK int devlink_get_eswitch(const struct nlmsghdr *nlh, enum link_eswitch *ret);
