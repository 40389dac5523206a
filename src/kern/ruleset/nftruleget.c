/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftruleget.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "kern/ruleset/nftxtables.h"
#include "nl/nlget.h"

/* Attributes of an expression, indexed by type; higher types do not matter. */
#define ATTRS 12

struct expr {
	const struct nlattr *attr[ATTRS];
	uint64_t value[ATTRS]; /* big-endian value of attributes of up to 8 bytes */
};

/* The rule being decoded. */
struct reader {
	struct nftview *rs;
	uint32_t table;
	uint32_t loaded; /* bit n = something is known of the 4 bytes at 4 * n */
};

static struct expr get_expr(const struct nlattr *data)
{
	struct nlget g = nlget_enter(data);
	struct expr e = { .value = { 0 } };
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		const uint8_t *bytes = nlget_data(attr);
		uint16_t type = nlget_type(attr);
		size_t len = nlget_len(attr);

		if (type >= ATTRS)
			continue;
		e.attr[type] = attr;
		for (size_t i = 0; i < len && len <= sizeof(uint64_t); i++)
			e.value[type] = e.value[type] << 8 | bytes[i];
	}
	return e;
}

/* Copies a name, truncated to fit; "" without attribute. */
static void get_name(const struct nlattr *attr, char *ret, size_t size)
{
	size_t len = attr ? strnlen(nlget_data(attr), nlget_len(attr)) : 0;

	len = MIN(len, size - 1);
	if (len)
		memcpy(ret, nlget_data(attr), len);
	ret[len] = '\0';
}

/* -- registers ------------------------------------------------------------ */

/* Offset of a register's first byte, as in nft_parse_register; NFTVIEW_REG_BYTES = invalid. */
static unsigned int reg_at(uint64_t number)
{
	if (number <= NFT_REG_4)
		return (unsigned int)number * 16;
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (unsigned int)(number - NFT_REG32_00) * 4 + 16;
	return NFTVIEW_REG_BYTES;
}

static bool fits(unsigned int at, uint64_t len)
{
	return len && len <= NFTVIEW_REG_ALL_BYTES && at + len <= NFTVIEW_REG_ALL_BYTES &&
	       (at + len <= NFTVIEW_REG_BYTES || at >= NFTVIEW_REG_SCRATCH);
}

static uint32_t words(unsigned int at, uint64_t len)
{
	uint32_t bits = 0;

	for (unsigned int i = at / 4; i < (at + len + 3) / 4; i++)
		bits |= 1u << i;
	return bits;
}

static struct ruleop *add_load(struct reader *r, enum rulesrc source, unsigned int dreg,
			       uint64_t len)
{
	struct ruleop *op = fits(dreg, len) ? nftview_add_op(r->rs, RULEOP_LOAD) : NULL;

	if (!op)
		return NULL;
	op->dreg = (uint8_t)dreg;
	op->len = (uint8_t)len;
	op->load.source = (uint8_t)source;
	r->loaded &= ~words(dreg, len);
	if (source != RULESRC_UNKNOWN)
		r->loaded |= words(dreg, len);
	return op;
}

/* Forgets everything from reg to the last register: the length written is not known. */
static void forget(struct reader *r, uint64_t reg)
{
	unsigned int at = reg_at(reg);

	if (at < NFTVIEW_REG_BYTES)
		(void)add_load(r, RULESRC_UNKNOWN, at, NFTVIEW_REG_BYTES - at);
}

static void add_maybe(struct reader *r)
{
	(void)nftview_add_op(r->rs, RULEOP_MAYBE);
}

/* -- statements ----------------------------------------------------------- */

PRINTF_LIKE(4, 5)
static void add_stmt(struct reader *r, enum rulestmt what, bool is_match, const char *fmt, ...)
{
	struct ruleop *op = nftview_add_op(r->rs, RULEOP_STMT);
	va_list ap;

	if (!op)
		return;
	op->stmt.what = (uint8_t)what;
	op->stmt.is_match = is_match;
	va_start(ap, fmt);
	vsnprintf(op->stmt.text, sizeof(op->stmt.text), fmt, ap);
	va_end(ap);
}

