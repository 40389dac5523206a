/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/rulewalk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* The kernel refuses deeper jumps (nft_chain_validate, NFT_JUMP_STACK_SIZE). */
#define DEPTH_MAX 32

/* How a chain may end. This is the same for every jump to the chain, because no rule uses registers
 * of an earlier rule. */
enum {
	MAY_RETURN = 1 << 0, /* to the rule after the jump */
	MAY_PASS = 1 << 1,   /* the packet goes on to the next base chain */
	IS_BUSY = 1 << 2,    /* the chain is being walked */
	IS_KNOWN = 1 << 3,   /* the chain has been walked */
};

enum answer { NEVER, MAYBE, SURE };

/* Data of which some bits are known (set in known[]), with their values. */
struct bytes {
	uint8_t value[NFTVIEW_REG_ALL_BYTES], known[NFTVIEW_REG_ALL_BYTES];
};

struct walk {
	struct nftview *rs;
	bool is_ip6;
	uint8_t proto;
	struct bytes network, transport;
	uint32_t ct_mark; /* bits known to be set, in chains after conntrack */
	/* What is known of ct state, ct status and ct mark in this chain. */
	uint32_t state, state_known, status_known, mark_known;
	uint8_t *ends; /* MAY_*, IS_* of each chain */
	unsigned int depth;
	struct bytes regs; /* in the current rule */
};

/* -- the packet ----------------------------------------------------------- */

#define PROTO_TCP 6
#define PROTO_UDP 17
#define PACKET_HOST 0
#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_IP6 0x86dd
/* Bits of ct state and ct status (NF_CT_STATE_BIT, enum ip_conntrack_status). */
#define STATE_INVALID (1u << 0)
#define STATE_ESTABLISHED (1u << 1)
#define STATUS_KNOWN 0x020e /* seen reply, assured and confirmed are set, dying is not */
#define STATUS_VALUE 0x000e
/* TCP flags: FIN, SYN and RST are clear. ACK is set, or conntrack finds the packet invalid
 * (tcp_valid_flags). */
#define TCP_FLAGS_AT 13
#define TCP_FLAGS_KNOWN 0x17
#define TCP_FLAGS_VALUE 0x10

static void know(struct bytes *b, unsigned int at, uint8_t value, uint8_t known)
{
	b->value[at] = value;
	b->known[at] = known;
}

static void make_packet(struct walk *w, enum rulewalk_packet packet)
{
	w->is_ip6 = packet == RULEWALK_TCP6 || packet == RULEWALK_UDP6;
	w->proto = packet == RULEWALK_TCP4 || packet == RULEWALK_TCP6 ? PROTO_TCP : PROTO_UDP;
	if (w->is_ip6) {
		know(&w->network, 0, 0x60, 0xf0);
		know(&w->network, 6, w->proto, 0xff);
	} else {
		know(&w->network, 0, 0x40, 0xf0);
		/* Not a fragment: no "more fragments" flag, no offset. */
		know(&w->network, 6, 0, 0x3f);
		know(&w->network, 7, 0, 0xff);
		know(&w->network, 9, w->proto, 0xff);
	}
	if (w->proto == PROTO_TCP)
		know(&w->transport, TCP_FLAGS_AT, TCP_FLAGS_VALUE, TCP_FLAGS_KNOWN);
}

/* Sets what is known of ct state, status and mark in a base chain. Before conntrack has seen it, a
 * packet has no connection, and its ct state is invalid (nft_ct_get_eval). A chain with conntrack's
 * own priority may run before or after conntrack. Returns true if the state differs from that in
 * the chain before. */
#define PRIORITY_CONNTRACK (-200)
static bool enter_chain(struct walk *w, const struct nftview_chain *c)
{
	uint32_t state = STATE_ESTABLISHED, known = UINT32_MAX;
	bool is_early = c->hook == NFTVIEW_PREROUTING && c->priority <= PRIORITY_CONNTRACK;
	bool is_other;

	if (is_early && c->priority < PRIORITY_CONNTRACK)
		state = STATE_INVALID;
	else if (is_early)
		known = ~(STATE_INVALID | STATE_ESTABLISHED);
	is_other = state != w->state || known != w->state_known;
	w->state = state;
	w->state_known = known;
	w->status_known = is_early ? 0 : STATUS_KNOWN;
	w->mark_known = is_early ? 0 : w->ct_mark;
	return is_other;
}

