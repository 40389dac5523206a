/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - the only door to the deciding core.
 *
 * Events go in, orders come out; time comes in with both. No system call, no
 * clock, no thread: the same engine runs in the daemon, under a virtual clock
 * in tests, and against a fake kernel.
 *
 * Orders are not queued as messages. Flows wait in queues inside the flow
 * table, and an order is made when the caller asks for one, from the state the
 * flow has then. So nothing can overflow, removals can overtake installs, and
 * the latest decision wins.
 */
#pragma once

#include "base/mono.h"
#include "core/notice.h"
#include "core/settings.h"
#include "model/order.h"

struct engine;

struct engine_params {
	struct settings settings;
	unsigned int n_workers; /* 1 .. FLOWTAB_MAX_WORKERS */
	uint32_t instance;	/* random, goes into every cookie */
	uint64_t hash_key[2];	/* random: tuples are chosen by strangers */
	mono_t now;
};

/* Allocates everything it will ever need. 0, -EINVAL or -ENOMEM. */
int engine_new(const struct engine_params *params, struct engine **ret_engine) MUST_CHECK;
void engine_free(struct engine *engine);

/*
 * Rules that an earlier life left, which had the same instance; before anything else is
 * fed. They stay where they are, until conntrack and the paths show whether they are
 * right. engine_adopt() takes one; false: no such rule would be made, and the caller
 * removes it. After the last one engine_adopt_end() takes back what lacks a direction; it is called
 * also when there was none, for ports may have guards.
 */
struct engine_leftover {
	const struct rule *rule;
	struct rule_stats stats;
	bool in_hw;
	bool has_age;
	uint32_t age_ds; /* since its last packet, in tenths of a second */
};

bool engine_adopt(struct engine *engine, const struct engine_leftover *left, mono_t now) MUST_CHECK;
void engine_adopt_end(struct engine *engine, mono_t now);

/* Takes in a fact or an answer. Copies what it keeps. Constant time, but for
 * EVENT_FLUSH and EVENT_STOP, which start a walk that engine_tick continues. */
void engine_feed(struct engine *engine, const struct event *event, mono_t now);

/* Fires due timers and continues walks, a bounded slice of both. True when
 * there is more to do at once. */
bool engine_tick(struct engine *engine, mono_t now);

/* When engine_tick wants to be called again; MONO_NEVER if not at all. */
mono_t engine_next_due(const struct engine *engine);

/* Kinds of orders, by who executes them. */
enum order_class {
	ORDERS_ASK,	/* LOOKUP, REFRESH: the main thread */
	ORDERS_URGENT,	/* BARRIER: at once, by somebody who has nothing else to do */
	ORDERS_REMOVE,	/* REMOVE, PORT_CLOSE: a worker, before anything else */
	ORDERS_INSTALL, /* PORT_OPEN, PORT_GUARD, PROBE, INSTALL: a worker */
};

/* The next order of a class, for that worker (ignored for ORDERS_ASK and URGENT). False
 * when there is none. The caller must bring the answer as an event. */
bool engine_next_order(struct engine *engine, enum order_class class, unsigned int worker,
		       mono_t now, struct order *ret_order);

/* How much of ours is in the kernel or still to be mended, in no unit: gets less
 * as long as taking back makes progress, and is 0 at its end. */
uint32_t engine_left(const struct engine *engine);

/* EVENT_EPOCH said 0, and no flow counts as admitted any more: another epoch may be
 * told. Rules may still be on their way out. */
bool engine_is_closed(const struct engine *engine);

/* EVENT_STOP was fed and nothing of ours is left in the kernel. */
bool engine_is_stopped(const struct engine *engine);

/* Conntrack must be dumped every few seconds while this is so: there are flows
 * with rules whose end may not be announced by any event, because conntrack made
 * them before somebody listened (nf_conntrack_events=2, nf_ct_ecache_ext_add); or
 * flows wait for room in a NIC, and are ranked by what they carry on the CPU; or
 * connections that nobody reported may have a mark from before a change of the
 * ruleset; or a connection found no room in the table, and there is some now. */
bool engine_wants_dumps(const struct engine *engine);

/* It knows flows whose mark may change without an event that tells. */
bool engine_has_silent(const struct engine *engine);

/* What the operator should read; false when there is nothing new. */
bool engine_next_notice(struct engine *engine, struct notice *ret_notice);

const struct settings *engine_settings(const struct engine *engine);
