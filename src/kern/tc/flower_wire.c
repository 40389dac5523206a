/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/tc/flower_wire.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tc_act/tc_pedit.h>
#include <string.h>

/* FIN, SYN and RST: packets with one of them must reach conntrack. */
#define TCP_FLAGS_WATCHED 0x07
/* Matches TTL 0 and 1. */
#define GUARD_TTL_MASK 0xfe
/* Arbitrary values for the odd rules (recipe_odd). */
#define ODD_HASH 0x6f646421
#define ODD_IDENT 0x0101

#define TCP (FLOWER_IP4_TCP | FLOWER_IP6_TCP)
#define UDP (FLOWER_IP4_UDP | FLOWER_IP6_UDP)
#define IP4 (FLOWER_IP4_TCP | FLOWER_IP4_UDP)
#define IP6 (FLOWER_IP6_TCP | FLOWER_IP6_UDP)
#define FLOW (TCP | UDP)

#define MATCH(attr, shapes, member, len)                                                           \
	{                                                                                          \
		TCA_FLOWER_KEY_##attr, shapes, offsetof(struct flower_match, member), len          \
	}

const struct flower_match_field flower_match_fields[FLOWER_MATCH_FIELDS] = {
	MATCH(ETH_TYPE, FLOW | FLOWER_GUARD | FLOWER_BARRIER | FLOWER_BARRIER_TAGGED, ethertype, 2),
	MATCH(VLAN_ID, FLOWER_VID, vlan_id, 2),
	MATCH(VLAN_ETH_TYPE, FLOWER_TAG, vlan_ethertype, 2),
	MATCH(CVLAN_ID, FLOWER_VID2, cvlan_id, 2),
	MATCH(CVLAN_ETH_TYPE, FLOWER_TAG2, cvlan_ethertype, 2),
	MATCH(IP_PROTO, FLOW, proto, 1),
	MATCH(IPV4_SRC, IP4, src, 4),
	MATCH(IPV4_SRC_MASK, IP4, src_mask, 4),
	MATCH(IPV4_DST, IP4, dst, 4),
	MATCH(IPV4_DST_MASK, IP4, dst_mask, 4),
	MATCH(IPV6_SRC, IP6, src, 16),
	MATCH(IPV6_SRC_MASK, IP6, src_mask, 16),
	MATCH(IPV6_DST, IP6, dst, 16),
	MATCH(IPV6_DST_MASK, IP6, dst_mask, 16),
	MATCH(TCP_SRC, TCP, sport, 2),
	MATCH(TCP_SRC_MASK, TCP, sport_mask, 2),
	MATCH(TCP_DST, TCP, dport, 2),
	MATCH(TCP_DST_MASK, TCP, dport_mask, 2),
	MATCH(UDP_SRC, UDP, sport, 2),
	MATCH(UDP_SRC_MASK, UDP, sport_mask, 2),
	MATCH(UDP_DST, UDP, dport, 2),
	MATCH(UDP_DST_MASK, UDP, dport_mask, 2),
	MATCH(TCP_FLAGS, TCP, tcp_flags, 2),
	MATCH(TCP_FLAGS_MASK, TCP, tcp_flags_mask, 2),
	MATCH(FLAGS, FLOW, flags, 4),
	MATCH(FLAGS_MASK, FLOW, flags_mask, 4),
	MATCH(IP_TTL, FLOWER_GUARD | FLOWER_TTL, ttl, 1),
	MATCH(IP_TTL_MASK, FLOWER_GUARD | FLOWER_TTL, ttl_mask, 1),
	MATCH(ETH_DST, FLOWER_DMAC, dmac, 6),
	MATCH(ETH_DST_MASK, FLOWER_DMAC, dmac_mask, 6),
	MATCH(HASH, FLOWER_ODD, hash, 4),
	MATCH(HASH_MASK, FLOWER_ODD, hash_mask, 4),
};

#define REWRITE(bit, family, header, word, first, len, member)                                     \
	{                                                                                          \
		bit, FAMILY_##family, TCA_PEDIT_KEY_EX_HDR_TYPE_##header, word, first, len,        \
			offsetof(struct flower_rewrite, member)                                    \
	}

/*
 * In the order, and split into keys in the way, that every driver with pedit
 * accepts: a key is one aligned word (tcf_pedit_init), and different fields of the
 * same word have separate keys.
 */