static void load_number(struct bytes *regs, unsigned int dreg, uint32_t value, uint32_t known)
{
	memcpy(regs->value + dreg, &value, sizeof(value));
	memcpy(regs->known + dreg, &known, sizeof(known));
}

/* The kernel zeroes the rest of the register (nft_reg_store8, nft_payload_eval). */
static void load_byte(struct bytes *regs, unsigned int dreg, uint8_t value)
{
	load_number(regs, dreg, 0, UINT32_MAX);
	regs->value[dreg] = value;
}

static void load_header(struct bytes *regs, const struct ruleop *op, const struct bytes *header)
{
	unsigned int end = op->dreg + op->len;

	for (unsigned int i = 0; i < op->len; i++) {
		unsigned int from = op->load.offset + i;

		regs->value[op->dreg + i] = from < sizeof(header->value) ? header->value[from] : 0;
		regs->known[op->dreg + i] = from < sizeof(header->known) ? header->known[from] : 0;
	}
	for (; end % 4; end++)
		know(regs, end, 0, 0xff);
}

static void load(struct walk *w, const struct ruleop *op)
{
	uint16_t type = w->is_ip6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4;

	switch ((enum rulesrc)op->load.source) {
	case RULESRC_UNKNOWN: memset(w->regs.known + op->dreg, 0, op->len); break;
	case RULESRC_CT_STATE: load_number(&w->regs, op->dreg, w->state, w->state_known); break;
	case RULESRC_CT_STATUS:
		load_number(&w->regs, op->dreg, STATUS_VALUE, w->status_known);
		break;
	case RULESRC_CT_MARK: load_number(&w->regs, op->dreg, w->ct_mark, w->mark_known); break;
	case RULESRC_L4PROTO: load_byte(&w->regs, op->dreg, w->proto); break;
	case RULESRC_NFPROTO:
		load_byte(&w->regs, op->dreg, w->is_ip6 ? NFTVIEW_IP6 : NFTVIEW_IP);
		break;
	case RULESRC_ETHERTYPE:
		load_byte(&w->regs, op->dreg, (uint8_t)(type >> 8));
		w->regs.value[op->dreg + 1] = (uint8_t)type;
		break;
	case RULESRC_PKTTYPE: load_byte(&w->regs, op->dreg, PACKET_HOST); break;
	case RULESRC_NETWORK: load_header(&w->regs, op, &w->network); break;
	case RULESRC_TRANSPORT: load_header(&w->regs, op, &w->transport); break;
	}
}

/* -- matches -------------------------------------------------------------- */

static enum answer is_equal(const struct bytes *regs, unsigned int sreg, const uint8_t *value,
			    unsigned int len)
{
	enum answer answer = SURE;

	for (unsigned int i = 0; i < len; i++) {
		if ((regs->value[sreg + i] ^ value[i]) & regs->known[sreg + i])
			return NEVER;
		if (regs->known[sreg + i] != 0xff)
			answer = MAYBE;
	}
	return answer;
}

static enum answer opposite(enum answer a)
{
	return a == SURE ? NEVER : a == NEVER ? SURE : MAYBE;
}

/* Whether the register is less than @value, or equal if @or_equal. Compares the least and the
 * greatest value that the register can have, by bytes like the kernel (nft_cmp_eval). */
static enum answer is_less(const struct bytes *regs, unsigned int sreg, const uint8_t *value,
			   unsigned int len, bool or_equal)
{
	uint8_t least[NFTVIEW_VALUE_SIZE], greatest[NFTVIEW_VALUE_SIZE];

	for (unsigned int i = 0; i < len; i++) {
		least[i] = regs->value[sreg + i] & regs->known[sreg + i];
		greatest[i] = least[i] | (uint8_t)~regs->known[sreg + i];
	}
	if (memcmp(greatest, value, len) < (or_equal ? 1 : 0))
		return SURE;
	return memcmp(least, value, len) < (or_equal ? 1 : 0) ? MAYBE : NEVER;
}