static const char *unit_name(uint64_t seconds)
{
	switch (seconds) {
	case 1: return "second";
	case 60: return "minute";
	case 3600: return "hour";
	case 86400: return "day";
	case 604800: return "week";
	}
	return "?";
}

static void get_limit(struct reader *r, const struct expr *e)
{
	add_stmt(r, RULESTMT_LIMIT, true, "limit rate %s%llu%s/%s",
		 e->value[NFTA_LIMIT_FLAGS] & NFT_LIMIT_F_INV ? "over " : "",
		 (unsigned long long)e->value[NFTA_LIMIT_RATE],
		 e->value[NFTA_LIMIT_TYPE] == NFT_LIMIT_PKT_BYTES ? " bytes" : "",
		 unit_name(e->value[NFTA_LIMIT_UNIT]));
}

static void get_quota(struct reader *r, const struct expr *e)
{
	add_stmt(r, RULESTMT_QUOTA, true, "quota %s%llu bytes",
		 e->value[NFTA_QUOTA_FLAGS] & NFT_QUOTA_F_INV ? "over " : "",
		 (unsigned long long)e->value[NFTA_QUOTA_BYTES]);
}

static void get_counter(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_COUNTER, false, "counter");
}

static void get_last(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_LAST, false, "last");
}

static void get_log(struct reader *r, const struct expr *e)
{
	char prefix[24];

	get_name(e->attr[NFTA_LOG_PREFIX], prefix, sizeof(prefix));
	if (prefix[0])
		add_stmt(r, RULESTMT_LOG, false, "log prefix \"%s\"", prefix);
	else if (e->attr[NFTA_LOG_GROUP])
		add_stmt(r, RULESTMT_LOG, false, "log group %u",
			 (unsigned int)e->value[NFTA_LOG_GROUP]);
	else
		add_stmt(r, RULESTMT_LOG, false, "log");
}

static void get_queue(struct reader *r, const struct expr *e)
{
	struct ruleop *op;

	if (e->attr[NFTA_QUEUE_SREG_QNUM])
		add_stmt(r, RULESTMT_QUEUE, false, "queue to a number chosen per packet");
	else
		add_stmt(r, RULESTMT_QUEUE, false, "queue to %u",
			 (unsigned int)e->value[NFTA_QUEUE_NUM]);
	op = nftview_add_op(r->rs, RULEOP_VERDICT);
	if (op)
		op->verdict.code = RULE_QUEUE;
}

static void get_synproxy(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_SYNPROXY, true, "synproxy");
}

static void get_dup(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_DUP, false, "dup");
}

static void get_fwd(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_FWD, false, "fwd");
}

static void get_tproxy(struct reader *r, const struct expr *e UNUSED)
{
	add_stmt(r, RULESTMT_TPROXY, true, "tproxy");
}

static void get_dynset(struct reader *r, const struct expr *e)
{
	static const char *const verbs[] = {
		[NFT_DYNSET_OP_ADD] = "add",
		[NFT_DYNSET_OP_UPDATE] = "update",
		[NFT_DYNSET_OP_DELETE] = "delete",
	};
	uint64_t verb = e->value[NFTA_DYNSET_OP];
	char name[NFTVIEW_NAME_SIZE];

	get_name(e->attr[NFTA_DYNSET_SET_NAME], name, sizeof(name));
	add_stmt(r, RULESTMT_SET, true, "%s @%.32s", verb < array_size(verbs) ? verbs[verb] : "?",
		 name);
}

/* Generates a new number for each packet. */
static void get_numgen(struct reader *r, const struct expr *e)
{
	add_stmt(r, RULESTMT_NUMGEN, false, "numgen %s",
		 e->value[NFTA_NG_TYPE] == NFT_NG_RANDOM ? "random" : "inc");
	forget(r, e->value[NFTA_NG_DREG]);
}