const struct flower_rewrite_field flower_rewrite_fields[FLOWER_REWRITE_FIELDS] = {
	REWRITE(RULE_SET_MACS, NONE, ETH, 0, 0, 4, eth_dst),
	REWRITE(RULE_SET_MACS, NONE, ETH, 4, 0, 2, eth_dst[4]),
	REWRITE(RULE_SET_MACS, NONE, ETH, 4, 2, 2, eth_src),
	REWRITE(RULE_SET_MACS, NONE, ETH, 8, 0, 4, eth_src[2]),
	REWRITE(RULE_DEC_TTL, IP4, IP4, 8, 0, 1, ttl),
	REWRITE(RULE_DEC_TTL, IP6, IP6, 4, 3, 1, ttl),
	REWRITE(FLOWER_FORM(RULE_EXACT_TTL), IP4, IP4, 8, 0, 1, ttl),
	REWRITE(FLOWER_FORM(RULE_EXACT_TTL), IP6, IP6, 4, 3, 1, ttl),
	REWRITE(FLOWER_FORM(RULE_ODD_REWRITE), IP4, IP4, 4, 0, 2, ident),
	REWRITE(RULE_SET_SRC, IP4, IP4, 12, 0, 4, src),
	REWRITE(RULE_SET_DST, IP4, IP4, 16, 0, 4, dst),
	REWRITE(RULE_SET_SRC, IP6, IP6, 8, 0, 4, src),
	REWRITE(RULE_SET_SRC, IP6, IP6, 12, 0, 4, src[4]),
	REWRITE(RULE_SET_SRC, IP6, IP6, 16, 0, 4, src[8]),
	REWRITE(RULE_SET_SRC, IP6, IP6, 20, 0, 4, src[12]),
	REWRITE(RULE_SET_DST, IP6, IP6, 24, 0, 4, dst),
	REWRITE(RULE_SET_DST, IP6, IP6, 28, 0, 4, dst[4]),
	REWRITE(RULE_SET_DST, IP6, IP6, 32, 0, 4, dst[8]),
	REWRITE(RULE_SET_DST, IP6, IP6, 36, 0, 4, dst[12]),
	REWRITE(RULE_SET_SPORT, NONE, TCP, 0, 0, 2, sport),
	REWRITE(RULE_SET_DPORT, NONE, TCP, 0, 2, 2, dport),
};

uint16_t flower_ethertype(uint8_t family)
{
	return family == FAMILY_IP4 ? ETH_P_IP : family == FAMILY_IP6 ? ETH_P_IPV6 : ETH_P_ALL;
}

uint8_t flower_family(uint16_t ethertype)
{
	return ethertype == ETH_P_IP     ? FAMILY_IP4
	       : ethertype == ETH_P_IPV6 ? FAMILY_IP6
					 : FAMILY_NONE;
}

/* The bit of the shape for family, kind and protocol; 0 = none fits. */
static unsigned int base_shape(const struct rule *rule)
{
	bool is_tcp = rule->match.proto == L4_TCP;

	if (rule->kind == RULE_BARRIER && rule->family == FAMILY_NONE)
		return vlan_count(&rule->tags) == 1 ? FLOWER_BARRIER_TAGGED : 0;
	if (rule->family != FAMILY_IP4 && rule->family != FAMILY_IP6)
		return 0;
	if (rule->kind == RULE_GUARD)
		return FLOWER_GUARD;
	if (rule->kind == RULE_BARRIER)
		return vlan_count(&rule->tags) ? 0 : FLOWER_BARRIER;
	if (rule->match.family != rule->family || (!is_tcp && rule->match.proto != L4_UDP))
		return 0;
	if (rule->family == FAMILY_IP4)
		return is_tcp ? FLOWER_IP4_TCP : FLOWER_IP4_UDP;
	return is_tcp ? FLOWER_IP6_TCP : FLOWER_IP6_UDP;
}

/* False for forms that contradict the rule or that it cannot express. RULE_EXACT_TTL
 * needs a TTL of at least 2, because packets whose TTL reaches 0 belong to the CPU.
 * IPv6 has no identification. */
static bool has_good_form(const struct rule *rule)
{
	unsigned int form = rule->form;

	if ((form & RULE_WITH_INDEV) &&
	    (!rule->indev[0] || !memchr(rule->indev, 0, sizeof(rule->indev))))
		return false;
	if (rule_only_accepts(rule))
		return !(form & ~(unsigned int)(RULE_WITH_CSUM | RULE_WITH_INDEV |
						RULE_ANY_ETHERTYPE));
	if ((form & RULE_EXACT_TTL) && (rule->ttl < 2 || (rule->rewrite & RULE_DEC_TTL)))
		return false;
	return !(form & RULE_ODD_REWRITE) || rule->family == FAMILY_IP4;
}

