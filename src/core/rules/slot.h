/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slot - where the rules of a flow sit in tc: their prio and handle follow from the flow's slot in
 * the flow table.
 */
#pragma once

#include "core/port/recipe.h"
#include "core/settings.h"
#include "model/rule.h"

/* The prios that are ours, counted from settings.tc_priority. A prio belongs to one ethertype
 * (tcf_chain_tp_find), and guards come first. In the layout RECIPE_PRIO all rules are in the first of
 * them. */
enum slot_prio {
	SLOT_PRIO_GUARD_IP4,
	SLOT_PRIO_GUARD_IP6,
	SLOT_PRIO_FLOW_IP4,
	SLOT_PRIO_FLOW_IP6,
	SLOT_PRIO__COUNT,
};

/* Handle of the rule of @dir of the flow in @slot, and back. Handles are dense and never 0: the kernel
 * keeps them in a radix tree. */
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

/* Where the rule of @dir sits; @ingress is the port on which packets of @dir arrive. */
struct rule_where slot_where(const struct settings *settings, enum recipe_layout layout,
			     enum family family, uint32_t slot, enum dir dir, uint32_t ingress);
