/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/plan.h"

#include "core/rules/slot.h"

static enum rule_place place_of(const struct settings *s)
{
	return s->offload == OFFLOAD_HARDWARE ? RULE_HARDWARE : RULE_SOFTWARE;
}

/* Which fields differ between the packet as it arrives (@in) and as it leaves
 * (@out, the inverse of the other direction's tuple). In the other shapes the
 * driver decrements the TTL unasked, or the rule sets it to a fixed value. */
static uint8_t rewrite_bits(const struct recipe *recipe, const struct tuple *in,
			    const struct tuple *out)
{
	uint8_t bits = RULE_SET_MACS;

	if (recipe->shape == RECIPE_FULL || recipe->shape == RECIPE_NO_CSUM)
		bits |= RULE_DEC_TTL;

	if (!addr_is_equal(&in->src, &out->src))
		bits |= RULE_SET_SRC;
	if (!addr_is_equal(&in->dst, &out->dst))
		bits |= RULE_SET_DST;
	if (in->sport != out->sport)
		bits |= RULE_SET_SPORT;
	if (in->dport != out->dport)
		bits |= RULE_SET_DPORT;
	return bits;
}

void plan_build(const struct settings *settings, const struct tuple *orig,
		const struct tuple *reply, const struct path *path, uint32_t slot,
		uint32_t instance, uint32_t ct_id, struct rule ret[DIR__COUNT])
{
	const struct tuple *tuple[DIR__COUNT] = { orig, reply };

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		enum dir other = dir_other(d);
		const struct link_rec *port = path_port(path, other);
		const struct recipe *recipe = &path->recipe[d];
		struct rule_where where = slot_where(settings->tc_priority, path_slot_kind(path, d), orig->family,
						     slot, d, port->link.ifindex);
		struct rule *r = &ret[d];

		*r = (struct rule){
			.ifindex = where.ifindex,
			.prio = where.prio,
			.handle = where.handle,
			.family = orig->family,
			.kind = RULE_FLOW,
			.place = (uint8_t)place_of(settings),
			.form = recipe_form(recipe),
			.match = *tuple[d],
			.to = tuple_inverse(tuple[other]),
			.tags = path->leg[other].tags,
			.eth_src = path->hop[d].src,
			.eth_dst = path->hop[d].dst,
			.out_tags = path->leg[d].tags,
			.out_ifindex = path->hop[d].ifindex,
			.cookie = { .instance = instance,
				    .ct_id = ct_id,
				    .kind = RULE_FLOW,
				    .dir = (uint8_t)d,
				    .owns_clsact = port->made_clsact },
		};
		r->rewrite = rewrite_bits(recipe, &r->match, &r->to);
		r->dmac = path->leg[other].rec[0]->link.mac;
		if (r->form & RULE_EXACT_TTL)
			r->ttl = path->ttl[d];
		if (path_checks_size(path, d)) {
			r->form |= RULE_WITH_MTU;
			r->mtu = (uint16_t)path->hop[d].mtu;
		}
		if (r->form & RULE_WITH_INDEV)
			memcpy(r->indev, port->link.name, sizeof(r->indev));
	}
}

static struct rule sample_of(const struct settings *settings, const struct link_rec *port,
			     uint32_t instance, enum rule_kind kind)
{
	return (struct rule){
		.ifindex = port->link.ifindex,
		.kind = (uint8_t)kind,
		.place = (uint8_t)place_of(settings),
		.cookie = { .instance = instance,
			    .kind = (uint8_t)kind,
			    .owns_clsact = port->made_clsact },
	};
}

static struct rule rule_at(const struct rule *sample, struct rule_where where)
{
	struct rule r = *sample;

	r.prio = where.prio;
	r.handle = where.handle;
	r.family = where.family;
	return r;
}

void plan_guards(const struct settings *settings, const struct link_rec *port, uint16_t guards,
		 uint32_t instance, struct order_port *ret)
{
	ret->guards = guards;
	ret->tc_priority = settings->tc_priority;
	ret->sample = sample_of(settings, port, instance, RULE_GUARD);
}

void plan_guard(const struct order_port *order, unsigned int guard, struct rule *ret)
{
	*ret = rule_at(&order->sample,
		       slot_where_guard(order->tc_priority, guard, order->ifindex));
	ret->family = guard % 2 ? FAMILY_IP6 : FAMILY_IP4;
	ret->tags = vlan_tags_of(guard / 2, VLAN_ID_ANY);
}

void plan_barriers(const struct settings *settings, const struct link_rec *port, uint32_t instance,
		   struct order_barrier *ret)
{
	ret->ifindex = port->link.ifindex;
	ret->barriers = slot_barriers_of(port->slot_kinds);
	ret->tc_priority = settings->tc_priority;
	ret->sample = sample_of(settings, port, instance, RULE_BARRIER);
}

void plan_barrier(const struct order_barrier *order, unsigned int barrier, struct rule *ret)
{
	struct rule_where where =
		slot_where_barrier(order->tc_priority, barrier, order->ifindex);

	*ret = rule_at(&order->sample, where);
	if (where.vlan)
		ret->tags.tag[0] = (struct vlan_tag){ where.vlan, VLAN_ID_ANY };
}
