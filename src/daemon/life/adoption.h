/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adoption - reads the rules of an earlier run from the kernel and offers them to the engine.
 *
 * Synchronous, at the start, on a socket of its own. Rules of ours that cannot belong to a
 * flow any more are removed at once. Guards stay: they belong to their port.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "core/engine.h"

/*
 * Feeds the engine, which must be new and have the instance of that run.
 *
 * If any port is behind a barrier, adopts nothing and removes all our rules: the earlier run
 * was removing rules, and it is unknown which. If a device cannot be read, removes the rules
 * of that device. 0, or -errno if rules of ours may be left that the engine does not know.
 */
int adoption_run(struct engine *engine, mono_t now) MUST_CHECK;
