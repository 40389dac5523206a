/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftsetkeys.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftmsg.h"
#include "nl/nlget.h"

/* Registers of 4 bytes; the first four belong to the verdict register. */
#define REGS 20
#define REGS_PER_BIG_ONE 4

int nftsetkeys_put_dump(struct nlput *w, uint8_t family, const char *table)
{
	nftmsg_begin(w, NFT_MSG_GETRULE, NLM_F_DUMP, family);
	nlput_str(w, NFTA_RULE_TABLE, table);
	return nlput_end(w);
}

/* The scan of one rule. */
struct scan {
	const char *set;
	uint32_t known; /* bit n = register n has an unmodified value of the connection */
	uint32_t slots; /* the result */
};

/* Index of the first 4-byte register, as in nft_parse_register; REGS = invalid. */
static unsigned int first_reg(uint32_t number)
{
	if (number <= NFT_REG_4)
		return number * REGS_PER_BIG_ONE;
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return number - NFT_REG32_00 + REGS_PER_BIG_ONE;
	return REGS;
}

/* Attributes of an expression that are 32-bit numbers, indexed by type. */
#define ATTRS 8

struct expr {
	uint32_t value[ATTRS];
	bool is_there[ATTRS];
	bool has_set; /* true = the expression uses the set */
};

static struct expr get_expr(const struct nlattr *data, uint16_t name_attr, const char *set)
{
	struct nlget g = nlget_enter(data);
	struct expr e = { .has_set = false };
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		uint16_t type = nlget_type(attr);

		if (type == name_attr)
			e.has_set = nlget_is_str(attr, set);
		if (type >= ATTRS)
			continue;
		e.is_there[type] = true;
		if (nlget_len(attr) == sizeof(uint32_t))
			e.value[type] = nlget_be32(&g, attr);
	}
	return e;
}

static void load(struct scan *s, uint32_t number, unsigned int bytes, bool is_known)
{
	unsigned int first = first_reg(number);

	for (unsigned int i = first; i < REGS && i < first + (bytes + 3) / 4; i++) {
		s->known &= ~(1u << i);
		if (is_known)
			s->known |= 1u << i;
	}
}

/* True for addresses and protocol of both families, and for ports. */
static bool is_known_payload(uint32_t base, uint32_t offset, uint32_t len)
{
	static const struct {
		uint32_t base, offset, len;
	} fields[] = {
		{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4 },   { NFT_PAYLOAD_NETWORK_HEADER, 16, 4 },
		{ NFT_PAYLOAD_NETWORK_HEADER, 8, 16 },   { NFT_PAYLOAD_NETWORK_HEADER, 24, 16 },
		{ NFT_PAYLOAD_NETWORK_HEADER, 9, 1 },    { NFT_PAYLOAD_NETWORK_HEADER, 6, 1 },
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2 },  { NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2 },
	};

	for (size_t i = 0; i < array_size(fields); i++) {
		if (fields[i].base == base && fields[i].offset == offset && fields[i].len == len)
			return true;
	}
	return false;
}

static void scan_payload(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, 0, s->set);
	const uint32_t *v = e.value;

	if (e.is_there[NFTA_PAYLOAD_DREG])
		load(s, v[NFTA_PAYLOAD_DREG], v[NFTA_PAYLOAD_LEN],
		     is_known_payload(v[NFTA_PAYLOAD_BASE], v[NFTA_PAYLOAD_OFFSET],
				      v[NFTA_PAYLOAD_LEN]));
}

/* The length of a value depends on its key, so assume a whole register. */
#define WHOLE_REG_BYTES 16

static void scan_meta(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, 0, s->set);
	bool is_known = false, is_name = false;

	if (!e.is_there[NFTA_META_DREG])
		return;
	switch (e.value[NFTA_META_KEY]) {
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME: is_name = true;
	/* fall through */
	case NFT_META_L4PROTO:
	case NFT_META_NFPROTO:
	case NFT_META_IIF:
	case NFT_META_OIF: is_known = true; break;
	}
	load(s, e.value[NFTA_META_DREG], is_known && !is_name ? 4 : WHOLE_REG_BYTES, is_known);
}

