/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/ingestrt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "kern/hw/devlink.h"
#include "kern/hw/hwinfo.h"
#include "kern/rt/bridges.h"
#include "kern/rt/links.h"
#include "kern/rt/mtu6.h"
#include "kern/rt/neighs.h"
#include "kern/rt/netconf.h"
#include "kern/rt/rtwatch.h"
#include "kern/rt/rules.h"

LOG_TAG("ingestrt");

COUNTER(hw_unread, "failed queries of the hardware behind a link");
COUNTER(rt_overruns, "times that link, neighbour or route events were lost");
COUNTER(rt_repairs_failed, "times that links and neighbours could not be read completely");

#define RCVBUF_BYTES	 (4 * 1024 * 1024)
#define RCVBUF_MAX_BYTES (64 * 1024 * 1024)
/* Messages per wake-up, so that other sources get their turn in between. */
#define BUDGET		 256
/* Delay before a failed dump is repeated, times the number of failures in a row up to
 * RETRY_STEPS. */
#define RETRY_MS	 500
#define RETRY_STEPS	 20u
/* How often the devices' MTUs for IPv6 are read, which may change without an event, and how soon after a change of a
 * link. */
#define MTU6_MS		 10000
#define MTU6_SOON_MS	 100
/* More reads than it takes to empty a receive buffer of the largest size. */
#define DRAIN_READS	 1024

struct ingestrt {
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct rtwatch *watch;
	struct loop_fd *fd;
	struct loop_timer *timer, *mtu6_timer;
	/* NULL if only the kernel's own classifier is used. */
	struct hwinfo *hwinfo;
	struct devlink *devlink;
	unsigned int failures; /* consecutive failed reads of links, bridges, neighbours and rules */
	bool rules_changed, bridges_changed; /* and have not been read since */
	bool is_mtu6_due; /* mtu6_timer fires soon */
};

/* Reads the hardware of a link. The kernel sends a link message whenever hw-tc-offload is
 * switched (NETDEV_FEAT_CHANGE in rtnetlink_event) or a driver recreates its devices. */
static void read_hw(struct ingestrt *in, const char *name, struct link_hw *hw)
{
	enum link_eswitch mode = LINK_ESWITCH_NONE;
	int err = hwinfo_read(in->hwinfo, name, hw);

	if (!err && devlink_is_pci_name(hw->bus))
		err = devlink_read_eswitch(in->devlink, hw->bus, &mode);
	hw->eswitch = (uint8_t)mode;
	if (err) {
		counter_inc(&hw_unread);
		log_debug("%s: cannot query its hardware: %s", name, strerror(-err));
	}
}

/* The hardware of a link that is down and known, as it was read before, else NULL. It is read
 * again when the link is up, and not before: that takes RTNL, which a task that moves a device to
 * another network namespace holds for long after the messages that it is down. Until then no
 * packets need what has changed. */
static const struct link_hw *kept_hw(const struct ingestrt *in, const struct link *link)
{
	const struct link_rec *rec = topology_find_link(view_paths(in->engine), link->ifindex);

	return rec && !link->is_up ? &rec->link.hw : NULL;
}

/* Later, because the dump waits for RTNL, and orders for the changed link must not wait for the dump. */
static void read_mtu6_soon(struct ingestrt *in)
{
	if (!in->mtu6_timer || in->is_mtu6_due)
		return;
	in->is_mtu6_due = true;
	loop_timer_set(in->mtu6_timer, MTU6_SOON_MS, MTU6_MS);
}

static void on_link(const struct link *link, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_LINK, .link = *link };
	const struct link_hw *kept = kept_hw(in, link);

	/* Settings of a bridge's port can be changed through its link (IFLA_INFO_SLAVE_DATA), so they are read again. */
	in->bridges_changed |= link->master != 0;
	read_mtu6_soon(in);
	if (kept)
		ev.link.hw = *kept;
	else if (in->hwinfo && link_is_at_wire(link))
		read_hw(in, link->name, &ev.link.hw);
	engine_feed(in->engine, &ev, loop_now(in->loop));
}

