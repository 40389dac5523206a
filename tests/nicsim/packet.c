// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packet.c - the packet path of the ASIC: parses a packet, looks it up, rewrites and
 * sends it.
 *
 * Runs in the transmit path of a link partner, with bottom halves disabled, in
 * parallel on all CPUs. It never sleeps, and takes no lock.
 *
 * Checksums are updated incrementally, as in hardware: a wrong checksum stays wrong.
 */
#include <linux/icmpv6.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "nicsim.h"

struct nicsim_packet {
	struct nicsim_key key;
	unsigned int l3;	/* offsets in the frame; they move with the tags */
	unsigned int l4;
	bool has_l4;		/* has a complete header of ip_proto */
};

#define MAX_EXTENSIONS	8
#define FIN_SYN_RST	cpu_to_be16(0x007)

/* ---- parsing ---- */

static void parse_l4(struct nicsim_packet *p, const u8 *data, unsigned int len)
{
	const u8 *h = data + p->l4;
	unsigned int room = len - p->l4;

	switch (p->key.ip_proto) {
	case IPPROTO_TCP:
		p->has_l4 = room >= sizeof(struct tcphdr);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->has_l4 = room >= 8;
		break;
	case IPPROTO_SCTP:
		p->has_l4 = room >= 12;
		break;
	}
	if (!p->has_l4)
		return;
	if (p->key.ip_proto == IPPROTO_ICMP || p->key.ip_proto == IPPROTO_ICMPV6) {
		p->key.icmp_type = h[0];
		p->key.icmp_code = h[1];
		return;
	}
	memcpy(&p->key.sport, h, 2);
	memcpy(&p->key.dport, h + 2, 2);
	if (p->key.ip_proto == IPPROTO_TCP)
		p->key.tcp_flags = cpu_to_be16(be32_to_cpu(tcp_flag_word((struct tcphdr *)h)) >> 16 & 0x0fff);
}

/* Returns false if the packet is not valid IPv4 although its ethertype says so. */
static bool parse_ip4(struct nicsim_packet *p, const u8 *data, unsigned int len)
{
	const struct iphdr *ip = (const struct iphdr *)(data + p->l3);

	if (len < p->l3 + sizeof(*ip) || ip->version != 4 || ip->ihl < 5 || len < p->l3 + ip->ihl * 4)
		return false;
	p->key.addr_type = 4;
	p->key.ip_proto = ip->protocol;
	p->key.ttl = ip->ttl;
	p->key.tos = ip->tos;
	p->key.src[0] = ip->saddr;
	p->key.dst[0] = ip->daddr;
	p->l4 = p->l3 + ip->ihl * 4;
	if (ip_is_fragment(ip)) {
		p->key.frag = NICSIM_FRAG_ANY;
		if (ip->frag_off & htons(IP_OFFSET))
			return true;
		p->key.frag |= NICSIM_FRAG_FIRST;
	}
	parse_l4(p, data, len);
	return true;
}

static bool parse_ip6(struct nicsim_packet *p, const u8 *data, unsigned int len)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)(data + p->l3);
	bool is_later = false;
	int i;

	if (len < p->l3 + sizeof(*ip) || ip->version != 6)
		return false;
	p->key.addr_type = 6;
	p->key.ip_proto = ip->nexthdr;
	p->key.ttl = ip->hop_limit;
	p->key.tos = ipv6_get_dsfield(ip);
	memcpy(p->key.src, &ip->saddr, 16);
	memcpy(p->key.dst, &ip->daddr, 16);
	p->l4 = p->l3 + sizeof(*ip);
	for (i = 0; i < MAX_EXTENSIONS; i++) {
		const u8 *h = data + p->l4;

		if (p->key.ip_proto == NEXTHDR_FRAGMENT) {
			if (len < p->l4 + 8)
				return true;
			p->key.frag = NICSIM_FRAG_ANY;
			if (h[2] || h[3] & 0xf8)
				is_later = true;
			else
				p->key.frag |= NICSIM_FRAG_FIRST;
			p->key.ip_proto = h[0];
			p->l4 += 8;
		} else if (p->key.ip_proto == NEXTHDR_HOP || p->key.ip_proto == NEXTHDR_ROUTING ||
			   p->key.ip_proto == NEXTHDR_DEST) {
			if (is_later || len < p->l4 + 8 || len < p->l4 + 8 + h[1] * 8)
				return true;
			p->key.ip_proto = h[0];
			p->l4 += 8 + h[1] * 8;
		} else {
			break;
		}
	}
	if (!is_later)
		parse_l4(p, data, len);
	return true;
}

