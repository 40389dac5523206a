/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowlist - the list of all connections, for `flows`.
 *
 * Walks conntrack's own table with a dump of its own, a datagram at a time as
 * the client reads, and puts beside each connection what the engine knows.
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
	struct dispatch *dispatch; /* where flows of the kernel's flowtable go is asked for */
};

/* Handler of the Flows method: parameters are filters. */
void flowlist_start(struct ctl_call *call, struct flowlist_ctx *ctx, json_t *parameters);