static void on_link_gone(uint32_t ifindex, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	engine_feed(in->engine, &ev, loop_now(in->loop));
}

static void on_mtu6(uint32_t ifindex, uint32_t mtu, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_MTU6, .mtu6 = { ifindex, mtu } };

	engine_feed(in->engine, &ev, loop_now(in->loop));
}

/* If it fails, it is tried again in MTU6_MS. */
static void read_mtu6(void *ctx)
{
	struct ingestrt *in = ctx;

	in->is_mtu6_due = false;
	IGNORE_RESULT(mtu6_dump(on_mtu6, in));
	dispatch_kick(in->dispatch);
}

static void on_neigh(const struct neigh *neigh, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_NEIGH, .neigh = *neigh };

	engine_feed(in->engine, &ev, loop_now(in->loop));
}

/* Software rules need not know what bridges do. */
static bool follows_bridges(const struct ingestrt *in)
{
	return in->hwinfo;
}

static void on_station(const struct station *station, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_STATION, .station = *station };

	if (follows_bridges(in))
		engine_feed(in->engine, &ev, loop_now(in->loop));
}

static void on_bridge_port(const struct bridge_port *port, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_BRIDGE_PORT, .bridge_port = *port };

	engine_feed(in->engine, &ev, loop_now(in->loop));
}

static void on_bridges(void *ctx)
{
	struct ingestrt *in = ctx;

	in->bridges_changed = true;
}

/* Reads bridges and their ports if they have changed. */
static int read_bridges(struct ingestrt *in)
{
	int err;

	if (!in->bridges_changed || !follows_bridges(in))
		return 0;
	dispatch_feed_type(in->dispatch, EVENT_BRIDGES_BEGIN);
	err = bridges_dump(on_bridge_port, in);
	if (!err)
		dispatch_feed_type(in->dispatch, EVENT_BRIDGES_END);
	in->bridges_changed = err != 0;
	return err;
}

static void on_forwards_ip6(bool forwards, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_FORWARDING_IP6, .forwards_ip6 = forwards };

	engine_feed(in->engine, &ev, loop_now(in->loop));
}

/* Reads the policy rules if they have changed. If they cannot be read, one of them may need the packet. */
static int read_rules(struct ingestrt *in)
{
	struct event ev = { .type = EVENT_RULES_CHANGED, .rules_need_packet = true };
	int err;

	if (!in->rules_changed)
		return 0;
	err = rules_ask(&ev.rules_need_packet);
	in->rules_changed = err != 0;
	engine_feed(in->engine, &ev, loop_now(in->loop));
	return err;
}

static void on_routes(const struct route_change *change, void *ctx)
{
	struct ingestrt *in = ctx;
	struct event ev = { .type = EVENT_ROUTES_CHANGED, .routes = *change };

	in->rules_changed |= change->is_hidden;
	engine_feed(in->engine, &ev, loop_now(in->loop));
}

struct known_link {
	uint32_t ifindex;
	bool is_shown; /* by the dump */
};

/* The links that the engine knows when a dump begins, by ifindex. The engine has a bound for
 * them; the dump has none, because there may be more links, and some are shown twice. */
struct link_set {
	struct ingestrt *ingest;
	struct known_link link[LINKTAB_MAX];
	unsigned int n;
};

static int compare_links(const void *a, const void *b)
{
	const struct known_link *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static void note_known_links(struct ingestrt *in, struct link_set *ret)
{
	const struct topology *paths = view_paths(in->engine);
	struct link_rec *rec;

	ret->ingest = in;
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++)
		ret->link[ret->n++].ifindex = rec->link.ifindex;
	qsort(ret->link, ret->n, sizeof(ret->link[0]), compare_links);
}

static void on_dumped_link(const struct link *link, void *ctx)
{
	struct link_set *set = ctx;
	struct known_link key = { .ifindex = link->ifindex };
	struct known_link *known =
		bsearch(&key, set->link, set->n, sizeof(set->link[0]), compare_links);

	if (known)
		known->is_shown = true;
	on_link(link, set->ingest);
}

