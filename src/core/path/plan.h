/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - from a connection and its path to two rules. Pure.
 */
#pragma once

#include "core/path/path.h"
#include "model/rule.h"

/* The prios that are ours, counted from settings.tc_priority. A prio belongs
 * to one ethertype (tcf_chain_tp_find), and guards come first. In the layout
 * RECIPE_PRIO all is in the first of them. */
enum plan_prio {
	PLAN_PRIO_GUARD_IP4,
	PLAN_PRIO_GUARD_IP6,
	PLAN_PRIO_FLOW_IP4,
	PLAN_PRIO_FLOW_IP6,
	PLAN_PRIO__COUNT,
};

/* Handle of the rule of @dir of the flow in @slot, and back. Dense and never 0:
 * the kernel keeps handles in a radix tree. */
static inline uint32_t plan_handle(uint32_t slot, enum dir dir)
{
	return 2 * slot + (uint32_t)dir + 1;
}

static inline uint32_t plan_slot(uint32_t handle)
{
	return (handle - 1) / 2;
}

static inline enum dir plan_dir(uint32_t handle)
{
	return (enum dir)((handle - 1) % 2);
}

/* Where the rule of @dir sits; @ingress is the port on which @dir arrives. */
struct rule_where plan_where(const struct settings *settings, enum recipe_layout layout,
			     enum family family, uint32_t slot, enum dir dir, uint32_t ingress);

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
