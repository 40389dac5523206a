/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slot - maps a flow's slot in the flow table to the tc prios and handles of its rules.
 */
#pragma once

#include "core/port/recipe.h"
#include "core/settings.h"
#include "model/rule.h"

/* Our prios, relative to settings.tc_priority. A prio belongs to one ethertype (tcf_chain_tp_find),
 * and guards come before flows. With layout RECIPE_PRIO, all rules are in the first prio. */
enum slot_prio {
	SLOT_PRIO_GUARD_IP4,
	SLOT_PRIO_GUARD_IP6,
	SLOT_PRIO_FLOW_IP4,
	SLOT_PRIO_FLOW_IP6,
	SLOT_PRIO__COUNT,
};

/* Converts slot and direction to the handle of the rule, and back. Handles are never 0, and dense
 * because the kernel keeps them in a radix tree. */
static inline uint32_t slot_handle(uint32_t slot, enum dir dir)
{
	return 2 * slot + (uint32_t)dir + 1;
}

static inline uint32_t slot_from_handle(uint32_t handle)
{
	return (handle - 1) / 2;
}

static inline enum dir slot_dir(uint32_t handle)
{
	return (enum dir)((handle - 1) % 2);
}

/* The place of the rule of @dir. @ingress is the port on which packets of @dir arrive. */
struct rule_where slot_where(const struct settings *settings, enum recipe_layout layout,
			     enum family family, uint32_t slot, enum dir dir, uint32_t ingress);
