/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - builds flower rules: two for a connection, guards and barriers for a
 * port. Pure.
 */
#pragma once

#include "core/path/path.h"
#include "model/rule.h"

/* Both rules of a connection, in the form of the recipes in @path. */
void plan_build(const struct settings *settings, const struct tuple *orig,
		const struct tuple *reply, const struct path *path, uint32_t slot,
		uint32_t instance, uint32_t ct_id, struct rule ret[DIR__COUNT]);

/* The guard of one family on a port: leaves packets whose TTL would reach 0 to
 * the CPU, which answers with "time exceeded". */
void plan_guard(const struct settings *settings, const struct link_rec *port, enum family family,
		uint32_t instance, struct rule *ret);

/* The barrier of one family on a port: leaves all packets to the CPU. It sits in
 * the prio of the guard. */
void plan_barrier(const struct settings *settings, const struct link_rec *port, enum family family,
		  uint32_t instance, struct rule *ret);
