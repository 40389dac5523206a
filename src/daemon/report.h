/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report - writes what the core has found out about the hardware into the log,
 * once each time it changes.
 */
#pragma once

#include "core/engine.h"

/* Everything new. */
void report_notices(struct engine *engine);