/* Matches only SYN packets (nft_osf_eval). */
static void get_osf(struct reader *r, const struct expr *e UNUSED)
{
	(void)nftview_add_op(r->rs, RULEOP_NEVER);
}

static const char *header_text(const struct expr *e)
{
	uint64_t offset = e->value[NFTA_PAYLOAD_OFFSET], base = e->value[NFTA_PAYLOAD_BASE];
	/* Only IPv4 has a header checksum. */
	bool is_ip4 = e->value[NFTA_PAYLOAD_CSUM_TYPE] == NFT_PAYLOAD_CSUM_INET;

	if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		return "transport header set";
	if (base != NFT_PAYLOAD_NETWORK_HEADER)
		return "header set";
	if (offset <= 1)
		return is_ip4 ? "ip dscp set" : "ip6 dscp set";
	if (is_ip4 ? offset == 8 : offset == 6 || offset == 7)
		return is_ip4 ? "ip ttl set" : "ip6 hoplimit set";
	return is_ip4 ? "ip header set" : "ip6 header set";
}

static void get_payload(struct reader *r, const struct expr *e)
{
	uint64_t base = e->value[NFTA_PAYLOAD_BASE], offset = e->value[NFTA_PAYLOAD_OFFSET];
	enum rulesrc source = base == NFT_PAYLOAD_NETWORK_HEADER ? RULESRC_NETWORK :
			      base == NFT_PAYLOAD_TRANSPORT_HEADER ? RULESRC_TRANSPORT :
								     RULESRC_UNKNOWN;
	struct ruleop *op;

	if (e->attr[NFTA_PAYLOAD_SREG]) {
		add_stmt(r, RULESTMT_HEADER, false, "%s", header_text(e));
		return;
	}
	if (offset > UINT8_MAX)
		source = RULESRC_UNKNOWN;
	op = add_load(r, source, reg_at(e->value[NFTA_PAYLOAD_DREG]), e->value[NFTA_PAYLOAD_LEN]);
	if (op)
		op->load.offset = (uint8_t)offset;
}

/* Maximum segment size, window scale and SACK permitted: only SYN packets have them, and the
 * kernel adds no missing option (nft_exthdr_tcp_set_eval, nft_exthdr_tcp_strip_eval). */
static bool is_syn_option(uint64_t type)
{
	return type >= 2 && type <= 4;
}

static void get_exthdr(struct reader *r, const struct expr *e)
{
	bool is_option = e->value[NFTA_EXTHDR_OP] == NFT_EXTHDR_OP_TCPOPT;

	if (e->attr[NFTA_EXTHDR_DREG]) {
		forget(r, e->value[NFTA_EXTHDR_DREG]);
		add_maybe(r);
	} else if (is_option && is_syn_option(e->value[NFTA_EXTHDR_TYPE])) {
		add_maybe(r);
	} else if (is_option) {
		add_stmt(r, RULESTMT_HEADER, true, "tcp option %s",
			 e->attr[NFTA_EXTHDR_SREG] ? "set" : "reset");
	} else {
		add_stmt(r, RULESTMT_HEADER, true, "header option set");
	}
}

static void get_meta_set(struct reader *r, uint64_t key)
{
	switch (key) {
	case NFT_META_MARK: add_stmt(r, RULESTMT_MARK, false, "meta mark set"); break;
	case NFT_META_PRIORITY: add_stmt(r, RULESTMT_PRIORITY, false, "meta priority set"); break;
	case NFT_META_SECMARK: add_stmt(r, RULESTMT_SECMARK, false, "meta secmark set"); break;
	}
}

