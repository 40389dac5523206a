// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * profile.c - how the adapter behaves: which rules it accepts, with which error and
 * text it refuses others, and where its behaviour differs from the rule.
 *
 * A profile is a table row, and functions for what the table cannot express. The
 * headings name the drivers that it imitates. Texts resemble those of the drivers.
 *
 * Nothing here changes state. Called under asic->lock.
 */
#include <linux/slab.h>
#include <linux/tc_act/tc_csum.h>
#include <net/flow_dissector.h>
#include <net/pkt_cls.h>

#include "nicsim.h"

#define K(name) BIT(FLOW_DISSECTOR_KEY_##name)
#define A(name) BIT(NICSIM_ACT_##name)
#define F(name) NICSIM_F_##name

#define KEYS_L3		(K(CONTROL) | K(BASIC) | K(IPV4_ADDRS) | K(IPV6_ADDRS) | K(PORTS))
#define KEYS_ALL	(KEYS_L3 | K(ETH_ADDRS) | K(VLAN) | K(CVLAN) | K(TCP) | K(IP) | K(META) | K(ICMP))
#define ACTS_ALL	(NICSIM_ACTS_REWRITE | NICSIM_ACTS_VLAN | NICSIM_ACTS_END | A(CSUM) | A(POLICE))

/* Sets the text for user space and evaluates to the negative error. */
#define refuse(extack, err, text) ({ NL_SET_ERR_MSG_MOD(extack, text); -(err); })

#define for_each_act(act, rule) \
	for (act = (rule)->acts; act < (rule)->acts + (rule)->num_acts; act++)

/* ---- questions about rules ---- */

static bool is_rewrite(const struct nicsim_act *act)
{
	return act->kind == NICSIM_ACT_SET || act->kind == NICSIM_ACT_ADD;
}

static u8 proto_of(const struct nicsim_rule *rule)
{
	return rule->mask.ip_proto == 0xff ? rule->key.ip_proto : 0;
}

static bool matches_type(const struct nicsim_rule *rule, u16 type)
{
	return rule->mask.eth_type == htons(0xffff) && rule->key.eth_type == htons(type);
}

static bool is_tcp_or_udp(const struct nicsim_rule *rule)
{
	return proto_of(rule) == IPPROTO_TCP || proto_of(rule) == IPPROTO_UDP;
}

static bool matches_ports(const struct nicsim_rule *rule)
{
	return rule->mask.sport || rule->mask.dport;
}

static unsigned int count_acts(const struct nicsim_rule *rule, u32 kinds)
{
	const struct nicsim_act *act;
	unsigned int n = 0;

	for_each_act(act, rule)
		n += !!(BIT(act->kind) & kinds);
	return n;
}

/* Returns how many bytes from first to last are completely rewritten by words of this field. */
static unsigned int bytes_of_field(const struct nicsim_rule *rule, u16 field, unsigned int first,
				   unsigned int last)
{
	const struct nicsim_act *act;
	unsigned int n = 0, i;

	for_each_act(act, rule) {
		u32 changed = is_rewrite(act) && act->word.fields & field ? ~act->word.keep : 0;

		for (i = 0; i < 4; i++) {
			unsigned int at = act->word.offset + i;

			n += ((u8 *)&changed)[i] == 0xff && at >= first && at <= last;
		}
	}
	return n;
}

static bool has_whole_macs(const struct nicsim_rule *rule, u32 fields)
{
	return (!(fields & F(DMAC)) || bytes_of_field(rule, F(DMAC), 0, 5) == ETH_ALEN) &&
	       (!(fields & F(SMAC)) || bytes_of_field(rule, F(SMAC), 6, 11) == ETH_ALEN);
}

/* The byte that a word writes to a TTL or hop limit. */
static u8 ttl_value(const struct nicsim_act *act)
{
	const u8 *bytes = (const u8 *)&act->word.value;

	return act->word.fields & F(TTL) ? bytes[0] : bytes[3];
}

