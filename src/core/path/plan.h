/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - from a connection and its path to two rules. Pure.
 */
#pragma once

#include "core/path/path.h"
#include "model/rule.h"

/* Both rules of a connection, as the recipes of @path want them. */
void plan_build(const struct settings *settings, const struct tuple *orig,
		const struct tuple *reply, const struct path *path, uint32_t slot,
		uint32_t instance, uint32_t ct_id, struct rule ret[DIR__COUNT]);

/* The guard of one family on a port: what would expire goes to the CPU, which
 * answers with "time exceeded". */
void plan_guard(const struct settings *settings, const struct link_rec *port, enum family family,
		uint32_t instance, struct rule *ret);

/* The rule beside it that hands all packets of one family to the CPU. */
void plan_barrier(const struct settings *settings, const struct link_rec *port, enum family family,
		  uint32_t instance, struct rule *ret);
