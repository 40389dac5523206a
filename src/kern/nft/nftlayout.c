/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftlayout.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftnames.h"
#include "kern/nft/nftobj.h"
#include "kern/nft/nftruleput.h"
#include "kern/nft/nftbatch.h"

#define SET_PROTOCOLS  "protocols"
#define SET_IP4	       "exempt_ip4"
#define SET_IP6	       "exempt_ip6"
#define SET_PORTS      "exempt_ports"
#define SET_INTERFACES "exempt_interfaces"
#define SET_MARKS      "exempt_marks"

/* Two elements for each connection of the last 10 seconds. */
#define WAYS_SIZE 262144
/* Of both families. */
#define TTLS_SIZE (2 * WAYS_SIZE)

/* Behind the filters of the forward hook, before the translation of sources. */
#define POSTROUTING_PRIORITY (NF_IP_PRI_NAT_SRC - 1)

/* Each part of a concatenated key fills whole registers of 4 bytes. */
struct port_key {
	uint8_t proto, pad[3];
	uint16_t be_port, pad2;
};

static bool is_prefix_valid(const struct exempt_prefix *p)
{
	unsigned int len = addr_len((enum family)p->family);

	return len && p->len <= len * 8;
}

int nftlayout_check(const struct nftlayout_config *c)
{
	const struct exempt *e = &c->exempt;
	uint32_t whole = nftlayout_whole_bit(c->mask);

	if (!(c->epoch & whole) || !(c->epoch & ~whole) || (c->epoch & ~c->mask) ||
	    nftoffload_check(c->flow))
		return -EINVAL;
	if (e->n_prefixes > EXEMPT_MAX_PREFIXES || e->n_ports > EXEMPT_MAX_PORTS ||
	    e->n_interfaces > EXEMPT_MAX_INTERFACES || e->n_marks > EXEMPT_MAX_MARKS)
		return -EINVAL;
	for (unsigned int i = 0; i < e->n_prefixes; i++) {
		if (!is_prefix_valid(&e->prefix[i]))
			return -EINVAL;
	}
	for (unsigned int i = 0; i < e->n_ports; i++) {
		if (e->ports[i].from > e->ports[i].to)
			return -EINVAL;
	}
	for (unsigned int i = 0; i < e->n_marks; i++) {
		if (e->mark[i] & c->mask)
			return -EINVAL;
	}
	return 0;
}

/* -- the table ------------------------------------------------------------ */

static void build_table(struct nlmsghdr *nlh, void *object)
{
	nftnl_table_nlmsg_build_payload(nlh, object);
}

static void put_table(struct nftbatch *t, const struct nftlayout_config *c)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
				       "table inet " NFTNAMES_TABLE);
	struct nftnl_table *table = nftnl_table_alloc();
	struct nftobj_comment comment;

	if (table) {
		uint32_t size = nftobj_make_comment(&comment, NFTNAMES_COMMENT);

		nftnl_table_set_str(table, NFTNL_TABLE_NAME, NFTNAMES_TABLE);
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, c->with_owner ? NFT_TABLE_F_OWNER : 0);
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, &comment, size);
	}
	nftobj_object(t, w, build_table, table);
	if (table)
		nftnl_table_free(table);
}

void nftlayout_put_delete(struct nftbatch *t, uint64_t handle)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_DELTABLE, 0, "removal of the table");

	nftobj_handle(w, NFTA_TABLE_HANDLE, handle);
}

/* -- sets ----------------------------------------------------------------- */

/* A map in which packets note something. The last arguments are the expressions that the data comes from. */
#define NOTES_MAP(map, max, type, len, ...)                                                            \
	{ .name = (map),                                                                               \
	  .key_type = NFTOBJ_KEY_CT_ID_CT_DIR,                                                         \
	  .key_len = 8,                                                                                \
	  .flags = NFT_SET_MAP | NFT_SET_EVAL | NFT_SET_TIMEOUT,                                       \
	  .size = (max),                                                                               \
	  .timeout_ms = NFTLAYOUT_NOTES_TIMEOUT_MS,                                                    \
	  .data_type = (type),                                                                         \
	  .data_len = (len),                                                                           \
	  .typeof_key = { NFTOBJ_PART_CT(NFT_CT_ID), NFTOBJ_PART_CT(NFT_CT_DIRECTION) },               \
	  .typeof_data = { __VA_ARGS__ } }

