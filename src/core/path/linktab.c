/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/linktab.h"

#include <string.h>

#include "base/ds/siphash.h"

int linktab_init(struct linktab *links, const uint64_t key[2])
{
	int err;

	memset(links, 0, sizeof(*links));
	memcpy(links->key, key, sizeof(links->key));
	err = slab_init(&links->slab, sizeof(struct link_rec), LINKTAB_MAX);
	if (!err)
		err = htab_init(&links->index, 64);
	if (err)
		linktab_fini(links);
	return err;
}

void linktab_fini(struct linktab *links)
{
	htab_fini(&links->index);
	slab_fini(&links->slab);
}

static uint32_t hash(const struct linktab *links, uint32_t ifindex)
{
	return (uint32_t)siphash13(&ifindex, sizeof(ifindex), links->key);
}

struct match {
	const struct linktab *links;
	uint32_t ifindex;
};

static bool matches(uint32_t slot, const void *ctx)
{
	const struct match *m = ctx;
	const struct link_rec *rec = slab_at(&m->links->slab, slot);

	return rec && rec->link.ifindex == m->ifindex;
}

struct link_rec *linktab_find(const struct linktab *links, uint32_t ifindex)
{
	struct match m = { links, ifindex };
	uint32_t slot = htab_find(&links->index, hash(links, ifindex), matches, &m);

	return slot == HTAB_NONE ? NULL : slab_at(&links->slab, slot);
}

struct link_rec *linktab_next(const struct linktab *links, uint32_t *slot)
{
	*slot = slab_next(&links->slab, *slot);
	return *slot == SLAB_END ? NULL : slab_at(&links->slab, *slot);
}

struct link_rec *linktab_add(struct linktab *links, uint32_t ifindex)
{
	struct slab_ref ref;
	struct link_rec *rec = slab_alloc(&links->slab, &ref);

	if (!rec)
		return NULL;
	if (htab_add(&links->index, hash(links, ifindex), ref.slot)) {
		slab_free(&links->slab, ref);
		return NULL;
	}
	rec->link.ifindex = ifindex;
	return rec;
}

void linktab_del(struct linktab *links, struct link_rec *rec)
{
	struct slab_ref ref = linktab_ref(links, rec);

	htab_del(&links->index, hash(links, rec->link.ifindex), ref.slot);
	slab_free(&links->slab, ref);
}
