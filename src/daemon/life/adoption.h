/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - reads the rules of an earlier life from the kernel, for the engine to judge.
 *
 * Synchronous, at the start, on a socket of its own. What is ours but cannot be a rule of
 * a flow any more is removed at once; guards are left to the port that they belong to.
 */
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "core/engine.h"

/*
 * Feeds the engine, which must be new and have the instance of that life. Takes nothing
 * and removes all of it where a port is behind a barrier: then rules were about to be
 * removed, and nobody knows which. So it does with a port that cannot be read. 0; or
 * -errno, logged, where something of ours may be left that nobody knows.
 */
int adoption_run(struct engine *engine, mono_t now) MUST_CHECK;