/* A map of ways. @hop_len: length of a next hop in bytes; the last argument is the expression that has it. */
#define WAYS_MAP(map, type, hop_len, ...)                                                              \
	NOTES_MAP(map, WAYS_SIZE, type, 4 + 4 + 4 + (hop_len), NFTOBJ_PART_META(NFT_META_IIF),         \
		  NFTOBJ_PART_META(NFT_META_OIF), NFTOBJ_PART_META(NFT_META_MARK), __VA_ARGS__)

static const struct nftobj_set_shape set_shapes[] = {
	{ .name = SET_PROTOCOLS, .key_type = NFTOBJ_KEY_PROTOCOL, .key_len = 1 },
	{ .name = SET_IP4, .key_type = NFTOBJ_KEY_IP4, .key_len = 4, .flags = NFT_SET_INTERVAL },
	{ .name = SET_IP6, .key_type = NFTOBJ_KEY_IP6, .key_len = 16, .flags = NFT_SET_INTERVAL },
	{ .name = SET_PORTS,
	  .key_type = NFTOBJ_KEY_PROTOCOL_PORT,
	  .key_len = sizeof(struct port_key),
	  .flags = NFT_SET_INTERVAL | NFT_SET_CONCAT,
	  .part_len = { 1, 2 } },
	{ .name = SET_INTERFACES,
	  .key_type = NFTOBJ_KEY_IFNAME,
	  .key_len = LINK_NAME_SIZE,
	  .is_host_order = true },
	{ .name = SET_MARKS, .key_type = NFTOBJ_KEY_MARK, .key_len = 4, .is_host_order = true },
	WAYS_MAP(NFTLAYOUT_WAYS_IP4, NFTOBJ_KEY_WAY_IP4, 4, NFTOBJ_PART_IP4_DST),
	WAYS_MAP(NFTLAYOUT_WAYS_IP6, NFTOBJ_KEY_WAY_IP6, 16, NFTOBJ_PART_IP6_DST),
	/* Must be the last: nftlayout_put_table() leaves it out if packets do not note TTLs. */
	NOTES_MAP(NFTLAYOUT_TTLS, TTLS_SIZE, NFTOBJ_KEY_INTEGER, 1, NFTOBJ_PART_IP4_TTL),
};

static uint8_t net_byte(const struct exempt_prefix *p, unsigned int i)
{
	unsigned int bits = p->len > i * 8 ? MIN_T(unsigned int, p->len - i * 8, 8) : 0;

	return p->addr.b[i] & (uint8_t)(0xff00 >> bits);
}

