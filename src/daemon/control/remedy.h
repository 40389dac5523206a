/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy - says what would have to change for a connection to be offloaded.
 */
#pragma once

#include "model/reason.h"

/* NULL if time alone lifts the reason, or nothing can be done. */
const char *remedy_of(enum reason reason);