static void parse(struct nicsim_packet *p, const struct nicsim_port *port, const struct sk_buff *skb)
{
	const u8 *data = skb->data;
	const struct ethhdr *eth = (const struct ethhdr *)data;
	unsigned int len = skb->len;
	__be16 type = eth->h_proto;

	memset(p, 0, sizeof(*p));
	p->key.port = port->index;
	memcpy(p->key.dmac, eth->h_dest, ETH_ALEN);
	memcpy(p->key.smac, eth->h_source, ETH_ALEN);
	p->l3 = ETH_HLEN;
	while (eth_type_vlan(type) && p->key.tags < 2 && len >= p->l3 + VLAN_HLEN) {
		p->key.tpid[p->key.tags] = type;
		memcpy(&p->key.tci[p->key.tags], data + p->l3, 2);
		memcpy(&type, data + p->l3 + 2, 2);
		p->key.tags++;
		p->l3 += VLAN_HLEN;
	}
	p->key.eth_type = type;
	if ((type == htons(ETH_P_IP) && !parse_ip4(p, data, len)) ||
	    (type == htons(ETH_P_IPV6) && !parse_ip6(p, data, len)))
		p->key.eth_type = 0;
}

/* ---- rewriting ---- */

struct nicsim_rewrite {
	struct sk_buff *skb;
	struct nicsim_packet *p;
	u32 csum_flags;
};

/* Returns the checksum of the packet's L4 header, or NULL if it has none that must be updated. */
static __sum16 *l4_sum(const struct nicsim_rewrite *w)
{
	u8 *h = w->skb->data + w->p->l4;
	struct udphdr *udp = (struct udphdr *)h;

	if (!w->p->has_l4)
		return NULL;
	switch (w->p->key.ip_proto) {
	case IPPROTO_TCP:
		return w->csum_flags & TCA_CSUM_UPDATE_FLAG_TCP ? &((struct tcphdr *)h)->check : NULL;
	case IPPROTO_UDP:
		return w->csum_flags & TCA_CSUM_UPDATE_FLAG_UDP && udp->check ? &udp->check : NULL;
	case IPPROTO_ICMPV6:
		return w->csum_flags & TCA_CSUM_UPDATE_FLAG_ICMP ? &((struct icmp6hdr *)h)->icmp6_cksum : NULL;
	}
	return NULL;
}

static void repair_l4(const struct nicsim_rewrite *w, u32 from, u32 to)
{
	__sum16 *sum = l4_sum(w);

	if (!sum)
		return;
	csum_replace4(sum, (__force __be32)from, (__force __be32)to);
	if (!*sum && w->p->key.ip_proto == IPPROTO_UDP)
		*sum = CSUM_MANGLED_0;
}

static void repair_ip4(const struct nicsim_rewrite *w, u32 from, u32 to)
{
	struct iphdr *ip = (struct iphdr *)(w->skb->data + w->p->l3);

	if (w->csum_flags & TCA_CSUM_UPDATE_FLAG_IPV4HDR)
		csum_replace4(&ip->check, (__force __be32)from, (__force __be32)to);
}

/* Returns the offset of a header, or -1 if the packet does not have it. */
static int header_offset(const struct nicsim_packet *p, u8 header)
{
	switch (header) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		return 0;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		return p->key.addr_type == 4 ? p->l3 : -1;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
		return p->key.addr_type == 6 ? p->l3 : -1;
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
		return p->has_l4 && p->key.ip_proto == IPPROTO_TCP ? p->l4 : -1;
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		return p->has_l4 && p->key.ip_proto == IPPROTO_UDP ? p->l4 : -1;
	}
	return -1;
}

static void rewrite_word(const struct nicsim_rewrite *w, const struct nicsim_act *act)
{
	u8 *at = w->skb->data + header_offset(w->p, act->word.header) + act->word.offset;
	u32 from = get_unaligned((u32 *)at), to;

	/* Like act_pedit, adds to a word of the packet as a number in the CPU's byte order. */
	if (act->kind == NICSIM_ACT_ADD)
		to = (from & act->word.keep) | ((from + act->word.value) & ~act->word.keep);
	else
		to = (from & act->word.keep) | (act->word.value & ~act->word.keep);
	put_unaligned(to, (u32 *)at);
	if (act->word.header == FLOW_ACT_MANGLE_HDR_TYPE_IP4)
		repair_ip4(w, from, to);
	/* The L4 checksum covers the addresses (pseudo header) and the ports. */
	if (act->word.fields & (NICSIM_F_ADDRS | NICSIM_F_PORTS))
		repair_l4(w, from, to);
}

