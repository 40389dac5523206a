/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * why - explains one connection: the real decision, step by step.
 *
 * Reads the live conntrack entry, then runs the functions that decide for
 * flows (policy, path walk, resolution, plan) and puts what each found into
 * words. The last step is what the engine does with the connection now.
 */
#pragma once

#include <jansson.h>

#include "core/engine.h"
#include "daemon/work/dispatch.h"

/* The answer of the Why method; @tuple may be of either direction. */
json_t *why_explain(const struct engine *engine, struct dispatch *dispatch,
		    const struct tuple *tuple);