/* True if the action adds 0xff to a TTL or hop limit and changes nothing else. */
static bool is_decrement(const struct nicsim_act *act)
{
	return act->kind == NICSIM_ACT_ADD && ttl_value(act) == 0xff &&
	       (act->word.fields == F(TTL) || act->word.fields == F(HOPLIMIT)) &&
	       hweight32(act->word.keep) == 24;
}

/* ---- checks of all profiles that do not ignore unknown keys and actions ---- */

static int check_match(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		       struct netlink_ext_ack *extack)
{
	const struct nicsim_profile *p = asic->profile;
	u32 max_prio = nicsim_knob(asic, max_prio);

	if (rule->chain)
		return refuse(extack, EOPNOTSUPP, "only chain 0 is supported");
	if (max_prio && !rule->is_ft && rule->prio > max_prio)
		return refuse(extack, EOPNOTSUPP, "priority is out of range");
	/* Rules of a flowtable always have a meta key. */
	if (rule->used_keys & ~(p->keys | (rule->is_ft ? K(META) : 0)))
		return refuse(extack, EOPNOTSUPP, "unsupported match key");
	if (rule->has_indev && rule->ifindex != rule->port->nic->ifindex)
		return refuse(extack, EOPNOTSUPP, "cannot match another ingress device");
	return 0;
}

static int check_hw_stats(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			  struct netlink_ext_ack *extack)
{
	if (!rule->hw_stats)
		return refuse(extack, EOPNOTSUPP, "mixing HW stats types for actions is not supported");
	if (!(rule->hw_stats & BIT(asic->profile->hw_stats_bit)))
		return refuse(extack, EOPNOTSUPP, "driver does not support selected HW stats type");
	return 0;
}

/* The match must select the header that a rewrite changes. */
static int check_header(const struct nicsim_rule *rule, const struct nicsim_act *act,
			struct netlink_ext_ack *extack)
{
	switch (act->word.header) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		return 0;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		if (matches_type(rule, ETH_P_IP))
			return 0;
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
		if (matches_type(rule, ETH_P_IPV6))
			return 0;
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
		if (proto_of(rule) == IPPROTO_TCP)
			return 0;
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		if (proto_of(rule) == IPPROTO_UDP)
			return 0;
		break;
	}
	return refuse(extack, EOPNOTSUPP, "rewrite of a header that the match does not select");
}

static int check_rewrite(const struct nicsim_profile *p, const struct nicsim_rule *rule,
			 const struct nicsim_act *act, struct netlink_ext_ack *extack)
{
	u32 allowed = act->kind == NICSIM_ACT_ADD ? p->add : p->set;

	if (!(p->acts & BIT(act->kind)))
		return refuse(extack, EOPNOTSUPP, "unsupported pedit command");
	if (!act->word.fields || act->word.fields & ~allowed)
		return refuse(extack, EOPNOTSUPP, "rewrite of that field is not supported");
	if (act->kind == NICSIM_ACT_ADD && !is_decrement(act))
		return refuse(extack, EOPNOTSUPP, "only a decrement by 1 can be added");
	return check_header(rule, act, extack);
}

/* depth is the number of tags: those in the match, plus pushed ones, minus popped ones. */
static int check_vlan(const struct nicsim_rule *rule, const struct nicsim_act *act, int *depth,
		      struct netlink_ext_ack *extack)
{
	if (act->kind == NICSIM_ACT_PUSH) {
		if (++*depth > 2)
			return refuse(extack, EOPNOTSUPP, "more than two VLAN tags");
		return 0;
	}
	if (*depth < 1)
		return refuse(extack, EOPNOTSUPP, "VLAN action needs a tag in the match");
	if (act->kind == NICSIM_ACT_POP)
		--*depth;
	return 0;
}