static enum answer compare(const struct walk *w, const struct ruleop *op)
{
	const uint8_t *value = op->value.a;

	switch ((enum rule_compare)op->value.compare) {
	case RULE_EQ: return is_equal(&w->regs, op->sreg, value, op->len);
	case RULE_NE: return opposite(is_equal(&w->regs, op->sreg, value, op->len));
	case RULE_LT: return is_less(&w->regs, op->sreg, value, op->len, false);
	case RULE_LE: return is_less(&w->regs, op->sreg, value, op->len, true);
	case RULE_GT: return opposite(is_less(&w->regs, op->sreg, value, op->len, true));
	case RULE_GE: return opposite(is_less(&w->regs, op->sreg, value, op->len, false));
	}
	return MAYBE;
}

static enum answer range(const struct walk *w, const struct ruleop *op)
{
	enum answer low = opposite(is_less(&w->regs, op->sreg, op->value.a, op->len, false));
	enum answer high = is_less(&w->regs, op->sreg, op->value.b, op->len, true);
	enum answer both = MIN(low, high);

	return op->value.is_inverted ? opposite(both) : both;
}

static void bitwise(struct bytes *regs, const struct ruleop *op)
{
	for (unsigned int i = 0; i < op->len; i++) {
		uint8_t value = (regs->value[op->sreg + i] & op->value.a[i]) ^ op->value.b[i];
		/* Bits that the mask clears are known. */
		uint8_t known = regs->known[op->sreg + i] | (uint8_t)~op->value.a[i];

		know(regs, op->dreg + i, value, known);
	}
}

static enum answer is_elem(const struct walk *w, const struct ruleop *op,
			   const struct nftview_set *set, const struct nftview_elem *e)
{
	unsigned int len = MIN_T(unsigned int, set->key_bytes, NFTVIEW_KEY_SIZE);
	enum answer answer;

	if (e->is_end)
		return NEVER;
	if (e->is_catchall || set->is_interval)
		return MAYBE;
	answer = is_equal(&w->regs, op->sreg, e->key,
			  MIN_T(unsigned int, len, NFTVIEW_REG_ALL_BYTES - op->sreg));
	return set->key_bytes > len ? MIN_T(enum answer, answer, MAYBE) : answer;
}

static enum answer lookup(const struct walk *w, const struct ruleop *op)
{
	const struct nftview_set *set;
	enum answer best = NEVER;

	if (op->lookup.set == NFTVIEW_NONE)
		return MAYBE;
	set = &w->rs->set[op->lookup.set];
	if (!set->is_wanted || set->is_partial)
		return MAYBE;
	for (uint32_t i = 0; i < set->n_elems && best != SURE; i++)
		best = MAX(best, is_elem(w, op, set, &w->rs->elem[set->elem + i]));
	return op->lookup.is_inverted ? opposite(best) : best;
}

/* -- chains --------------------------------------------------------------- */

static unsigned int walk_chain(struct walk *w, uint32_t chain);

/* Follows a verdict. Returns true if the packet may continue with the next rule. */
static bool decide(struct walk *w, uint8_t code, uint32_t chain, unsigned int *ends)
{
	unsigned int there;

	switch ((enum rule_verdict)code) {
	case RULE_CONTINUE: return true;
	case RULE_DROP: return false;
	case RULE_RETURN: *ends |= MAY_RETURN; return false;
	case RULE_ACCEPT:
	case RULE_QUEUE: *ends |= MAY_PASS; return false;
	case RULE_JUMP:
		there = walk_chain(w, chain);
		*ends |= there & MAY_PASS;
		return there & MAY_RETURN;
	case RULE_GOTO:
		there = walk_chain(w, chain);
		*ends |= there & (MAY_PASS | MAY_RETURN);
		return false;
	}
	return true;
}

