/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/rule.h"

#include <string.h>

#include "base/ds/siphash.h"
#include "base/strbuf.h"

unsigned int rule_nat_bits(const struct rule *r)
{
	if (r->place != RULE_SOFTWARE || r->family != FAMILY_IP4)
		return 0;
	return r->rewrite & (RULE_SET_SRC | RULE_SET_DST);
}

/* The IPv6 hop limit is in no checksum, the IPv4 TTL is in the header's. act_nat corrects
 * the checksums of the addresses that it rewrites. Ports are in no pseudo header, so
 * segmented packets need no correction for them. */
unsigned int rule_csums(const struct rule *r)
{
	const unsigned int addrs = RULE_SET_SRC | RULE_SET_DST;
	const unsigned int ports = RULE_SET_SPORT | RULE_SET_DPORT;
	unsigned int bits = r->rewrite & ~rule_nat_bits(r);
	unsigned int csums = 0;

	if (r->family == FAMILY_IP4 && ((bits & (addrs | RULE_DEC_TTL)) ||
					(r->form & (RULE_EXACT_TTL | RULE_ODD_REWRITE))))
		csums |= RULE_CSUM_IP4;
	if (bits & (addrs | ports))
		csums |= RULE_CSUM_L4;
	return csums;
}

static bool has_equal_match(const struct tuple *a, const struct tuple *b)
{
	return a->family == b->family && a->proto == b->proto && addr_is_equal(&a->src, &b->src) &&
	       addr_is_equal(&a->dst, &b->dst) && a->sport == b->sport && a->dport == b->dport;
}

/* Members that `rewrite` does not name have no meaning and are not compared. */
static bool has_equal_rewrite(const struct rule *a, const struct rule *b)
{
	unsigned int bits = a->rewrite;

	if (a->rewrite != b->rewrite)
		return false;
	if ((bits & RULE_SET_MACS) &&
	    !(mac_is_equal(&a->eth_src, &b->eth_src) && mac_is_equal(&a->eth_dst, &b->eth_dst)))
		return false;
	if ((bits & RULE_SET_SRC) && !addr_is_equal(&a->to.src, &b->to.src))
		return false;
	if ((bits & RULE_SET_DST) && !addr_is_equal(&a->to.dst, &b->to.dst))
		return false;
	if ((bits & RULE_SET_SPORT) && a->to.sport != b->to.sport)
		return false;
	return !(bits & RULE_SET_DPORT) || a->to.dport == b->to.dport;
}

/*
 * Returns the form bits that have a meaning for this rule. A rule that only accepts
 * rewrites nothing.
 */
static unsigned int form_of(const struct rule *r)
{
	unsigned int form = r->form;

	if (rule_only_accepts(r))
		return form & (RULE_WITH_INDEV | RULE_ANY_ETHERTYPE);
	return rule_csums(r) ? form : form & ~(unsigned int)RULE_WITH_CSUM;
}

static bool has_equal_form(const struct rule *a, const struct rule *b)
{
	unsigned int form = form_of(a);

	if (form != form_of(b))
		return false;
	if ((form & RULE_WITH_INDEV) && strncmp(a->indev, b->indev, sizeof(a->indev)) != 0)
		return false;
	if ((form & RULE_WITH_DMAC) && !mac_is_equal(&a->dmac, &b->dmac))
		return false;
	if ((form & RULE_WITH_MTU) && a->mtu != b->mtu)
		return false;
	return !(form & RULE_EXACT_TTL) || a->ttl == b->ttl;
}

static bool has_equal_place(const struct rule *a, const struct rule *b)
{
	return a->ifindex == b->ifindex && a->prio == b->prio && a->family == b->family &&
	       a->kind == b->kind && a->place == b->place && vlan_is_equal(&a->tags, &b->tags) &&
	       has_equal_form(a, b);
}

static bool has_equal_identity(const struct rule_cookie *a, const struct rule_cookie *b)
{
	return a->ct_id == b->ct_id && a->kind == b->kind && a->dir == b->dir;
}

bool rule_is_equal(const struct rule *a, const struct rule *b)
{
	if (!has_equal_place(a, b) || !has_equal_identity(&a->cookie, &b->cookie))
		return false;
	if (rule_only_accepts(a))
		return true;
	return has_equal_match(&a->match, &b->match) && has_equal_rewrite(a, b) &&
	       vlan_is_equal(&a->out_tags, &b->out_tags) && a->out_ifindex == b->out_ifindex;
}

