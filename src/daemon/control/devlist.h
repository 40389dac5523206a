/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devlist - the reply to Devices: every device that may carry rules, which rules its hardware
 * accepts towards each other device, and what its driver refused.
 */
#pragma once

#include "core/engine.h"
#include "daemon/control/ctlsock.h"

/* Sends one row per device. The engine outlives the call. */
void devlist_start(struct ctl_call *call, const struct engine *engine);

/* The state of a device ("observed", "ready", ...). Also used for Status. */
struct link_rec;
const char *devlist_state(const struct engine *engine, const struct link_rec *rec);
/* Why a device is not ready: the name of a reason and its text, or the kernel's text and JSON
 * null. Both are JSON null if no reason is known. New references. */
void devlist_reason(const struct engine *engine, const struct link_rec *rec, json_t **ret_reason,
		    json_t **ret_text);