/* The first address, and the one after the last; false if no address follows the last. */
static bool get_interval(const struct exempt_prefix *p, struct addr *first, struct addr *behind)
{
	unsigned int len = addr_len((enum family)p->family);
	unsigned int carry;

	*first = (struct addr){ { 0 } };
	for (unsigned int i = 0; i < len; i++)
		first->b[i] = net_byte(p, i);
	*behind = *first;
	if (p->len == 0)
		return false;
	carry = 1u << ((8 - p->len % 8) % 8);
	for (unsigned int i = (p->len + 7u) / 8; i-- > 0 && carry;) {
		carry += behind->b[i];
		behind->b[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return !carry;
}

/* True if another prefix of the list contains this one, or an earlier one is equal. */
static bool is_covered(const struct exempt *e, unsigned int index)
{
	const struct exempt_prefix *p = &e->prefix[index];

	for (unsigned int i = 0; i < e->n_prefixes; i++) {
		const struct exempt_prefix *other = &e->prefix[i];
		struct exempt_prefix part = *p;
		struct addr a, b, unused;

		if (i == index || other->family != p->family || other->len > p->len ||
		    (other->len == p->len && i > index))
			continue;
		part.len = other->len;
		(void)get_interval(&part, &a, &unused);
		(void)get_interval(other, &b, &unused);
		if (addr_is_equal(&a, &b))
			return true;
	}
	return false;
}

/* The kernel refuses overlapping intervals (__nft_rbtree_insert). */
static void put_prefixes(struct nftbatch *t, const struct exempt *e, enum family family,
			 const char *set)
{
	struct nftobj_elems f = { .t = t, .name = set };

	for (unsigned int i = 0; i < e->n_prefixes; i++) {
		struct addr first, behind;
		bool has_end;

		if (e->prefix[i].family != family || is_covered(e, i))
			continue;
		has_end = get_interval(&e->prefix[i], &first, &behind);
		nftobj_elem(&f, first.b, NULL, addr_len(family), 0);
		if (has_end)
			nftobj_elem(&f, behind.b, NULL, addr_len(family), NFT_SET_ELEM_INTERVAL_END);
	}
	nftobj_elems_end(&f);
}

static struct port_key port_key(uint8_t proto, uint16_t port)
{
	return (struct port_key){ .proto = proto, .be_port = htons(port) };
}

static bool is_port_covered(const struct exempt *e, unsigned int proto, unsigned int port)
{
	for (unsigned int i = 0; i < e->n_ports; i++) {
		if (e->ports[i].proto == proto && e->ports[i].from <= port && port <= e->ports[i].to)
			return true;
	}
	return false;
}

/*
 * Ranges may overlap in the settings but not in the kernel (nft_pipapo_insert), so
 * overlapping and adjacent ranges are merged: a range is written only if no range covers
 * the port before it, and extends as far as ranges cover the following ports.
 */
static void put_ports(struct nftbatch *t, const struct exempt *e)
{
	struct nftobj_elems f = { .t = t, .name = SET_PORTS };

	for (unsigned int i = 0; i < e->n_ports; i++) {
		const struct exempt_ports *p = &e->ports[i];
		unsigned int to = p->to;
		struct port_key first = port_key(p->proto, p->from), last;
		bool is_again = p->from > 0 && is_port_covered(e, p->proto, p->from - 1u);

		for (unsigned int j = 0; j < i; j++)
			is_again |= e->ports[j].proto == p->proto && e->ports[j].from == p->from;
		if (is_again)
			continue;
		while (to < UINT16_MAX && is_port_covered(e, p->proto, to + 1))
			to++;
		last = port_key(p->proto, (uint16_t)to);
		nftobj_elem(&f, &first, &last, sizeof(first), 0);
	}
	nftobj_elems_end(&f);
}

static void put_protocols(struct nftbatch *t)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct nftobj_elems f = { .t = t, .name = SET_PROTOCOLS };

	for (size_t i = 0; i < array_size(protocols); i++)
		nftobj_elem(&f, &protocols[i], NULL, 1, 0);
	nftobj_elems_end(&f);
}

/* Duplicates do no harm: without NLM_F_EXCL the kernel accepts them (nft_add_set_elem). */
static void put_elements(struct nftbatch *t, const struct exempt *e)
{
	struct nftobj_elems interfaces = { .t = t, .name = SET_INTERFACES };
	struct nftobj_elems marks = { .t = t, .name = SET_MARKS };

	put_protocols(t);
	put_prefixes(t, e, FAMILY_IP4, SET_IP4);
	put_prefixes(t, e, FAMILY_IP6, SET_IP6);
	put_ports(t, e);
	for (unsigned int i = 0; i < e->n_interfaces; i++)
		nftobj_elem(&interfaces, e->interface[i], NULL, LINK_NAME_SIZE, 0);
	nftobj_elems_end(&interfaces);
	for (unsigned int i = 0; i < e->n_marks; i++)
		nftobj_elem(&marks, &e->mark[i], NULL, sizeof(e->mark[i]), 0);
	nftobj_elems_end(&marks);
}

/* -- rules ---------------------------------------------------------------- */

static void exempt_address(struct nftruleput *r, uint8_t nfproto, uint32_t offset, uint32_t len,
			   const char *set)
{
	nftruleput_load_meta(r, NFT_META_NFPROTO, NFTRULEPUT_REG);
	nftruleput_compare(r, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	nftruleput_load_payload(r, NFT_PAYLOAD_NETWORK_HEADER, offset, len, NFTRULEPUT_REG);
	nftruleput_lookup(r, set);
}

static void exempt_port(struct nftruleput *r, uint32_t offset)
{
	nftruleput_load_meta(r, NFT_META_L4PROTO, NFTRULEPUT_REG);
	nftruleput_load_payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(uint16_t),
			     NFTRULEPUT_REG_BEHIND);
	nftruleput_lookup(r, SET_PORTS);
}

static void exempt_interface(struct nftruleput *r, uint32_t key)
{
	nftruleput_load_meta(r, key, NFTRULEPUT_REG);
	nftruleput_lookup(r, SET_INTERFACES);
}

static void exempt_mark(struct nftruleput *r, const struct nftlayout_config *c)
{
	nftruleput_load_ct(r, NFT_CT_MARK);
	nftruleput_mask_and_flip(r, ~c->mask, 0);
	nftruleput_lookup(r, SET_MARKS);
}

static uint32_t half_of(const struct nftlayout_config *c)
{
	return c->epoch & ~nftlayout_whole_bit(c->mask);
}

static void set_mark(struct nftruleput *r, const struct nftlayout_config *c, uint32_t value)
{
	nftruleput_load_ct(r, NFT_CT_MARK);
	nftruleput_mask_and_flip(r, ~c->mask, value);
	nftruleput_store_ct(r, NFT_CT_MARK);
}

static void original(struct nftruleput *r, const struct nftlayout_config *c)
{
	nftruleput_need_direction(r, false);
	set_mark(r, c, half_of(c));
	nftruleput_decide(r, NFT_RETURN, NULL);
}

/* op: NFT_CMP_EQ or NFT_CMP_NEQ */
static void need_mark(struct nftruleput *r, const struct nftlayout_config *c, uint32_t op, uint32_t value)
{
	nftruleput_load_ct(r, NFT_CT_MARK);
	nftruleput_mask_and_flip(r, c->mask, 0);
	nftruleput_compare(r, op, &value, sizeof(value));
}

/* Packets that change no mark: a reply before the first half mark, another packet of the original
 * direction after it. */
static void pass_by(struct nftruleput *r, const struct nftlayout_config *c, bool is_reply)
{
	need_mark(r, c, is_reply ? NFT_CMP_NEQ : NFT_CMP_EQ, half_of(c));
	nftruleput_need_direction(r, is_reply);
	nftruleput_decide(r, NFT_RETURN, NULL);
}

/* Conditions on a connection that both gates check. */
static void need_candidate(struct nftruleput *r, const struct nftlayout_config *c)
{
	nftruleput_need_bits(r, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
	nftruleput_need_bits(r, NFT_CT_STATUS, IPS_ASSURED);
	nftruleput_load_meta(r, NFT_META_L4PROTO, NFTRULEPUT_REG);
	nftruleput_lookup(r, SET_PROTOCOLS);
	if (c->min_packets)
		nftruleput_need_packets(r, c->min_packets);
}

/* What a packet of each family notes: the offset of its TTL in the IP header, the key of its next hop, and the map
 * of its ways. */
static const struct note {
	uint8_t nfproto, ttl_offset;
	uint32_t next_hop;
	const char *map;
} notes[] = {
	{ NFPROTO_IPV4, 8, NFT_RT_NEXTHOP4, NFTLAYOUT_WAYS_IP4 },
	{ NFPROTO_IPV6, 7, NFT_RT_NEXTHOP6, NFTLAYOUT_WAYS_IP6 },
};

/* Notes the way of the packet, and its TTL. */
static void note_way(struct nftruleput *r, const struct nftlayout_config *c, const struct note *n)
{
	nftruleput_load_meta(r, NFT_META_NFPROTO, NFTRULEPUT_REG);
	nftruleput_compare(r, NFT_CMP_EQ, &n->nfproto, sizeof(n->nfproto));
	nftruleput_load_ct(r, NFT_CT_ID);
	nftruleput_load_ct_to(r, NFT_CT_DIRECTION, NFTRULEPUT_REG_BEHIND);
	nftruleput_load_meta(r, NFT_META_IIF, NFTRULEPUT_REG_SECOND);
	nftruleput_load_meta(r, NFT_META_OIF, NFTRULEPUT_REG_SECOND_1);
	nftruleput_load_meta(r, NFT_META_MARK, NFTRULEPUT_REG_SECOND_2);
	nftruleput_load_rt(r, n->next_hop, NFTRULEPUT_REG_SECOND_3);
	nftruleput_map(r, n->map, NFTLAYOUT_NOTES_TIMEOUT_MS);
	if (c->with_ttl) {
		nftruleput_load_payload(r, NFT_PAYLOAD_NETWORK_HEADER, n->ttl_offset, 1, NFTRULEPUT_REG_SECOND);
		nftruleput_map(r, NFTLAYOUT_TTLS, NFTLAYOUT_NOTES_TIMEOUT_MS);
	}
	nftruleput_decide(r, NFT_JUMP, NFTLAYOUT_MARK_CHAIN);
}

static void gate(struct nftruleput *r, const struct nftlayout_config *c)
{
	const uint32_t none = 0;

	need_mark(r, c, NFT_CMP_NEQ, c->epoch);
	need_candidate(r, c);
	nftruleput_load_meta(r, NFT_META_IIF, NFTRULEPUT_REG);
	nftruleput_compare(r, NFT_CMP_NEQ, &none, sizeof(none));
	nftruleput_decide(r, NFT_JUMP, NFTLAYOUT_CHAIN);
}

static void flow_gate(struct nftruleput *r, const struct nftlayout_config *c)
{
	need_candidate(r, c);
	nftruleput_decide(r, NFT_JUMP, NFTOFFLOAD_CHAIN);
}

static void build(struct nftruleput *r, const struct nftlayout_config *c, enum nftlayout_rule rule)
{
	switch (rule) {
	case NFTLAYOUT_RULE_IP4_SOURCE:
	case NFTLAYOUT_RULE_FLOW_IP4_SOURCE: exempt_address(r, NFPROTO_IPV4, 12, 4, SET_IP4); break;
	case NFTLAYOUT_RULE_IP4_DESTINATION:
	case NFTLAYOUT_RULE_FLOW_IP4_DESTINATION:
		exempt_address(r, NFPROTO_IPV4, 16, 4, SET_IP4);
		break;
	case NFTLAYOUT_RULE_IP6_SOURCE:
	case NFTLAYOUT_RULE_FLOW_IP6_SOURCE: exempt_address(r, NFPROTO_IPV6, 8, 16, SET_IP6); break;
	case NFTLAYOUT_RULE_IP6_DESTINATION:
	case NFTLAYOUT_RULE_FLOW_IP6_DESTINATION:
		exempt_address(r, NFPROTO_IPV6, 24, 16, SET_IP6);
		break;
	case NFTLAYOUT_RULE_SOURCE_PORT:
	case NFTLAYOUT_RULE_FLOW_SOURCE_PORT: exempt_port(r, 0); break;
	case NFTLAYOUT_RULE_DESTINATION_PORT:
	case NFTLAYOUT_RULE_FLOW_DESTINATION_PORT: exempt_port(r, 2); break;
	case NFTLAYOUT_RULE_IN:
	case NFTLAYOUT_RULE_FLOW_IN: exempt_interface(r, NFT_META_IIFNAME); break;
	case NFTLAYOUT_RULE_OUT:
	case NFTLAYOUT_RULE_FLOW_OUT: exempt_interface(r, NFT_META_OIFNAME); break;
	case NFTLAYOUT_RULE_MARK:
	case NFTLAYOUT_RULE_FLOW_MARK: exempt_mark(r, c); break;
	case NFTLAYOUT_RULE_EARLY: pass_by(r, c, true); return;
	case NFTLAYOUT_RULE_HALF: pass_by(r, c, false); return;
	case NFTLAYOUT_RULE_WAY_IP4: note_way(r, c, &notes[0]); return;
	case NFTLAYOUT_RULE_WAY_IP6: note_way(r, c, &notes[1]); return;
	case NFTLAYOUT_RULE_GATE: gate(r, c); return;
	case NFTLAYOUT_RULE_ORIGINAL: original(r, c); return;
	case NFTLAYOUT_RULE_ADMIT: set_mark(r, c, c->epoch); return;
	case NFTLAYOUT_RULE_SEEN:
	case NFTLAYOUT_RULE_ADMITTED: nftruleput_count(r); return;
	case NFTLAYOUT_RULE_FLOW_PASSED: nftoffload_build_passed(r); return;
	case NFTLAYOUT_RULE_FLOW_HARDWARE: nftoffload_build(r, c->flow, NFTOFFLOAD_HARDWARE); return;
	case NFTLAYOUT_RULE_FLOW_SOFTWARE: nftoffload_build(r, c->flow, NFTOFFLOAD_SOFTWARE); return;
	case NFTLAYOUT_RULE_FLOW_GATE: flow_gate(r, c); return;
	case NFTLAYOUT_RULE__COUNT: nftruleput_fail(r); return;
	}
	nftruleput_count(r);
	nftruleput_decide(r, NFT_RETURN, NULL);
}

const char *nftlayout_chain(enum nftlayout_rule rule)
{
	if (rule >= NFTLAYOUT_RULE_FLOW_GATE)
		return NFTLAYOUT_FLOW_BASE_CHAIN;
	if (rule >= NFTLAYOUT_RULE_GATE)
		return NFTLAYOUT_BASE_CHAIN;
	if (rule >= NFTLAYOUT_RULE_FLOW_IP4_SOURCE)
		return NFTOFFLOAD_CHAIN;
	return rule >= NFTLAYOUT_RULE_ORIGINAL ? NFTLAYOUT_MARK_CHAIN : NFTLAYOUT_CHAIN;
}

struct nftobj_hook nftlayout_hook(const struct nftlayout_config *c, enum nftlayout_rule gate)
{
	return gate == NFTLAYOUT_RULE_FLOW_GATE ?
		       (struct nftobj_hook){ NF_INET_FORWARD, c->priority } :
		       (struct nftobj_hook){ NF_INET_POST_ROUTING, POSTROUTING_PRIORITY };
}

static bool has_flow(const struct nftlayout_config *c)
{
	return c->flow && c->flow->n_devices > 0;
}

bool nftlayout_has_rule(const struct nftlayout_config *c, enum nftlayout_rule rule)
{
	if (rule == NFTLAYOUT_RULE_FLOW_HARDWARE)
		return nftoffload_has(c->flow, NFTOFFLOAD_HARDWARE);
	if (rule == NFTLAYOUT_RULE_FLOW_SOFTWARE)
		return nftoffload_has(c->flow, NFTOFFLOAD_SOFTWARE);
	if (rule < NFTLAYOUT_RULE_FLOW_IP4_SOURCE || rule == NFTLAYOUT_RULE_GATE)
		return true;
	return has_flow(c);
}

static const char *comment_of(enum nftlayout_rule rule)
{
	if (rule == NFTLAYOUT_RULE_SEEN)
		return "candidates";
	return rule == NFTLAYOUT_RULE_ADMITTED ? "admitted" : NULL;
}

struct nftnl_rule *nftlayout_new_rule(const struct nftlayout_config *c, enum nftlayout_rule rule)
{
	struct nftruleput r;

	nftruleput_begin(&r, NFTNAMES_TABLE, nftlayout_chain(rule));
	if (comment_of(rule))
		nftruleput_comment(&r, comment_of(rule));
	build(&r, c, rule);
	return nftruleput_end(&r);
}

static void put_rule(struct nftbatch *t, const struct nftlayout_config *c, enum nftlayout_rule rule,
		     uint16_t flags, uint64_t handle)
{
	nftobj_rule(t, nftlayout_new_rule(c, rule), nftlayout_chain(rule), flags, handle);
}

static void append_rules(struct nftbatch *t, const struct nftlayout_config *c,
			 enum nftlayout_rule first, enum nftlayout_rule last)
{
	for (unsigned int i = first; i <= last; i++) {
		if (nftlayout_has_rule(c, (enum nftlayout_rule)i))
			put_rule(t, c, (enum nftlayout_rule)i, NLM_F_CREATE | NLM_F_APPEND, 0);
	}
}

void nftlayout_put_replace(struct nftbatch *t, const struct nftlayout_config *c,
			  enum nftlayout_rule rule, uint64_t handle)
{
	put_rule(t, c, rule, NLM_F_REPLACE, handle);
}

void nftlayout_put_rule_delete(struct nftbatch *t, enum nftlayout_rule rule, uint64_t handle)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_DELRULE, 0, "removal of a rule");

	nlput_str(w, NFTA_RULE_TABLE, NFTNAMES_TABLE);
	nlput_str(w, NFTA_RULE_CHAIN, nftlayout_chain(rule));
	nftobj_handle(w, NFTA_RULE_HANDLE, handle);
}