/* Drops links whose removal no event has reported. */
static void drop_absent_links(const struct link_set *set)
{
	for (unsigned int i = 0; i < set->n; i++) {
		if (!set->link[i].is_shown)
			on_link_gone(set->link[i].ifindex, set->ingest);
	}
}

static int read_links(struct ingestrt *in)
{
	struct link_set *set = calloc(1, sizeof(*set));
	int err;

	if (!set)
		return -ENOMEM;
	note_known_links(in, set);
	err = links_dump(on_dumped_link, set);
	if (!err)
		drop_absent_links(set);
	free(set);
	return err;
}

static int read_neighs(struct ingestrt *in)
{
	int err;

	dispatch_feed_type(in->dispatch, EVENT_NEIGHS_BEGIN);
	err = neighs_dump(on_neigh, in);
	if (!err)
		dispatch_feed_type(in->dispatch, EVENT_NEIGHS_END);
	return err;
}

/* A dump passes over a station if others go meanwhile, because it counts those that it has shown
 * (br_fdb_dump), and no event follows. So a station is gone if two dumps in a row do not show it. */
static int read_stations(struct ingestrt *in)
{
	int err = 0;

	if (!follows_bridges(in))
		return 0;
	dispatch_feed_type(in->dispatch, EVENT_STATIONS_BEGIN);
	for (unsigned int i = 0; i < 2 && !err; i++)
		err = bridges_dump_stations(on_station, in);
	if (!err)
		dispatch_feed_type(in->dispatch, EVENT_STATIONS_END);
	return err;
}

static int read_forwarding(struct ingestrt *in)
{
	bool forwards = true;
	int err = netconf_ask_ip6(&forwards);

	if (!err)
		on_forwards_ip6(forwards, in);
	return err;
}

/* Where devices and neighbours come and go all the time, no dump may be complete. What an
 * incomplete dump shows is used nevertheless: a device or neighbour that is not known only
 * keeps flows on the CPU. */
static int accept_part(int err, bool *is_whole)
{
	*is_whole &= err == 0;
	return err == -EINTR ? 0 : err;
}

/* Returns -EINTR if a dump was incomplete; a later one may show more. */
static int read_topology(struct ingestrt *in)
{
	bool is_whole = true;
	int err = accept_part(read_links(in), &is_whole);

	in->bridges_changed = true;
	if (!err)
		err = accept_part(mtu6_dump(on_mtu6, in), &is_whole);
	if (!err)
		err = accept_part(read_bridges(in), &is_whole);
	if (!err)
		err = accept_part(read_stations(in), &is_whole);
	if (!err)
		err = accept_part(read_neighs(in), &is_whole);
	if (!err)
		err = read_forwarding(in);
	return err || is_whole ? err : -EINTR;
}

/* Reads events. Returns -ENOBUFS after some were lost; this is counted, and the buffer is
 * enlarged. */
static int read_events(struct ingestrt *in)
{
	int n = rtwatch_read(in->watch, BUDGET);

	if (n == -ENOBUFS) {
		counter_inc(&rt_overruns);
		log_notice("link or route events were lost; the buffer now has %d bytes; "
			   "reading links and neighbours again",
			   rtwatch_grow(in->watch, RCVBUF_MAX_BYTES));
	}
	return n;
}

/* Reads queued events, which are older than the dump that follows. If they were read after
 * it, they would bring back what is gone. */
static void drain_events(struct ingestrt *in, bool *were_lost)
{
	int n = 1;

	for (unsigned int i = 0; i < DRAIN_READS && (n > 0 || n == -ENOBUFS); i++) {
		n = read_events(in);
		*were_lost |= n == -ENOBUFS;
	}
}

