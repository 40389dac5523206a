/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy - says what would have to change for a connection to be offloaded.
 */
#pragma once

#include "model/reason.h"

/* NULL if the reason goes away by itself, or if nothing can be done about it. */
const char *remedy_of(enum reason reason);
