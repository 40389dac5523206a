/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/routeset.h"

#include "base/bug.h"
#include "base/ds/siphash.h"
#include "base/util.h"

/* Hashed and compared as bytes: no padding. */
struct key {
	struct addr prefix;
	uint16_t family, len;
};

struct entry {
	struct key key;
	uint32_t changed; /* generation of the newest change */
};

struct match {
	const struct routeset *set;
	const struct key *key;
};

int routeset_init(struct routeset *set, const uint64_t key[2])
{
	int err;

	memset(set, 0, sizeof(*set));
	memcpy(set->key, key, sizeof(set->key));
	err = slab_init(&set->entries, sizeof(struct entry), ROUTESET_MAX);
	if (!err)
		err = htab_init(&set->index, 64);
	if (err)
		routeset_fini(set);
	return err;
}

void routeset_fini(struct routeset *set)
{
	htab_fini(&set->index);
	slab_fini(&set->entries);
}

static uint32_t *count_of(struct routeset *set, const struct key *key)
{
	return &set->n_of_len[key->family == FAMILY_IP6][key->len];
}

static uint32_t hash(const struct routeset *set, const struct key *key)
{
	return (uint32_t)siphash13(key, sizeof(*key), set->key);
}

static bool matches(uint32_t slot, const void *ctx)
{
	const struct match *m = ctx;
	const struct entry *e = slab_at(&m->set->entries, slot);

	return e && memcmp(&e->key, m->key, sizeof(*m->key)) == 0;
}

static struct entry *find(const struct routeset *set, const struct key *key)
{
	struct match m = { set, key };
	uint32_t slot = htab_find(&set->index, hash(set, key), matches, &m);

	return slot == HTAB_NONE ? NULL : slab_at(&set->entries, slot);
}

bool routeset_add(struct routeset *set, const struct route_change *change, uint32_t generation)
{
	struct key key = { addr_prefix(&change->prefix, change->len), change->family, change->len };
	struct slab_ref ref;
	struct entry *e;

	if (BUG_ON(change->len > addr_len((enum family)change->family) * 8))
		return false;
	e = find(set, &key);
	if (!e) {
		e = slab_alloc(&set->entries, &ref);
		if (!e)
			return false;
		if (htab_add(&set->index, hash(set, &key), ref.slot)) {
			slab_free(&set->entries, ref);
			return false;
		}
		e->key = key;
		(*count_of(set, &key))++;
	}
	e->changed = generation;
	return true;
}

bool routeset_touches(const struct routeset *set, enum family family, const struct addr *addr,
		      uint32_t generation)
{
	const uint32_t *n_of_len = set->n_of_len[family == FAMILY_IP6];

	if (slab_count(&set->entries) == 0)
		return false;
	for (uint16_t len = 0; len <= addr_len(family) * 8; len++) {
		struct key key = { addr_prefix(addr, len), (uint16_t)family, len };
		const struct entry *e = n_of_len[len] ? find(set, &key) : NULL;

		if (e && seq_is_later(e->changed, generation))
			return true;
	}
	return false;
}

void routeset_forget(struct routeset *set, uint32_t generation)
{
	SLAB_FOR_EACH(&set->entries, slot) {
		struct entry *e = slab_at(&set->entries, slot);

		if (seq_is_later(e->changed, generation))
			continue;
		(*count_of(set, &e->key))--;
		htab_del(&set->index, hash(set, &e->key), slot);
		slab_free(&set->entries, slab_ref_of(&set->entries, e));
	}
}