/* ID of the set "passed" in its transaction; the other sets count from 1. */
#define ID_PASSED 100

/* The rules that use flowtables are the last of their chain, so appending puts the new
 * ones where the old ones were. */
void nftlayout_put_flow(struct nftbatch *t, const struct nftlayout_config *c)
{
	if (!has_flow(c))
		return;
	nftoffload_put(t, c->flow, ID_PASSED);
	append_rules(t, c, NFTLAYOUT_RULE_FLOW_PASSED, NFTLAYOUT_RULE_FLOW_SOFTWARE);
}

static void put_base(struct nftbatch *t, const struct nftlayout_config *c, enum nftlayout_rule gate)
{
	struct nftobj_hook hook = nftlayout_hook(c, gate);

	nftobj_chain(t, nftlayout_chain(gate), &hook);
}

void nftlayout_put_table(struct nftbatch *t, const struct nftlayout_config *c)
{
	const uint32_t n_sets = (uint32_t)array_size(set_shapes) - (c->with_ttl ? 0 : 1);

	put_table(t, c);
	for (uint32_t i = 0; i < n_sets; i++)
		nftobj_set(t, &set_shapes[i], i + 1);
	put_elements(t, &c->exempt);
	if (has_flow(c))
		nftoffload_put_sets(t, c->flow, n_sets + 1);
	nftobj_chain(t, NFTLAYOUT_CHAIN, NULL);
	nftobj_chain(t, NFTLAYOUT_MARK_CHAIN, NULL);
	if (has_flow(c))
		nftobj_chain(t, NFTOFFLOAD_CHAIN, NULL);
	put_base(t, c, NFTLAYOUT_RULE_GATE);
	if (has_flow(c))
		put_base(t, c, NFTLAYOUT_RULE_FLOW_GATE);
	append_rules(t, c, NFTLAYOUT_RULE_SEEN, NFTLAYOUT_RULE_FLOW_MARK);
	nftlayout_put_flow(t, c);
}

void nftlayout_put_gates(struct nftbatch *t, const struct nftlayout_config *c)
{
	append_rules(t, c, NFTLAYOUT_RULE_GATE, NFTLAYOUT_RULE_FLOW_GATE);
}
