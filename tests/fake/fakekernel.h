/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakekernel - a kernel in memory, for tests of the core.
 *
 * Holds ports, rules, connections and routes, and executes orders like worker
 * and dispatch: it answers every order exactly once, and those of a lane in
 * their order. A test sets a fault before an order; the order uses it up.
 *
 * It is also the judge. It complains about everything that the core must never
 * do: a rule at an occupied handle, half a pair, closing a port that has rules,
 * an install of a connection that the core was told is not eligible, a timeout
 * that is prolonged without traffic. A test that ends with complaints fails.
 * Every event that is fed to the core must also go through fake_tell(), so that
 * the judge knows what the core was told.
 *
 * If a burst of packets matches a rule, it only increases the counters of the
 * rule. Otherwise the CPU forwards it, and conntrack restarts its timeout.
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
/* One lane for questions, one for urgent orders, and for each worker one for removals and one for
 * installs. */
#define FAKE_LANES   (2 + 2 * FAKE_WORKERS)
#define FAKE_URGENT  1
#define FAKE_TEXT    2048

/* The driver of links that are ports of a NIC. rig_settings() allows it. */
#define FAKE_DRIVER "fake"

struct fake_link {
	struct link link;
	bool exists;
	bool has_clsact;
	bool clsact_is_foreign; /* not created by the core */
	bool is_unreadable; /* its rules cannot be dumped */
	uint16_t guards; /* slot_guard() */
	uint8_t barrier; /* its rules that are in: bits of enum slot_barrier */
	uint8_t bypass; /* BYPASS_* bits: what rules on it would bypass */
};

struct fake_rule {
	struct rule rule;
	struct rule_stats stats;
	struct slab_ref flow; /* the flow of the install order */
	bool is_dead; /* accepted, but not in the hardware: packets go to the CPU */
};

struct fake_conn {
	struct conn conn; /* the entry of the kernel; see expires instead of timeout_s */
	bool exists;
	bool be_liberal;
	bool is_silent; /* older than the event socket: causes no events */
	bool was_harmed; /* packets went to the CPU although it had rules, or a rule was lost */
	bool way_is_unknown; /* no packet has noted its way */
	uint32_t way_age_ms; /* since packets did */
	uint32_t other_oif[DIR__COUNT]; /* the packets leave by this device, whatever look-ups say; 0 = as
					 * they say */
	bool has_packet_mark; /* its packets have these marks, not that of the connection */
	uint32_t packet_mark[DIR__COUNT];
	bool has_tos; /* so have its packets */
	uint8_t ttl[DIR__COUNT]; /* with which they arrive; 0 = 64 */
	struct seen_way noted[DIR__COUNT]; /* what packets noted at noted_at */
	mono_t noted_at; /* 0 = always now */
	bool is_denied;  /* the ruleset drops its packets */
	uint32_t marked_at; /* ruleset_time when its mark was set */
	uint32_t policy_s;
	mono_t expires;
	/* What the core was told. */
	bool is_told;
	bool is_told_gone;
	bool is_told_by_event; /* first told by an event, so the core knows the policy */
	struct conn told;
	mono_t last_moved; /* when the core was last told that a rule had forwarded packets */
	uint64_t told_pkts[DIR__COUNT];
	uint32_t told_marked_at; /* ruleset_time of the newest mark that the core was told */
	uint32_t doubted_at; /* ruleset_time of the last told change that may concern it */
};

/* Routes that are only for some packets are in a table of their own, to which a policy rule leads.
 * Local routes are for all packets. The answer of a route of type unreachable, prohibit or
 * blackhole is of kind ROUTE_NONE and has the error of the type. The case 007-lab-routes compares
 * look-ups with those of a real kernel. */
struct fake_route {
	uint8_t family;
	uint8_t len; /* of the prefix, bits */
	struct addr prefix;
	uint32_t iif;  /* 0 = any; a VRF: also for what arrives by the devices in it */
	uint32_t mark; /* 0 = any */
	bool has_tos;  /* only for packets with a TOS, which no look-up has */
	struct route_answer answer;
};

