/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctls - settings of this network namespace, those of conntrack above all. Read, never
 * written.
 */
#pragma once

#include "core/settings.h"

/* Fills the kernel timeouts of the settings; where a file is not there (the
 * conntrack module is not loaded yet), the kernel's built-in values. */
void sysctls_read_timeouts(struct settings *settings);

/* Value of the file @path below /proc/sys/net, or @fallback. */
unsigned int sysctls_read_net(const char *path, unsigned int fallback);

/* Value of net.netfilter.@name, or @fallback. */
unsigned int sysctls_read(const char *name, unsigned int fallback);