static int check_acts(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		      struct netlink_ext_ack *extack)
{
	const struct nicsim_profile *p = asic->profile;
	int depth = rule->mask.tags ? rule->key.tags : !!rule->mask.tpid[0];
	const struct nicsim_act *act;
	bool has_rewritten = false, has_ended = false;
	int err = 0;

	if (rule->num_acts > NICSIM_MAX_ACTS)
		return refuse(extack, EOPNOTSUPP, "too many actions");
	for_each_act(act, rule) {
		if (has_ended)
			return refuse(extack, EINVAL, "action after the last one");
		if (act->kind == NICSIM_ACT_UNKNOWN || !(p->acts & BIT(act->kind)) ||
		    (act->kind == NICSIM_ACT_POLICE && !nicsim_knob(asic, police)))
			return refuse(extack, EOPNOTSUPP, "unsupported action");
		if (is_rewrite(act))
			err = check_rewrite(p, rule, act, extack);
		else if (BIT(act->kind) & NICSIM_ACTS_VLAN)
			err = check_vlan(rule, act, &depth, extack);
		else if (act->kind == NICSIM_ACT_REDIRECT && act->out.port < 0)
			err = refuse(extack, EOPNOTSUPP, "redirect to a device that is not a port of this card");
		else if (act->kind == NICSIM_ACT_POLICE && has_rewritten)
			err = refuse(extack, EOPNOTSUPP, "police after a rewrite");
		if (err)
			return err;
		has_rewritten |= is_rewrite(act) || BIT(act->kind) & NICSIM_ACTS_VLAN;
		has_ended = BIT(act->kind) & NICSIM_ACTS_END;
	}
	if (!has_ended)
		return refuse(extack, EOPNOTSUPP, "rule must forward, drop or trap");
	if (nicsim_rule_out(rule) < 0 && count_acts(rule, NICSIM_ACTS_REWRITE | NICSIM_ACTS_VLAN))
		return refuse(extack, EOPNOTSUPP, "rewrite without redirect");
	return 0;
}

/* ---- nic-full and fdb: mlx5 ---- */

static bool is_contiguous(u32 bits)
{
	u32 value = be32_to_cpu((__force __be32)bits);

	value >>= __ffs(value);
	return !(value & (value + 1));
}

static int check_mlx5_words(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			    struct netlink_ext_ack *extack)
{
	u32 budget = nicsim_knob(asic, rewrite_budget);
	const struct nicsim_act *act, *other;

	if (budget && count_acts(rule, NICSIM_ACTS_REWRITE) > budget)
		return refuse(extack, ENOSPC, "too many pedit actions, can't offload");
	for_each_act(act, rule) {
		if (!is_rewrite(act))
			continue;
		if (!is_contiguous(~act->word.keep))
			return refuse(extack, EOPNOTSUPP, "rewrite of few sub-fields isn't offloaded");
		for (other = rule->acts; other < act; other++) {
			if (is_rewrite(other) && other->word.header == act->word.header &&
			    other->word.offset == act->word.offset && (~other->word.keep & ~act->word.keep))
				return refuse(extack, EOPNOTSUPP, "can't set and add to the same HW field");
		}
	}
	return 0;
}

static int check_mlx5(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		      struct netlink_ext_ack *extack)
{
	u32 ip_fields = F(ADDRS) | F(TTLS) | F(IP4_TOS) | F(IP6_CLASS);
	const struct nicsim_act *act;
	bool has_pedit = false;
	u8 proto = proto_of(rule);

	if (matches_ports(rule) && !is_tcp_or_udp(rule))
		return refuse(extack, EINVAL, "only UDP and TCP transports are supported for L4 matching");
	if ((nicsim_rule_fields(rule, NICSIM_ACTS_REWRITE) & ip_fields) && !is_tcp_or_udp(rule) &&
	    proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6)
		return refuse(extack, EOPNOTSUPP, "can't offload re-write of non TCP/UDP");
	for_each_act(act, rule) {
		has_pedit |= is_rewrite(act);
		if (act->kind == NICSIM_ACT_CSUM && !has_pedit)
			return refuse(extack, EOPNOTSUPP, "TC csum action is only offloaded with pedit");
	}
	return check_mlx5_words(asic, rule, extack);
}