static void get_meta(struct reader *r, const struct expr *e)
{
	uint64_t key = e->value[NFTA_META_KEY];
	unsigned int dreg = reg_at(e->value[NFTA_META_DREG]);

	if (e->attr[NFTA_META_SREG]) {
		get_meta_set(r, key);
		return;
	}
	switch (key) {
	case NFT_META_L4PROTO: (void)add_load(r, RULESRC_L4PROTO, dreg, 4); return;
	case NFT_META_NFPROTO: (void)add_load(r, RULESRC_NFPROTO, dreg, 4); return;
	case NFT_META_PROTOCOL: (void)add_load(r, RULESRC_ETHERTYPE, dreg, 4); return;
	case NFT_META_PKTTYPE: (void)add_load(r, RULESRC_PKTTYPE, dreg, 4); return;
	}
	forget(r, e->value[NFTA_META_DREG]);
}

static void get_ct(struct reader *r, const struct expr *e)
{
	uint64_t key = e->value[NFTA_CT_KEY];
	unsigned int dreg = reg_at(e->value[NFTA_CT_DREG]);

	if (e->attr[NFTA_CT_SREG]) {
		if (key == NFT_CT_MARK || key == NFT_CT_LABELS)
			add_stmt(r, RULESTMT_CT_MARK, false,
				 key == NFT_CT_MARK ? "ct mark set" : "ct label set");
		if (key == NFT_CT_SECMARK)
			add_stmt(r, RULESTMT_SECMARK, false, "ct secmark set");
		return;
	}
	switch (key) {
	case NFT_CT_STATE: (void)add_load(r, RULESRC_CT_STATE, dreg, 4); return;
	case NFT_CT_STATUS: (void)add_load(r, RULESRC_CT_STATUS, dreg, 4); return;
	case NFT_CT_MARK: (void)add_load(r, RULESRC_CT_MARK, dreg, 4); return;
	case NFT_CT_PROTOCOL: (void)add_load(r, RULESRC_L4PROTO, dreg, 4); return;
	case NFT_CT_L3PROTOCOL: (void)add_load(r, RULESRC_NFPROTO, dreg, 4); return;
	}
	forget(r, e->value[NFTA_CT_DREG]);
}

/* -- matches -------------------------------------------------------------- */

/* Copies the NFTA_DATA_VALUE in data. Returns its length, or 0 if missing or above size. */
static size_t get_value(const struct nlattr *data, void *ret, size_t size)
{
	struct nlget g;
	const struct nlattr *attr;

	if (!data)
		return 0;
	g = nlget_enter(data);
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != NFTA_DATA_VALUE || nlget_len(attr) > size)
			continue;
		memcpy(ret, nlget_data(attr), nlget_len(attr));
		return nlget_len(attr);
	}
	return 0;
}

static void get_cmp(struct reader *r, const struct expr *e)
{
	static const uint8_t compares[] = {
		[NFT_CMP_EQ] = RULE_EQ,	 [NFT_CMP_NEQ] = RULE_NE, [NFT_CMP_LT] = RULE_LT,
		[NFT_CMP_LTE] = RULE_LE, [NFT_CMP_GT] = RULE_GT,  [NFT_CMP_GTE] = RULE_GE,
	};
	unsigned int sreg = reg_at(e->value[NFTA_CMP_SREG]);
	uint8_t value[NFTVIEW_VALUE_SIZE];
	size_t len = get_value(e->attr[NFTA_CMP_DATA], value, sizeof(value));
	struct ruleop *op;

	if (!fits(sreg, len) || e->value[NFTA_CMP_OP] >= array_size(compares)) {
		add_maybe(r);
		return;
	}
	op = nftview_add_op(r->rs, RULEOP_CMP);
	if (!op)
		return;
	op->sreg = (uint8_t)sreg;
	op->len = (uint8_t)len;
	memcpy(op->value.a, value, len);
	op->value.compare = compares[e->value[NFTA_CMP_OP]];
}

