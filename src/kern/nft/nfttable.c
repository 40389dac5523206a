/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nfttable.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/flowtable.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftmsg.h"
#include "kern/nft/nftbatch.h"
#include "kern/nft/nftnames.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000
/* How often a read or change of the table is tried when other commits interrupt it. */
#define ATTEMPTS 8
#define EXPR_TEXT_SIZE 160

#define TEXT_DO_NOT_FIT "the mark, its epoch, an exemption or a flowtable is not valid"

struct nfttable {
	struct nlsock sock;
	struct nftbatch *trans;
};

int nfttable_open(struct nfttable **ret)
{
	struct nfttable *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	err = nftbatch_new(&o->trans);
	if (!err)
		err = nlsock_open(&o->sock, NETLINK_NETFILTER, 0);
	if (err) {
		nfttable_close(o);
		return err;
	}
	*ret = o;
	return 0;
}

void nfttable_close(struct nfttable *o)
{
	if (!o)
		return;
	nlsock_close(&o->sock);
	nftbatch_free(o->trans);
	free(o);
}

uint32_t nfttable_portid(const struct nfttable *o)
{
	return nlsock_portid(&o->sock);
}

/* -- requests ------------------------------------------------------------- */

static int ask(struct nfttable *o, uint16_t type, uint16_t flags, uint16_t name_attr,
	       nlsock_msg_fn fn, void *ctx, struct nlerr *ret_err)
{
	_Alignas(4) unsigned char buf[128];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nftmsg_begin(&w, type, flags, NFPROTO_INET);
	if (name_attr)
		nlput_str(&w, name_attr, NFTNAMES_TABLE);
	err = nlput_end(&w);
	if (err) {
		*ret_err = nlerr_make(err);
		return err;
	}
	return nlsock_query(&o->sock, nlput_msg(&w), TIMEOUT_MS, fn, ctx, ret_err);
}

static void on_generation(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr;
	uint32_t *generation = ctx;

	while (nftmsg_is(nlh, NFT_MSG_NEWGEN) && (attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_GEN_ID)
			*generation = nlget_be32(&g, attr);
	}
}

/* One read of the table, and its results so far. */
struct look {
	struct nftlayout_config config; /* wanted; its epoch is set to that of each rule */
	struct nfttable_state state;
	unsigned int n_bases; /* base chains that are as wanted */
	bool has_mark_chain, has_flow_chain, has_other_chain, has_odd_rule, has_odd_flowtable;
	unsigned int next; /* the rule that is expected next */
	uint32_t epoch[NFTLAYOUT_RULE__COUNT];  /* of rules that contain one */
	uint64_t handle[NFTLAYOUT_RULE__COUNT]; /* of each rule */
	uint64_t flowtable[NFTOFFLOAD__COUNT];    /* handles; 0 = none */
};

static bool has_our_comment(const struct nftnl_table *t)
{
	static const char text[] = NFTNAMES_COMMENT;
	uint32_t len;
	const char *data = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &len);

	/* Type and length come first. */
	return data && len == 2 + sizeof(text) && memcmp(data + 2, text, sizeof(text)) == 0;
}

static void on_table(const struct nlmsghdr *nlh, void *ctx)
{
	struct look *l = ctx;
	struct nftnl_table *t = nftmsg_is(nlh, NFT_MSG_NEWTABLE) ? nftnl_table_alloc() : NULL;

	if (!t)
		return;
	l->state.found = NFTTABLE_FOREIGN;
	if (nftnl_table_nlmsg_parse(nlh, t) == 0) {
		uint32_t wanted = l->config.with_owner ? NFT_TABLE_F_OWNER : 0;

		if (has_our_comment(t))
			l->state.found = NFTTABLE_OURS;
		l->state.handle = nftnl_table_get_u64(t, NFTNL_TABLE_HANDLE);
		l->state.owner = nftnl_table_get_u32(t, NFTNL_TABLE_OWNER);
		l->state.is_whole = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS) == wanted;
	}
	nftnl_table_free(t);
}

static bool is_base(const struct look *l, struct nftnl_chain *c, enum nftlayout_rule gate)
{
	const struct nftobj_hook wanted = nftlayout_hook(&l->config, gate);
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);

	return type && strcmp(type, "filter") == 0 &&
	       nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM) == wanted.number &&
	       nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO) == wanted.priority &&
	       nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_ACCEPT;
}

