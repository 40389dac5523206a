/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bypass - keeps the engine told what others have put on the ports that offload
 * would go around: XDP programs, nft chains, filters, shapers (model/bypass).
 *
 * Looks at start, and once a second. Of what changes in between, the kernel either
 * says nothing or too much (kern/tc/hooks). Filters of the ingress stand among our own
 * rules, so while flows are offloaded it is the sampler that finds them, because it reads
 * all that is there anyway. As long as nobody could look, the port is not ready.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct bypass;

/*
 * Looks for the first time, at the links that the engine knows by then, so that it
 * knows before it is told of any connection. 0 or -errno, logged.
 */
MUST_CHECK int bypass_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			  struct bypass **ret);
/* NULL is fine. */
void bypass_free(struct bypass *bypass);

/* Everything could be looked at, once. */
bool bypass_is_complete(const struct bypass *bypass);
/* Looks at the chains of nft now: the ruleset changed. */
void bypass_look_nft(struct bypass *bypass);

/* Feeds one fact, and logs what it changes. For who finds one on another occasion. */
void bypass_tell(struct engine *engine, const struct event_bypass *told, mono_t now);
