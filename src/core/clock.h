/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock - converts the time to the 32-bit timestamps that flows store.
 *
 * A timestamp counts tenths of a second from engine.epoch, which lasts for thirteen years.
 */
#pragma once

#include "base/mono.h"

#define DS_PER_S 10u

struct engine;

/* Returns @now as a timestamp. Never 0, which means "not yet" in a flow. */
uint32_t clock_ds(const struct engine *e, mono_t now);