static void on_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct look *l = ctx;
	struct nftnl_chain *c = nftmsg_is(nlh, NFT_MSG_NEWCHAIN) ? nftnl_chain_alloc() : NULL;
	const char *table, *name;

	if (!c)
		return;
	if (nftnl_chain_nlmsg_parse(nlh, c) < 0) {
		l->has_other_chain = true;
		nftnl_chain_free(c);
		return;
	}
	table = nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE);
	name = nftnl_chain_get_str(c, NFTNL_CHAIN_NAME);
	/* The dump covers all tables of the family (nf_tables_dump_chains). */
	if (!table || !name || strcmp(table, NFTNAMES_TABLE) != 0) {
		nftnl_chain_free(c);
		return;
	}
	if (strcmp(name, NFTLAYOUT_BASE_CHAIN) == 0)
		l->n_bases += is_base(l, c, NFTLAYOUT_RULE_GATE);
	else if (strcmp(name, NFTLAYOUT_FLOW_BASE_CHAIN) == 0)
		l->n_bases += is_base(l, c, NFTLAYOUT_RULE_FLOW_GATE);
	else if (strcmp(name, NFTLAYOUT_MARK_CHAIN) == 0)
		l->has_mark_chain = true;
	else if (strcmp(name, NFTOFFLOAD_CHAIN) == 0)
		l->has_flow_chain = true;
	else if (strcmp(name, NFTLAYOUT_CHAIN) != 0)
		l->has_other_chain = true;
	nftnl_chain_free(c);
}

/* The next expression of a rule, with counters moved to *ret_pkts and zeroed; NULL at the end. */
static struct nftnl_expr *next_expr(struct nftnl_expr_iter *it, uint64_t *ret_pkts)
{
	struct nftnl_expr *e = nftnl_expr_iter_next(it);
	const char *name = e ? nftnl_expr_get_str(e, NFTNL_EXPR_NAME) : NULL;

	if (name && strcmp(name, "counter") == 0) {
		*ret_pkts = nftnl_expr_get_u64(e, NFTNL_EXPR_CTR_PACKETS);
		nftnl_expr_set_u64(e, NFTNL_EXPR_CTR_PACKETS, 0);
		nftnl_expr_set_u64(e, NFTNL_EXPR_CTR_BYTES, 0);
	}
	return e;
}

static bool is_same_expr(const struct nftnl_expr *a, const struct nftnl_expr *b)
{
	char texts[2][EXPR_TEXT_SIZE];
	const struct nftnl_expr *both[] = { a, b };

	for (size_t i = 0; i < array_size(both); i++) {
		int len = nftnl_expr_snprintf(texts[i], sizeof(texts[i]), both[i],
					      NFTNL_OUTPUT_DEFAULT, 0);
		if (len < 0 || (size_t)len >= sizeof(texts[i]))
			return false;
	}
	return strcmp(texts[0], texts[1]) == 0;
}

/* True if the rules are equal in the text form of libnftnl. */
static bool is_same_rule(struct nftnl_rule *got, struct nftnl_rule *wanted, uint64_t *ret_pkts)
{
	struct nftnl_expr_iter *i = nftnl_expr_iter_create(got);
	struct nftnl_expr_iter *j = nftnl_expr_iter_create(wanted);
	bool is_same = i && j;
	uint64_t unused;

	while (is_same) {
		struct nftnl_expr *a = next_expr(i, ret_pkts), *b = next_expr(j, &unused);

		if (!a && !b)
			break;
		is_same = a && b && is_same_expr(a, b);
	}
	if (i)
		nftnl_expr_iter_destroy(i);
	if (j)
		nftnl_expr_iter_destroy(j);
	return is_same;
}

/* A 32-bit attribute of the first expression with this name; 0 = none. */
static uint32_t find_value(struct nftnl_rule *rule, const char *name, uint16_t attr)
{
	struct nftnl_expr_iter *it = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;
	uint32_t value = 0;

	if (!it)
		return 0;
	while ((e = nftnl_expr_iter_next(it))) {
		uint32_t len = 0;
		const void *data;

		if (strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), name) != 0)
			continue;
		data = nftnl_expr_get(e, attr, &len);
		if (data && len == sizeof(value))
			memcpy(&value, data, sizeof(value));
		break;
	}
	nftnl_expr_iter_destroy(it);
	return value;
}

/* The rules that contain the epoch or the half mark. */
static const enum nftlayout_rule knows_epoch[] = {
	NFTLAYOUT_RULE_EARLY,
	NFTLAYOUT_RULE_HALF,
	NFTLAYOUT_RULE_ORIGINAL,
	NFTLAYOUT_RULE_ADMIT,
	NFTLAYOUT_RULE_GATE,
};

