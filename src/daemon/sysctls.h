/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctls - reads sysctls of this network namespace, mostly those of conntrack. Never
 * writes any.
 */
#pragma once

#include "core/settings.h"

/* Fills in the kernel timeouts of the settings. Uses the kernel's built-in value when
 * a file does not exist (the conntrack module is not loaded yet). */
void sysctls_read_timeouts(struct settings *settings);

/* Value of the file @path below /proc/sys/net, or @fallback if it cannot be read. */
unsigned int sysctls_read_net(const char *path, unsigned int fallback);

/* The number of neighbours of a family, in all network namespaces together, from which on the kernel forgets some
 * (gc_thresh2, neigh_alloc). UINT32_MAX outside the initial network namespace, the only one that has the sysctl. */
uint32_t sysctls_read_neigh_limit(enum family family);

/* Value of net.netfilter.@name, or @fallback if it cannot be read. */
unsigned int sysctls_read(const char *name, unsigned int fallback);
