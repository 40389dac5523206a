/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nftadmit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nfttrans.h"

/* More than any message that we let the library append: it checks no bounds. */
#define LIBRARY_ROOM_BYTES 8192
/* Elements in one message. */
#define ELEMS_PER_MSG 48

/* The two registers of a key that has two parts. Register 1 has the room of four
 * of 32 bits, of which the second is number 9 (nft_parse_register). */
#define REG NFT_REG_1
#define REG_BEHIND (NFT_REG32_00 + 1)

#define SET_PROTOCOLS  "protocols"
#define SET_IP4	       "exempt_ip4"
#define SET_IP6	       "exempt_ip6"
#define SET_PORTS      "exempt_ports"
#define SET_INTERFACES "exempt_interfaces"
#define SET_MARKS      "exempt_marks"

/* What "nft" calls a type; the kernel keeps it for nft and does not look at it. */
enum key_type {
	KEY_IP4 = 7,
	KEY_IP6 = 8,
	KEY_PROTOCOL = 12,
	KEY_PORT = 13,
	KEY_MARK = 19,
	KEY_IFNAME = 41,
	KEY_PROTOCOL_PORT = KEY_PROTOCOL << 6 | KEY_PORT,
};

/* One part of a key with several fills whole registers. */
struct port_key {
	uint8_t proto, pad[3];
	uint16_t be_port, pad2;
};

static bool is_prefix_valid(const struct exempt_prefix *p)
{
	unsigned int len = addr_len((enum family)p->family);

	return len && p->len <= len * 8;
}

int nftadmit_check(const struct nftadmit_config *c)
{
	const struct exempt *e = &c->exempt;

	uint32_t whole = nftadmit_whole_bit(c->mask);

	if (!(c->epoch & whole) || !(c->epoch & ~whole) || (c->epoch & ~c->mask))
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

/* -- the table and its chains --------------------------------------------- */

typedef void (*build_fn)(struct nlmsghdr *nlh, void *object);

/* Has the library append an object, which may be NULL: there was no memory for it. */
static void put_object(struct nfttrans *t, struct nlput *w, build_fn build, void *object)
{
	struct nlmsghdr *nlh = object ? nlput_lend(w, LIBRARY_ROOM_BYTES) : NULL;

	if (!object)
		nfttrans_fail(t, -ENOMEM);
	if (!nlh)
		return;
	build(nlh, object);
	nlput_adopt(w);
}

static void build_table(struct nlmsghdr *nlh, void *object)
{
	nftnl_table_nlmsg_build_payload(nlh, object);
}

static void build_chain(struct nlmsghdr *nlh, void *object)
{
	nftnl_chain_nlmsg_build_payload(nlh, object);
}

static void build_rule(struct nlmsghdr *nlh, void *object)
{
	nftnl_rule_nlmsg_build_payload(nlh, object);
}

static void build_set(struct nlmsghdr *nlh, void *object)
{
	nftnl_set_nlmsg_build_payload(nlh, object);
}

static void build_elems(struct nlmsghdr *nlh, void *object)
{
	nftnl_set_elems_nlmsg_build_payload(nlh, object);
}

/* A comment in the form in which nft shows it; the same for tables and rules. */
struct comment {
	uint8_t type, len;
	char text[64];
};
static_assert((int)NFTNL_UDATA_TABLE_COMMENT == (int)NFTNL_UDATA_RULE_COMMENT, "comments");

/* Returns its size. */
static uint32_t make_comment(struct comment *ret, const char *text)
{
	size_t len = strlen(text) + 1;

	if (BUG_ON(len > sizeof(ret->text)))
		return 0;
	*ret = (struct comment){ .type = NFTNL_UDATA_RULE_COMMENT, .len = (uint8_t)len };
	memcpy(ret->text, text, len);
	return (uint32_t)(offsetof(struct comment, text) + len);
}

static void put_table(struct nfttrans *t, const struct nftadmit_config *c)
{
	struct nlput *w = nfttrans_add(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
				       "table inet " NFTADMIT_TABLE);
	struct nftnl_table *table = nftnl_table_alloc();
	struct comment comment;

	if (table) {
		uint32_t size = make_comment(&comment, NFTADMIT_COMMENT);

		nftnl_table_set_str(table, NFTNL_TABLE_NAME, NFTADMIT_TABLE);
		nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, c->with_owner ? NFT_TABLE_F_OWNER : 0);
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, &comment, size);
	}
	put_object(t, w, build_table, table);
	if (table)
		nftnl_table_free(table);
}