static uint32_t find_epoch(struct nftnl_rule *rule, enum nftlayout_rule index, uint32_t mask)
{
	uint32_t whole = nftlayout_whole_bit(mask);

	switch (index) {
	case NFTLAYOUT_RULE_GATE: return find_value(rule, "cmp", NFTNL_EXPR_CMP_DATA);
	case NFTLAYOUT_RULE_EARLY:
	case NFTLAYOUT_RULE_HALF: return find_value(rule, "cmp", NFTNL_EXPR_CMP_DATA) | whole;
	case NFTLAYOUT_RULE_ADMIT: return find_value(rule, "bitwise", NFTNL_EXPR_BITWISE_XOR);
	case NFTLAYOUT_RULE_ORIGINAL:
		return find_value(rule, "bitwise", NFTNL_EXPR_BITWISE_XOR) | whole;
	default: return 0;
	}
}

static bool is_as_wanted(struct look *l, enum nftlayout_rule index, struct nftnl_rule *rule)
{
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	struct nftnl_rule *wanted;
	uint64_t pkts = 0;
	bool is_same;

	l->config.epoch = l->epoch[index];
	wanted = nftlayout_new_rule(&l->config, index);
	is_same = wanted && chain && strcmp(chain, nftlayout_chain(index)) == 0 &&
		  is_same_rule(rule, wanted, &pkts);
	if (wanted)
		nftnl_rule_free(wanted);
	if (index == NFTLAYOUT_RULE_SEEN)
		l->state.seen_pkts = pkts;
	if (index == NFTLAYOUT_RULE_ADMITTED)
		l->state.admitted_pkts = pkts;
	if (index == NFTLAYOUT_RULE_FLOW_HARDWARE || index == NFTLAYOUT_RULE_FLOW_SOFTWARE)
		l->state.given_conns += pkts;
	return is_same;
}

static bool has_flow(const struct nftlayout_config *c)
{
	return nftlayout_has_rule(c, NFTLAYOUT_RULE_FLOW_GATE);
}

static unsigned int skip_absent(const struct look *l, unsigned int rule)
{
	while (rule < NFTLAYOUT_RULE__COUNT &&
	       !nftlayout_has_rule(&l->config, (enum nftlayout_rule)rule))
		rule++;
	return rule;
}

/* The dump lists chains in the order of their creation, and rules in the order of the chain. */
static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct look *l = ctx;
	struct nftnl_rule *rule = nftmsg_is(nlh, NFT_MSG_NEWRULE) ? nftnl_rule_alloc() : NULL;
	unsigned int index = skip_absent(l, l->next);

	if (!rule)
		return;
	l->next = index + 1;
	if (index >= NFTLAYOUT_RULE__COUNT || nftnl_rule_nlmsg_parse(nlh, rule) < 0) {
		l->has_odd_rule = true;
	} else {
		l->handle[index] = nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE);
		l->epoch[index] = find_epoch(rule, (enum nftlayout_rule)index, l->config.mask);
		if (!is_as_wanted(l, (enum nftlayout_rule)index, rule))
			l->has_odd_rule = true;
	}
	nftnl_rule_free(rule);
}

static void on_flowtable(const struct nlmsghdr *nlh, void *ctx)
{
	struct look *l = ctx;
	struct nftnl_flowtable *f =
		nftmsg_is(nlh, NFT_MSG_NEWFLOWTABLE) ? nftnl_flowtable_alloc() : NULL;
	enum nftoffload_kind kind;

	if (!f)
		return;
	kind = nftnl_flowtable_nlmsg_parse(nlh, f) < 0 ? NFTOFFLOAD__COUNT : nftoffload_kind_of(f);
	if (kind == NFTOFFLOAD__COUNT) {
		l->has_odd_flowtable = true;
	} else {
		l->flowtable[kind] = nftnl_flowtable_get_u64(f, NFTNL_FLOWTABLE_HANDLE);
		if (!nftoffload_is_as_wanted(f, l->config.flow, kind))
			l->has_odd_flowtable = true;
	}
	nftnl_flowtable_free(f);
}

static bool has_all_flowtables(const struct look *l)
{
	for (unsigned int i = 0; i < NFTOFFLOAD__COUNT; i++) {
		if (nftoffload_has(l->config.flow, (enum nftoffload_kind)i) != (l->flowtable[i] != 0))
			return false;
	}
	return !l->has_odd_flowtable;
}