static void get_range(struct reader *r, const struct expr *e)
{
	unsigned int sreg = reg_at(e->value[NFTA_RANGE_SREG]);
	uint8_t from[NFTVIEW_VALUE_SIZE], to[NFTVIEW_VALUE_SIZE];
	size_t len = get_value(e->attr[NFTA_RANGE_FROM_DATA], from, sizeof(from));
	struct ruleop *op;

	if (!fits(sreg, len) || get_value(e->attr[NFTA_RANGE_TO_DATA], to, sizeof(to)) != len) {
		add_maybe(r);
		return;
	}
	op = nftview_add_op(r->rs, RULEOP_RANGE);
	if (!op)
		return;
	op->sreg = (uint8_t)sreg;
	op->len = (uint8_t)len;
	memcpy(op->value.a, from, len);
	memcpy(op->value.b, to, len);
	op->value.is_inverted = e->value[NFTA_RANGE_OP] == NFT_RANGE_NEQ;
}

static void add_mask(struct reader *r, unsigned int sreg, unsigned int dreg, size_t len,
		     const void *mask, const void *xor)
{
	struct ruleop *op = nftview_add_op(r->rs, RULEOP_BITWISE);

	if (!op)
		return;
	op->sreg = (uint8_t)sreg;
	op->dreg = (uint8_t)dreg;
	op->len = (uint8_t)len;
	memcpy(op->value.a, mask, len);
	memcpy(op->value.b, xor, len);
}

static void get_bitwise(struct reader *r, const struct expr *e)
{
	unsigned int sreg = reg_at(e->value[NFTA_BITWISE_SREG]);
	unsigned int dreg = reg_at(e->value[NFTA_BITWISE_DREG]);
	uint8_t mask[NFTVIEW_VALUE_SIZE], xor[NFTVIEW_VALUE_SIZE];
	size_t len = get_value(e->attr[NFTA_BITWISE_MASK], mask, sizeof(mask));

	/* Shifts are not decoded, nor values longer than NFTVIEW_VALUE_SIZE. */
	if (e->value[NFTA_BITWISE_OP] != NFT_BITWISE_BOOL || !fits(sreg, len) || !fits(dreg, len) ||
	    get_value(e->attr[NFTA_BITWISE_XOR], xor, sizeof(xor)) != len) {
		forget(r, e->value[NFTA_BITWISE_DREG]);
		return;
	}
	if (r->loaded & words(sreg, len))
		r->loaded |= words(dreg, len);
	else
		r->loaded &= ~words(dreg, len);
	add_mask(r, sreg, dreg, len, mask, xor);
}

static void get_byteorder(struct reader *r, const struct expr *e)
{
	forget(r, e->value[NFTA_BYTEORDER_DREG]);
}

static void get_socket(struct reader *r, const struct expr *e)
{
	forget(r, e->value[NFTA_SOCKET_DREG]);
	add_maybe(r);
}

/* May or may not match, and may write any register. */
static void get_other(struct reader *r, const struct expr *e UNUSED)
{
	forget(r, NFT_REG_1);
	add_maybe(r);
}

static void get_maybe(struct reader *r, const struct expr *e UNUSED)
{
	add_maybe(r);
}

static void get_nothing(struct reader *r UNUSED, const struct expr *e UNUSED)
{
}

/* -- sets and objects ----------------------------------------------------- */

enum rulestmt nftruleget_object_stmt(uint32_t type)
{
	switch (type) {
	case NFT_OBJECT_COUNTER: return RULESTMT_COUNTER;
	case NFT_OBJECT_QUOTA: return RULESTMT_QUOTA;
	case NFT_OBJECT_LIMIT: return RULESTMT_LIMIT;
	case NFT_OBJECT_SECMARK: return RULESTMT_SECMARK;
	case NFT_OBJECT_SYNPROXY: return RULESTMT_SYNPROXY;
	}
	return RULESTMT__COUNT;
}

enum rulestmt nftruleget_elem_stmt(const struct nlattr *name)
{
	static const enum rulestmt kinds[] = {
		RULESTMT_COUNTER, RULESTMT_LIMIT, RULESTMT_QUOTA, RULESTMT_LAST,
	};

	for (size_t i = 0; i < array_size(kinds); i++) {
		if (nlget_is_str(name, nftview_stmt_name(kinds[i])))
			return kinds[i];
	}
	return RULESTMT__COUNT;
}