static int check_fdb(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack)
{
	int in = rule->port->index, out = nicsim_rule_out(rule);

	if (out >= 0 && in != out && in < asic->num_uplinks && out < asic->num_uplinks)
		return refuse(extack, EOPNOTSUPP, "devices are both uplink, but not the same uplink, can't offload forwarding");
	return check_mlx5(asic, rule, extack);
}

/* ---- set-only: nfp ---- */

/* Returns the checksums that must be updated after this rewrite. */
static u32 needed_csums(const struct nicsim_rule *rule, const struct nicsim_act *act)
{
	u32 l4 = proto_of(rule) == IPPROTO_TCP ? TCA_CSUM_UPDATE_FLAG_TCP :
		 proto_of(rule) == IPPROTO_UDP ? TCA_CSUM_UPDATE_FLAG_UDP :
		 proto_of(rule) == IPPROTO_ICMPV6 ? TCA_CSUM_UPDATE_FLAG_ICMP : 0;
	u32 flags = 0;

	if (act->word.header == FLOW_ACT_MANGLE_HDR_TYPE_IP4)
		flags |= TCA_CSUM_UPDATE_FLAG_IPV4HDR;
	if (act->word.fields & F(ADDR4) && proto_of(rule) == IPPROTO_ICMPV6)
		l4 = 0;
	if (act->word.fields & (F(ADDRS) | F(PORTS)))
		flags |= l4;
	return flags;
}

static int check_nfp_acts(const struct nicsim_rule *rule, struct netlink_ext_ack *extack)
{
	const struct nicsim_act *act;
	u32 needed = 0;

	for_each_act(act, rule) {
		if (is_rewrite(act))
			needed |= needed_csums(rule, act);
		if (act->kind == NICSIM_ACT_CSUM) {
			if (act->csum_flags & ~needed)
				return refuse(extack, EOPNOTSUPP, "unsupported call to update csum: nothing changed it");
			needed &= ~act->csum_flags;
		}
		if (act->kind == NICSIM_ACT_REDIRECT && needed)
			return refuse(extack, EOPNOTSUPP, "csum of a rewritten header must be updated before output");
	}
	return 0;
}

static int check_nfp(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack)
{
	u16 key = ntohs(rule->key.tcp_flags & rule->mask.tcp_flags);

	if (!rule->is_ft && rule->proto == htons(ETH_P_ALL))
		return refuse(extack, EOPNOTSUPP, "filters for all protocols are not offloaded");
	if (!matches_type(rule, ETH_P_IP) && !matches_type(rule, ETH_P_IPV6) &&
	    !matches_type(rule, ETH_P_MPLS_UC))
		return refuse(extack, EOPNOTSUPP, "match on given EtherType is not supported");
	/* FIN, SYN, RST, PSH, URG; the last two only together with one of the first three. */
	if (ntohs(rule->mask.tcp_flags) & ~0x03f || key & ~0x02f || (key & 0x028 && !(key & 0x007)))
		return refuse(extack, EOPNOTSUPP, "no match support for selected TCP flags");
	return check_nfp_acts(rule, extack);
}

/* ---- mac-ttl: sfc ef100 ---- */

static bool is_canonical_mac(const struct nicsim_act *act)
{
	u32 changed = be32_to_cpu((__force __be32)~act->word.keep);

	return (act->word.offset == 0 && changed == 0xffffffff) ||
	       (act->word.offset == 4 && (changed == 0xffff0000 || changed == 0x0000ffff)) ||
	       (act->word.offset == 8 && changed == 0xffffffff);
}

