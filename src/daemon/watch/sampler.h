/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampler - reads the counters of our rules, port by port.
 *
 * One dump per open port, terse unless ages are wanted, brings the counters of
 * all its rules; the engine turns them into last use, rates and conntrack
 * refreshes, and notices what is not there any more. A round is ROUND_BEGIN,
 * for each port its SAMPLEs and one ROUND_PORT, ROUND_END. Read in slices on the
 * main thread, on a socket of its own. While no flow is offloaded only every
 * tenth round takes place, for guards that somebody deletes.
 *
 * What is not there is not always gone. The kernel finds its place again in a
 * dump of several parts by counting prios (tcf_chain_dump); one that disappears
 * meanwhile makes it skip rules. Mostly this shows, and the round of the port
 * has the error -EINTR; not always. So what one round did not show needs a
 * second one.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct sampler;

int sampler_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		struct sampler **ret) MUST_CHECK;
void sampler_free(struct sampler *sampler);
