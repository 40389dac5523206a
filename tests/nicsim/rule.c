// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rule.c - decodes the kernel's rules into struct nicsim_rule, and prints them.
 *
 * Decoding refuses nothing. Unknown keys remain as bits of used_keys, unknown actions
 * as actions of kind UNKNOWN, and the profile decides about them.
 */
#include <linux/if_vlan.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/tc_act/tc_csum.h>
#include <net/flow_dissector.h>

#include "nicsim.h"

struct nicsim_rule *nicsim_rule_new(unsigned int num_acts)
{
	struct nicsim_rule *rule;

	rule = kzalloc(struct_size(rule, acts, num_acts), GFP_KERNEL);
	if (!rule)
		return NULL;
	refcount_set(&rule->refs, 1);
	rule->num_acts = num_acts;
	return rule;
}

/* Copies a rule, with room for more actions. num_acts of the copy does not count them. */
struct nicsim_rule *nicsim_rule_copy(const struct nicsim_rule *rule, unsigned int extra_acts)
{
	struct nicsim_rule *copy = nicsim_rule_new(rule->num_acts + extra_acts);

	if (!copy)
		return NULL;
	memcpy(copy, rule, struct_size(rule, acts, rule->num_acts));
	refcount_set(&copy->refs, 1);
	return copy;
}

struct nicsim_rule *nicsim_rule_get(struct nicsim_rule *rule)
{
	refcount_inc(&rule->refs);
	return rule;
}

/* Frees the rule after a grace period, because packets may be using it. */
void nicsim_rule_put(struct nicsim_rule *rule)
{
	if (rule && refcount_dec_and_test(&rule->refs))
		kfree_rcu(rule, rcu);
}

/* Returns the fields that actions of these kinds change. */
u32 nicsim_rule_fields(const struct nicsim_rule *rule, u32 kinds)
{
	u32 fields = 0;
	unsigned int i;

	for (i = 0; i < rule->num_acts; i++) {
		if (BIT(rule->acts[i].kind) & kinds & NICSIM_ACTS_REWRITE)
			fields |= rule->acts[i].word.fields;
	}
	return fields;
}

u32 nicsim_rule_kinds(const struct nicsim_rule *rule)
{
	u32 kinds = 0;
	unsigned int i;

	for (i = 0; i < rule->num_acts; i++)
		kinds |= BIT(rule->acts[i].kind);
	return kinds;
}

/* Returns the port that packets leave by, or -1. */
int nicsim_rule_out(const struct nicsim_rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->num_acts; i++) {
		if (rule->acts[i].kind == NICSIM_ACT_REDIRECT)
			return rule->acts[i].out.port;
	}
	return -1;
}

/* ---- match ---- */

static bool has_key(const struct flow_rule *fr, enum flow_dissector_key_id id)
{
	return flow_rule_match_key(fr, id);
}

static __be16 tci_of(const struct flow_dissector_key_vlan *vlan)
{
	return htons(vlan->vlan_priority << VLAN_PRIO_SHIFT | vlan->vlan_dei << 12 | vlan->vlan_id);
}

static void decode_l2(struct nicsim_rule *rule, const struct flow_rule *fr)
{
	struct nicsim_key *key = &rule->key, *mask = &rule->mask;
	struct flow_match_eth_addrs eth;
	struct flow_match_vlan vlan;
	struct flow_match_basic basic;
	u8 tags = 0;

	if (has_key(fr, FLOW_DISSECTOR_KEY_ETH_ADDRS)) {
		flow_rule_match_eth_addrs(fr, &eth);
		memcpy(key->dmac, eth.key->dst, ETH_ALEN);
		memcpy(key->smac, eth.key->src, ETH_ALEN);
		memcpy(mask->dmac, eth.mask->dst, ETH_ALEN);
		memcpy(mask->smac, eth.mask->src, ETH_ALEN);
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_VLAN)) {
		flow_rule_match_vlan(fr, &vlan);
		key->tpid[0] = vlan.key->vlan_tpid;
		mask->tpid[0] = vlan.mask->vlan_tpid;
		key->tci[0] = tci_of(vlan.key);
		mask->tci[0] = tci_of(vlan.mask);
		tags = 1;
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_CVLAN)) {
		flow_rule_match_cvlan(fr, &vlan);
		key->tpid[1] = vlan.key->vlan_tpid;
		mask->tpid[1] = vlan.mask->vlan_tpid;
		key->tci[1] = tci_of(vlan.key);
		mask->tci[1] = tci_of(vlan.mask);
		tags = 2;
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_BASIC)) {
		flow_rule_match_basic(fr, &basic);
		key->eth_type = basic.key->n_proto;
		mask->eth_type = basic.mask->n_proto;
		key->ip_proto = basic.key->ip_proto;
		mask->ip_proto = basic.mask->ip_proto;
	}
	/* The kernel passes only untagged packets of its protocol to such a filter. */
	if (!mask->eth_type && !tags && !rule->is_ft && rule->proto != htons(ETH_P_ALL) &&
	    !eth_type_vlan(rule->proto)) {
		key->eth_type = rule->proto;
		mask->eth_type = htons(0xffff);
	}
	if (mask->eth_type) {
		key->tags = tags;
		mask->tags = 0xff;
	}
}