/* Like decide(), for every verdict that a lookup in the map may find. */
static bool decide_by_map(struct walk *w, const struct ruleop *op, unsigned int *ends)
{
	const struct nftview_set *set = &w->rs->set[op->lookup.set];
	const struct bytes regs = w->regs;
	bool goes_on = true;

	for (uint32_t i = 0; i < set->n_elems; i++) {
		const struct nftview_elem *e = &w->rs->elem[set->elem + i];
		enum answer answer;

		w->regs = regs; /* walking a chain changes them */
		answer = is_elem(w, op, set, e);
		if (answer == NEVER)
			continue;
		goes_on = decide(w, e->verdict, e->chain, ends) || answer != SURE;
		if (answer == SURE)
			return goes_on;
	}
	return true;
}

static bool is_verdict_map(const struct walk *w, const struct ruleop *op)
{
	return op->lookup.set != NFTVIEW_NONE && w->rs->set[op->lookup.set].is_verdicts;
}

static void do_stmt(struct ruleop *op, unsigned int *ends)
{
	op->stmt.is_reached = true;
	/* These statements may accept the packet themselves. */
	switch (op->stmt.what) {
	case RULESTMT_TARGET:
	case RULESTMT_UNKNOWN:
	case RULESTMT_SYNPROXY: *ends |= MAY_PASS; break;
	}
}

/* Executes one step. Returns whether the rule continues: always SURE, except for matches. */
static enum answer step(struct walk *w, struct ruleop *op, unsigned int *ends)
{
	switch ((enum ruleop_kind)op->kind) {
	case RULEOP_LOAD: load(w, op); return SURE;
	case RULEOP_VALUE:
		memcpy(w->regs.value + op->dreg, op->value.a, op->len);
		memset(w->regs.known + op->dreg, 0xff, op->len);
		return SURE;
	case RULEOP_BITWISE: bitwise(&w->regs, op); return SURE;
	case RULEOP_CMP: return compare(w, op);
	case RULEOP_RANGE: return range(w, op);
	case RULEOP_LOOKUP: return lookup(w, op);
	case RULEOP_MAYBE: return MAYBE;
	case RULEOP_NEVER: return NEVER;
	case RULEOP_STMT: do_stmt(op, ends); return op->stmt.is_match ? MAYBE : SURE;
	case RULEOP_VERDICT: return SURE;
	}
	return MAYBE;
}

/* Returns true if the packet may get to the next rule. */
static bool walk_rule(struct walk *w, const struct nftview_rule *rule, unsigned int *ends)
{
	bool is_sure = true;

	memset(&w->regs, 0, sizeof(w->regs));
	for (uint32_t i = 0; i < rule->n_ops; i++) {
		struct ruleop *op = &w->rs->op[rule->op + i];
		enum answer answer = step(w, op, ends);
		bool goes_on = true;

		if (answer == NEVER)
			return true;
		if (answer == MAYBE)
			is_sure = false;
		if (op->kind == RULEOP_LOOKUP && is_verdict_map(w, op))
			goes_on = decide_by_map(w, op, ends);
		else if (op->kind == RULEOP_VERDICT)
			goes_on = decide(w, op->verdict.code, op->verdict.chain, ends);
		if (!goes_on)
			return !is_sure;
	}
	return true;
}

static unsigned int walk_chain(struct walk *w, uint32_t chain)
{
	unsigned int ends = 0;
	bool goes_on = true;

	/* An unknown chain may do anything. So may a loop of jumps, which only exists if the
	 * ruleset changed while it was read. */
	if (chain == NFTVIEW_NONE || (w->ends[chain] & IS_BUSY) || w->depth >= DEPTH_MAX)
		return MAY_RETURN | MAY_PASS;
	if (w->ends[chain] & IS_KNOWN)
		return w->ends[chain];
	w->ends[chain] = IS_BUSY;
	w->depth++;
	for (uint32_t i = 0; goes_on && i < w->rs->chain[chain].n_rules; i++)
		goes_on = walk_rule(w, &w->rs->rule[w->rs->chain[chain].rule + i], &ends);
	if (goes_on)
		ends |= MAY_RETURN;
	w->depth--;
	w->ends[chain] = (uint8_t)(ends | IS_KNOWN);
	return ends;
}