static int check_sfc(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack)
{
	u32 fields = nicsim_rule_fields(rule, NICSIM_ACTS_REWRITE);
	const struct nicsim_act *act;
	bool has_pushed = false;

	if (matches_ports(rule) && !is_tcp_or_udp(rule))
		return refuse(extack, EINVAL, "L4 port match without TCP or UDP");
	for_each_act(act, rule) {
		if (is_rewrite(act) && act->word.fields & F(MACS) && !is_canonical_mac(act))
			return refuse(extack, EOPNOTSUPP, "mangle of an Ethernet header in unusual pieces");
		if (act->kind == NICSIM_ACT_SET && act->word.fields & F(TTLS) &&
		    (rule->mask.ttl != 0xff || hweight32(act->word.keep) != 24 ||
		     ttl_value(act) != (u8)(rule->key.ttl - 1)))
			return refuse(extack, EOPNOTSUPP, "ttl can only be set to one less than the exact match");
		if (act->kind == NICSIM_ACT_POP && has_pushed)
			return refuse(extack, EINVAL, "VLAN pop after push");
		has_pushed |= act->kind == NICSIM_ACT_PUSH;
	}
	if (!has_whole_macs(rule, fields))
		return refuse(extack, EOPNOTSUPP, "half of a MAC address");
	return 0;
}

/* ---- flow-engine: mtk, airoha ---- */

static int check_engine_acts(const struct nicsim_rule *rule, struct netlink_ext_ack *extack)
{
	const struct nicsim_act *act;

	for_each_act(act, rule) {
		switch (act->kind) {
		case NICSIM_ACT_SET:
			if (act->word.header == FLOW_ACT_MANGLE_HDR_TYPE_IP4 && !(act->word.fields & F(ADDR4)))
				return refuse(extack, EINVAL, "mangle of that word is invalid");
			if (!act->word.fields ||
			    act->word.fields & ~(F(MACS) | F(ADDR4) | F(PORTS)))
				return refuse(extack, EOPNOTSUPP, "mangle is not supported");
			break;
		case NICSIM_ACT_PUSH:
			if (act->vlan.proto != htons(ETH_P_8021Q))
				return refuse(extack, EOPNOTSUPP, "VLAN protocol is not supported");
			break;
		case NICSIM_ACT_REDIRECT:
			if (act->out.port < 0)
				return refuse(extack, EOPNOTSUPP, "redirect to a port of another chip");
			break;
		case NICSIM_ACT_CSUM:
		case NICSIM_ACT_POP:
			break;
		default:
			return refuse(extack, EOPNOTSUPP, "action is not supported");
		}
	}
	return 0;
}

static int check_engine(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			struct netlink_ext_ack *extack)
{
	bool has_v4 = rule->key.addr_type == 4 && matches_type(rule, ETH_P_IP);
	bool has_v6 = rule->key.addr_type == 6 && matches_type(rule, ETH_P_IPV6);
	int err;

	if (rule->chain)
		return refuse(extack, EOPNOTSUPP, "only chain 0 is supported");
	if (!rule->has_indev)
		return refuse(extack, EOPNOTSUPP, "match needs the ingress device");
	if (rule->ifindex != rule->port->nic->ifindex)
		return refuse(extack, EOPNOTSUPP, "cannot match another ingress device");
	if (!matches_ports(rule) || !is_tcp_or_udp(rule) || !(has_v4 || has_v6))
		return refuse(extack, EOPNOTSUPP, "match needs addresses, protocol and ports");
	err = check_engine_acts(rule, extack);
	if (err)
		return err;
	if (bytes_of_field(rule, F(DMAC), 0, 5) != ETH_ALEN ||
	    bytes_of_field(rule, F(SMAC), 6, 11) != ETH_ALEN)
		return refuse(extack, EINVAL, "both MAC addresses must be set");
	if (nicsim_rule_out(rule) < 0)
		return refuse(extack, EOPNOTSUPP, "rule must redirect");
	if (count_acts(rule, A(PUSH)) > 2)
		return refuse(extack, EOPNOTSUPP, "more than two VLAN tags");
	return 0;
}

/* The engine matches exactly the tuple and the tags, and nothing else. */
static struct nicsim_rule *shape_engine(const struct nicsim_rule *asked)
{
	struct nicsim_rule *rule = nicsim_rule_copy(asked, 0);
	struct nicsim_key *mask;