/*
 * The kernel sets the bits of both address keys for either family, because the keys are
 * one union. Only the address type tells the family.
 */
static void decode_addrs(struct nicsim_rule *rule, const struct flow_rule *fr, u16 addr_type)
{
	struct nicsim_key *key = &rule->key, *mask = &rule->mask;
	struct flow_match_ipv4_addrs v4;
	struct flow_match_ipv6_addrs v6;

	if (addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS && has_key(fr, FLOW_DISSECTOR_KEY_IPV4_ADDRS)) {
		flow_rule_match_ipv4_addrs(fr, &v4);
		key->src[0] = v4.key->src;
		key->dst[0] = v4.key->dst;
		mask->src[0] = v4.mask->src;
		mask->dst[0] = v4.mask->dst;
		key->addr_type = 4;
		mask->addr_type = 0xff;
	} else if (addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS &&
		   has_key(fr, FLOW_DISSECTOR_KEY_IPV6_ADDRS)) {
		flow_rule_match_ipv6_addrs(fr, &v6);
		memcpy(key->src, &v6.key->src, 16);
		memcpy(key->dst, &v6.key->dst, 16);
		memcpy(mask->src, &v6.mask->src, 16);
		memcpy(mask->dst, &v6.mask->dst, 16);
		key->addr_type = 6;
		mask->addr_type = 0xff;
	}
}

static u8 frag_bits(u32 flags)
{
	return (flags & FLOW_DIS_IS_FRAGMENT ? NICSIM_FRAG_ANY : 0) |
	       (flags & FLOW_DIS_FIRST_FRAG ? NICSIM_FRAG_FIRST : 0);
}

static void decode_l3_l4(struct nicsim_rule *rule, const struct flow_rule *fr)
{
	struct nicsim_key *key = &rule->key, *mask = &rule->mask;
	struct flow_match_control control;
	struct flow_match_ports ports;
	struct flow_match_icmp icmp;
	struct flow_match_tcp tcp;
	struct flow_match_ip ip;

	if (has_key(fr, FLOW_DISSECTOR_KEY_CONTROL)) {
		flow_rule_match_control(fr, &control);
		key->frag = frag_bits(control.key->flags);
		mask->frag = frag_bits(control.mask->flags);
		decode_addrs(rule, fr, control.key->addr_type);
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_IP)) {
		flow_rule_match_ip(fr, &ip);
		key->ttl = ip.key->ttl;
		mask->ttl = ip.mask->ttl;
		key->tos = ip.key->tos;
		mask->tos = ip.mask->tos;
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_PORTS)) {
		flow_rule_match_ports(fr, &ports);
		key->sport = ports.key->src;
		key->dport = ports.key->dst;
		mask->sport = ports.mask->src;
		mask->dport = ports.mask->dst;
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_TCP)) {
		flow_rule_match_tcp(fr, &tcp);
		key->tcp_flags = tcp.key->flags;
		mask->tcp_flags = tcp.mask->flags;
	}
	if (has_key(fr, FLOW_DISSECTOR_KEY_ICMP)) {
		flow_rule_match_icmp(fr, &icmp);
		key->icmp_type = icmp.key->type;
		mask->icmp_type = icmp.mask->type;
		key->icmp_code = icmp.key->code;
		mask->icmp_code = icmp.mask->code;
	}
}

