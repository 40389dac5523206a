/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devlist - the answer to Devices: every device that may carry rules, what its
 * hardware takes, towards which other, and what it was heard to refuse.
 */
#pragma once

#include "core/engine.h"
#include "daemon/ctlsock.h"

/* Answers the call with one row per device. The engine outlives the call. */
void devlist_start(struct ctl_call *call, const struct engine *engine);

/* "observed", "ready", ...: for Status, too. */
struct link_rec;
const char *devlist_state(const struct engine *engine, const struct link_rec *rec);
/* Why it is not ready, as one text; null when it is. A new reference. */
json_t *devlist_reason(const struct engine *engine, const struct link_rec *rec);
