/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakekernel - what the deciding core believes a kernel to be, in memory.
 *
 * Holds ports, rules, connections and routes, and executes orders as worker
 * and dispatch do: every order is answered exactly once, in the order of its
 * lane. Faults are set before an order is executed and used up by it.
 *
 * It is also a judge. Whatever the core may never do - a rule for an occupied
 * handle, half a pair, a port closed under its rules, an install of what it
 * was told is not eligible, a timeout prolonged for nothing - is a complaint;
 * a test that ends with complaints has failed. To know what the core was told,
 * every event that is fed goes through fake_tell() too.
 *
 * A burst of packets goes through a rule when there is one, and moves its
 * counters; else the CPU forwards it and conntrack's timeout starts anew.
 */
#pragma once

#include "base/mono.h"
#include "core/path/path.h"
#include "core/settings.h"
#include "model/order.h"

#define FAKE_LINKS   32
#define FAKE_ROUTES  64
#define FAKE_CONNS   512
#define FAKE_RULES   2048
#define FAKE_FLOWS   4096
#define FAKE_WORKERS 8
/* Questions, what is urgent, and removals and installs of every worker. */
#define FAKE_LANES   (2 + 2 * FAKE_WORKERS)
#define FAKE_URGENT  1
#define FAKE_TEXT    2048

/* Of links that stand for a port of a NIC; rig_settings() allows it. */
#define FAKE_DRIVER "fake"

struct fake_link {
	struct link link;
	bool exists;
	bool has_clsact;
	bool clsact_is_foreign; /* somebody else made it */
	bool is_unreadable; /* its rules cannot be dumped */
	uint8_t guards; /* bit 0: IPv4, bit 1: IPv6 */
	bool has_barrier;
	uint8_t bypass; /* what rules on it would go around */
};

struct fake_rule {
	struct rule rule;
	struct rule_stats stats;
	struct slab_ref flow; /* that the install order named */
	bool is_dead; /* taken, but the hardware does not have it: packets go to the CPU */
};

struct fake_conn {
	struct conn conn; /* all that the kernel knows; timeout_s is not kept up */
	bool exists;
	bool be_liberal;
	bool is_silent; /* made before anybody listened: no events */
	bool was_harmed; /* the CPU saw packets beside its rules, or some were taken away */
	bool is_denied;  /* the ruleset does not let its packets pass */
	uint32_t marked_at; /* time of the ruleset when its mark was set */
	uint32_t policy_s;
	mono_t expires;
	/* What the core was told. */
	bool is_told;
	bool is_told_gone;
	bool is_told_by_event; /* so the core knows the policy */
	struct conn told;
	mono_t last_moved; /* when it last learnt of packets that a rule carried */
	uint64_t told_pkts[DIR__COUNT];
	uint32_t told_marked_at; /* the newest mark of its that was reported */
	uint32_t doubted_at; /* the last change told that may concern it */
};

struct fake_route {
	uint8_t family;
	uint8_t len; /* of the prefix, bits */
	struct addr prefix;
	uint32_t iif;  /* 0 = any */
	uint32_t mark; /* 0 = any */
	struct route_answer answer;
};

/* What a driver says when it is probed. */
struct fake_driver {
	uint16_t classes; /* that it takes */
	uint8_t form;	  /* enum rule_form bits that it refuses */
	bool has_one_prio; /* it takes no other layout */
	bool takes_odd;
	int err;	  /* instead of -EOPNOTSUPP, for the next probe only */
};

/* What an install leaves in when its answer is lost. */
enum fake_left {
	FAKE_LEFT_BOTH,
	FAKE_LEFT_ONE,
	FAKE_LEFT_NONE,
};

/* All are used up by the first order that they fit, but for the capacity and
 * the bad device. An errno of 0 is no fault. */
struct fake_faults {
	unsigned int refuse_nth; /* the n-th rule from now is refused */
	int refuse_err;
	uint32_t bad_ifindex; /* every rule on this device is refused */
	int bad_err;
	unsigned int capacity; /* rules that fit; 0 = any number */
	int care_err;
	int port_err;
	int lookup_err;
	int refresh_err;
	int barrier_err;
	int removal_err;
	int move_err; /* of the rule of the reply; the other is replaced */
	enum fake_left removal_left;
	bool lose_install;
	bool dead_installs; /* rules are taken and not programmed, until it is cleared */
	enum fake_left install_left;
};

/* One order on its way. */
struct fake_job {
	struct order order;
	mono_t at; /* when it was handed out */
	struct event answer;
	bool is_done;
};

struct fake_lane {
	struct fake_job *job;
	size_t first, n, size; /* jobs first .. n-1 are under way */
};

/* What is known of a flow by its slot. */
struct fake_flow {
	struct slab_ref ref;
	uint32_t ct_id;
	unsigned int n_rule_orders; /* of this flow under way */
	bool is_moving; /* ... such as this one, of which samples say nothing */
	unsigned int n_lookups;
	unsigned int n_refreshes;
	unsigned int worker; /* that had its first order, + 1 */
};