static void decode_meta(struct nicsim_rule *rule, const struct flow_rule *fr)
{
	struct flow_match_meta meta;

	rule->key.port = rule->port->index;
	rule->mask.port = 0xff;
	if (!has_key(fr, FLOW_DISSECTOR_KEY_META))
		return;
	flow_rule_match_meta(fr, &meta);
	if (!meta.mask->ingress_ifindex)
		return;
	rule->has_indev = true;
	rule->ifindex = meta.key->ingress_ifindex;
}

/* ---- actions ---- */

static u16 field_of_byte(u8 header, unsigned int at, u8 bits)
{
	switch (header) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		return at < 6 ? NICSIM_F_DMAC : at < 12 ? NICSIM_F_SMAC : NICSIM_F_OTHER;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		return at == 1 ? NICSIM_F_IP4_TOS : at == 8 ? NICSIM_F_TTL :
		       at >= 12 && at < 16 ? NICSIM_F_IP4_SRC :
		       at >= 16 && at < 20 ? NICSIM_F_IP4_DST : NICSIM_F_OTHER;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
		if ((at == 0 && !(bits & 0xf0)) || (at == 1 && !(bits & 0x0f)))
			return NICSIM_F_IP6_CLASS;
		return at == 7 ? NICSIM_F_HOPLIMIT : at >= 8 && at < 24 ? NICSIM_F_IP6_SRC :
		       at >= 24 && at < 40 ? NICSIM_F_IP6_DST : NICSIM_F_OTHER;
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		return at < 2 ? NICSIM_F_SPORT : at < 4 ? NICSIM_F_DPORT : NICSIM_F_OTHER;
	}
	return NICSIM_F_OTHER;
}

static void decode_word(struct nicsim_act *act, const struct flow_action_entry *from)
{
	u32 changed = ~from->mangle.mask;
	int i;

	if (from->mangle.offset > 64) {
		act->kind = NICSIM_ACT_UNKNOWN;
		act->id = from->id;
		return;
	}
	act->kind = from->id == FLOW_ACTION_ADD ? NICSIM_ACT_ADD : NICSIM_ACT_SET;
	act->word.header = from->mangle.htype;
	act->word.offset = from->mangle.offset;
	act->word.keep = from->mangle.mask;
	act->word.value = from->mangle.val;
	for (i = 0; i < 4; i++) {
		u8 bits = ((u8 *)&changed)[i];

		if (bits)
			act->word.fields |= field_of_byte(act->word.header, act->word.offset + i, bits);
	}
}

/* A police action that only checks the size of packets, and passes larger ones to the CPU. */
static bool is_size_check(const struct flow_action_entry *from)
{
	return from->police.mtu && !from->police.rate_bytes_ps && !from->police.rate_pkt_ps &&
	       from->police.exceed.act_id == FLOW_ACTION_ACCEPT &&
	       from->police.notexceed.act_id == FLOW_ACTION_PIPE;
}

static void decode_act(struct nicsim_act *act, const struct flow_action_entry *from)
{
	struct nicsim_port *port;

	switch (from->id) {
	case FLOW_ACTION_MANGLE:
	case FLOW_ACTION_ADD:
		decode_word(act, from);
		return;
	case FLOW_ACTION_CSUM:
		act->kind = NICSIM_ACT_CSUM;
		act->csum_flags = from->csum_flags;
		return;
	case FLOW_ACTION_VLAN_PUSH:
	case FLOW_ACTION_VLAN_MANGLE:
		act->kind = from->id == FLOW_ACTION_VLAN_PUSH ? NICSIM_ACT_PUSH : NICSIM_ACT_RETAG;
		act->vlan.vid = from->vlan.vid & VLAN_VID_MASK;
		act->vlan.proto = from->vlan.proto;
		act->vlan.prio = from->vlan.prio & 7;
		return;
	case FLOW_ACTION_VLAN_POP:
		act->kind = NICSIM_ACT_POP;
		return;
	case FLOW_ACTION_POLICE:
		if (!is_size_check(from))
			break;
		act->kind = NICSIM_ACT_POLICE;
		act->mtu = from->police.mtu;
		return;
	case FLOW_ACTION_REDIRECT:
		act->kind = NICSIM_ACT_REDIRECT;
		port = nicsim_port_of(from->dev);
		act->out.port = port ? port->index : -1;
		act->out.ifindex = from->dev ? from->dev->ifindex : 0;
		return;
	case FLOW_ACTION_DROP:
		act->kind = NICSIM_ACT_DROP;
		return;
	case FLOW_ACTION_ACCEPT:
		act->kind = NICSIM_ACT_ACCEPT;
		return;
	case FLOW_ACTION_TRAP:
		act->kind = NICSIM_ACT_TRAP;
		return;
	default:
		break;
	}
	act->kind = NICSIM_ACT_UNKNOWN;
	act->id = from->id;
}

