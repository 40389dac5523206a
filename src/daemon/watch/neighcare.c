/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/neighcare.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "core/view.h"
#include "daemon/sysctls.h"
#include "kern/rt/neighs.h"
#include "nl/nlsock.h"

LOG_TAG("neighcare");

COUNTER(neighbours_kept, "next hops of rules that the kernel was asked to keep valid");
COUNTER(neighbours_released, "next hops that the kernel need not keep valid any more");
COUNTER(neighbour_failures, "times that the kernel refused to keep or release a next hop");

#define LOOK_MS 2000
/* Checks before an unused neighbour is released, because another flow may follow soon. */
#define IDLE_LOOKS 10
/* Each request takes RTNL for a moment (rtnetlink_rcv_msg). */
#define REQUESTS_PER_LOOK 128

struct neighcare {
	const struct engine *engine;
	struct nlsock sock;
	struct loop_timer *timer;
	bool has_failed; /* already logged */
	uint32_t most[2]; /* neighbours there were at a time: IPv4, IPv6; UINT32_MAX = too many, already logged */
	/* Indexed by slot of the neighbour. Values left by a slot's previous neighbour are
	 * harmless. */
	uint8_t idle[TOPOLOGY_MAX_NEIGHS]; /* consecutive checks in which no flow used it */
	bool is_asked[TOPOLOGY_MAX_NEIGHS];
};

static void set(struct neighcare *c, const struct neigh *neigh, bool keep)
{
	int err = neighs_keep(&c->sock, neigh, keep);

	if (err == 0) {
		counter_inc(keep ? &neighbours_kept : &neighbours_released);
		return;
	}
	/* The entry is gone or belongs to someone else by now; its event will follow. */
	if (err == -ENOENT || err == -EBUSY || err == -ENODEV)
		return;
	counter_inc(&neighbour_failures);
	if (!c->has_failed)
		log_warning("cannot make the kernel keep next hops of rules valid, so flows may "
			    "return to the CPU when a neighbour expires: %s", strerror(-err));
	c->has_failed = true;
}

/* True if a request was sent to the kernel. */
static bool look_at(struct neighcare *c, uint32_t slot, const struct neigh_rec *rec)
{
	const struct neigh *n = &rec->neigh;

	if (rec->refs) {
		c->idle[slot] = 0;
		if (!n->is_valid || n->care != NEIGH_AGES || (c->is_asked[slot] && !n->is_stale))
			return false;
		c->is_asked[slot] = true;
		set(c, n, true);
		return true;
	}
	c->is_asked[slot] = false;
	if (n->care != NEIGH_OURS || ++c->idle[slot] < IDLE_LOOKS)
		return false;
	c->idle[slot] = 0;
	set(c, n, false);
	return true;
}

/* Managed neighbours may be forgotten like others (neigh_forced_gc). Warns once. */
static void check_crowd(struct neighcare *c, enum family family)
{
	bool is_ip6 = family == FAMILY_IP6;
	uint32_t n = topology_count_neighs(view_paths(c->engine), family), limit;

	if (n <= c->most[is_ip6])
		return;
	c->most[is_ip6] = n;
	limit = sysctls_read_neigh_limit(family);
	if (n < limit)
		return;
	c->most[is_ip6] = UINT32_MAX;
	log_warning("there are %u IPv%c neighbours, and from %u on the kernel forgets some; flows to a "
		    "forgotten next hop return to the CPU; raise the sysctls gc_thresh2 and gc_thresh3 in "
		    "net.ipv%c.neigh.default", n, is_ip6 ? '6' : '4', limit, is_ip6 ? '6' : '4');
}

static void on_look(void *ctx)
{
	struct neighcare *c = ctx;
	const struct topology *paths = view_paths(c->engine);
	const struct neigh_rec *rec;
	unsigned int n = 0;

	for (uint32_t slot = 0; n < REQUESTS_PER_LOOK && (rec = topology_next_neigh(paths, &slot));
	     slot++)
		n += look_at(c, slot, rec);
	check_crowd(c, FAMILY_IP4);
	check_crowd(c, FAMILY_IP6);
}

int neighcare_new(struct loop *loop, const struct engine *engine, struct neighcare **ret)
{
	struct neighcare *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->engine = engine;
	err = nlsock_open(&c->sock, NETLINK_ROUTE, 0);
	if (!err) {
		c->timer = loop_timer_add(loop, "neighbours", on_look, c);
		err = c->timer ? 0 : -ENOMEM;
	}
	if (err) {
		neighcare_free(c, false);
		return err;
	}
	loop_timer_set(c->timer, LOOK_MS, LOOK_MS);
	*ret = c;
	return 0;
}

static void release_all(struct neighcare *c)
{
	const struct topology *paths = view_paths(c->engine);
	const struct neigh_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_neigh(paths, &slot)); slot++) {
		if (rec->neigh.care == NEIGH_OURS)
			set(c, &rec->neigh, false);
	}
}

void neighcare_free(struct neighcare *care, bool release)
{
	if (!care)
		return;
	if (release)
		release_all(care);
	loop_timer_del(care->timer);
	nlsock_close(&care->sock);
	free(care);
}
