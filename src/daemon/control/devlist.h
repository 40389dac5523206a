/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devlist - the answer to Devices: every device that may carry rules, what its
 * hardware takes, towards which other, and what it was heard to refuse.
 */
#pragma once

#include "core/engine.h"
#include "daemon/control/ctlsock.h"

/* Answers the call with one row per device. The engine outlives the call. */
void devlist_start(struct ctl_call *call, const struct engine *engine);

/* "observed", "ready", ...: for Status, too. */
struct link_rec;
const char *devlist_state(const struct engine *engine, const struct link_rec *rec);
/* Why it is not ready: the name of a reason and its text, or the kernel's text and
 * null; both null when it is. New references. */
void devlist_reason(const struct engine *engine, const struct link_rec *rec, json_t **ret_reason,
		    json_t **ret_text);
