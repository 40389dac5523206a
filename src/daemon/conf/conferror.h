/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conferror - what there is to say about the configuration files, while they are read. conf.h has the
 * messages as their readers see them.
 */
#pragma once

#include "base/compiler.h"

struct load;

/* Adds "FILE:LINE: text" to the errors of the load; the load will be rejected. */
PRINTF_LIKE(2, 3) void conf_error(struct load *load, const char *fmt, ...);
/* The same as a notice, which rejects nothing. */
PRINTF_LIKE(2, 3) void conf_notice(struct load *load, const char *fmt, ...);