	if (!rule)
		return NULL;
	mask = &rule->mask;
	memset(mask, 0, sizeof(*mask));
	mask->port = 0xff;
	mask->eth_type = htons(0xffff);
	mask->addr_type = 0xff;
	mask->ip_proto = 0xff;
	memset(mask->src, 0xff, sizeof(mask->src));
	memset(mask->dst, 0xff, sizeof(mask->dst));
	mask->sport = htons(0xffff);
	mask->dport = htons(0xffff);
	mask->tags = asked->mask.tags;
	mask->tci[0] = asked->mask.tci[0];
	return rule;
}

/* ---- liar: bnxt, ocelot ---- */

static int check_liar(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		      struct netlink_ext_ack *extack)
{
	u32 fields = nicsim_rule_fields(rule, A(SET));
	const struct nicsim_act *act;
	bool has_addr = false;

	if (rule->chain)
		return refuse(extack, EOPNOTSUPP, "only chain 0 is supported");
	for_each_act(act, rule) {
		if (act->kind == NICSIM_ACT_DROP)
			return 0;
		if (act->kind == NICSIM_ACT_REDIRECT && (act->out.port < 0 || !asic->switch_id_len))
			return refuse(extack, EOPNOTSUPP, "redirect is to another switch");
		if (act->kind != NICSIM_ACT_SET)
			continue;
		has_addr |= act->word.fields & F(ADDRS);
		if (act->word.fields & ~(F(MACS) | F(ADDRS) | F(PORTS)))
			return refuse(extack, EINVAL, "pedit of that field is invalid");
		if (act->word.fields & F(PORTS) && !has_addr)
			return refuse(extack, EINVAL, "port rewrite without address rewrite");
	}
	if (!has_whole_macs(rule, fields))
		return refuse(extack, EINVAL, "half of a MAC address");
	if (rule->mask.sport && !is_tcp_or_udp(rule))
		return refuse(extack, EOPNOTSUPP, "ports of that protocol");
	return 0;
}

/* Returns the fields of the side, source or destination, of the last address rewrite. The liar
 * ignores address and port rewrites of the other side. */
static u32 last_side(const struct nicsim_rule *rule)
{
	const struct nicsim_act *act;
	u32 side = 0;

	for_each_act(act, rule) {
		if (act->kind != NICSIM_ACT_SET)
			continue;
		if (act->word.fields & (F(IP4_SRC) | F(IP6_SRC)))
			side = F(IP4_SRC) | F(IP6_SRC) | F(SPORT);
		else if (act->word.fields & (F(IP4_DST) | F(IP6_DST)))
			side = F(IP4_DST) | F(IP6_DST) | F(DPORT);
	}
	return side;
}

static bool does_liar_do(const struct nicsim_act *act, u32 side)
{
	switch (act->kind) {
	case NICSIM_ACT_SET:
		return act->word.fields & (side | F(MACS));
	case NICSIM_ACT_PUSH:
	case NICSIM_ACT_POP:
	case NICSIM_ACT_REDIRECT:
	case NICSIM_ACT_DROP:
		return true;
	}
	return false;
}

static void put_mac_word(struct nicsim_act *act, unsigned int offset, const u8 *from, unsigned int first,
			 unsigned int len)
{
	u8 keep[4] = { 0xff, 0xff, 0xff, 0xff }, value[4] = {};

	memset(keep + first, 0, len);
	memcpy(value + first, from, len);
	memset(act, 0, sizeof(*act));
	act->kind = NICSIM_ACT_SET;
	act->word.header = FLOW_ACT_MANGLE_HDR_TYPE_ETH;
	act->word.offset = offset;
	act->word.fields = offset == 0 || (offset == 4 && first == 0) ? F(DMAC) : F(SMAC);
	memcpy(&act->word.keep, keep, 4);
	memcpy(&act->word.value, value, 4);
}

/* With VLAN actions, the liar writes the MAC addresses of the match, not those of the rewrite. */
static void put_match_macs(struct nicsim_rule *rule, const struct nicsim_rule *asked)
{
	struct nicsim_act *act = rule->acts;

	memmove(act + 4, act, rule->num_acts * sizeof(*act));
	put_mac_word(&act[0], 0, asked->key.dmac, 0, 4);
	put_mac_word(&act[1], 4, asked->key.dmac + 4, 0, 2);
	put_mac_word(&act[2], 4, asked->key.smac, 2, 2);
	put_mac_word(&act[3], 8, asked->key.smac + 2, 0, 4);
	rule->num_acts += 4;
}