static bool is_good_tag(const struct vlan_tag *tag, bool with_id)
{
	return (tag->proto == VLAN_8021Q || tag->proto == VLAN_8021AD) &&
	       (with_id ? tag->id <= VLAN_ID_MAX : tag->id == VLAN_ID_ANY);
}

static bool are_good_tags(const struct vlan_tags *tags, bool with_id)
{
	for (unsigned int i = 0; i < vlan_count(tags); i++) {
		if (!is_good_tag(&tags->tag[i], with_id))
			return false;
	}
	return tags->tag[0].proto || !tags->tag[1].proto;
}

/* A dump does not show the protocol of the outer tag, so it must be that of the prio (fl_dump_key). */
static bool has_good_tags(const struct rule *rule)
{
	bool is_flow = !rule_only_accepts(rule);

	return are_good_tags(&rule->tags, is_flow) && are_good_tags(&rule->out_tags, true) &&
	       (is_flow || !vlan_count(&rule->out_tags)) &&
	       !(vlan_count(&rule->tags) && rule->form & RULE_ANY_ETHERTYPE);
}

/* The bits of the shape for the tags. A barrier matches the outer tag by the ethertype alone. */
static unsigned int tag_shape(const struct rule *rule)
{
	unsigned int n = vlan_count(&rule->tags), shape = 0;

	if (rule->kind == RULE_BARRIER)
		return 0;
	if (n > 0)
		shape |= FLOWER_TAG | (rule->kind == RULE_GUARD ? 0 : FLOWER_VID);
	if (n > 1)
		shape |= FLOWER_TAG2 | (rule->kind == RULE_GUARD ? 0 : FLOWER_VID2);
	return shape;
}

unsigned int flower_shape(const struct rule *rule)
{
	unsigned int shape = base_shape(rule);

	if (!shape || !has_good_form(rule) || !has_good_tags(rule))
		return 0;
	shape |= tag_shape(rule);
	if (rule->form & RULE_EXACT_TTL)
		shape |= FLOWER_TTL;
	if (rule->form & RULE_WITH_DMAC)
		shape |= FLOWER_DMAC;
	if (rule->form & RULE_ODD_MATCH)
		shape |= FLOWER_ODD;
	return shape;
}

static void put_be16(uint8_t at[2], uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_be32(uint8_t at[4], uint32_t value)
{
	put_be16(at, (uint16_t)(value >> 16));
	put_be16(at + 2, (uint16_t)value);
}

static uint32_t get_be32(const uint8_t at[4])
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void match_tags(const struct rule *rule, struct flower_match *ret)
{
	const struct vlan_tag *outer = &rule->tags.tag[0], *inner = &rule->tags.tag[1];
	uint16_t type = flower_ethertype(rule->family);
	unsigned int n = vlan_count(&rule->tags);

	put_be16(ret->ethertype, n ? outer->proto : type);
	if (!n || rule->kind == RULE_BARRIER)
		return;
	put_be16(ret->vlan_ethertype, n > 1 ? inner->proto : type);
	if (n > 1)
		put_be16(ret->cvlan_ethertype, type);
	if (rule->kind == RULE_GUARD)
		return;
	memcpy(ret->vlan_id, &outer->id, sizeof(ret->vlan_id));
	if (n > 1)
		memcpy(ret->cvlan_id, &inner->id, sizeof(ret->cvlan_id));
}

void flower_match_of(const struct rule *rule, struct flower_match *ret)
{
	size_t len = addr_len((enum family)rule->family);

	memset(ret, 0, sizeof(*ret));
	match_tags(rule, ret);
	if (rule->kind == RULE_GUARD)
		ret->ttl_mask = GUARD_TTL_MASK;
	if (rule_only_accepts(rule))
		return;
	ret->proto = rule->match.proto;
	memcpy(ret->src, rule->match.src.b, len);
	memcpy(ret->dst, rule->match.dst.b, len);
	memset(ret->src_mask, 0xff, len);
	memset(ret->dst_mask, 0xff, len);
	put_be16(ret->sport, rule->match.sport);
	put_be16(ret->dport, rule->match.dport);
	put_be16(ret->sport_mask, 0xffff);
	put_be16(ret->dport_mask, 0xffff);
	put_be32(ret->flags_mask, TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT);
	if (rule->form & RULE_EXACT_TTL) {
		ret->ttl = rule->ttl;
		ret->ttl_mask = 0xff;
	}
	if (rule->form & RULE_WITH_DMAC) {
		memcpy(ret->dmac, rule->dmac.b, sizeof(ret->dmac));
		memset(ret->dmac_mask, 0xff, sizeof(ret->dmac_mask));
	}
	if (rule->form & RULE_ODD_MATCH) {
		put_be32(ret->hash, ODD_HASH);
		put_be32(ret->hash_mask, UINT32_MAX);
	}
	if (rule->match.proto == L4_TCP)
		put_be16(ret->tcp_flags_mask, TCP_FLAGS_WATCHED);
}

void flower_rewrite_of(const struct rule *rule, struct flower_rewrite *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->eth_dst, rule->eth_dst.b, sizeof(ret->eth_dst));
	memcpy(ret->eth_src, rule->eth_src.b, sizeof(ret->eth_src));
	ret->ttl = rule->form & RULE_EXACT_TTL ? (uint8_t)(rule->ttl - 1) : 0xff;
	memcpy(ret->src, rule->to.src.b, sizeof(ret->src));
	memcpy(ret->dst, rule->to.dst.b, sizeof(ret->dst));
	put_be16(ret->sport, rule->to.sport);
	put_be16(ret->dport, rule->to.dport);
	put_be16(ret->ident, ODD_IDENT);
}