static void scan_ct(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, 0, s->set);
	uint32_t dreg = e.value[NFTA_CT_DREG];

	if (!e.is_there[NFTA_CT_DREG])
		return;
	switch (e.value[NFTA_CT_KEY]) {
	case NFT_CT_SRC:
	case NFT_CT_DST:
	case NFT_CT_SRC_IP6:
	case NFT_CT_DST_IP6: load(s, dreg, WHOLE_REG_BYTES, true); break;
	case NFT_CT_SRC_IP:
	case NFT_CT_DST_IP:
	case NFT_CT_PROTOCOL:
	case NFT_CT_PROTO_SRC:
	case NFT_CT_PROTO_DST: load(s, dreg, 4, true); break;
	default: load(s, dreg, WHOLE_REG_BYTES, false);
	}
}

static void use_set(struct scan *s, uint32_t number)
{
	unsigned int first = first_reg(number);

	for (unsigned int i = first; i < REGS; i++) {
		if (!(s->known & 1u << i))
			s->slots |= 1u << (i - first);
	}
	if (first >= REGS)
		s->slots = NFTSETKEYS_ALL_SLOTS;
}

static void scan_lookup(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, NFTA_LOOKUP_SET, s->set);

	if (e.has_set)
		use_set(s, e.value[NFTA_LOOKUP_SREG]);
	if (e.is_there[NFTA_LOOKUP_DREG])
		load(s, e.value[NFTA_LOOKUP_DREG], REGS * 4, false);
}

static void scan_dynset(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, NFTA_DYNSET_SET_NAME, s->set);

	if (e.has_set)
		use_set(s, e.value[NFTA_DYNSET_SREG_KEY]);
}

static void scan_objref(struct scan *s, const struct nlattr *data)
{
	struct expr e = get_expr(data, NFTA_OBJREF_SET_NAME, s->set);

	if (e.has_set)
		use_set(s, e.value[NFTA_OBJREF_SET_SREG]);
}

/* For expressions that write no register. */
static void scan_nothing(struct scan *s UNUSED, const struct nlattr *data UNUSED)
{
}

static const struct {
	const char *name;
	void (*scan)(struct scan *s, const struct nlattr *data);
} scanners[] = {
	{ "payload", scan_payload }, { "meta", scan_meta },       { "ct", scan_ct },
	{ "lookup", scan_lookup },   { "dynset", scan_dynset },   { "objref", scan_objref },
	{ "cmp", scan_nothing },     { "range", scan_nothing },   { "counter", scan_nothing },
	{ "limit", scan_nothing },   { "log", scan_nothing },     { "quota", scan_nothing },
};

static void scan_expr(struct scan *s, const struct nlattr *elem)
{
	struct nlget g = nlget_enter(elem);
	const struct nlattr *attr, *name = NULL, *data = NULL;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_EXPR_NAME)
			name = attr;
		else if (nlget_type(attr) == NFTA_EXPR_DATA)
			data = attr;
	}
	for (size_t i = 0; name && data && i < array_size(scanners); i++) {
		if (nlget_is_str(name, scanners[i].name)) {
			scanners[i].scan(s, data);
			return;
		}
	}
	/* May write any register: immediate, bitwise, byteorder, hash, fib, unknown ones. */
	s->known = 0;
}

void nftsetkeys_get(const struct nlmsghdr *nlh, const char *set, uint32_t *slots)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg)), list;
	struct scan s = { .set = set };
	const struct nlattr *attr, *elem;

	if (!nftmsg_is(nlh, NFT_MSG_NEWRULE))
		return;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		list = nlget_enter(attr);
		while ((elem = nlget_next(&list)))
			scan_expr(&s, elem);
		nlget_leave(&g, &list);
	}
	*slots |= g.is_malformed ? NFTSETKEYS_ALL_SLOTS : s.slots;
}