void nftadmit_put_delete(struct nfttrans *t, uint64_t handle)
{
	struct nlput *w = nfttrans_add(t, NFT_MSG_DELTABLE, 0, "removal of the table");
	const uint32_t be[] = { htonl((uint32_t)(handle >> 32)), htonl((uint32_t)handle) };

	nlput_bytes(w, NFTA_TABLE_HANDLE, be, sizeof(be));
}

static void put_chain(struct nfttrans *t, const char *name, const int32_t *priority)
{
	struct nlput *w = nfttrans_add(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (chain) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFTADMIT_TABLE);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	}
	if (chain && priority) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_FORWARD);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, *priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	put_object(t, w, build_chain, chain);
	if (chain)
		nftnl_chain_free(chain);
}

/* -- sets ----------------------------------------------------------------- */

static const struct set_shape {
	const char *name;
	uint32_t key_type, key_len, flags;
	uint8_t parts[2]; /* bytes of each part of the key; 0 = it has one part */
	bool is_host_order;
} set_shapes[] = {
	{ SET_PROTOCOLS, KEY_PROTOCOL, 1, 0, { 0 }, false },
	{ SET_IP4, KEY_IP4, 4, NFT_SET_INTERVAL, { 0 }, false },
	{ SET_IP6, KEY_IP6, 16, NFT_SET_INTERVAL, { 0 }, false },
	{ SET_PORTS, KEY_PROTOCOL_PORT, sizeof(struct port_key), NFT_SET_INTERVAL | NFT_SET_CONCAT,
	  { 1, 2 }, false },
	{ SET_INTERFACES, KEY_IFNAME, LINK_NAME_SIZE, 0, { 0 }, true },
	{ SET_MARKS, KEY_MARK, 4, 0, { 0 }, true },
};

/* Without it nft takes keys for numbers whose highest byte comes first. */
struct byteorder {
	uint8_t type, len, value[4];
};

static struct byteorder host_order(void)
{
	const uint32_t host = 1; /* BYTEORDER_HOST_ENDIAN of nft */
	struct byteorder b = { .type = NFTNL_UDATA_SET_KEYBYTEORDER, .len = sizeof(host) };

	memcpy(b.value, &host, sizeof(host));
	return b;
}

static struct nftnl_set *new_set(const char *name)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return NULL;
	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFTADMIT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, name);
	return set;
}

static void put_set(struct nfttrans *t, const struct set_shape *shape, uint32_t id)
{
	struct nlput *w = nfttrans_add(t, NFT_MSG_NEWSET, NLM_F_CREATE, shape->name);
	struct nftnl_set *set = new_set(shape->name);
	const struct byteorder order = host_order();

	if (set) {
		nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, shape->key_type);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, shape->key_len);
		nftnl_set_set_u32(set, NFTNL_SET_ID, id);
		nftnl_set_set_u32(set, NFTNL_SET_FLAGS, shape->flags);
	}
	if (set && shape->parts[0])
		nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, shape->parts, sizeof(shape->parts));
	if (set && shape->is_host_order)
		nftnl_set_set_data(set, NFTNL_SET_USERDATA, &order, sizeof(order));
	put_object(t, w, build_set, set);
	if (set)
		nftnl_set_free(set);
}

/* Elements on their way into messages. */
struct filler {
	struct nfttrans *t;
	const char *name;
	struct nftnl_set *set; /* NULL = nothing is waiting */
	unsigned int n;
};

static void flush_elems(struct filler *f)
{
	if (!f->set)
		return;
	put_object(f->t, nfttrans_add(f->t, NFT_MSG_NEWSETELEM, NLM_F_CREATE, f->name), build_elems,
		   f->set);
	nftnl_set_free(f->set);
	f->set = NULL;
	f->n = 0;
}

/* end is the last key of a range in a set whose key has parts, else NULL. */
static void add_elem(struct filler *f, const void *key, const void *end, uint32_t len,
		     uint32_t flags)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (elem && !f->set)
		f->set = new_set(f->name);
	if (!elem || !f->set) {
		nfttrans_fail(f->t, -ENOMEM);
		if (elem)
			nftnl_set_elem_free(elem);
		return;
	}
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, len);
	if (end)
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY_END, end, len);
	if (flags)
		nftnl_set_elem_set_u32(elem, NFTNL_SET_ELEM_FLAGS, flags);
	nftnl_set_elem_add(f->set, elem);
	f->n++;
	if (f->n == ELEMS_PER_MSG)
		flush_elems(f);
}

static uint8_t net_byte(const struct exempt_prefix *p, unsigned int i)
{
	unsigned int bits = p->len > i * 8 ? MIN_T(unsigned int, p->len - i * 8, 8) : 0;

	return p->addr.b[i] & (uint8_t)(0xff00 >> bits);
}