static void conclude(struct look *l, uint32_t mask)
{
	uint32_t epoch = l->epoch[NFTLAYOUT_RULE_GATE];
	bool agree = (epoch & ~mask) == 0;

	for (size_t i = 0; i < array_size(knows_epoch); i++)
		agree &= l->epoch[knows_epoch[i]] == epoch;
	if (agree)
		l->state.epoch = epoch;
	l->state.is_whole &= l->n_bases == 1u + has_flow(&l->config) && l->has_mark_chain &&
			     !l->has_other_chain && !l->has_odd_rule &&
			     l->has_flow_chain == has_flow(&l->config) && has_all_flowtables(l) &&
			     skip_absent(l, l->next) == NFTLAYOUT_RULE__COUNT && l->state.epoch;
}

static int look_once(struct nfttable *o, const struct nftlayout_config *c, struct look *l,
		     struct nlerr *ret_err)
{
	int err;

	*l = (struct look){ .config = *c };
	err = ask(o, NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME, on_table, l, ret_err);
	if (err == -ENOENT)
		return 0;
	if (l->state.found != NFTTABLE_OURS)
		l->state.is_whole = false;
	if (err || l->state.found != NFTTABLE_OURS)
		return err;
	err = ask(o, NFT_MSG_GETCHAIN, NLM_F_DUMP, 0, on_chain, l, ret_err);
	if (!err)
		err = ask(o, NFT_MSG_GETRULE, NLM_F_DUMP, NFTA_RULE_TABLE, on_rule, l, ret_err);
	if (!err)
		err = ask(o, NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, NFTA_FLOWTABLE_TABLE,
			  on_flowtable, l, ret_err);
	if (!err)
		conclude(l, c->mask);
	return err;
}

static int fail(struct nlerr *ret_err, int err, const char *text)
{
	*ret_err = nlerr_make(err);
	snprintf(ret_err->extack, sizeof(ret_err->extack), "%s", text);
	return err;
}

int nfttable_generation(struct nfttable *o, uint32_t *ret, struct nlerr *ret_err)
{
	*ret = 0;
	return ask(o, NFT_MSG_GETGEN, 0, 0, on_generation, ret, ret_err);
}

/* Reads the table. *ret_generation is the generation before the read. */
static int look(struct nfttable *o, const struct nftlayout_config *c, struct look *l,
		uint32_t *ret_generation, struct nlerr *ret_err)
{
	int err = -EINTR;

	for (unsigned int i = 0; i < ATTEMPTS && err == -EINTR; i++) {
		err = nfttable_generation(o, ret_generation, ret_err);
		/* -EINVAL: the kernel has no nf_tables (nfnetlink_rcv_msg). */
		if (err == -EINVAL)
			return fail(ret_err, -EOPNOTSUPP, "this kernel has no nf_tables");
		if (!err)
			err = look_once(o, c, l, ret_err);
	}
	if (err && !ret_err->extack[0])
		fail(ret_err, err, "cannot read the nft tables");
	return err;
}

int nfttable_check(struct nfttable *o, const struct nftlayout_config *c, struct nfttable_state *ret,
		 struct nlerr *ret_err)
{
	struct look l;
	uint32_t generation;
	int err = look(o, c, &l, &generation, ret_err);

	if (err)
		return err;
	*ret = l.state;
	ret->generation = generation;
	return 0;
}

/* -- changes -------------------------------------------------------------- */

/* Reads the table before a change. 0 if there is none or we may change it. The kernel would
 * refuse the change otherwise (nft_table_lookup), but without a helpful text. */
static int look_to_change(struct nfttable *o, const struct nftlayout_config *c, struct look *l,
			  uint32_t *ret_generation, struct nlerr *ret_err)
{
	int err = look(o, c, l, ret_generation, ret_err);

	if (err)
		return err;
	if (l->state.found == NFTTABLE_FOREIGN)
		return fail(ret_err, -EEXIST,
			    "table inet " NFTNAMES_TABLE " exists, but nft-offloadd did not create it");
	if (l->state.owner && l->state.owner != nfttable_portid(o))
		return fail(ret_err, -EPERM,
			    "table inet " NFTNAMES_TABLE " belongs to another process");
	return 0;
}

/* Commits, and begins a transaction that fails if another commit comes in between. */
static int commit_and_go_on(struct nfttable *o, uint32_t *generation, struct nlerr *ret_err)
{
	int err = nftbatch_commit(o->trans, &o->sock, ret_err);

	/* nf_tables_commit skips generation 0. */
	*generation = *generation + 1 ? *generation + 1 : 1;
	nftbatch_begin(o->trans, *generation);
	return err;
}

/* *ret_is_stale: the ruleset changed after it was read, so another attempt may succeed. */
static int up_once(struct nfttable *o, const struct nftlayout_config *c, bool *ret_is_stale,
		   struct nlerr *ret_err)
{
	struct look l;
	uint32_t generation;
	int err = look_to_change(o, c, &l, &generation, ret_err);

