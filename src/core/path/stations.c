/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/stations.h"

#include <string.h>

#include "base/ds/siphash.h"

struct record {
	struct station station;
	uint8_t round;
};

/* Without padding. */
struct key {
	uint32_t bridge;
	uint16_t vlan;
	struct mac mac;
};

struct match {
	const struct stations *stations;
	struct key key;
};

int stations_init(struct stations *s, const uint64_t key[2])
{
	int err;

	memset(s, 0, sizeof(*s));
	memcpy(s->key, key, sizeof(s->key));
	err = slab_init(&s->slab, sizeof(struct record), STATIONS_MAX);
	if (!err)
		err = htab_init(&s->index, 64);
	if (err)
		stations_fini(s);
	return err;
}

void stations_fini(struct stations *s)
{
	htab_fini(&s->index);
	slab_fini(&s->slab);
}

static uint32_t hash(const struct stations *s, const struct key *key)
{
	static_assert(sizeof(*key) == 12, "padding would be hashed");
	return (uint32_t)siphash13(key, sizeof(*key), s->key);
}

static bool matches(uint32_t slot, const void *ctx)
{
	const struct match *m = ctx;
	const struct record *rec = slab_at(&m->stations->slab, slot);

	return rec && rec->station.bridge == m->key.bridge && rec->station.vlan == m->key.vlan &&
	       mac_is_equal(&rec->station.mac, &m->key.mac);
}

static uint32_t find(const struct stations *s, const struct key *key)
{
	struct match m = { s, *key };

	return htab_find(&s->index, hash(s, key), matches, &m);
}

uint32_t stations_find(const struct stations *s, uint32_t bridge, uint16_t vlan,
		       const struct mac *mac)
{
	const struct key key = { bridge, vlan, *mac };
	uint32_t slot = find(s, &key);
	const struct record *rec = slot == HTAB_NONE ? NULL : slab_at(&s->slab, slot);

	return rec ? rec->station.port : 0;
}

static bool add(struct stations *s, const struct key *key, const struct station *station)
{
	struct slab_ref ref;
	struct record *rec = slab_alloc(&s->slab, &ref);

	if (!rec)
		return false;
	if (htab_add(&s->index, hash(s, key), ref.slot)) {
		slab_free(&s->slab, ref);
		return false;
	}
	*rec = (struct record){ *station, s->round };
	return true;
}

static void del(struct stations *s, const struct key *key, uint32_t slot)
{
	htab_del(&s->index, hash(s, key), slot);
	slab_free(&s->slab, slab_ref_of(&s->slab, slab_at(&s->slab, slot)));
}

bool stations_put(struct stations *s, const struct station *station)
{
	const struct key key = { station->bridge, station->vlan, station->mac };
	uint32_t slot = find(s, &key), before;
	struct record *rec;

	if (slot == HTAB_NONE)
		return station->port && add(s, &key, station);
	if (!station->port) {
		del(s, &key, slot);
		return true;
	}
	rec = slab_at(&s->slab, slot);
	before = rec->station.port;
	*rec = (struct record){ *station, s->round };
	return before != station->port;
}

void stations_begin(struct stations *s)
{
	s->round++;
}

bool stations_take_absent(struct stations *s, uint32_t *slot, struct station *ret)
{
	for (; (*slot = slab_next(&s->slab, *slot)) != SLAB_END; ++*slot) {
		const struct record *rec = slab_at(&s->slab, *slot);

		if (rec->round == s->round)
			continue;
		*ret = rec->station;
		del(s, &(const struct key){ ret->bridge, ret->vlan, ret->mac }, *slot);
		return true;
	}
	return false;
}