static struct nicsim_rule *shape_liar(const struct nicsim_rule *asked)
{
	bool has_vlan = nicsim_rule_kinds(asked) & (A(PUSH) | A(POP));
	struct nicsim_rule *rule = nicsim_rule_copy(asked, 4);
	u32 side = last_side(asked);
	const struct nicsim_act *act;
	unsigned int n = 0;

	if (!rule)
		return NULL;
	rule->mask.tcp_flags = 0;
	rule->mask.ttl = 0;
	rule->mask.tos = 0;
	rule->mask.frag = 0;
	rule->mask.icmp_type = 0;
	rule->mask.icmp_code = 0;
	rule->mask.tpid[1] = 0;
	rule->mask.tci[1] = 0;
	/* The liar treats IPv6 addresses as IPv4 addresses, which no IPv6 packet matches. */
	if (rule->key.addr_type == 6) {
		rule->key.addr_type = 4;
		memset(&rule->mask.src[1], 0, 12);
		memset(&rule->mask.dst[1], 0, 12);
	}
	for_each_act(act, asked) {
		if (has_vlan && act->kind == NICSIM_ACT_SET && act->word.fields & F(MACS))
			continue;
		if (does_liar_do(act, side))
			rule->acts[n++] = *act;
		if (act->kind == NICSIM_ACT_DROP)
			break;
	}
	rule->num_acts = n;
	if (has_vlan)
		put_match_macs(rule, asked);
	return rule;
}

/* ---- tiny-acl: octeontx2, dpaa2-switch, ice ---- */

/* The knob refuse_errno imitates drivers that refuse with EINVAL what they do not know. */
static int check_acl(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack)
{
	if (!nicsim_knob(asic, initialised))
		return refuse(extack, ENOMEM, "flow rules are not set up");
	if (rule->num_acts != 1)
		return refuse(extack, EOPNOTSUPP, "exactly one action is supported");
	return 0;
}

/* ---- none: igc, generic dsa, netdevsim ---- */

static int check_none(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		      struct netlink_ext_ack *extack)
{
	return refuse(extack, EOPNOTSUPP, "flower is not supported");
}

/* ---- the table ---- */

#define KNOBS(...) (const struct nicsim_knob_value []) { __VA_ARGS__, { NICSIM_KNOB__COUNT } }
#define KNOB(name, value) { NICSIM_KNOB_##name, value }

