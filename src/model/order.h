/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * order - orders that the core gives, and events that are fed to it.
 *
 * Both are plain values without pointers into the core. An order that is answered carries
 * the flow's handle, and the answer returns it.
 */
#pragma once

#include "base/ds/slab.h"
#include "model/bridge.h"
#include "model/bypass.h"
#include "model/conn.h"
#include "model/link.h"
#include "model/reason.h"
#include "model/rule.h"
#include "model/setelem.h"

/* Extended ack text from the kernel, cut to fit; "" if there is none. */
#define EXTACK_SIZE 96

/* The route look-ups that find the path of one connection, in this order. The query
 * travels with the order, and comes back with the answers to all look-ups that
 * core/path/path asked for. */
enum path_step {
	PATH_STEP_INGRESS, /* towards the originator, ingress device unknown yet */
	PATH_STEP_FORWARD, /* original direction, arriving on the device found by INGRESS */
	PATH_STEP_REVERSE, /* reply direction, arriving on the device found by FORWARD */
	PATH_STEP_CONFIRM, /* original direction again, if REVERSE leaves by another device than
			    * INGRESS */
	PATH_STEP__COUNT,
};

struct path_query {
	struct tuple orig, reply; /* the connection whose path is looked up */
	uint32_t ct_id;
	uint32_t ct_mark; /* of the connection, without our bits */
	uint32_t mark[DIR__COUNT]; /* by which the kernel routes the packets, as far as known */
	uint32_t iif[DIR__COUNT];  /* the device or VRF by which they arrive for routing; 0 = not known */
	uint8_t step; /* enum path_step of the current look-up */
	uint32_t generation; /* generation of routes and links at the first look-up */
	bool asks_seen; /* also ask which way the packets took, and accept only that */
	bool asks_ttl;	/* and what their TTLs were */
	uint8_t ttl[DIR__COUNT]; /* with which packets arrive, as last known; 0 = not known */
	struct seen_way seen[DIR__COUNT];
	struct route_query ask;
	struct route_answer answer[PATH_STEP__COUNT];
	bool has_ahead; /* that of PATH_STEP_REVERSE is there before its turn (path_take_ahead) */
};

enum order_type {
	ORDER_NONE,
	ORDER_PORT_OPEN,  /* create the clsact of a port if it has none; remove rules of other
			   * instances */
	ORDER_PORT_GUARD, /* install the guards of a port */
	ORDER_PORT_CLOSE, /* remove our rules from a port, and our clsact if nothing else is on
			   * it */
	ORDER_BARRIER,	  /* raise or lower the barrier of a port (see RULE_BARRIER) */
	ORDER_PROBE,	  /* find out which rules the driver of a port accepts */
	ORDER_LOOKUP,	  /* find the path of a connection: core/path/path asks, routes answer */
	ORDER_INSTALL,	  /* make the conntrack settings, then install both rules; if one fails,
			   * neither stays */
	ORDER_REMOVE,	  /* remove both rules; absent ones count as removed */
	ORDER_MOVE,	  /* replace both rules by others with the same rule_where(); each new
			   * rule is in before the old one is out */
	ORDER_REFRESH,	  /* read the conntrack entry, and change its timeout or state */
	ORDER__COUNT,
};

struct order_port {
	uint32_t ifindex;
	uint32_t instance;  /* OPEN: rules of this instance stay, those of others are removed */
	bool keep_clsact;   /* CLOSE: the clsact was not created by us */
	bool renew;	    /* GUARD: replace installed guards, which the NIC may have lost */
	uint16_t guards;    /* GUARD: bits of guards (slot_guard); plan_guard() makes the rules */
	uint16_t tc_priority;
	struct rule sample; /* what the rules of guards have in common */
};

struct order_barrier {
	uint32_t ifindex;
	struct slab_ref link; /* record of the device, not that of a later one with the same
			       * index; returned in the answer */
	bool raise; /* false: remove the barrier; absent rules count as removed */
	uint8_t barriers;   /* bits of enum slot_barrier; plan_barrier() makes the rules */
	uint16_t tc_priority;
	struct rule sample; /* what the rules have in common */
};

/* Tries rules between two ports, one at a time, and removes each one at once. */
struct order_probe {
	uint32_t id;	   /* returned in the answer */
	uint32_t in, out;  /* ingress and egress port */
	bool asks_odd;	   /* first try rules that no NIC can execute */
	bool asks_mtu;	   /* try the accepted classes with a size check, too */
	bool asks_tags;	   /* try tagged packets, too */
	uint16_t tc_priority; /* the first of our prios, for probes with tags */
	uint16_t classes;  /* bit i: try enum recipe_class i (core/port/recipe) */
	struct rule sample; /* the rule of class 0; recipe_probe() derives those of other classes */
};

struct order_install {
	struct tuple orig;   /* the connection */
	uint32_t ct_id;
	uint32_t timeout_s;  /* conntrack timeout to set; 0 = keep it */
	bool be_liberal;     /* TCP: disable conntrack's window checks before the first rule */
	struct rule rule[DIR__COUNT]; /* by the direction that they match */
};