static uint32_t find_set(const struct reader *r, const struct nlattr *attr)
{
	char name[NFT_NAME_MAXLEN];

	get_name(attr, name, sizeof(name));
	return nftview_find_set(r->rs, r->table, name);
}

static bool may_pass(enum rulestmt what)
{
	return what == RULESTMT_QUOTA || what == RULESTMT_LIMIT || what == RULESTMT_SYNPROXY;
}

static void get_lookup(struct reader *r, const struct expr *e)
{
	uint32_t index = find_set(r, e->attr[NFTA_LOOKUP_SET]);
	unsigned int sreg = reg_at(e->value[NFTA_LOOKUP_SREG]);
	struct nftview_set *set = index != NFTVIEW_NONE ? &r->rs->set[index] : NULL;
	struct ruleop *op = NULL;

	if (set && set->is_verdicts && set->counts != RULESTMT__COUNT)
		add_stmt(r, (enum rulestmt)set->counts, true, "%s in elements of @%.20s",
			 nftview_stmt_name((enum rulestmt)set->counts), set->name);
	if (set && fits(sreg, set->key_bytes)) {
		if (set->is_verdicts || (r->loaded & words(sreg, set->key_bytes)))
			set->is_wanted = true;
		op = nftview_add_op(r->rs, RULEOP_LOOKUP);
	}
	if (op) {
		op->sreg = (uint8_t)sreg;
		op->lookup.set = index;
		op->lookup.is_inverted = e->value[NFTA_LOOKUP_FLAGS] & NFT_LOOKUP_F_INV;
	} else {
		add_maybe(r);
	}
	if (set && !set->is_verdicts && set->counts != RULESTMT__COUNT)
		add_stmt(r, (enum rulestmt)set->counts, may_pass((enum rulestmt)set->counts),
			 "%s in elements of @%.20s", nftview_stmt_name((enum rulestmt)set->counts),
			 set->name);
	if (e->attr[NFTA_LOOKUP_DREG] && e->value[NFTA_LOOKUP_DREG] != NFT_REG_VERDICT)
		forget(r, e->value[NFTA_LOOKUP_DREG]);
}

static void get_objref(struct reader *r, const struct expr *e)
{
	enum rulestmt what = nftruleget_object_stmt((uint32_t)e->value[NFTA_OBJREF_IMM_TYPE]);
	char name[NFTVIEW_NAME_SIZE];
	uint32_t set;

	if (e->attr[NFTA_OBJREF_SET_NAME]) {
		get_name(e->attr[NFTA_OBJREF_SET_NAME], name, sizeof(name));
		set = find_set(r, e->attr[NFTA_OBJREF_SET_NAME]);
		if (set != NFTVIEW_NONE)
			what = (enum rulestmt)r->rs->set[set].object;
		add_maybe(r); /* the map may have no matching element */
		if (what != RULESTMT__COUNT)
			add_stmt(r, what, may_pass(what), "%s by map @%.24s",
				 nftview_stmt_name(what), name);
		return;
	}
	get_name(e->attr[NFTA_OBJREF_IMM_NAME], name, sizeof(name));
	if (what != RULESTMT__COUNT)
		add_stmt(r, what, may_pass(what), "%s name \"%.24s\"", nftview_stmt_name(what),
			 name);
}

/* -- verdicts ------------------------------------------------------------- */

void nftruleget_get_verdict(const struct nlattr *nest, const struct nftview *rs, uint32_t table,
			 uint8_t *ret_code, uint32_t *ret_chain)
{
	struct nlget g = nlget_enter(nest);
	const struct nlattr *attr;
	char name[NFT_NAME_MAXLEN];
	int code = NFT_CONTINUE;

	*ret_chain = NFTVIEW_NONE;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_VERDICT_CODE) {
			code = (int)nlget_be32(&g, attr);
		} else if (nlget_type(attr) == NFTA_VERDICT_CHAIN) {
			get_name(attr, name, sizeof(name));
			*ret_chain = nftview_find_chain(rs, table, name);
		}
	}
	switch (code) {
	case NF_ACCEPT: *ret_code = RULE_ACCEPT; break;
	case NF_DROP: *ret_code = RULE_DROP; break;
	case NFT_JUMP: *ret_code = RULE_JUMP; break;
	case NFT_GOTO: *ret_code = RULE_GOTO; break;
	case NFT_RETURN: *ret_code = RULE_RETURN; break;
	default: *ret_code = (code & NF_VERDICT_MASK) == NF_QUEUE ? RULE_QUEUE : RULE_CONTINUE;
	}
}