bool flower_has_field(const struct flower_rewrite_field *field, const struct rule *rule)
{
	unsigned int bits = (rule->rewrite & ~rule_nat_bits(rule)) |
			    FLOWER_FORM((unsigned int)rule->form);

	return (field->bit & bits) &&
	       (field->family == FAMILY_NONE || field->family == rule->family);
}

uint16_t flower_pedit_header(const struct flower_rewrite_field *field, uint8_t proto)
{
	if (field->header == TCA_PEDIT_KEY_EX_HDR_TYPE_TCP && proto == L4_UDP)
		return TCA_PEDIT_KEY_EX_HDR_TYPE_UDP;
	return field->header;
}

uint16_t flower_pedit_cmd(const struct flower_rewrite_field *field)
{
	bool is_sum = field->bit == RULE_DEC_TTL || field->bit == FLOWER_FORM(RULE_ODD_REWRITE);

	return is_sum ? TCA_PEDIT_KEY_EX_CMD_ADD : TCA_PEDIT_KEY_EX_CMD_SET;
}

/*
 * UDP is right also for IPv4 packets without a UDP checksum: act_csum leaves the
 * value 0 as it is (tcf_csum_ipv4_udp).
 */
uint32_t flower_csum_flags(const struct rule *rule)
{
	unsigned int csums = rule->form & RULE_WITH_CSUM ? rule_csums(rule) : 0;
	uint32_t flags = 0;

	if (csums & RULE_CSUM_IP4)
		flags |= TCA_CSUM_UPDATE_FLAG_IPV4HDR;
	if (csums & RULE_CSUM_L4)
		flags |= rule->match.proto == L4_TCP ? TCA_CSUM_UPDATE_FLAG_TCP
						     : TCA_CSUM_UPDATE_FLAG_UDP;
	return flags;
}

/*
 * Layout of the cookie: 'n' 'f' 'o' 1, instance, conntrack id (both big-endian),
 * kind, direction, flags, 0. The digit is the version of this layout.
 */
static const uint8_t cookie_magic[4] = { 'n', 'f', 'o', 1 };

#define COOKIE_OWNS_CLSACT 0x01

void flower_cookie_put(const struct rule_cookie *cookie, uint8_t buf[FLOWER_COOKIE_SIZE])
{
	memcpy(buf, cookie_magic, sizeof(cookie_magic));
	put_be32(buf + 4, cookie->instance);
	put_be32(buf + 8, cookie->ct_id);
	buf[12] = cookie->kind;
	buf[13] = cookie->dir;
	buf[14] = cookie->owns_clsact ? COOKIE_OWNS_CLSACT : 0;
	buf[15] = 0;
}

bool flower_cookie_get(const void *data, size_t len, struct rule_cookie *ret)
{
	const uint8_t *buf = data;

	if (len != FLOWER_COOKIE_SIZE || memcmp(buf, cookie_magic, sizeof(cookie_magic)) != 0 ||
	    buf[12] >= RULE__COUNT || buf[13] >= DIR__COUNT)
		return false;
	*ret = (struct rule_cookie){
		.instance = get_be32(buf + 4),
		.ct_id = get_be32(buf + 8),
		.kind = buf[12],
		.dir = buf[13],
		.owns_clsact = buf[14] & COOKIE_OWNS_CLSACT,
	};
	return true;
}