	*ret_is_stale = false;
	if (err)
		return err;
	nftbatch_begin(o->trans, generation);
	if (l.state.found == NFTTABLE_OURS)
		nftlayout_put_delete(o->trans, l.state.handle);
	/* Drivers release a flowtable only when its removal is committed. */
	if (l.flowtable[NFTOFFLOAD_HARDWARE])
		err = commit_and_go_on(o, &generation, ret_err);
	if (!err) {
		nftlayout_put_table(o->trans, c);
		err = commit_and_go_on(o, &generation, ret_err);
	}
	if (!err) {
		nftlayout_put_gates(o->trans, c);
		err = nftbatch_commit(o->trans, &o->sock, ret_err);
	}
	*ret_is_stale = err == -ERESTART;
	return err;
}

int nfttable_up(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *ret_err)
{
	int err = nftlayout_check(c);
	bool is_stale = true;

	if (err)
		return fail(ret_err, err, TEXT_DO_NOT_FIT);
	for (unsigned int i = 0; i < ATTEMPTS && is_stale; i++)
		err = up_once(o, c, &is_stale, ret_err);
	return err;
}

static void put_flow_away(struct nfttable *o, const struct look *l)
{
	for (unsigned int i = NFTLAYOUT_RULE_FLOW_PASSED; i <= NFTLAYOUT_RULE_FLOW_SOFTWARE; i++) {
		if (l->handle[i])
			nftlayout_put_rule_delete(o->trans, (enum nftlayout_rule)i, l->handle[i]);
	}
	nftoffload_put_delete(o->trans, l->flowtable);
}

static int change_once(struct nfttable *o, const struct nftlayout_config *c, bool with_epoch,
		       struct nlerr *ret_err)
{
	struct look l;
	uint32_t generation;
	int err = look_to_change(o, c, &l, &generation, ret_err);

	if (err)
		return err;
	if (!l.state.is_whole)
		return fail(ret_err, -ENOENT, "table inet " NFTNAMES_TABLE " is missing or incomplete");
	/* The requests name the table, and a rule's handle is valid only within its table. By now
	 * the name may belong to another table, so the generation must still be the same. */
	nftbatch_begin(o->trans, generation);
	for (size_t i = 0; with_epoch && i < array_size(knows_epoch); i++)
		nftlayout_put_replace(o->trans, c, knows_epoch[i], l.handle[knows_epoch[i]]);
	if (has_flow(c))
		put_flow_away(o, &l);
	if (l.flowtable[NFTOFFLOAD_HARDWARE])
		err = commit_and_go_on(o, &generation, ret_err);
	if (err)
		return err;
	nftlayout_put_flow(o->trans, c);
	return nftbatch_commit(o->trans, &o->sock, ret_err);
}

static int change(struct nfttable *o, const struct nftlayout_config *c, bool with_epoch,
		  struct nlerr *ret_err)
{
	int err = nftlayout_check(c);

	if (err)
		return fail(ret_err, err, TEXT_DO_NOT_FIT);
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		err = change_once(o, c, with_epoch, ret_err);
		if (err != -ERESTART)
			break;
	}
	return err;
}

int nfttable_set_epoch(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *ret_err)
{
	return change(o, c, true, ret_err);
}

int nfttable_renew_flow(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *ret_err)
{
	return has_flow(c) ? change(o, c, false, ret_err) : 0;
}

int nfttable_try_device(struct nfttable *o, const char *device, bool is_hardware, bool with_counter,
		      struct nlerr *ret_err)
{
	nftbatch_begin(o->trans, 0);
	nftoffload_put_trial(o->trans, device, is_hardware, with_counter);
	return nftbatch_try(o->trans, &o->sock, ret_err);
}

int nfttable_down(struct nfttable *o, bool *ret_was_there, struct nlerr *ret_err)
{
	static const struct nftlayout_config any = { .mask = 3, .epoch = 3 };
	struct look l;
	uint32_t generation;
	int err = look_to_change(o, &any, &l, &generation, ret_err);

	if (ret_was_there)
		*ret_was_there = !err && l.state.found == NFTTABLE_OURS;
	if (err || l.state.found == NFTTABLE_ABSENT)
		return err;
	nftbatch_begin(o->trans, 0);
	nftlayout_put_delete(o->trans, l.state.handle);
	err = nftbatch_commit(o->trans, &o->sock, ret_err);
	return err == -ENOENT ? 0 : err;
}
