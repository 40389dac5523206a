/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * why - explains the decision about one connection, step by step.
 *
 * Reads the current conntrack entry, runs the same functions that decide about flows (policy,
 * path walk, resolution, plan), and describes the result of each. The last step says what the
 * engine does with the connection now.
 */
#pragma once

#include <jansson.h>

#include "core/engine.h"
#include "daemon/work/dispatch.h"

/* Returns the reply to the Why method. @tuple may be of either direction. */
json_t *why_explain(const struct engine *engine, struct dispatch *dispatch,
		    const struct tuple *tuple);