static void get_immediate(struct reader *r, const struct expr *e)
{
	unsigned int dreg = reg_at(e->value[NFTA_IMMEDIATE_DREG]);
	struct nlget g;
	const struct nlattr *attr;
	struct ruleop *op;

	if (!e->attr[NFTA_IMMEDIATE_DATA])
		return;
	g = nlget_enter(e->attr[NFTA_IMMEDIATE_DATA]);
	while ((attr = nlget_next(&g))) {
		size_t len = nlget_len(attr);

		if (nlget_type(attr) == NFTA_DATA_VERDICT) {
			op = nftview_add_op(r->rs, RULEOP_VERDICT);
			if (op)
				nftruleget_get_verdict(attr, r->rs, r->table, &op->verdict.code,
						    &op->verdict.chain);
		} else if (fits(dreg, len) && len <= NFTVIEW_VALUE_SIZE) {
			op = nftview_add_op(r->rs, RULEOP_VALUE);
			if (!op)
				continue;
			op->dreg = (uint8_t)dreg;
			op->len = (uint8_t)len;
			memcpy(op->value.a, nlget_data(attr), len);
			r->loaded |= words(dreg, len);
		} else {
			forget(r, e->value[NFTA_IMMEDIATE_DREG]);
		}
	}
}

static void get_reject(struct reader *r, const struct expr *e UNUSED)
{
	struct ruleop *op = nftview_add_op(r->rs, RULEOP_VERDICT);

	if (op)
		op->verdict.code = RULE_DROP;
}

/* -- iptables ------------------------------------------------------------- */

/* Loads, masks and compares in our scratch register, which nf_tables does not have. */
static void add_masked(struct reader *r, const struct nftxtables_match *m)
{
	static const uint8_t zero[sizeof(m->mask)];
	struct ruleop *op = add_load(r, (enum rulesrc)m->source, NFTVIEW_REG_SCRATCH, m->len);

	if (!op)
		return;
	op->load.offset = m->offset;
	add_mask(r, NFTVIEW_REG_SCRATCH, NFTVIEW_REG_SCRATCH, m->len, &m->mask, zero);
	op = nftview_add_op(r->rs, RULEOP_CMP);
	if (!op)
		return;
	op->sreg = NFTVIEW_REG_SCRATCH;
	op->len = m->len;
	memcpy(op->value.a, &m->value, m->len);
	op->value.compare = m->is_inverted ? RULE_NE : RULE_EQ;
}

static void get_match(struct reader *r, const struct expr *e)
{
	const struct nlattr *info = e->attr[NFTA_MATCH_INFO];
	char name[NFTVIEW_NAME_SIZE];
	struct nftxtables_match m;

	get_name(e->attr[NFTA_MATCH_NAME], name, sizeof(name));
	m = nftxtables_get_match(name, e->value[NFTA_MATCH_REV], info ? nlget_data(info) : NULL,
			    info ? nlget_len(info) : 0);
	if (m.source != RULESRC_UNKNOWN)
		add_masked(r, &m);
	if (m.what != RULESTMT__COUNT)
		add_stmt(r, (enum rulestmt)m.what, true, "-m %.32s", name);
	else if (m.is_maybe)
		add_maybe(r);
}

static void get_target(struct reader *r, const struct expr *e)
{
	char name[NFTVIEW_NAME_SIZE];
	enum rulestmt what;

	get_name(e->attr[NFTA_TARGET_NAME], name, sizeof(name));
	what = nftxtables_target(name);
	if (what == RULESTMT__COUNT)
		get_reject(r, e);
	else
		add_stmt(r, what, true, "-j %.32s", name);
}

