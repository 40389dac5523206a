/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/slot.h"

/* Handles in the prios of guards. Where packets are tagged, several guards share a prio. Each barrier is
 * alone in its prio; its handle only says which it is. */
#define HANDLE_GUARD	    1u
#define HANDLE_TAGGED_GUARD 3u
#define HANDLE_BARRIER	    20u

static bool is_ip6(enum family family)
{
	return family == FAMILY_IP6;
}

enum slot_kind slot_kind_of(bool one_prio, const struct vlan_tags *tags)
{
	if (one_prio)
		return SLOT_ONE_PRIO;
	switch ((enum vlan_proto)tags->tag[0].proto) {
	case VLAN_8021Q:
		return SLOT_Q;
	case VLAN_8021AD:
		return SLOT_AD;
	case VLAN_NONE:
		break;
	}
	return SLOT_UNTAGGED;
}

struct rule_where slot_where(uint16_t tc_priority, enum slot_kind kind, enum family family,
			     uint32_t slot, enum dir dir, uint32_t ingress)
{
	struct rule_where w = { .ifindex = ingress, .handle = slot_handle(slot, dir) };
	unsigned int prio = tc_priority;

	switch (kind) {
	case SLOT_UNTAGGED:
		prio += is_ip6(family) ? SLOT_PRIO_FLOW_IP6 : SLOT_PRIO_FLOW_IP4;
		w.family = (uint8_t)family;
		break;
	case SLOT_ONE_PRIO:
		break;
	case SLOT_Q:
		prio += SLOT_PRIO_FLOW_Q;
		w.vlan = VLAN_8021Q;
		break;
	case SLOT_AD:
		prio += SLOT_PRIO_FLOW_AD;
		w.vlan = VLAN_8021AD;
		break;
	}
	w.prio = (uint16_t)prio;
	return w;
}

/* The prio of guards and barriers, without the handle. */
static struct rule_where front(uint16_t tc_priority, uint16_t outer, enum family family,
			       uint32_t port)
{
	unsigned int prio = tc_priority;

	if (outer == VLAN_NONE)
		prio += is_ip6(family) ? SLOT_PRIO_GUARD_IP6 : SLOT_PRIO_GUARD_IP4;
	else
		prio += outer == VLAN_8021AD ? SLOT_PRIO_GUARD_AD : SLOT_PRIO_GUARD_Q;
	return (struct rule_where){
		.ifindex = port,
		.prio = (uint16_t)prio,
		.family = outer == VLAN_NONE ? (uint8_t)family : FAMILY_NONE,
		.vlan = outer,
	};
}

uint8_t slot_kinds_of(uint8_t encaps)
{
	uint8_t kinds = 0;

	for (unsigned int i = 0; i < VLAN_ENCAP__COUNT; i++) {
		struct vlan_tags tags = vlan_tags_of(i, VLAN_ID_ANY);

		if (encaps & 1u << i)
			kinds |= (uint8_t)(1u << slot_kind_of(false, &tags));
	}
	return kinds;
}

uint16_t slot_guards_of(uint8_t encaps)
{
	uint16_t guards = 0;

	encaps |= 1u << VLAN_UNTAGGED;
	for (unsigned int g = 0; g < SLOT_GUARDS; g++)
		guards |= (uint16_t)((encaps >> g / 2 & 1u) << g);
	return guards;
}

uint8_t slot_barriers_of(uint8_t kinds)
{
	uint8_t barriers = 1u << SLOT_BARRIER_IP4 | 1u << SLOT_BARRIER_IP6;

	if (kinds & 1u << SLOT_Q)
		barriers |= 1u << SLOT_BARRIER_Q;
	if (kinds & 1u << SLOT_AD)
		barriers |= 1u << SLOT_BARRIER_AD;
	return barriers;
}

struct rule_where slot_where_guard(uint16_t tc_priority, unsigned int guard, uint32_t port)
{
	enum family family = guard % 2 ? FAMILY_IP6 : FAMILY_IP4;
	struct vlan_tags tags = vlan_tags_of(guard / 2, VLAN_ID_ANY);
	struct rule_where w = front(tc_priority, tags.tag[0].proto, family, port);

	w.handle = vlan_count(&tags) ? HANDLE_TAGGED_GUARD + guard : HANDLE_GUARD;
	return w;
}

struct rule_where slot_where_barrier(uint16_t tc_priority, unsigned int barrier, uint32_t port)
{
	static const uint16_t outer[] = {
		[SLOT_BARRIER_Q] = VLAN_8021Q,
		[SLOT_BARRIER_AD] = VLAN_8021AD,
	};
	enum family family = barrier == SLOT_BARRIER_IP6 ? FAMILY_IP6 : FAMILY_IP4;
	struct rule_where w = front(tc_priority, outer[barrier], family, port);

	w.handle = HANDLE_BARRIER + barrier;
	return w;
}

unsigned int slot_guard_at(const struct rule_where *where)
{
	unsigned int guard = where->handle - HANDLE_TAGGED_GUARD;

	if (!where->vlan)
		return where->family == FAMILY_IP4 ? 0 : where->family == FAMILY_IP6 ? 1 : SLOT_GUARDS;
	return where->handle >= HANDLE_TAGGED_GUARD && guard < SLOT_GUARDS ? guard : SLOT_GUARDS;
}