/* Returns the hw_stats of all actions if they are equal, or else 0. */
static u8 common_hw_stats(const struct flow_action *actions)
{
	unsigned int i;

	for (i = 1; i < actions->num_entries; i++) {
		if (actions->entries[i].hw_stats != actions->entries[0].hw_stats)
			return 0;
	}
	return actions->num_entries ? actions->entries[0].hw_stats : FLOW_ACTION_HW_STATS_ANY;
}

struct nicsim_rule *nicsim_rule_decode(struct nicsim_port *port, bool is_ft,
				       const struct flow_cls_offload *f)
{
	const struct flow_rule *fr = f->rule;
	struct nicsim_rule *rule;
	unsigned int i;

	rule = nicsim_rule_new(min_t(unsigned int, fr->action.num_entries, NICSIM_MAX_ACTS + 1));
	if (!rule)
		return NULL;
	rule->port = port;
	rule->is_ft = is_ft;
	rule->cookie = f->cookie;
	rule->prio = f->common.prio;
	rule->chain = f->common.chain_index;
	rule->proto = f->common.protocol;
	rule->used_keys = fr->match.dissector->used_keys;
	rule->hw_stats = common_hw_stats(&fr->action);
	decode_meta(rule, fr);
	decode_l2(rule, fr);
	decode_l3_l4(rule, fr);
	for (i = 0; i < rule->num_acts; i++)
		decode_act(&rule->acts[i], &fr->action.entries[i]);
	return rule;
}

/* ---- text ---- */

static bool is_zero(const void *at, size_t size)
{
	return !memchr_inv(at, 0, size);
}

static bool is_full(const void *at, size_t size)
{
	return !memchr_inv(at, 0xff, size);
}

static void print_mac(struct seq_file *s, const char *name, const u8 *key, const u8 *mask)
{
	if (is_zero(mask, ETH_ALEN))
		return;
	seq_printf(s, " %s=%pM", name, key);
	if (!is_full(mask, ETH_ALEN))
		seq_printf(s, "/%pM", mask);
}

static void print_addr(struct seq_file *s, const char *name, const struct nicsim_rule *rule,
		       const __be32 *key, const __be32 *mask)
{
	if (is_zero(mask, 16))
		return;
	if (rule->key.addr_type == 4) {
		seq_printf(s, " %s=%pI4", name, key);
		if (!is_full(mask, 4))
			seq_printf(s, "/%pI4", mask);
	} else {
		seq_printf(s, " %s=%pI6c", name, key);
		if (!is_full(mask, 16))
			seq_printf(s, "/%pI6c", mask);
	}
}

static void print_u8(struct seq_file *s, const char *name, u8 key, u8 mask)
{
	if (mask == 0xff)
		seq_printf(s, " %s=%u", name, key);
	else if (mask)
		seq_printf(s, " %s=%u/%#x", name, key, mask);
}

static void print_be16(struct seq_file *s, const char *name, const char *format, __be16 key,
		       __be16 mask)
{
	if (!mask)
		return;
	seq_printf(s, " %s=", name);
	seq_printf(s, format, ntohs(key));
	if (mask != htons(0xffff))
		seq_printf(s, "/%#x", ntohs(mask));
}

static void print_match(struct seq_file *s, const struct nicsim_rule *rule)
{
	const struct nicsim_key *key = &rule->key, *mask = &rule->mask;

	seq_printf(s, "in=%s %s=%u", rule->port->nic->name, rule->is_ft ? "ft_prio" : "prio", rule->prio);
	if (rule->chain)
		seq_printf(s, " chain=%u", rule->chain);
	if (rule->has_indev)
		seq_printf(s, " indev=%d", rule->ifindex);
	print_mac(s, "dmac", key->dmac, mask->dmac);
	print_mac(s, "smac", key->smac, mask->smac);
	print_be16(s, "tpid", "%#06x", key->tpid[0], mask->tpid[0]);
	print_be16(s, "tci", "%#x", key->tci[0], mask->tci[0]);
	print_be16(s, "ctpid", "%#06x", key->tpid[1], mask->tpid[1]);
	print_be16(s, "ctci", "%#x", key->tci[1], mask->tci[1]);
	print_be16(s, "eth_type", "%#06x", key->eth_type, mask->eth_type);
	print_u8(s, "ip_proto", key->ip_proto, mask->ip_proto);
	print_addr(s, "src", rule, key->src, mask->src);
	print_addr(s, "dst", rule, key->dst, mask->dst);
	print_be16(s, "sport", "%u", key->sport, mask->sport);
	print_be16(s, "dport", "%u", key->dport, mask->dport);
	print_be16(s, "tcp_flags", "%#x", key->tcp_flags, mask->tcp_flags);
	print_u8(s, "ttl", key->ttl, mask->ttl);
	print_u8(s, "tos", key->tos, mask->tos);
	print_u8(s, "frag", key->frag, mask->frag);
	print_u8(s, "icmp_type", key->icmp_type, mask->icmp_type);
	print_u8(s, "icmp_code", key->icmp_code, mask->icmp_code);
	seq_printf(s, " used_keys=%#x", rule->used_keys);
}

