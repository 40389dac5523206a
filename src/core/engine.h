/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine - the interface of the core: events go in, orders come out.
 *
 * The caller passes the time with every call. The engine makes no system call, reads no clock and
 * starts no thread, so the same engine runs in the daemon, under a virtual clock in tests, and
 * against a fake kernel.
 *
 * Orders are not queued as messages. Flows wait in queues inside the flow table, and an order is
 * built from the flow's current state when the caller asks for one. So nothing can overflow,
 * removals can overtake installs, and the latest decision wins.
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
	uint32_t instance;	/* random, part of every rule's cookie */
	uint64_t hash_key[2];	/* random: strangers choose the tuples */
	mono_t now;
};

/* Reserves memory for the full capacity. Later only the hash indexes grow, and engine_adopt() may
 * add a store of leftover rules. Returns 0, -EINVAL or -ENOMEM. */
int engine_new(const struct engine_params *params, struct engine **ret_engine) MUST_CHECK;
void engine_free(struct engine *engine);

/*
 * Adopts rules that an earlier run with the same instance left in the kernel. Call this before
 * feeding any event. The rules stay in the kernel until conntrack and the path lookups show whether
 * they are right. engine_adopt() takes one rule. It returns false if no flow would get this rule,
 * or if memory is short; the caller then removes the rule. engine_adopt_end() follows the last rule
 * and drains flows that lack the rule of one direction. Call it even if there was no rule, because
 * ports may have guards.
 */
struct engine_leftover {
	const struct rule *rule;
	struct rule_stats stats;
	bool in_hw;
	bool has_age;
	uint32_t age_ds; /* time since its last packet, in tenths of a second */
};

bool engine_adopt(struct engine *engine, const struct engine_leftover *left, mono_t now) MUST_CHECK;
void engine_adopt_end(struct engine *engine, mono_t now);

/* Processes an event: a fact, a request, or the answer to an order. Copies what it keeps. An event
 * that concerns many flows only starts a walk, which engine_tick() continues. */
void engine_feed(struct engine *engine, const struct event *event, mono_t now);

/* Fires due timers and continues walks, a bounded slice of both. Returns true if there is more to
 * do at once. */
bool engine_tick(struct engine *engine, mono_t now);

/* When to call engine_tick() next; MONO_NEVER if nothing is pending. */
mono_t engine_next_due(const struct engine *engine);

/* Kinds of orders, by the thread that executes them. */
enum order_class {
	ORDERS_ASK,	/* LOOKUP, REFRESH: main thread */
	ORDERS_URGENT,	/* BARRIER: a worker of their own, at once */
	ORDERS_REMOVE,	/* REMOVE, MOVE, PORT_CLOSE: a worker, before installs */
	ORDERS_INSTALL, /* PORT_OPEN, PORT_GUARD, PROBE, INSTALL: a worker */
};

/* Gets the next order of a class for @worker, which is ignored for ORDERS_ASK and ORDERS_URGENT.
 * Returns false if there is none. The caller must feed the answer as an event. */
bool engine_next_order(struct engine *engine, enum order_class class, unsigned int worker,
		       mono_t now, struct order *ret_order);

/* How much cleanup is left, in no particular unit: shrinks while removals and conntrack refreshes
 * make progress, and is 0 when nothing of ours is left. */
uint32_t engine_left(const struct engine *engine);

/* The epoch is 0, and every flow has lost its admission: the caller may feed the next epoch. Rules
 * may still be waiting for removal. */
bool engine_is_closed(const struct engine *engine);

/* EVENT_STOP was fed and nothing of ours is left in the kernel. */
bool engine_is_stopped(const struct engine *engine);

/*
 * Returns true while conntrack must be dumped every few seconds, which is when
 * - the end of a flow with rules may cause no event, because conntrack created the entry before
 *   there was a listener (nf_conntrack_events=2, nf_ct_ecache_ext_add);
 * - flows wait for room in a NIC and are ranked by their traffic on the CPU;
 * - a dump for flows in the kernel's flowtable is due (core/flow/kernfwd);
 * - connections that no event reported may have a mark from before a change of the ruleset; or
 * - a connection found the flow table full, and there is room now.
 */
bool engine_wants_dumps(const struct engine *engine);

/* Some flows were never seen in an event: their marks may change without one. */
bool engine_has_silent(const struct engine *engine);

/* Gets the next notice for the administrator; false if there is none. */
bool engine_next_notice(struct engine *engine, struct notice *ret_notice);

const struct settings *engine_settings(const struct engine *engine);