struct fake {
	struct settings settings;
	uint32_t instance;
	struct fake_link link[FAKE_LINKS];
	struct fake_route route[FAKE_ROUTES];
	unsigned int n_routes;
	struct fake_conn conn[FAKE_CONNS];
	unsigned int n_conns, max_conns;
	struct fake_rule rule[FAKE_RULES];
	unsigned int n_rules;
	struct fake_flow flow[FAKE_FLOWS];
	struct fake_lane lane[FAKE_LANES];
	struct fake_faults faults;
	struct fake_driver driver;
	uint32_t told_epoch;
	uint32_t ruleset_time; /* counts changes of the ruleset */
	uint32_t read_marked_at; /* of the report that is fed; 0 = it is as things are now */
	/* A refresh took a mark away, which makes an event. May be NULL. */
	void (*on_cleared)(void *ctx, struct fake_conn *c);
	void *ctx;
	bool is_told_to_stop;
	bool was_core_lost; /* the core may know connections by their rules */
	bool is_told_stuck; /* of some worker: flows may change theirs since then */
	uint64_t n_orders[ORDER__COUNT]; /* handed out since the start */
	unsigned int n_complaints;
	char complaints[FAKE_TEXT];
};

void fake_init(struct fake *k, const struct settings *settings, uint32_t instance);
void fake_fini(struct fake *k);

/* -- the world ------------------------------------------------------------ */

struct fake_link *fake_put_link(struct fake *k, const struct link *link);
/* Its rules and its clsact go with it. */
void fake_del_link(struct fake *k, uint32_t ifindex);
struct fake_link *fake_find_link(struct fake *k, uint32_t ifindex);

/* Replaces the route of the same prefix, iif and mark. */
void fake_put_route(struct fake *k, const struct fake_route *route);
void fake_del_route(struct fake *k, const struct fake_route *route);
void fake_ask_route(const struct fake *k, const struct route_query *q, struct route_answer *ret);

/* A new connection; its timeout_s is its policy, too. NULL when there are too
 * many. */
struct fake_conn *fake_add_conn(struct fake *k, const struct conn *conn, mono_t now);
/* Facts of a port that can offload; all are on one card. */
struct link_hw fake_hw(void);
/* The living connection of this original tuple, or NULL. */
struct fake_conn *fake_find_conn(struct fake *k, const struct tuple *orig);
/* Alive or not, while its slot has not been used again. */
struct fake_conn *fake_conn_by_id(struct fake *k, uint32_t id);
void fake_set_timeout(struct fake_conn *c, uint32_t timeout_s, mono_t now);
/* The whole entry as a dump would show it. */
void fake_report(const struct fake_conn *c, mono_t now, struct conn *ret);
/* As an event tells it: without counts, but for the end (ctnetlink_conntrack_event). */
void fake_report_event(const struct fake_conn *c, mono_t now, struct conn *ret);
/* One connection whose time is over, now destroyed; NULL when there is none. */
struct fake_conn *fake_expire(struct fake *k, mono_t now);
mono_t fake_next_expiry(const struct fake *k);

/* A burst in one direction. True when a rule forwarded it. */
bool fake_packets(struct fake *k, struct fake_conn *c, enum dir dir, uint64_t pkts,
		  uint64_t bytes, mono_t now);
void fake_sample(const struct fake *k, unsigned int n, struct event *ret);
/* The hardware forgets the rules of a connection, or somebody deletes one. */
void fake_kill_rules(struct fake *k, uint32_t ct_id);
void fake_kill_rule(struct fake *k, uint32_t ct_id, enum dir dir);
void fake_delete_rule(struct fake *k, uint32_t ct_id, enum dir dir);
/* Somebody deletes clsact: guards and rules go with it. */
void fake_delete_clsact(struct fake *k, uint32_t ifindex);
/* Rules of a connection that are in. */
unsigned int fake_rules_of(const struct fake *k, uint32_t ct_id);

/* -- orders --------------------------------------------------------------- */

static inline unsigned int fake_lane(enum order_type type, unsigned int worker)
{
	if (type == ORDER_LOOKUP || type == ORDER_REFRESH)
		return 0;
	if (type == ORDER_BARRIER)
		return FAKE_URGENT;
	return 2 + 2 * worker +
	       (type != ORDER_REMOVE && type != ORDER_MOVE && type != ORDER_PORT_CLOSE);
}

/* Takes an order that was handed out. */
void fake_push(struct fake *k, const struct order *order, unsigned int worker, mono_t now);
/* Executes the oldest order of the lane that is not executed yet. False when
 * there is none. */
bool fake_execute(struct fake *k, unsigned int lane, mono_t now);
/* Gives the answer to the oldest order, if it is executed. */
bool fake_answer(struct fake *k, unsigned int lane, struct event *ret);
/* Orders of the lane that are not answered. */
size_t fake_pending(const struct fake *k, unsigned int lane);

/* The core is dead, and a new one knows nothing: neither what the old one was told nor what
 * it asked for. Its orders that were not executed never will be. */
void fake_lose_core(struct fake *k);
/* Whatever sits there is removed. */
void fake_remove_at(struct fake *k, unsigned int n);

/* -- the judge ------------------------------------------------------------ */

/* The core is about to be fed this event. */
void fake_tell(struct fake *k, const struct event *event, mono_t now);
/* By what it was told: the connection is there and eligible, by a mark that is newer than
 * every change of the ruleset that may concern it. */
bool fake_is_told_eligible(const struct fake *k, uint32_t ct_id);
/* It is about to be told of a change that happened at @when; NULL = of everything. */
void fake_doubt(struct fake *k, const struct setelem *elem, uint32_t when);
/* A packet of it passes the ruleset, which sets the mark. True when it was another. */
bool fake_mark(struct fake *k, struct fake_conn *c, uint32_t mark);
PRINTF_LIKE(2, 3) void fake_complain(struct fake *k, const char *fmt, ...);
/* Nothing of ours is left. */
void fake_check_empty(struct fake *k);