/* The first address, and the one behind the last; false when there is none behind it. */
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

/* Whether another prefix of the list has all its addresses; of equal ones the first stays. */
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

/* The kernel refuses intervals that overlap (__nft_rbtree_insert). */
static void put_prefixes(struct nfttrans *t, const struct exempt *e, enum family family,
			 const char *set)
{
	struct filler f = { .t = t, .name = set };

	for (unsigned int i = 0; i < e->n_prefixes; i++) {
		struct addr first, behind;
		bool has_end;

		if (e->prefix[i].family != family || is_covered(e, i))
			continue;
		has_end = get_interval(&e->prefix[i], &first, &behind);
		add_elem(&f, first.b, NULL, addr_len(family), 0);
		if (has_end)
			add_elem(&f, behind.b, NULL, addr_len(family), NFT_SET_ELEM_INTERVAL_END);
	}
	flush_elems(&f);
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
 * Ranges may overlap in the settings but not in the kernel (nft_pipapo_insert).
 * Each one that begins where no other has begun is drawn out to where the last
 * that it touches ends.
 */
static void put_ports(struct nfttrans *t, const struct exempt *e)
{
	struct filler f = { .t = t, .name = SET_PORTS };

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
		add_elem(&f, &first, &last, sizeof(first), 0);
	}
	flush_elems(&f);
}

static void put_protocols(struct nfttrans *t)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct filler f = { .t = t, .name = SET_PROTOCOLS };

	for (size_t i = 0; i < array_size(protocols); i++)
		add_elem(&f, &protocols[i], NULL, 1, 0);
	flush_elems(&f);
}

/* Without NLM_F_EXCL an element that is there already is no error (nft_add_set_elem). */
static void put_elements(struct nfttrans *t, const struct exempt *e)
{
	struct filler interfaces = { .t = t, .name = SET_INTERFACES };
	struct filler marks = { .t = t, .name = SET_MARKS };

	put_protocols(t);
	put_prefixes(t, e, FAMILY_IP4, SET_IP4);
	put_prefixes(t, e, FAMILY_IP6, SET_IP6);
	put_ports(t, e);
	for (unsigned int i = 0; i < e->n_interfaces; i++)
		add_elem(&interfaces, e->interface[i], NULL, LINK_NAME_SIZE, 0);
	flush_elems(&interfaces);
	for (unsigned int i = 0; i < e->n_marks; i++)
		add_elem(&marks, &e->mark[i], NULL, sizeof(e->mark[i]), 0);
	flush_elems(&marks);
}

/* -- rules ---------------------------------------------------------------- */

/* A rule under construction. */
struct builder {
	struct nftnl_rule *rule;
	bool failed;
};

static struct nftnl_expr *add_expr(struct builder *b, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(b->rule, e);
	else
		b->failed = true;
	return e;
}

static void set_u32(struct builder *b, struct nftnl_expr *e, uint16_t attr, uint32_t value)
{
	if (e)
		nftnl_expr_set_u32(e, attr, value);
	else
		b->failed = true;
}

static void set_data(struct builder *b, struct nftnl_expr *e, uint16_t attr, const void *data,
		     size_t len)
{
	if (!e || nftnl_expr_set(e, attr, data, (uint32_t)len) < 0)
		b->failed = true;
}

static void load_meta(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = add_expr(b, "meta");

	set_u32(b, e, NFTNL_EXPR_META_KEY, key);
	set_u32(b, e, NFTNL_EXPR_META_DREG, REG);
}