/* Copies the members that have a meaning, and zeroes all others and the padding. */
static void reduce(const struct rule *r, struct rule *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ifindex = r->ifindex;
	ret->prio = r->prio;
	ret->family = r->family;
	ret->kind = r->kind;
	ret->place = r->place;
	ret->form = (uint8_t)form_of(r);
	ret->tags = r->tags;
	ret->cookie.ct_id = r->cookie.ct_id;
	ret->cookie.kind = r->cookie.kind;
	ret->cookie.dir = r->cookie.dir;
	if (ret->form & RULE_WITH_INDEV)
		memcpy(ret->indev, r->indev, strnlen(r->indev, sizeof(r->indev)));
	if (ret->form & RULE_EXACT_TTL)
		ret->ttl = r->ttl;
	if (ret->form & RULE_WITH_DMAC)
		ret->dmac = r->dmac;
	if (ret->form & RULE_WITH_MTU)
		ret->mtu = r->mtu;
	if (rule_only_accepts(r))
		return;
	ret->match = r->match;
	ret->match.zone = 0;
	ret->rewrite = r->rewrite;
	ret->out_tags = r->out_tags;
	ret->out_ifindex = r->out_ifindex;
	if (r->rewrite & RULE_SET_MACS) {
		ret->eth_src = r->eth_src;
		ret->eth_dst = r->eth_dst;
	}
	if (r->rewrite & RULE_SET_SRC)
		ret->to.src = r->to.src;
	if (r->rewrite & RULE_SET_DST)
		ret->to.dst = r->to.dst;
	if (r->rewrite & RULE_SET_SPORT)
		ret->to.sport = r->to.sport;
	if (r->rewrite & RULE_SET_DPORT)
		ret->to.dport = r->to.dport;
}

uint64_t rule_digest(const struct rule *r, const uint64_t key[2])
{
	struct rule reduced;

	reduce(r, &reduced);
	return siphash13(&reduced, sizeof(reduced), key);
}

static void put_tags(struct strbuf *sb, const char *verb, const struct vlan_tags *tags)
{
	for (unsigned int i = 0; i < vlan_count(tags); i++) {
		const struct vlan_tag *tag = &tags->tag[i];

		strbuf_printf(sb, "%s %s", verb, vlan_proto_name(tag->proto));
		if (tag->id != VLAN_ID_ANY)
			strbuf_printf(sb, " %u", tag->id);
	}
}

static void put_rewrite(struct strbuf *sb, const struct rule *r)
{
	enum family family = (enum family)r->family;
	char text[ADDR_STR_SIZE];

	if (r->rewrite & RULE_SET_MACS) {
		strbuf_printf(sb, " eth-src %s", mac_to_str(&r->eth_src, text));
		strbuf_printf(sb, " eth-dst %s", mac_to_str(&r->eth_dst, text));
	}
	if (r->rewrite & RULE_DEC_TTL)
		strbuf_put(sb, " dec-ttl");
	if (r->form & RULE_EXACT_TTL)
		strbuf_printf(sb, " set-ttl %u", r->ttl - 1u);
	if (r->rewrite & RULE_SET_SRC)
		strbuf_printf(sb, " src %s", addr_to_str(family, &r->to.src, text));
	if (r->rewrite & RULE_SET_DST)
		strbuf_printf(sb, " dst %s", addr_to_str(family, &r->to.dst, text));
	if (r->rewrite & RULE_SET_SPORT)
		strbuf_printf(sb, " sport %u", r->to.sport);
	if (r->rewrite & RULE_SET_DPORT)
		strbuf_printf(sb, " dport %u", r->to.dport);
	if (r->form & RULE_ODD_REWRITE)
		strbuf_put(sb, " odd-rewrite");
	if (rule_csums(r) && !(r->form & RULE_WITH_CSUM))
		strbuf_put(sb, " no-csum");
	for (unsigned int i = 0; i < vlan_count(&r->tags); i++)
		strbuf_put(sb, " pop");
	put_tags(sb, " push", &r->out_tags);
}

static void put_match(struct strbuf *sb, const struct rule *r)
{
	char text[TUPLE_STR_SIZE];

	if (rule_only_accepts(r) && r->family == FAMILY_NONE)
		strbuf_put(sb, " barrier");
	else if (rule_only_accepts(r))
		strbuf_printf(sb, " %s %s", r->kind == RULE_GUARD ? "guard" : "barrier",
			      r->family == FAMILY_IP6 ? "ip6" : "ip4");
	else
		strbuf_printf(sb, " match %s", tuple_to_str(&r->match, text));
	put_tags(sb, "", &r->tags);
	if (r->form & RULE_WITH_INDEV)
		strbuf_printf(sb, " indev %.*s", LINK_NAME_SIZE - 1, r->indev);
	if (rule_only_accepts(r))
		return;
	if (r->form & RULE_WITH_DMAC)
		strbuf_printf(sb, " dmac %s", mac_to_str(&r->dmac, text));
	if (r->form & RULE_EXACT_TTL)
		strbuf_printf(sb, " ttl %u", r->ttl);
	if (r->form & RULE_ODD_MATCH)
		strbuf_put(sb, " odd-match");
	if (r->form & RULE_WITH_MTU)
		strbuf_printf(sb, " mtu %u", r->mtu);
}

const char *rule_to_str(const struct rule *r, char buf[RULE_STR_SIZE])
{
	struct strbuf sb;

	strbuf_init(&sb, buf, RULE_STR_SIZE);
	strbuf_printf(&sb, "if%u prio %u handle %u %s", r->ifindex, r->prio, r->handle,
		      r->place == RULE_HARDWARE ? "hardware" : "software");
	if (r->form & RULE_ANY_ETHERTYPE)
		strbuf_put(&sb, " any-ethertype");
	if (r->kind == RULE_PROBE)
		strbuf_put(&sb, " probe");
	put_match(&sb, r);
	if (rule_only_accepts(r))
		return buf;
	put_rewrite(&sb, r);
	strbuf_printf(&sb, " redirect if%u", r->out_ifindex);
	return buf;
}
