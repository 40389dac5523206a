/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/nftview.h"

#include <stdlib.h> /* qsort */
#include <string.h>

#include "base/bug.h"

void nftview_init(struct nftview *rs, nftview_resize_fn resize)
{
	*rs = (struct nftview){ .resize = resize };
}

/* Names are the only members that are allocated one by one. */
static char *copy_name(struct nftview *rs, const char *name)
{
	size_t bytes = strlen(name) + 1;
	char *copy = rs->resize(NULL, bytes);

	if (!copy)
		rs->is_cut = true;
	return copy ? memcpy(copy, name, bytes) : NULL;
}

void nftview_clear(struct nftview *rs)
{
	for (uint32_t i = 0; i < rs->n_tables; i++)
		rs->resize(rs->table[i].name, 0);
	for (uint32_t i = 0; i < rs->n_chains; i++)
		rs->resize(rs->chain[i].name, 0);
	for (uint32_t i = 0; i < rs->n_sets; i++)
		rs->resize(rs->set[i].name, 0);
	for (uint32_t i = 0; i < rs->n_flowtables; i++)
		rs->resize(rs->flowtable[i].name, 0);
	rs->resize(rs->table, 0);
	rs->resize(rs->chain, 0);
	rs->resize(rs->set, 0);
	rs->resize(rs->elem, 0);
	rs->resize(rs->rule, 0);
	rs->resize(rs->op, 0);
	rs->resize(rs->flowtable, 0);
	nftview_init(rs, rs->resize);
}

/* Returns the array with room for one more element, which is zeroed, or NULL. The size of
 * an array is its number of elements, rounded up to a power of two. */
static void *grow(struct nftview *rs, void *array, uint32_t n, uint32_t max, size_t size)
{
	void *grown = array;

	if (n >= max) {
		rs->is_cut = true;
		return NULL;
	}
	if ((n & (n - 1)) == 0)
		grown = rs->resize(array, (n ? 2 * (size_t)n : 1) * size);
	if (!grown) {
		rs->is_cut = true;
		return NULL;
	}
	memset((char *)grown + n * size, 0, size);
	return grown;
}