/* Of recipe_tags_bit(). */
#define FAKE_TAGS_ALL ((1u << VLAN_ENCAP__COUNT * VLAN_ENCAP__COUNT) - 1)

/* How a driver answers probes and installs. */
struct fake_driver {
	uint16_t classes; /* the classes that it accepts */
	uint8_t form;	  /* enum rule_form bits that it refuses */
	bool has_one_prio; /* it only accepts RECIPE_PRIO */
	bool sets_only; /* it sets TTLs, but decrements none */
	uint32_t no_tags; /* recipe_tags_bit() that it refuses */
	bool takes_odd;
	int err;	  /* instead of -EOPNOTSUPP, for the next probe only */
};

/* Which rules exist after an install whose answer is lost, or after a failed removal. */
enum fake_left {
	FAKE_LEFT_BOTH,
	FAKE_LEFT_ONE,
	FAKE_LEFT_NONE,
};

/* The first order that a fault fits uses it up, except for bad_ifindex, capacity and
 * dead_installs. An errno of 0 is no fault. */
struct fake_faults {
	unsigned int refuse_nth; /* the n-th rule from now is refused */
	int refuse_err;
	uint32_t bad_ifindex; /* every rule on this device is refused */
	int bad_err;
	unsigned int capacity; /* number of rules that fit; 0 = any number */
	int care_err;
	int port_err;
	int lookup_err;
	int refresh_err;
	int barrier_err;
	int removal_err;
	int move_err; /* for the reply rule; the other one is replaced */
	enum fake_left removal_left;
	bool lose_install;
	bool dead_installs; /* until it is cleared, rules are accepted but not programmed */
	enum fake_left install_left;
};

/* An order that is under way. */
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

/* The flow in a slot, as its orders show it. */
struct fake_flow {
	struct slab_ref ref;
	uint32_t ct_id;
	unsigned int n_rule_orders; /* installs, removals and moves under way */
	bool is_moving; /* a move is under way: samples do not tell whose packets they count */
	unsigned int n_lookups;
	unsigned int n_refreshes;
	unsigned int worker; /* 1 + the worker of its last rule order; 0 = none */
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
	uint32_t read_marked_at; /* marked_at in the report that is fed; 0 = the current one */
	bool is_told_to_stop;
	bool was_core_lost; /* the core may know connections only from their rules */
	bool is_told_stuck; /* a worker was stuck: from then on, flows may change their worker */
	uint64_t n_orders[ORDER__COUNT]; /* handed out since the start */
	unsigned int n_complaints;
	char complaints[FAKE_TEXT];
};

void fake_init(struct fake *k, const struct settings *settings, uint32_t instance);
void fake_fini(struct fake *k);

/* -- the world ------------------------------------------------------------ */

struct fake_link *fake_put_link(struct fake *k, const struct link *link);
/* Also deletes its rules and its clsact. */
void fake_del_link(struct fake *k, uint32_t ifindex);
/* The barrier (enum slot_barrier) that stops what the rule matches. */
unsigned int fake_barrier_of(const struct rule *r);
/* Complains if a rule on the port is not behind the barrier (bits of enum slot_barrier). */
void fake_check_barrier(struct fake *k, uint32_t ifindex, uint8_t barriers);
struct fake_link *fake_find_link(struct fake *k, uint32_t ifindex);
/* The tags of the frames of a device, and the port by which they leave; false if there is none. */
bool fake_find_tags(struct fake *k, const struct link *l, struct vlan_tags *ret, uint32_t *ret_port);

/* Replaces the route of the same prefix, iif, mark and TOS. A local route replaces only a local
 * route. */
void fake_put_route(struct fake *k, const struct fake_route *route);
void fake_del_route(struct fake *k, const struct fake_route *route);
void fake_ask_route(const struct fake *k, const struct route_query *q, struct route_answer *ret);
/* A packet of each direction notes its way. */
void fake_note(struct fake *k, struct fake_conn *c, mono_t now);
/* Asks for routes until the walk ends, like the daemon: with asks_seen after it has read the notes. */
enum path_verdict fake_walk(struct fake *k, struct path_query *q, mono_t now, enum reason *ret_reason);