static void repair_later(struct ingestrt *in, int err)
{
	counter_inc(&rt_repairs_failed);
	in->failures++;
	if (err == -EINTR)
		log_info("links, bridges, neighbours or policy rules kept changing while they were read; "
			 "reading them again later");
	else
		log_warning("cannot read links, bridges, neighbours or policy rules, trying again: %s",
			    strerror(-err));
	loop_timer_set(in->timer, RETRY_MS * MIN(in->failures, RETRY_STEPS), 0);
}

/* @were_lost: events may have been about policy rules, too. */
static void repair(struct ingestrt *in, bool were_lost)
{
	int err, rules_err;

	drain_events(in, &were_lost);
	err = read_topology(in);
	on_routes(&(struct route_change){ .family = FAMILY_NONE, .is_hidden = were_lost }, in);
	rules_err = read_rules(in);
	err = err ? err : rules_err;
	if (err)
		repair_later(in, err);
	else
		in->failures = 0;
}

static void repair_again(void *ctx)
{
	repair(ctx, false);
}

static void on_events(void *ctx, int fd, unsigned int events)
{
	struct ingestrt *in = ctx;
	int n = read_events(in), err, rules_err;

	(void)fd;
	(void)events;
	if (n == -ENOBUFS) {
		repair(in, true);
	} else {
		if (n < 0)
			log_warning("cannot read link and route events: %s", strerror(-n));
		err = read_bridges(in);
		rules_err = read_rules(in);
		err = err ? err : rules_err;
		if (err)
			repair_later(in, err);
	}
	dispatch_kick(in->dispatch);
}

/* -- start and stop ------------------------------------------------------- */

static int open_hw(struct ingestrt *in)
{
	int err;

	if (engine_settings(in->engine)->offload != OFFLOAD_HARDWARE)
		return 0;
	err = hwinfo_open(&in->hwinfo);
	if (!err)
		err = devlink_open(&in->devlink);
	if (err)
		log_error("cannot query the hardware by ethtool and devlink: %s", strerror(-err));
	return err;
}

static int open_watch(struct ingestrt *in)
{
	struct rtwatch_callbacks cb = {
		.link = on_link,
		.link_gone = on_link_gone,
		.mtu6 = on_mtu6,
		.neigh = on_neigh,
		.neigh_gone = on_neigh,
		.bridges = on_bridges,
		.station = on_station,
		.forwards_ip6 = on_forwards_ip6,
		.routes = on_routes,
		.ctx = in,
	};
	int rules_err, err = rtwatch_open(&in->watch, RCVBUF_BYTES, &cb);

	if (!err)
		err = read_topology(in);
	if (err && err != -EINTR) {
		log_error("cannot watch links and routes: %s", strerror(-err));
		return err;
	}
	in->rules_changed = true;
	rules_err = read_rules(in);
	err = err ? err : rules_err;
	in->timer = loop_timer_add(in->loop, "route events lost", repair_again, in);
	in->mtu6_timer = loop_timer_add(in->loop, "MTUs for IPv6", read_mtu6, in);
	in->fd = loop_fd_add(in->loop, rtwatch_fd(in->watch), LOOP_READ, "route events", on_events, in);
	if (!in->timer || !in->mtu6_timer || !in->fd)
		return -ENOMEM;
	loop_timer_set(in->mtu6_timer, MTU6_MS, MTU6_MS);
	if (err)
		repair_later(in, err);
	return 0;
}

int ingestrt_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		 struct ingestrt **ret)
{
	struct ingestrt *in = calloc(1, sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	in->loop = loop;
	in->engine = engine;
	in->dispatch = dispatch;
	err = open_hw(in);
	if (!err)
		err = open_watch(in);
	if (err) {
		ingestrt_free(in);
		return err;
	}
	*ret = in;
	return 0;
}

void ingestrt_free(struct ingestrt *in)
{
	if (!in)
		return;
	loop_fd_del(in->fd);
	loop_timer_del(in->timer);
	loop_timer_del(in->mtu6_timer);
	rtwatch_close(in->watch);
	devlink_close(in->devlink);
	hwinfo_close(in->hwinfo);
	free(in);
}
