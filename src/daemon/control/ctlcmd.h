/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlcmd - the commands of the control socket.
 *
 * The handlers read the engine (core/view) and query conntrack. Flush is the only command
 * that changes anything; it feeds an event to the engine. The list of flows is the kernel's
 * conntrack table, and each entry is shown with what the engine knows about it. So it
 * includes connections that the engine has never seen.
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

/* Creates the ctx that ctlsock_new() gets together with the table. */
int ctlcmd_new(const struct engine *engine, struct dispatch *dispatch, mono_t started,
	       struct ctlcmd **ret) MUST_CHECK;
/* Sets the admission that Status reports; borrowed. Until it is set, Status reports that
 * admission is open. */
void ctlcmd_set_admission(struct ctlcmd *ctlcmd, const struct admission *admission);
void ctlcmd_free(struct ctlcmd *ctlcmd);
