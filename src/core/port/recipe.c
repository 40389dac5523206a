/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/recipe.h"

#include <stdio.h>

#include "base/bug.h"
#include "base/util.h"
#include "core/rules/slot.h"

static const struct {
	const char *name, *text;
} shapes[] = {
#define X(id, name, text) { name, text },
	RECIPE_SHAPE_LIST(X)
#undef X
};

const char *recipe_shape_name(enum recipe_shape shape)
{
	return (size_t)shape < array_size(shapes) ? shapes[shape].name : "?";
}

const char *recipe_shape_text(enum recipe_shape shape)
{
	return (size_t)shape < array_size(shapes) ? shapes[shape].text : "?";
}

unsigned int recipe_class_of(const struct tuple *in, const struct tuple *out)
{
	unsigned int class = 0;

	if (in->family == FAMILY_IP6)
		class |= RECIPE_IP6;
	if (in->proto == L4_UDP)
		class |= RECIPE_UDP;
	if (!addr_is_equal(&in->src, &out->src) || in->sport != out->sport)
		class |= RECIPE_SRC;
	if (!addr_is_equal(&in->dst, &out->dst) || in->dport != out->dport)
		class |= RECIPE_DST;
	return class;
}

unsigned int recipe_class_of_dir(const struct tuple *orig, const struct tuple *reply, enum dir dir)
{
	struct tuple out = tuple_inverse(dir == DIR_ORIG ? reply : orig);

	return recipe_class_of(dir == DIR_ORIG ? orig : reply, &out);
}

const char *recipe_class_to_str(unsigned int class, char buf[RECIPE_CLASS_STR_SIZE])
{
	snprintf(buf, RECIPE_CLASS_STR_SIZE, "%s %s %s", class & RECIPE_UDP ? "udp" : "tcp",
		 class & RECIPE_IP6 ? "ip6" : "ip4",
		 class & RECIPE_SRC ? (class & RECIPE_DST ? "both" : "snat") :
				      (class & RECIPE_DST ? "dnat" : "routed"));
	return buf;
}

/* Addresses for documentation (RFC 5737, RFC 3849), which no router forwards. */
static struct tuple probe_tuple(unsigned int class, bool is_after)
{
	static const char *const text[2][2] = {
		{ "tcp 192.0.2.1:4001 > 198.51.100.1:4002", "tcp 203.0.113.1:4003 > 203.0.113.2:4004" },
		{ "tcp [2001:db8::1]:4001 > [2001:db8::2]:4002",
		  "tcp [2001:db8::3]:4003 > [2001:db8::4]:4004" },
	};
	struct tuple t = { .family = FAMILY_NONE };

	BUG_ON(tuple_from_str(text[class & RECIPE_IP6 ? 1 : 0][is_after], &t));
	if (class & RECIPE_UDP)
		t.proto = L4_UDP;
	return t;
}

void recipe_probe(const struct rule *sample, unsigned int class, struct rule *ret)
{
	*ret = *sample;
	ret->kind = RULE_PROBE;
	ret->cookie.kind = RULE_PROBE;
	ret->family = class & RECIPE_IP6 ? FAMILY_IP6 : FAMILY_IP4;
	if (ret->family == FAMILY_IP6 && !(ret->form & RULE_ANY_ETHERTYPE))
		ret->prio++;
	ret->match = probe_tuple(class, false);
	ret->to = probe_tuple(class, true);
	ret->rewrite &= RULE_SET_MACS | RULE_DEC_TTL;
	if (class & RECIPE_SRC)
		ret->rewrite |= RULE_SET_SRC | RULE_SET_SPORT;
	if (class & RECIPE_DST)
		ret->rewrite |= RULE_SET_DST | RULE_SET_DPORT;
}

/* The largest packet of the probe is the smallest MTU that IPv6 allows (RFC 8200). */
void recipe_check_size(struct rule *probe)
{
	probe->form |= RULE_WITH_MTU;
	probe->mtu = 1280;
}

void recipe_tag(struct rule *probe, uint16_t tc_priority, enum vlan_encap in, enum vlan_encap out)
{
	struct rule_where where;

	/* Two ids that a driver would not confuse. */
	probe->tags = vlan_tags_of(in, 4001);
	probe->out_tags = vlan_tags_of(out, 4002);
	where = slot_where(tc_priority, slot_kind_of(false, &probe->tags),
			   (enum family)probe->family, 0, DIR_ORIG, probe->ifindex);
	probe->prio = where.prio;
}

void recipe_odd(const struct rule *sample, unsigned int n, struct rule *ret)
{
	recipe_probe(sample, 0, ret);
	ret->form |= n == 0 ? RULE_ODD_MATCH : RULE_ODD_REWRITE;
}

uint8_t recipe_form(const struct recipe *r)
{
	uint8_t form = RULE_WITH_CSUM;

	switch ((enum recipe_shape)r->shape) {
	case RECIPE_FULL:
		break;
	case RECIPE_NO_CSUM:
		form = 0;
		break;
	case RECIPE_EXACT_TTL:
		form |= RULE_EXACT_TTL;
		break;
	case RECIPE_IMPLICIT:
		form |= RULE_WITH_INDEV;
		break;
	case RECIPE_SHAPE__COUNT:
		break;
	}
	if (r->with_dmac)
		form |= RULE_WITH_DMAC;
	if (r->layout == RECIPE_PRIO)
		form |= RULE_ANY_ETHERTYPE;
	return form;
}
