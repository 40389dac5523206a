/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conferror - collects errors and notices while the configuration files are read. conf.h
 * declares the messages that callers of conf get.
 */
#pragma once

#include "base/compiler.h"

struct load;

/* Adds the error "FILE:LINE: text", or "FILE: text" without a line, which rejects the load. */
PRINTF_LIKE(2, 3) void conf_error(struct load *load, const char *fmt, ...);
/* The same for a notice, which does not reject the load. */
PRINTF_LIKE(2, 3) void conf_notice(struct load *load, const char *fmt, ...);