static void push_tag(const struct nicsim_rewrite *w, const struct nicsim_act *act)
{
	u8 *data = skb_push(w->skb, VLAN_HLEN);
	__be16 tci = htons(act->vlan.prio << VLAN_PRIO_SHIFT | act->vlan.vid);

	memmove(data, data + VLAN_HLEN, 2 * ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN, &act->vlan.proto, 2);
	memcpy(data + 2 * ETH_ALEN + 2, &tci, 2);
	w->p->l3 += VLAN_HLEN;
	w->p->l4 += VLAN_HLEN;
	w->p->key.tags++;
}

static void pop_tag(const struct nicsim_rewrite *w)
{
	u8 *data = w->skb->data;

	if (!w->p->key.tags)
		return;
	memmove(data + VLAN_HLEN, data, 2 * ETH_ALEN);
	skb_pull(w->skb, VLAN_HLEN);
	w->p->l3 -= VLAN_HLEN;
	w->p->l4 -= VLAN_HLEN;
	w->p->key.tags--;
}

/* Priority 0 keeps the priority of the tag: the kernel passes 0 also if the user gave none. */
static void retag(const struct nicsim_rewrite *w, const struct nicsim_act *act)
{
	u8 *at = w->skb->data + 2 * ETH_ALEN;
	__be16 tci;

	if (!w->p->key.tags)
		return;
	memcpy(&tci, at + 2, 2);
	tci = (tci & htons(~VLAN_VID_MASK)) | htons(act->vlan.vid);
	if (act->vlan.prio)
		tci = (tci & htons(~VLAN_PRIO_MASK)) | htons(act->vlan.prio << VLAN_PRIO_SHIFT);
	memcpy(at, &act->vlan.proto, 2);
	memcpy(at + 2, &tci, 2);
}

static void decrement_ttl(const struct nicsim_rewrite *w)
{
	u8 *ip = w->skb->data + w->p->l3;
	u32 from, to;

	if (w->p->key.addr_type == 6) {
		((struct ipv6hdr *)ip)->hop_limit--;
		return;
	}
	from = get_unaligned((u32 *)(ip + 8));
	((struct iphdr *)ip)->ttl--;
	to = get_unaligned((u32 *)(ip + 8));
	repair_ip4(w, from, to);
}

static void rewrite(struct sk_buff *skb, struct nicsim_packet *p, const struct nicsim_entry *e)
{
	struct nicsim_rewrite w = { .skb = skb, .p = p, .csum_flags = e->csum_flags };
	const struct nicsim_rule *rule = e->rule;
	unsigned int i;

	if (e->has_implicit_ttl)
		decrement_ttl(&w);
	for (i = 0; i < rule->num_acts; i++) {
		const struct nicsim_act *act = &rule->acts[i];

		switch (act->kind) {
		case NICSIM_ACT_SET:
		case NICSIM_ACT_ADD:
			rewrite_word(&w, act);
			break;
		case NICSIM_ACT_PUSH:
			push_tag(&w, act);
			break;
		case NICSIM_ACT_POP:
			pop_tag(&w);
			break;
		case NICSIM_ACT_RETAG:
			retag(&w, act);
			break;
		}
	}
}

/* True if the packet has all words that the rule would change. */
static bool has_headers(const struct nicsim_packet *p, const struct nicsim_rule *rule,
			unsigned int len)
{
	unsigned int i;

	for (i = 0; i < rule->num_acts; i++) {
		const struct nicsim_act *act = &rule->acts[i];
		int begin;

		if (act->kind != NICSIM_ACT_SET && act->kind != NICSIM_ACT_ADD)
			continue;
		begin = header_offset(p, act->word.header);
		if (begin < 0 || begin + act->word.offset + 4 > len)
			return false;
	}
	return true;
}

/* ---- verdict ---- */

enum verdict { TO_WIRE, TO_CPU, TO_NOWHERE };

