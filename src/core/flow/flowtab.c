/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/flowtab.h"

#include <errno.h>

#include "base/ds/reserve.h"
#include "base/util.h"

static void list_clear(struct flow_list *list)
{
	*list = (struct flow_list){ FLOW_NONE, FLOW_NONE, 0 };
}

int flowtab_init(struct flowtab *tab, uint32_t max_flows, unsigned int n_workers,
		 const uint64_t key[2])
{
	int err;

	memset(tab, 0, sizeof(*tab));
	memcpy(tab->key, key, sizeof(tab->key));
	tab->n_workers = n_workers;
	tab->max_flows = max_flows;
	list_clear(&tab->ask);
	for (unsigned int i = 0; i < FLOWTAB_MAX_WORKERS; i++) {
		list_clear(&tab->install[i]);
		list_clear(&tab->remove[i]);
	}
	err = slab_init(&tab->flows, sizeof(struct flow), max_flows);
	tab->ttl = reserve_new(max_flows, sizeof(*tab->ttl));
	if (!err && !tab->ttl)
		err = -ENOMEM;
	if (!err)
		err = htab_init(&tab->index, MIN(max_flows, UINT32_C(4096)));
	if (err)
		flowtab_fini(tab);
	return err;
}

void flowtab_fini(struct flowtab *tab)
{
	htab_fini(&tab->index);
	reserve_free(tab->ttl, tab->max_flows, sizeof(*tab->ttl));
	tab->ttl = NULL;
	slab_fini(&tab->flows);
}

struct tuple_match {
	const struct flowtab *tab;
	const struct tuple *tuple;
};

static bool tuple_matches(uint32_t slot, const void *ctx)
{
	const struct tuple_match *m = ctx;
	const struct flow *f = slab_at(&m->tab->flows, slot);

	return f && tuple_is_equal(&f->orig, m->tuple);
}

struct flow *flowtab_find(const struct flowtab *tab, const struct tuple *orig)
{
	struct tuple_match m = { tab, orig };
	uint32_t slot = htab_find(&tab->index, tuple_hash(orig, tab->key), tuple_matches, &m);

	return slot == HTAB_NONE ? NULL : slab_at(&tab->flows, slot);
}

/* Makes a new record empty. */
static struct flow *clear(struct flowtab *tab, struct flow *f)
{
	f->prev = FLOW_NONE;
	f->next = FLOW_NONE;
	f->next_hop[DIR_ORIG] = FLOW_NONE;
	f->next_hop[DIR_REPLY] = FLOW_NONE;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		flowtab_set_ttl(tab, f, d, 0);
	return f;
}

int flowtab_index(struct flowtab *tab, struct flow *flow)
{
	return htab_add(&tab->index, tuple_hash(&flow->orig, tab->key), flowtab_slot(tab, flow));
}

struct flow *flowtab_add(struct flowtab *tab, const struct tuple *orig)
{
	struct slab_ref ref;
	struct flow *f = slab_alloc(&tab->flows, &ref);

	if (!f)
		return NULL;
	f->orig = *orig;
	if (flowtab_index(tab, f)) {
		slab_free(&tab->flows, ref);
		return NULL;
	}
	return clear(tab, f);
}

struct flow *flowtab_add_at(struct flowtab *tab, uint32_t slot)
{
	struct flow *f = slab_alloc_at(&tab->flows, slot);

	return f ? clear(tab, f) : NULL;
}

void flowtab_collect(struct flowtab *tab)
{
	slab_collect(&tab->flows);
}

void flowtab_unindex(struct flowtab *tab, struct flow *flow)
{
	htab_del(&tab->index, tuple_hash(&flow->orig, tab->key), flowtab_slot(tab, flow));
}

void flowtab_del(struct flowtab *tab, struct flow *flow)
{
	flowtab_enqueue(tab, flow, FLOW_Q_NONE);
	flowtab_unindex(tab, flow);
	slab_free(&tab->flows, flowtab_ref(tab, flow));
}

struct flow *flowtab_get(const struct flowtab *tab, struct slab_ref ref)
{
	return slab_get(&tab->flows, ref);
}

struct flow *flowtab_at(const struct flowtab *tab, uint32_t slot)
{
	return slab_at(&tab->flows, slot);
}

struct slab_ref flowtab_ref(const struct flowtab *tab, const struct flow *flow)
{
	return slab_ref_of(&tab->flows, flow);
}

uint32_t flowtab_slot(const struct flowtab *tab, const struct flow *flow)
{
	return slab_slot_of(&tab->flows, flow);
}

uint8_t flowtab_ttl(const struct flowtab *tab, const struct flow *flow, enum dir dir)
{
	return tab->ttl[flowtab_slot(tab, flow)][dir];
}

/* Does not write if the value is there already: the first write to a page makes the kernel allocate it. */
void flowtab_set_ttl(struct flowtab *tab, const struct flow *flow, enum dir dir, uint8_t ttl)
{
	if (flowtab_ttl(tab, flow, dir) != ttl)
		tab->ttl[flowtab_slot(tab, flow)][dir] = ttl;
}

unsigned int flowtab_worker(const struct flowtab *tab, const struct flow *flow)
{
	return flowtab_slot(tab, flow) % tab->n_workers;
}

static struct flow_list *list_of(struct flowtab *tab, enum flow_queue queue, unsigned int worker)
{
	switch (queue) {
	case FLOW_Q_ASK:
		return &tab->ask;
	case FLOW_Q_INSTALL:
		return &tab->install[worker];
	case FLOW_Q_REMOVE:
		return &tab->remove[worker];
	case FLOW_Q_NONE:
	case FLOW_Q__COUNT:
		break;
	}
	return NULL;
}

static void unlink_flow(struct flowtab *tab, struct flow *f)
{
	struct flow_list *list = list_of(tab, f->queue, flowtab_worker(tab, f));

	if (!list)
		return;
	if (f->prev == FLOW_NONE)
		list->first = f->next;
	else
		flowtab_at(tab, f->prev)->next = f->next;
	if (f->next == FLOW_NONE)
		list->last = f->prev;
	else
		flowtab_at(tab, f->next)->prev = f->prev;
	f->prev = FLOW_NONE;
	f->next = FLOW_NONE;
	list->count--;
}

void flowtab_enqueue(struct flowtab *tab, struct flow *flow, enum flow_queue queue)
{
	uint32_t slot = flowtab_slot(tab, flow);
	struct flow_list *list;

	unlink_flow(tab, flow);
	flow->queue = (uint8_t)queue;
	list = list_of(tab, queue, flowtab_worker(tab, flow));
	if (!list)
		return;
	flow->prev = list->last;
	if (list->last == FLOW_NONE)
		list->first = slot;
	else
		flowtab_at(tab, list->last)->next = slot;
	list->last = slot;
	list->count++;
}

struct flow *flowtab_first(const struct flowtab *tab, enum flow_queue queue, unsigned int worker)
{
	const struct flow_list *list = queue == FLOW_Q_ASK     ? &tab->ask :
				       queue == FLOW_Q_INSTALL ? &tab->install[worker] :
								 &tab->remove[worker];

	return list->first == FLOW_NONE ? NULL : flowtab_at(tab, list->first);
}
