/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampler - reads the counters of our rules, port by port.
 *
 * One terse dump per port and family brings the counters of all its rules; the
 * engine turns them into last use, rates and conntrack refreshes. Read in
 * slices on the main thread, on a socket of its own. Nothing is read while no
 * flow is offloaded.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/dispatch.h"

struct sampler;

int sampler_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		struct sampler **ret) MUST_CHECK;
void sampler_free(struct sampler *sampler);
