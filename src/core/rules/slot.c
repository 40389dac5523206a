/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/slot.h"

struct rule_where slot_where(const struct settings *settings, enum recipe_layout layout,
			     enum family family, uint32_t slot, enum dir dir, uint32_t ingress)
{
	if (layout == RECIPE_PRIO)
		return (struct rule_where){
			.ifindex = ingress,
			.prio = settings->tc_priority,
			.handle = slot_handle(slot, dir),
			.family = FAMILY_NONE,
		};
	return (struct rule_where){
		.ifindex = ingress,
		.prio = (uint16_t)(settings->tc_priority + (family == FAMILY_IP6 ?
								    SLOT_PRIO_FLOW_IP6 :
								    SLOT_PRIO_FLOW_IP4)),
		.handle = slot_handle(slot, dir),
		.family = (uint8_t)family,
	};
}
