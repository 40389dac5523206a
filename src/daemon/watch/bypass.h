/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bypass - finds what others have attached to the ports and offloaded packets would bypass
 * (XDP programs, nft chains, tc filters, shapers), and reports it to the engine
 * (model/bypass).
 *
 * Checks at start and then once a second, because for changes in between the kernel sends
 * either no messages or too many (kern/tc/hooks). Foreign ingress filters sit among our own
 * rules. While flows are offloaded the sampler finds them, because it reads all filters there
 * anyway. A port is not ready until it has been checked.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct bypass;

/*
 * Does the first check, of the links that the engine knows by then, so that the engine knows
 * the result before it is told of any connection. Returns 0 or -errno, logged.
 */
MUST_CHECK int bypass_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			  struct bypass **ret);
/* NULL is fine. */
void bypass_free(struct bypass *bypass);

/* True once a check of everything has succeeded. */
bool bypass_is_complete(const struct bypass *bypass);
/* Checks the nft chains now. To be called when the ruleset has changed. */
void bypass_look_nft(struct bypass *bypass);

/* Feeds one finding to the engine and logs what it changes. Also for other modules that come
 * across one. */
void bypass_tell(struct engine *engine, const struct event_bypass *told, mono_t now);
