/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlcmd - the commands of the control socket.
 *
 * Handlers look into the engine (core/view) and ask conntrack; the one that
 * changes something feeds an event. The list of flows is the kernel's own
 * table of connections, each with what the engine knows of it, so it shows
 * also what the engine never saw.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"
#include "base/mono.h"
#include "daemon/control/ctlsock.h"
#include "daemon/work/dispatch.h"

struct ctlcmd;
struct admission;

extern const struct ctl_command ctlcmd_table[];
extern const size_t ctlcmd_table_size;

/* What is given to ctlsock_new as ctx, with the table. */
int ctlcmd_new(const struct engine *engine, struct dispatch *dispatch, mono_t started,
	       struct ctlcmd **ret) MUST_CHECK;
/* Borrowed; without it admission is not told. */
void ctlcmd_set_ruleset(struct ctlcmd *ctlcmd, const struct admission *ruleset);
void ctlcmd_free(struct ctlcmd *ctlcmd);