/* -- hooks ---------------------------------------------------------------- */

static bool is_for(const struct walk *w, const struct nftview_chain *c)
{
	const struct nftview_table *t = &w->rs->table[c->table];

	if (c->hook == NFTVIEW_HOOK_NONE || t->is_dormant || t->is_ours)
		return false;
	return t->family == NFTVIEW_INET || t->family == (w->is_ip6 ? NFTVIEW_IP6 : NFTVIEW_IP);
}

static int compare_base_chains(const void *a, const void *b)
{
	const struct nftview_chain *x = *(const struct nftview_chain *const *)a;
	const struct nftview_chain *y = *(const struct nftview_chain *const *)b;

	if (x->hook != y->hook)
		return x->hook < y->hook ? -1 : 1;
	return x->priority < y->priority ? -1 : x->priority > y->priority;
}

/* Walks the base chains in the order in which packets meet them, up to one that lets none through.
 * Chains of the same priority may run in any order, so the others of that priority are walked,
 * too. */
static void walk_hooks(struct walk *w, const struct nftview_chain **list)
{
	uint32_t n = 0;
	bool is_over = false;

	for (uint32_t i = 0; i < w->rs->n_chains; i++) {
		if (is_for(w, &w->rs->chain[i]))
			list[n++] = &w->rs->chain[i];
	}
	qsort(list, n, sizeof(struct nftview_chain *), compare_base_chains);
	for (uint32_t i = 0; i < n; i++) {
		unsigned int ends;

		if (is_over && compare_base_chains(&list[i - 1], &list[i]) != 0)
			return;
		/* Earlier results were found with another ct state. */
		if (enter_chain(w, list[i]))
			memset(w->ends, 0, w->rs->n_chains);
		ends = walk_chain(w, (uint32_t)(list[i] - w->rs->chain));
		if (!(ends & MAY_PASS) && (!(ends & MAY_RETURN) || list[i]->drops))
			is_over = true;
	}
}

int rulewalk_mark(struct nftview *rs, enum rulewalk_packet packet, uint32_t ct_mark)
{
	struct walk w = { .rs = rs, .ct_mark = ct_mark };
	const struct nftview_chain **list;

	if (!rs->n_chains)
		return 0;
	list = calloc(rs->n_chains, sizeof(struct nftview_chain *));
	w.ends = calloc(rs->n_chains, 1);
	if (list && w.ends) {
		make_packet(&w, packet);
		walk_hooks(&w, list);
	}
	free(list);
	free(w.ends);
	return list && w.ends ? 0 : -ENOMEM;
}

void rulewalk_count(const struct nftview *rs, uint32_t ret[RULESTMT__COUNT])
{
	memset(ret, 0, RULESTMT__COUNT * sizeof(*ret));
	for (uint32_t i = 0; i < rs->n_ops; i++) {
		if (rs->op[i].kind == RULEOP_STMT && rs->op[i].stmt.is_reached)
			ret[rs->op[i].stmt.what]++;
	}
}

bool rulewalk_next(const struct nftview *rs, enum rulestmt what, struct rulewalk_cursor *at,
		   struct rulewalk_found *ret)
{
	for (; at->chain < rs->n_chains; at->chain++, at->rule = 0) {
		const struct nftview_chain *c = &rs->chain[at->chain];

		for (; at->rule < c->n_rules; at->rule++, at->op = 0) {
			const struct nftview_rule *r = &rs->rule[c->rule + at->rule];

			while (at->op < r->n_ops) {
				const struct ruleop *op = &rs->op[r->op + at->op++];

				if (op->kind != RULEOP_STMT || op->stmt.what != what ||
				    !op->stmt.is_reached)
					continue;
				*ret = (struct rulewalk_found){ &rs->table[c->table], c, r, op };
				return true;
			}
		}
	}
	return false;
}