/* Returns the new element of one of the arrays, or NULL. The array has the name of its element. */
#define ADD(rs, array, max)                                                                        \
	({                                                                                         \
		void *grown_ =                                                                     \
			grow(rs, (rs)->array, (rs)->n_##array##s, max, sizeof(*(rs)->array));      \
                                                                                                   \
		if (grown_)                                                                        \
			(rs)->array = grown_;                                                      \
		grown_ ? &(rs)->array[(rs)->n_##array##s] : NULL;                                  \
	})

struct nftview_table *nftview_add_table(struct nftview *rs, uint8_t family, const char *name)
{
	struct nftview_table *t = ADD(rs, table, NFTVIEW_TABLES_MAX);

	if (!t || !(t->name = copy_name(rs, name)))
		return NULL;
	t->family = family;
	rs->n_tables++;
	return t;
}

struct nftview_chain *nftview_add_chain(struct nftview *rs, uint32_t table, const char *name)
{
	struct nftview_chain *c = ADD(rs, chain, NFTVIEW_CHAINS_MAX);

	if (!c || !(c->name = copy_name(rs, name)))
		return NULL;
	c->table = table;
	c->hook = NFTVIEW_HOOK_NONE;
	rs->n_chains++;
	return c;
}

struct nftview_set *nftview_add_set(struct nftview *rs, uint32_t table, const char *name)
{
	struct nftview_set *s = ADD(rs, set, NFTVIEW_SETS_MAX);

	if (!s || !(s->name = copy_name(rs, name)))
		return NULL;
	s->table = table;
	s->counts = s->object = RULESTMT__COUNT;
	rs->n_sets++;
	return s;
}

struct nftview_flowtable *nftview_add_flowtable(struct nftview *rs, uint32_t table,
						const char *name)
{
	struct nftview_flowtable *f = ADD(rs, flowtable, NFTVIEW_FLOWTABLES_MAX);

	if (!f || !(f->name = copy_name(rs, name)))
		return NULL;
	f->table = table;
	rs->n_flowtables++;
	return f;
}

struct nftview_elem *nftview_add_elem(struct nftview *rs, uint32_t set)
{
	struct nftview_elem *e = ADD(rs, elem, NFTVIEW_ELEMS_MAX);
	struct nftview_set *s = &rs->set[set];

	if (!e || (s->n_elems && s->elem + s->n_elems != rs->n_elems)) {
		s->is_partial = rs->is_cut = true;
		return NULL;
	}
	if (!s->n_elems)
		s->elem = rs->n_elems;
	s->n_elems++;
	rs->n_elems++;
	return e;
}

struct nftview_rule *nftview_add_rule(struct nftview *rs, uint32_t chain, uint64_t handle)
{
	struct nftview_rule *r = ADD(rs, rule, NFTVIEW_RULES_MAX);
	struct nftview_chain *c = &rs->chain[chain];

	if (!r || (c->n_rules && c->rule + c->n_rules != rs->n_rules)) {
		rs->is_cut = true;
		return NULL;
	}
	if (!c->n_rules)
		c->rule = rs->n_rules;
	r->handle = handle;
	r->op = rs->n_ops;
	c->n_rules++;
	rs->n_rules++;
	return r;
}

struct ruleop *nftview_add_op(struct nftview *rs, enum ruleop_kind kind)
{
	struct ruleop *op = ADD(rs, op, NFTVIEW_OPS_MAX);

	if (!op || BUG_ON(!rs->n_rules))
		return NULL;
	op->kind = kind;
	rs->rule[rs->n_rules - 1].n_ops++;
	rs->n_ops++;
	return op;
}

/* -- by name -------------------------------------------------------------- */

static int compare_names(uint32_t table, const char *name, uint32_t other_table,
			 const char *other_name)
{
	if (table != other_table)
		return table < other_table ? -1 : 1;
	return strcmp(name, other_name);
}

static int compare_chains(const void *a, const void *b)
{
	const struct nftview_chain *x = a, *y = b;

	return compare_names(x->table, x->name, y->table, y->name);
}

static int compare_sets(const void *a, const void *b)
{
	const struct nftview_set *x = a, *y = b;

	return compare_names(x->table, x->name, y->table, y->name);
}

void nftview_sort(struct nftview *rs)
{
	if (rs->n_chains)
		qsort(rs->chain, rs->n_chains, sizeof(*rs->chain), compare_chains);
	if (rs->n_sets)
		qsort(rs->set, rs->n_sets, sizeof(*rs->set), compare_sets);
	rs->is_sorted = true;
}

uint32_t nftview_find_table(const struct nftview *rs, uint8_t family, const char *name)
{
	for (uint32_t i = 0; i < rs->n_tables; i++) {
		if (rs->table[i].family == family && strcmp(rs->table[i].name, name) == 0)
			return i;
	}
	return NFTVIEW_NONE;
}

uint32_t nftview_find_chain(const struct nftview *rs, uint32_t table, const char *name)
{
	const struct nftview_chain key = { .table = table, .name = (char *)(uintptr_t)name };
	const struct nftview_chain *c = NULL;

	if (rs->n_chains && !BUG_ON(!rs->is_sorted))
		c = bsearch(&key, rs->chain, rs->n_chains, sizeof(key), compare_chains);
	return c ? (uint32_t)(c - rs->chain) : NFTVIEW_NONE;
}

uint32_t nftview_find_set(const struct nftview *rs, uint32_t table, const char *name)
{
	const struct nftview_set key = { .table = table, .name = (char *)(uintptr_t)name };
	const struct nftview_set *s = NULL;

	if (rs->n_sets && !BUG_ON(!rs->is_sorted))
		s = bsearch(&key, rs->set, rs->n_sets, sizeof(key), compare_sets);
	return s ? (uint32_t)(s - rs->set) : NFTVIEW_NONE;
}

const char *nftview_stmt_name(enum rulestmt what)
{
	static const char *const names[RULESTMT__COUNT] = {
#define X(id, name) [RULESTMT_##id] = (name),
		RULESTMT_LIST(X)
#undef X
	};

	return names[what];
}

const char *nftview_family_name(uint8_t family)
{
	switch ((enum nftview_family)family) {
	case NFTVIEW_INET: return "inet";
	case NFTVIEW_IP: return "ip";
	case NFTVIEW_IP6: return "ip6";
	}
	return "?";
}
