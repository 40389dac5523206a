/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report - logs the core's notices about the hardware (core/notice.h).
 */
#pragma once

#include "core/engine.h"

/* Logs every notice that is new, and takes it from the engine. */
void report_notices(struct engine *engine);
