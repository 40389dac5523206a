/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampler - reads the counters of our rules, port by port.
 *
 * One dump per open port brings the counters of all its rules. It is terse unless the driver
 * reports only ages instead of counters, or the port has foreign filters. From the counters
 * the engine derives last use, rates and conntrack refreshes, and it notices rules that are
 * missing. A round is ROUND_BEGIN, then for each port its SAMPLEs and one ROUND_PORT, then
 * ROUND_END. Dumps are read in slices on the main thread, on a socket of their own. While no
 * flow is active only every tenth round takes place, to notice deleted guards.
 *
 * A rule that a dump does not show is not always gone. Between the parts of a dump the kernel
 * finds its position by counting prios (tcf_chain_dump), so it skips rules if a prio
 * disappears meanwhile. The sampler detects most skips, and then reports the port with the error
 * -EINTR, so that no rule of it counts as gone. After a skip that it does not detect, the engine
 * removes the flow's rules and installs them again.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct sampler;

int sampler_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		struct sampler **ret) MUST_CHECK;
void sampler_free(struct sampler *sampler);