static const char *header_name(u8 header)
{
	static const char *const names[] = { "?", "eth", "ip4", "ip6", "tcp", "udp" };

	return header < ARRAY_SIZE(names) ? names[header] : "?";
}

static void print_csum(struct seq_file *s, u32 flags)
{
	static const struct {
		u32 flag;
		const char *name;
	} rows[] = {
		{ TCA_CSUM_UPDATE_FLAG_IPV4HDR, "ip4" }, { TCA_CSUM_UPDATE_FLAG_ICMP, "icmp" },
		{ TCA_CSUM_UPDATE_FLAG_IGMP, "igmp" }, { TCA_CSUM_UPDATE_FLAG_TCP, "tcp" },
		{ TCA_CSUM_UPDATE_FLAG_UDP, "udp" }, { TCA_CSUM_UPDATE_FLAG_UDPLITE, "udplite" },
		{ TCA_CSUM_UPDATE_FLAG_SCTP, "sctp" },
	};
	int i;

	seq_puts(s, " csum");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (flags & rows[i].flag)
			seq_printf(s, " %s", rows[i].name);
	}
}

static void print_act(struct seq_file *s, const struct nicsim_rule *rule, const struct nicsim_act *act)
{
	u32 changed;

	switch ((enum nicsim_act_kind)act->kind) {
	case NICSIM_ACT_SET:
	case NICSIM_ACT_ADD:
		changed = ~act->word.keep;
		seq_printf(s, " %s %s+%u %*phN/%*phN", act->kind == NICSIM_ACT_SET ? "set" : "add",
			   header_name(act->word.header), act->word.offset, 4, &act->word.value,
			   4, &changed);
		return;
	case NICSIM_ACT_CSUM:
		print_csum(s, act->csum_flags);
		return;
	case NICSIM_ACT_PUSH:
	case NICSIM_ACT_RETAG:
		seq_printf(s, " %s %#06x %u.%u", act->kind == NICSIM_ACT_PUSH ? "push" : "retag",
			   ntohs(act->vlan.proto), act->vlan.vid, act->vlan.prio);
		return;
	case NICSIM_ACT_POP:
		seq_puts(s, " pop");
		return;
	case NICSIM_ACT_POLICE:
		seq_printf(s, " police %u", act->mtu);
		return;
	case NICSIM_ACT_REDIRECT:
		if (act->out.port >= 0)
			seq_printf(s, " redirect %s",
				   rule->port->asic->ports[act->out.port].nic->name);
		else
			seq_printf(s, " redirect ifindex %d", act->out.ifindex);
		return;
	case NICSIM_ACT_DROP:
		seq_puts(s, " drop");
		return;
	case NICSIM_ACT_ACCEPT:
		seq_puts(s, " accept");
		return;
	case NICSIM_ACT_TRAP:
		seq_puts(s, " trap");
		return;
	case NICSIM_ACT_UNKNOWN:
		seq_printf(s, " unknown %u", act->id);
		return;
	}
}

/* Prints "MATCH | ACTION; ACTION ... | cookie=...". */
void nicsim_rule_print(struct seq_file *s, const struct nicsim_rule *rule)
{
	unsigned int i;

	print_match(s, rule);
	seq_puts(s, " |");
	for (i = 0; i < rule->num_acts; i++) {
		if (i)
			seq_putc(s, ';');
		print_act(s, rule, &rule->acts[i]);
	}
	seq_printf(s, " | cookie=%lx", rule->cookie);
}