static void load_payload(struct builder *b, uint32_t base, uint32_t offset, uint32_t len,
			 uint32_t reg)
{
	struct nftnl_expr *e = add_expr(b, "payload");

	set_u32(b, e, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(b, e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(b, e, NFTNL_EXPR_PAYLOAD_LEN, len);
	set_u32(b, e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void load_ct(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = add_expr(b, "ct");

	set_u32(b, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(b, e, NFTNL_EXPR_CT_DREG, REG);
}

static void store_ct(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = add_expr(b, "ct");

	set_u32(b, e, NFTNL_EXPR_CT_KEY, key);
	set_u32(b, e, NFTNL_EXPR_CT_SREG, REG);
}

static void mask_and_flip(struct builder *b, uint32_t mask, uint32_t flip)
{
	struct nftnl_expr *e = add_expr(b, "bitwise");

	set_u32(b, e, NFTNL_EXPR_BITWISE_SREG, REG);
	set_u32(b, e, NFTNL_EXPR_BITWISE_DREG, REG);
	set_u32(b, e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	set_data(b, e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	set_data(b, e, NFTNL_EXPR_BITWISE_XOR, &flip, sizeof(flip));
}

static void compare(struct builder *b, uint32_t op, const void *data, size_t len)
{
	struct nftnl_expr *e = add_expr(b, "cmp");

	set_u32(b, e, NFTNL_EXPR_CMP_SREG, REG);
	set_u32(b, e, NFTNL_EXPR_CMP_OP, op);
	set_data(b, e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void need_bits(struct builder *b, uint32_t ct_key, uint32_t bits)
{
	const uint32_t none = 0;

	load_ct(b, ct_key);
	mask_and_flip(b, bits, 0);
	compare(b, NFT_CMP_NEQ, &none, sizeof(none));
}

static void lookup(struct builder *b, const char *set)
{
	struct nftnl_expr *e = add_expr(b, "lookup");

	set_u32(b, e, NFTNL_EXPR_LOOKUP_SREG, REG);
	set_data(b, e, NFTNL_EXPR_LOOKUP_SET, set, strlen(set) + 1);
	/* What the kernel shows in a dump (nft_lookup_dump), with which it is compared. */
	set_u32(b, e, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

static void count(struct builder *b)
{
	add_expr(b, "counter");
}

static void decide(struct builder *b, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *e = add_expr(b, "immediate");

	set_u32(b, e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(b, e, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		set_data(b, e, NFTNL_EXPR_IMM_CHAIN, chain, strlen(chain) + 1);
}

static void exempt_address(struct builder *b, uint8_t nfproto, uint32_t offset, uint32_t len,
			   const char *set)
{
	load_meta(b, NFT_META_NFPROTO);
	compare(b, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offset, len, REG);
	lookup(b, set);
}

static void exempt_port(struct builder *b, uint32_t offset)
{
	load_meta(b, NFT_META_L4PROTO);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(uint16_t), REG_BEHIND);
	lookup(b, SET_PORTS);
}

static void exempt_interface(struct builder *b, uint32_t key)
{
	load_meta(b, key);
	lookup(b, SET_INTERFACES);
}

static void exempt_mark(struct builder *b, const struct nftadmit_config *c)
{
	load_ct(b, NFT_CT_MARK);
	mask_and_flip(b, ~c->mask, 0);
	lookup(b, SET_MARKS);
}

static uint32_t half_of(const struct nftadmit_config *c)
{
	return c->epoch & ~nftadmit_whole_bit(c->mask);
}

static void set_mark(struct builder *b, const struct nftadmit_config *c, uint32_t value)
{
	load_ct(b, NFT_CT_MARK);
	mask_and_flip(b, ~c->mask, value);
	store_ct(b, NFT_CT_MARK);
}

static void original(struct builder *b, const struct nftadmit_config *c)
{
	const uint8_t direction = IP_CT_DIR_ORIGINAL;

	load_ct(b, NFT_CT_DIRECTION);
	compare(b, NFT_CMP_EQ, &direction, sizeof(direction));
	set_mark(b, c, half_of(c));
	decide(b, NFT_RETURN, NULL);
}

static void need_mark_not(struct builder *b, const struct nftadmit_config *c, uint32_t value)
{
	load_ct(b, NFT_CT_MARK);
	mask_and_flip(b, c->mask, 0);
	compare(b, NFT_CMP_NEQ, &value, sizeof(value));
}

/* The kernel compares bytes, so a number must have its highest first (nft_cmp_eval). */
static void need_packets(struct builder *b, uint32_t min)
{
	const uint32_t be[] = { 0, htonl(min) };
	struct nftnl_expr *e;

	load_ct(b, NFT_CT_PKTS);
	e = add_expr(b, "byteorder");
	set_u32(b, e, NFTNL_EXPR_BYTEORDER_SREG, REG);
	set_u32(b, e, NFTNL_EXPR_BYTEORDER_DREG, REG);
	set_u32(b, e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	set_u32(b, e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(be));
	set_u32(b, e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(be));
	compare(b, NFT_CMP_GTE, be, sizeof(be));
}

static void gate(struct builder *b, const struct nftadmit_config *c)
{
	need_mark_not(b, c, c->epoch);
	need_bits(b, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
	need_bits(b, NFT_CT_STATUS, IPS_ASSURED);
	load_meta(b, NFT_META_L4PROTO);
	lookup(b, SET_PROTOCOLS);
	if (c->min_packets)
		need_packets(b, c->min_packets);
	decide(b, NFT_JUMP, NFTADMIT_CHAIN);
}

static void build(struct builder *b, const struct nftadmit_config *c, enum nftadmit_rule rule)
{
	switch (rule) {
	case NFTADMIT_RULE_IP4_SOURCE: exempt_address(b, NFPROTO_IPV4, 12, 4, SET_IP4); break;
	case NFTADMIT_RULE_IP4_DESTINATION: exempt_address(b, NFPROTO_IPV4, 16, 4, SET_IP4); break;
	case NFTADMIT_RULE_IP6_SOURCE: exempt_address(b, NFPROTO_IPV6, 8, 16, SET_IP6); break;
	case NFTADMIT_RULE_IP6_DESTINATION: exempt_address(b, NFPROTO_IPV6, 24, 16, SET_IP6); break;
	case NFTADMIT_RULE_SOURCE_PORT: exempt_port(b, 0); break;
	case NFTADMIT_RULE_DESTINATION_PORT: exempt_port(b, 2); break;
	case NFTADMIT_RULE_IN: exempt_interface(b, NFT_META_IIFNAME); break;
	case NFTADMIT_RULE_OUT: exempt_interface(b, NFT_META_OIFNAME); break;
	case NFTADMIT_RULE_MARK: exempt_mark(b, c); break;
	case NFTADMIT_RULE_GATE: gate(b, c); return;
	case NFTADMIT_RULE_ORIGINAL: original(b, c); return;
	case NFTADMIT_RULE_WAITING:
		need_mark_not(b, c, half_of(c));
		decide(b, NFT_RETURN, NULL);
		return;
	case NFTADMIT_RULE_ADMIT: set_mark(b, c, c->epoch); return;
	case NFTADMIT_RULE_SEEN:
	case NFTADMIT_RULE_ADMITTED: count(b); return;
	case NFTADMIT_RULE__COUNT: b->failed = true; return;
	}
	count(b);
	decide(b, NFT_RETURN, NULL);
}

const char *nftadmit_chain(enum nftadmit_rule rule)
{
	return rule == NFTADMIT_RULE_GATE ? NFTADMIT_BASE_CHAIN : NFTADMIT_CHAIN;
}

static const char *comment_of(enum nftadmit_rule rule)
{
	if (rule == NFTADMIT_RULE_SEEN)
		return "candidates";
	return rule == NFTADMIT_RULE_ADMITTED ? "admitted" : NULL;
}

struct nftnl_rule *nftadmit_new_rule(const struct nftadmit_config *c, enum nftadmit_rule rule)
{
	struct builder b = { .rule = nftnl_rule_alloc() };
	struct comment comment;

	if (!b.rule)
		return NULL;
	nftnl_rule_set_str(b.rule, NFTNL_RULE_TABLE, NFTADMIT_TABLE);
	nftnl_rule_set_str(b.rule, NFTNL_RULE_CHAIN, nftadmit_chain(rule));
	if (comment_of(rule)) {
		uint32_t size = make_comment(&comment, comment_of(rule));

		nftnl_rule_set_data(b.rule, NFTNL_RULE_USERDATA, &comment, size);
	}
	build(&b, c, rule);
	if (b.failed) {
		nftnl_rule_free(b.rule);
		return NULL;
	}
	return b.rule;
}

static void put_rule(struct nfttrans *t, const struct nftadmit_config *c, enum nftadmit_rule rule,
		     uint16_t flags, uint64_t handle)
{
	struct nlput *w = nfttrans_add(t, NFT_MSG_NEWRULE, flags, nftadmit_chain(rule));
	struct nftnl_rule *r = nftadmit_new_rule(c, rule);

	if (r && handle)
		nftnl_rule_set_u64(r, NFTNL_RULE_HANDLE, handle);
	put_object(t, w, build_rule, r);
	if (r)
		nftnl_rule_free(r);
}

void nftadmit_put_replace(struct nfttrans *t, const struct nftadmit_config *c,
			  enum nftadmit_rule rule, uint64_t handle)
{
	put_rule(t, c, rule, NLM_F_REPLACE, handle);
}

void nftadmit_put_table(struct nfttrans *t, const struct nftadmit_config *c)
{
	put_table(t, c);
	for (uint32_t i = 0; i < array_size(set_shapes); i++)
		put_set(t, &set_shapes[i], i + 1);
	put_elements(t, &c->exempt);
	put_chain(t, NFTADMIT_CHAIN, NULL);
	put_chain(t, NFTADMIT_BASE_CHAIN, &c->priority);
	for (unsigned int i = 0; i < NFTADMIT_RULE__COUNT; i++)
		put_rule(t, c, (enum nftadmit_rule)i, NLM_F_CREATE | NLM_F_APPEND, 0);
}
