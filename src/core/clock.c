/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/clock.h"

#include "core/engine_priv.h"

uint32_t clock_ds(const struct engine *e, mono_t now)
{
	return (uint32_t)(mono_diff_ms(now, e->started) / 100) + 1;
}