/* Adds a connection; its timeout_s is also its policy. Returns NULL if there are too
 * many. */
struct fake_conn *fake_add_conn(struct fake *k, const struct conn *conn, mono_t now);
/* The hardware data of a port that can offload. All such ports are on one card. */
struct link_hw fake_hw(void);
/* The living connection of this original tuple, or NULL. */
struct fake_conn *fake_find_conn(struct fake *k, const struct tuple *orig);
/* Finds a connection that exists, or one that has ended and whose place is not used again. */
struct fake_conn *fake_conn_by_id(struct fake *k, uint32_t id);
void fake_set_timeout(struct fake_conn *c, uint32_t timeout_s, mono_t now);
/* The whole entry, as in a dump or a destroy event. */
void fake_report(const struct fake_conn *c, mono_t now, struct conn *ret);
/* The entry as in other events, which have no counters (ctnetlink_conntrack_event). */
void fake_report_event(const struct fake_conn *c, mono_t now, struct conn *ret);
/* Destroys and returns one connection whose timeout is over; NULL if there is none. */
struct fake_conn *fake_expire(struct fake *k, mono_t now);
mono_t fake_next_expiry(const struct fake *k);

/* The TTL with which packets of the connection arrive. */
uint8_t fake_ttl(const struct fake_conn *c, enum dir dir);
/* Sends a burst in one direction. Returns true if a rule forwarded it. */
bool fake_packets(struct fake *k, struct fake_conn *c, enum dir dir, uint64_t pkts,
		  uint64_t bytes, mono_t now);
void fake_sample(const struct fake *k, unsigned int n, struct event *ret);
/* The hardware loses the rules of a connection, or one of them. */
void fake_kill_rules(struct fake *k, uint32_t ct_id);
void fake_kill_rule(struct fake *k, uint32_t ct_id, enum dir dir);
/* Somebody else deletes a rule. */
void fake_delete_rule(struct fake *k, uint32_t ct_id, enum dir dir);
/* Somebody else deletes clsact, and with it the guards and rules. */
void fake_delete_clsact(struct fake *k, uint32_t ifindex);
/* Returns the number of rules of a connection. */
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

/* Puts an order that the core handed out into its lane. */
void fake_push(struct fake *k, const struct order *order, unsigned int worker, mono_t now);
/* Executes the oldest pending order of the lane. Returns false if there is none. */
bool fake_execute(struct fake *k, unsigned int lane, mono_t now);
/* Returns the answer to the oldest order of the lane. Returns false if it is not executed. */
bool fake_answer(struct fake *k, unsigned int lane, struct event *ret);
/* Returns the number of orders of the lane that are not answered. */
size_t fake_pending(const struct fake *k, unsigned int lane);

/* A new core replaces the core. It knows nothing of what the old one was told and ordered.
 * Orders of the old core that are not executed are dropped. */
void fake_lose_core(struct fake *k);
/* Removes rule number @n. */
void fake_remove_at(struct fake *k, unsigned int n);

/* -- the judge ------------------------------------------------------------ */

/* Notes an event that is about to be fed to the core. */
void fake_tell(struct fake *k, const struct event *event, mono_t now);
/* True if, by what the core was told, the connection exists and is eligible, and its mark is
 * newer than every change of the ruleset that may concern it. */
bool fake_is_told_eligible(const struct fake *k, uint32_t ct_id);
/* Notes that the core is about to be told of a ruleset change at @when: of @elem, or of
 * anything if it is NULL. */
void fake_doubt(struct fake *k, const struct setelem *elem, uint32_t when);
/* A packet of the connection passes the ruleset, which sets our mark bits to @mark. Returns
 * true if they were different. */
bool fake_mark(struct fake *k, struct fake_conn *c, uint32_t mark);
PRINTF_LIKE(2, 3) void fake_complain(struct fake *k, const char *fmt, ...);
/* Complains about anything of ours that is left, and about a foreign clsact that is gone. */
void fake_check_empty(struct fake *k);