struct order_remove {
	struct rule_where where[DIR__COUNT];
};

struct order_move {
	struct rule rule[DIR__COUNT]; /* by the direction that they match */
};

struct order_refresh {
	struct tuple orig;
	uint32_t ct_id;
	uint32_t timeout_s;	/* prolong the timeout to this if less is left; 0 = do not */
	uint32_t clear_mark;	/* instead: clear these bits of its mark; 0 = do not */
	bool finish_last_ack;	/* if the connection is still in LAST_ACK, a rule forwarded its
				 * last packet: make it TIME_WAIT with timeout_s left */
};

struct order {
	uint8_t type; /* enum order_type */
	struct slab_ref flow;
	union {
		struct order_port port;
		struct order_barrier barrier;
		struct order_probe probe;
		struct path_query lookup;
		struct order_install install;
		struct order_remove remove;
		struct order_move move;
		struct order_refresh refresh;
	};
};

/* If an event uses a member of struct event, its comment begins with that name. */
enum event_type {
	EVENT_CONN,	      /* conn: new, updated or part of a dump */
	EVENT_CONN_DESTROY,   /* conn: deleted */
	EVENT_RESYNC_BEGIN,   /* a conntrack dump starts */
	EVENT_RESYNC_END,     /* the dump is complete: flows that it did not show are checked */
	EVENT_RESYNC_ABORT,   /* the dump was interrupted and does not count */
	EVENT_LINK,	      /* link: new or changed */
	EVENT_LINK_GONE,      /* link.ifindex: deleted */
	EVENT_BYPASS,	      /* bypass: what rules on a link would bypass */
	EVENT_NEIGH,	      /* neigh: new or changed; not valid = deleted */
	EVENT_NEIGHS_BEGIN,   /* a list of all neighbours follows */
	EVENT_NEIGHS_END,     /* end of the list: neighbours that were not in it are gone */
	EVENT_BRIDGE_PORT,    /* bridge_port: of a bridge, or of a port of one */
	EVENT_BRIDGES_BEGIN,  /* all bridges and their ports follow */
	EVENT_BRIDGES_END,    /* those that were not shown are none any more */
	EVENT_STATION,	      /* station: new, moved or gone */
	EVENT_STATIONS_BEGIN, /* a list of all stations follows */
	EVENT_STATIONS_END,   /* end of the list: stations that were not in it are gone */
	EVENT_ROUTES_CHANGED, /* routes: these may have changed */
	EVENT_PORT_DONE,      /* port: answer to PORT_OPEN, PORT_GUARD or PORT_CLOSE */
	EVENT_BARRIER_DONE,   /* barrier */
	EVENT_PROBE_DONE,     /* probe */
	EVENT_IPSEC,	      /* ipsec: whether an IPsec policy may apply to forwarded packets */
	EVENT_RULES_CHANGED,  /* rules_need_packet: whether a policy rule selects by what only the
			       * packet knows */
	EVENT_MTU6,	      /* mtu6: the largest IPv6 packets that may leave by a link */
	EVENT_FORWARDING_IP6, /* forwards_ip6: whether IPv6 is forwarded at all */
	EVENT_LOOKUP_DONE,    /* lookup: the query with its answers */
	EVENT_INSTALL_DONE,   /* install */
	EVENT_REMOVE_DONE,    /* remove */
	EVENT_MOVE_DONE,      /* remove: result, and counters of the old rules */
	EVENT_REFRESH_DONE,   /* refresh */
	EVENT_SAMPLE,	      /* sample: counters of one rule */
	EVENT_ROUND_BEGIN,    /* sampling of all rules begins */
	EVENT_ROUND_PORT,     /* round: all rules of one port have been sampled */
	EVENT_ROUND_END,      /* all ports have been sampled: rules that were not seen are lost */
	EVENT_WORKER,	      /* worker: stuck in the kernel, or back */
	EVENT_DEVICES,	      /* devices: list of devices, if the settings take it from a
			       * flowtable */
	EVENT_EPOCH,	      /* epoch: the epoch that our nft table puts into marks; 0 = no mark
			       * counts */
	EVENT_RULESET,	      /* ruleset: connections that the ruleset may no longer allow */
	EVENT_RULESET_SETTLED, /* change: the marks that this change and earlier ones can concern
				* have been cleared, and every older report has been fed */
	EVENT_FLUSH,	      /* flush: remove the rules of one tuple's flow, or of all flows */
	EVENT_STOP,	      /* remove the rules of all flows and close all ports */
	EVENT__COUNT,
};

enum install_status {
	INSTALL_OK,
	INSTALL_NO_CONN,     /* the connection is gone, or another one has its tuple */
	INSTALL_CT_REFUSED,  /* conntrack refused the settings or did not answer; no rule was
			      * tried */
	INSTALL_REFUSED,     /* a rule was refused; the other one has been removed again */
	INSTALL_UNCERTAIN,   /* an answer is missing or a removal failed: rules may be in or not */
};

