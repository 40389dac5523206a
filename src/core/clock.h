/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock - the time as flows remember it.
 *
 * Times inside a flow are 32 bits: tenths of a second since the engine was made, which last for
 * thirteen years.
 */
#pragma once

#include "base/mono.h"

#define DS_PER_S 10u

struct engine;

/* The time in tenths of a second. Never 0, which means "not yet" in a flow. */
uint32_t clock_ds(const struct engine *e, mono_t now);
