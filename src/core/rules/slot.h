/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slot - maps a flow's slot in the flow table to the tc prios and handles of its rules.
 */
#pragma once

#include "core/settings.h"
#include "model/rule.h"

/* Our prios, relative to settings.tc_priority. A prio belongs to one ethertype (tcf_chain_tp_find),
 * that of the outer tag if there is one, and guards come before flows. With layout RECIPE_PRIO, all
 * rules are in the first prio. */
enum slot_prio {
	SLOT_PRIO_GUARD_IP4,
	SLOT_PRIO_GUARD_IP6,
	SLOT_PRIO_FLOW_IP4,
	SLOT_PRIO_FLOW_IP6,
	SLOT_PRIO_GUARD_Q,
	SLOT_PRIO_FLOW_Q,
	SLOT_PRIO_GUARD_AD,
	SLOT_PRIO_FLOW_AD,
	SLOT_PRIO__COUNT,
};

/* The prio of a flow's rule, apart from the family. */
enum slot_kind {
	SLOT_UNTAGGED,
	SLOT_ONE_PRIO, /* layout RECIPE_PRIO */
	SLOT_Q,	       /* the outer tag is 802.1Q */
	SLOT_AD,       /* the outer tag is 802.1ad */
};

/* Guards of a port have numbers: two for each encapsulation, the first for IPv4. */
#define SLOT_GUARDS	(2 * VLAN_ENCAP__COUNT)
#define SLOT_GUARDS_ALL ((1u << SLOT_GUARDS) - 1)

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

/* Each rule of a barrier is for all packets of one kind. */
enum slot_barrier {
	SLOT_BARRIER_IP4,
	SLOT_BARRIER_IP6,
	SLOT_BARRIER_Q,
	SLOT_BARRIER_AD,
	SLOT_BARRIER__COUNT,
};

#define SLOT_BARRIERS_ALL ((1u << SLOT_BARRIER__COUNT) - 1)

static inline unsigned int slot_guard(enum vlan_encap encap, enum family family)
{
	return 2 * (unsigned int)encap + (family == FAMILY_IP6);
}

/* The barriers (bits of enum slot_barrier) that a port with rules of these kinds (bits of enum slot_kind)
 * needs: those for untagged packets, and those for the outer tags of these kinds. */
uint8_t slot_barriers_of(uint8_t kinds);
/* The kinds (bits of enum slot_kind) of rules for frames of these kinds (bits of enum vlan_encap). */
uint8_t slot_kinds_of(uint8_t encaps);
/* The guards for these kinds of tagged frames (bits of enum vlan_encap), and for untagged ones. */
uint16_t slot_guards_of(uint8_t encaps);
/* The kind for rules that match packets with these tags; @one_prio: the layout is RECIPE_PRIO. */
enum slot_kind slot_kind_of(bool one_prio, const struct vlan_tags *tags);

/* The place of the rule of @dir. @tc_priority: of the settings. @ingress: the port on which packets of
 * @dir arrive. */
struct rule_where slot_where(uint16_t tc_priority, enum slot_kind kind, enum family family,
			     uint32_t slot, enum dir dir, uint32_t ingress);
/* The place of guard number @guard. */
struct rule_where slot_where_guard(uint16_t tc_priority, unsigned int guard, uint32_t port);
/* The place of barrier number @barrier (enum slot_barrier). */
struct rule_where slot_where_barrier(uint16_t tc_priority, unsigned int barrier, uint32_t port);
/* The number of the guard in this place; SLOT_GUARDS if it is not the place of a guard. */
unsigned int slot_guard_at(const struct rule_where *where);