/* -- rules ---------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*get)(struct reader *r, const struct expr *e);
} readers[] = {
	{ "cmp", get_cmp },             { "payload", get_payload },     { "meta", get_meta },
	{ "immediate", get_immediate }, { "counter", get_counter },     { "ct", get_ct },
	{ "bitwise", get_bitwise },     { "lookup", get_lookup },       { "limit", get_limit },
	{ "log", get_log },             { "objref", get_objref },       { "range", get_range },
	{ "match", get_match },         { "target", get_target },       { "reject", get_reject },
	{ "byteorder", get_byteorder }, { "dynset", get_dynset },       { "exthdr", get_exthdr },
	{ "quota", get_quota },         { "queue", get_queue },         { "numgen", get_numgen },
	{ "socket", get_socket },       { "synproxy", get_synproxy },   { "dup", get_dup },
	{ "fwd", get_fwd },             { "tproxy", get_tproxy },       { "osf", get_osf },
	{ "last", get_last },           { "connlimit", get_maybe },
	{ "flow_offload", get_maybe },
	{ "fib", get_other },           { "rt", get_other },            { "hash", get_other },
	{ "xfrm", get_other },          { "tunnel", get_other },        { "notrack", get_nothing },
	{ "masq", get_nothing },        { "nat", get_nothing },         { "redir", get_nothing },
};

static void get_one(struct reader *r, const struct nlattr *elem)
{
	struct nlget g = nlget_enter(elem);
	const struct nlattr *attr, *name_attr = NULL, *data = NULL;
	struct expr e = { .value = { 0 } };
	char name[24];

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_EXPR_NAME)
			name_attr = attr;
		else if (nlget_type(attr) == NFTA_EXPR_DATA)
			data = attr;
	}
	if (data)
		e = get_expr(data);
	for (size_t i = 0; name_attr && i < array_size(readers); i++) {
		if (nlget_is_str(name_attr, readers[i].name)) {
			readers[i].get(r, &e);
			return;
		}
	}
	get_name(name_attr, name, sizeof(name));
	add_stmt(r, RULESTMT_UNKNOWN, true, "%s", name);
	forget(r, NFT_REG_1);
}

static void get_exprs(struct reader *r, const struct nlattr *list)
{
	struct nlget g = nlget_enter(list);
	const struct nlattr *elem;

	while ((elem = nlget_next(&g)))
		get_one(r, elem);
	if (g.is_malformed)
		r->rs->n_odd_rules++;
}

void nftruleget_get_rule(const struct nlmsghdr *nlh, struct nftview *rs)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr, *exprs = NULL;
	char table[NFT_NAME_MAXLEN] = "", chain[NFT_NAME_MAXLEN] = "";
	struct reader r = { .rs = rs };
	uint64_t handle = 0;
	uint32_t at;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_RULE_TABLE: get_name(attr, table, sizeof(table)); break;
		case NFTA_RULE_CHAIN: get_name(attr, chain, sizeof(chain)); break;
		case NFTA_RULE_HANDLE:
			for (size_t i = 0; i < nlget_len(attr); i++)
				handle = handle << 8 | ((const uint8_t *)nlget_data(attr))[i];
			break;
		case NFTA_RULE_EXPRESSIONS: exprs = attr; break;
		}
	}
	if (g.is_malformed) {
		rs->n_odd_rules++;
		return;
	}
	r.table = nftview_find_table(
		rs, ((const struct nfgenmsg *)(const void *)(nlh + 1))->nfgen_family, table);
	at = r.table == NFTVIEW_NONE ? NFTVIEW_NONE : nftview_find_chain(rs, r.table, chain);
	if (at == NFTVIEW_NONE || !nftview_add_rule(rs, at, handle) || !exprs)
		return;
	get_exprs(&r, exprs);
}