static const struct nicsim_profile profiles[] = {
	{
		.name = "full",
		.keys = KEYS_ALL,
		.acts = ACTS_ALL,
		.set = F(ALL),
		.add = F(TTLS),
		.is_unlocked = true,
		.has_switch_id = true,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_DELAYED_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: flow table is full",
	}, {
		.name = "none",
		.has_switch_id = true,
		.check = check_none,
	}, {
		.name = "nic-full",
		.keys = KEYS_ALL,
		.acts = ACTS_ALL & ~(NICSIM_ACTS_VLAN | A(TRAP) | A(POLICE)),
		.set = F(ALL),
		.add = F(TTLS),
		.is_unlocked = true,
		.has_locked_feature = true,
		.feature_errno = EINVAL,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_DELAYED_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: failed to add to the flow table: no free group",
		.check = check_mlx5,
		.knobs = KNOBS(KNOB(max_prio, 1), KNOB(big_groups, 4), KNOB(rewrite_budget, 16),
			       KNOB(first_peer_ms, 100)),
	}, {
		.name = "fdb",
		.keys = KEYS_ALL,
		.acts = ACTS_ALL,
		.set = F(ALL),
		.add = F(TTLS),
		.is_unlocked = true,
		.has_switch_id = true,
		.has_locked_feature = true,
		.feature_errno = EINVAL,
		.has_uplinks = true,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_DELAYED_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: failed to add to the flow table: no free group",
		.check = check_fdb,
		.knobs = KNOBS(KNOB(max_prio, 16), KNOB(big_groups, 15), KNOB(rewrite_budget, 16)),
	}, {
		.name = "set-only",
		.keys = KEYS_L3 | K(ETH_ADDRS) | K(VLAN) | K(CVLAN) | K(TCP) | K(IP) | K(META),
		.acts = A(SET) | A(CSUM) | A(PUSH) | A(POP) | A(REDIRECT) | A(DROP),
		.set = F(ALL),
		.is_unlocked = true,
		.has_switch_id = true,
		.has_locked_feature = true,
		.feature_errno = EBUSY,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_DELAYED_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: invalid entry: cannot allocate new stats context",
		.masks_errno = ENOENT,
		.masks_text = "nicsim: invalid entry: cannot allocate a new mask id",
		.check = check_nfp,
		.knobs = KNOBS(KNOB(full_errno, ENOENT), KNOB(max_masks, 256), KNOB(serial, 1)),
	}, {
		.name = "mac-ttl",
		.keys = KEYS_L3 | K(ETH_ADDRS) | K(VLAN) | K(CVLAN) | K(TCP) | K(IP),
		.acts = NICSIM_ACTS_REWRITE | A(PUSH) | A(POP) | A(REDIRECT) | A(DROP),
		.set = F(MACS) | F(TTLS),
		.add = F(TTLS),
		.has_switch_id = true,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_DELAYED_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: failed to insert rule: no free action set",
		.check = check_sfc,
		.knobs = KNOBS(KNOB(full_errno, ENOBUFS)),
	}, {
		.name = "flow-engine",
		.is_engine = true,
		.ignores_unknown = true,
		.has_switch_id = true,
		.check = check_engine,
		.shape = shape_engine,
		.knobs = KNOBS(KNOB(table_size, 16384), KNOB(stats_mode, NICSIM_STATS_IDLE),
			       KNOB(stats_delay_ms, 0)),
	}, {
		.name = "liar",
		.ignores_unknown = true,
		.has_switch_id = true,
		.says_hw_stats = true,
		.check = check_liar,
		.shape = shape_liar,
		.knobs = KNOBS(KNOB(full_errno, 0), KNOB(stats_mode, NICSIM_STATS_WRAP)),
	}, {
		.name = "tiny-acl",
		.keys = KEYS_L3 | K(ETH_ADDRS) | K(VLAN),
		.acts = NICSIM_ACTS_END,
		.has_switch_id = true,
		.hw_stats_bit = FLOW_ACTION_HW_STATS_IMMEDIATE_BIT,
		.says_hw_stats = true,
		.full_text = "nicsim: free MCAM entry not available",
		.check = check_acl,
		.knobs = KNOBS(KNOB(table_size, 16), KNOB(full_errno, ENOMEM),
			       KNOB(stats_mode, NICSIM_STATS_PACKETS), KNOB(stats_delay_ms, 0)),
	},
};

const struct nicsim_profile *nicsim_profile_find(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

static int check_honest(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			struct netlink_ext_ack *extack)
{
	int err = check_match(asic, rule, extack);

	if (!err)
		err = check_acts(asic, rule, extack);
	if (!err)
		err = check_hw_stats(asic, rule, extack);
	return err;
}

/* Returns 0, or the error with which the profile refuses the rule, with a text in extack. */
int nicsim_profile_check(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			 struct netlink_ext_ack *extack)
{
	const struct nicsim_profile *p = asic->profile;
	int err = 0;

	/* An adapter that is not initialised refuses before it looks at the rule. */
	if (!nicsim_knob(asic, initialised) || p->ignores_unknown || !p->keys)
		return p->check ? p->check(asic, rule, extack) : refuse(extack, ENOMEM, "not set up");
	err = check_honest(asic, rule, extack);
	if (!err && p->check)
		err = p->check(asic, rule, extack);
	if (err == -EOPNOTSUPP && nicsim_knob(asic, refuse_errno))
		err = -(int)nicsim_knob(asic, refuse_errno);
	return err;
}