/* True for a hit that the ASIC must pass to the CPU. It does not count as a packet of the rule. */
static bool is_punted(struct nicsim_port *port, const struct sk_buff *skb,
		      const struct nicsim_packet *p, struct nicsim_entry *e)
{
	struct nicsim_asic *asic = port->asic;

	if (e->is_engine &&
	    (p->key.frag || p->key.tcp_flags & FIN_SYN_RST)) {
		nicsim_count(port, NICSIM_C_punt_header, 1);
		return true;
	}
	if (e->has_implicit_ttl && p->key.ttl <= 1) {
		nicsim_count(port, NICSIM_C_punt_ttl, 1);
		return true;
	}
	if (e->police && skb->len - p->l3 + ETH_HLEN > e->police) {
		nicsim_count(port, NICSIM_C_punt_police, 1);
		return true;
	}
	if (e->out >= 0 && skb->len - p->l3 > READ_ONCE(asic->ports[e->out].nic->mtu)) {
		nicsim_count(port, NICSIM_C_punt_mtu, 1);
		return true;
	}
	if (!has_headers(p, e->rule, skb->len)) {
		nicsim_count(port, NICSIM_C_punt_header, 1);
		return true;
	}
	return false;
}

static enum verdict count_hit(struct nicsim_port *port, const struct sk_buff *skb,
			      struct nicsim_entry *e)
{
	atomic64_inc(&e->packets);
	atomic64_add(skb->len, &e->bytes);
	WRITE_ONCE(e->used, jiffies);
	if (e->out >= 0) {
		nicsim_count(port, NICSIM_C_forwarded, 1);
		nicsim_count(port, NICSIM_C_forwarded_bytes, skb->len);
		return TO_WIRE;
	}
	if (e->is_drop) {
		nicsim_count(port, NICSIM_C_dropped, 1);
		return TO_NOWHERE;
	}
	nicsim_count(port, NICSIM_C_trapped, 1);
	return TO_CPU;
}

/* Makes room for tags, and a private copy of the headers: the sender's stack may share the data. */
static bool make_writable(struct sk_buff *skb, const struct nicsim_packet *p,
			  const struct nicsim_entry *e)
{
	unsigned int len = p->l3;

	if (p->key.addr_type)
		len = p->l4 + (p->has_l4 ? 20 : 0);
	len = min(len, skb->len);
	return !skb_cow_head(skb, e->pushes * VLAN_HLEN) && !skb_ensure_writable(skb, len);
}

static enum verdict process(struct nicsim_port *port, struct sk_buff *skb,
			    struct net_device **ret_out)
{
	struct nicsim_asic *asic = port->asic;
	struct nicsim_packet p;
	struct nicsim_entry *e;
	enum verdict verdict;

	if (!(READ_ONCE(port->nic->features) & NETIF_F_HW_TC)) {
		nicsim_count(port, NICSIM_C_misses, 1);
		return TO_CPU;
	}
	parse(&p, port, skb);
	e = nicsim_table_lookup(asic, &p.key);
	if (!e) {
		nicsim_count(port, NICSIM_C_misses, 1);
		return TO_CPU;
	}
	if (is_punted(port, skb, &p, e)) {
		nicsim_count(port, NICSIM_C_hits, 1);
		return TO_CPU;
	}
	if (!nicsim_table_is_bound(asic, e)) {
		nicsim_count(port, NICSIM_C_misses, 1);
		nicsim_count(port, NICSIM_C_unbound, 1);
		return TO_CPU;
	}
	nicsim_count(port, NICSIM_C_hits, 1);
	verdict = count_hit(port, skb, e);
	if (verdict != TO_WIRE)
		return verdict;
	if (!make_writable(skb, &p, e)) {
		nicsim_count(port, NICSIM_C_lost, 1);
		return TO_NOWHERE;
	}
	rewrite(skb, &p, e);
	*ret_out = asic->ports[e->out].wire;
	return TO_WIRE;
}

/* Handles a frame that arrives at a port from its wire. Takes over the skb. */
void nicsim_receive(struct nicsim_port *port, struct sk_buff *skb)
{
	struct net_device *out = NULL;
	enum verdict verdict;

	if (!netif_running(port->nic) || !netif_carrier_ok(port->nic)) {
		nicsim_count(port, NICSIM_C_lost, 1);
		kfree_skb(skb);
		return;
	}
	if (!nicsim_fits(port->nic, skb->len)) {
		kfree_skb(skb);
		return;
	}
	nicsim_count(port, NICSIM_C_rx_packets, 1);
	nicsim_count(port, NICSIM_C_rx_bytes, skb->len);
	rcu_read_lock();
	verdict = process(port, skb, &out);
	switch (verdict) {
	case TO_WIRE:
		nicsim_deliver(out, skb);
		break;
	case TO_CPU:
		nicsim_deliver(port->nic, skb);
		break;
	case TO_NOWHERE:
		consume_skb(skb);
		break;
	}
	rcu_read_unlock();
}
