/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowlist - the list of all connections, for the Flows method.
 *
 * Dumps the conntrack table on a socket of its own, one datagram at a time as the client
 * reads, and adds to each connection what the engine knows about it.
 */
#pragma once

#include "core/engine.h"
#include "daemon/control/ctlsock.h"
#include "kern/ct/ctnl.h"

struct dispatch;

/* Shared by all lists; owned by ctlcmd. */
struct flowlist_ctx {
	const struct engine *engine;
	struct ctnl *ctnl;
	struct dispatch *dispatch; /* to look up the devices of flows in the kernel's flowtable */
};

/* Handler of the Flows method. The parameters are filters. */
void flowlist_start(struct ctl_call *call, struct flowlist_ctx *ctx, json_t *parameters);