struct event_install {
	uint8_t status; /* enum install_status */
	uint8_t dir;	/* direction of the refused rule */
	bool in_hw;	/* both rules are in a NIC */
	int32_t err;	/* negative errno */
	char extack[EXTACK_SIZE];
};

struct event_remove {
	int32_t err; /* 0: both rules are out; else negative errno, and they may still be in.
		      * MOVE_DONE: 0: both new rules are in; else old or new rules may be in */
	bool has_stats[DIR__COUNT];
	struct rule_stats stats[DIR__COUNT]; /* last counters of each rule */
	char extack[EXTACK_SIZE];
};

struct event_refresh {
	bool found; /* false: the connection is gone, or another one has its tuple */
	uint32_t timeout_s; /* the timeout that this order set; 0 = the one in `conn` still holds */
	uint32_t cleared;   /* bits of the mark that this order cleared */
	int32_t err;
	struct conn conn; /* as it was before the refresh */
};

struct event_devices {
	unsigned int n;
	const char (*name)[LINK_NAME_SIZE]; /* memory of the caller of engine_feed() */
};

struct event_mtu6 {
	uint32_t ifindex;
	uint32_t mtu;
};

struct event_port {
	uint32_t ifindex;
	uint8_t order;	 /* enum order_type of the answered order */
	bool made_clsact; /* OPEN: this run or an earlier one created the clsact */
	uint16_t guards; /* GUARD: those of the order that are in */
	int32_t err;	 /* of OPEN or CLOSE, or of the first guard that was refused */
	char extack[EXTACK_SIZE];
};

struct event_barrier {
	uint32_t ifindex;
	struct slab_ref link; /* that of the order */
	bool raise;
	bool is_left; /* the order failed, and a part of the barrier may still be in */
	int32_t err;  /* raise: it was refused; else: a rule could not be removed */
	char extack[EXTACK_SIZE];
};

struct event_probe {
	uint32_t id; /* id of the order */
	uint32_t in, out;
	bool took_odd;	  /* the driver accepted a rule that no NIC can execute; nothing else was
			   * tried */
	uint16_t classes; /* classes that were accepted */
	uint16_t mtu_classes; /* accepted classes that were also accepted with a size check */
	uint32_t tags; /* bit recipe_tags_bit(): accepted with these tags (core/port/recipe) */
	uint16_t refused; /* classes that were refused; a class in neither was not tried */
	uint8_t bad_class; /* the first class that was refused */
	int32_t err;	  /* why the first class was refused, or, if both sets are empty, why the
			   * probe was given up; 0 if neither */
	char extack[EXTACK_SIZE];
};

struct event_sample {
	uint32_t handle; /* handle of the rule; contains slot and direction */
	struct rule_cookie cookie;
	struct rule_stats stats;
	bool is_old; /* rules were replaced while it was read, so it may be of an old rule
		      * (view_moves) */
	bool has_age;
	uint32_t age_ds; /* has_age: time since its last packet, in tenths of a second */
};

struct event_round {
	uint32_t ifindex;
	uint16_t guards; /* guards that were seen (slot_guard_at) */
	bool is_bare;   /* no clsact, or the device is gone */
	int32_t err;	/* negative errno: the port was not read completely, and rules that were
			 * not seen may be there */
};

/* Each source reports some of the bits; the others keep their values. */
struct event_bypass {
	uint32_t ifindex;
	uint8_t mask;	 /* bits of enum bypass_mask that this event reports */
	uint8_t bits;	 /* reported bits that apply to the link */
	bool is_unknown; /* the reported bits are unknown from now on */
};

struct event_worker {
	uint8_t worker;
	bool is_stuck;
};

/* A change of the ruleset without a change of the epoch. It concerns all connections, or
 * those that an added or deleted element can match. */
struct event_ruleset {
	uint32_t change; /* number of the change; the first is 1 */
	bool everything;
	unsigned int n_elems;
	const struct setelem *elem; /* memory of the caller of engine_feed() */
};

struct event_flush {
	bool all;
	struct tuple tuple; /* of either direction */
};

struct event {
	uint8_t type; /* enum event_type */
	bool is_dump; /* CONN: part of a dump, not an event of conntrack */
	bool is_own;  /* CONN: caused by a request of ours */
	struct slab_ref flow;
	union {
		struct conn conn;
		struct link link;
		struct neigh neigh;
		struct bridge_port bridge_port;
		struct station station;
		struct route_change routes;
		bool ipsec;
		bool forwards_ip6;
		bool rules_need_packet;
		struct path_query lookup;
		struct event_install install;
		struct event_remove remove;
		struct event_refresh refresh;
		struct event_port port;
		struct event_barrier barrier;
		struct event_probe probe;
		struct event_sample sample;
		struct event_round round;
		struct event_bypass bypass;
		struct event_worker worker;
		struct event_devices devices;
		struct event_mtu6 mtu6;
		uint32_t epoch;
		struct event_ruleset ruleset;
		uint32_t change;
		struct event_flush flush;
	};
};
