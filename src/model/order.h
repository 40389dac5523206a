/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * order - what the core asks for, and the events that it is fed.
 *
 * Both are plain values. An order that is answered carries the flow's handle;
 * the answer brings it back. Nothing here is a pointer into the core.
 */
#pragma once

#include "base/ds/slab.h"
#include "model/conn.h"
#include "model/bypass.h"
#include "model/link.h"
#include "model/reason.h"
#include "model/rule.h"
#include "model/setelem.h"

/* Text that the kernel sent with an answer, cut to fit; "" if none. */
#define EXTACK_SIZE 96

/* The look-ups that find the path of one connection, in their order. The
 * query travels with the order and comes back with all the answers that
 * core/path/path asked for. */
enum path_step {
	PATH_STEP_INGRESS, /* towards the originator, device unknown yet */
	PATH_STEP_FORWARD, /* original direction, arriving on that device */
	PATH_STEP_REVERSE, /* reply direction, arriving where that one leaves */
	PATH_STEP_CONFIRM, /* original direction again, when REVERSE disagreed */
	PATH_STEP__COUNT,
};

struct path_query {
	struct tuple orig, reply; /* the connection that is to cross the router */
	uint8_t step; /* enum path_step that is asked now */
	uint32_t generation; /* of routes and links, when the walk began */
	struct route_query ask;
	struct route_answer answer[PATH_STEP__COUNT];
};

enum order_type {
	ORDER_NONE,
	ORDER_PORT_OPEN,  /* clsact, and nothing of an earlier life, on a port */
	ORDER_PORT_GUARD, /* its guards */
	ORDER_PORT_CLOSE, /* take all away again */
	ORDER_BARRIER,	  /* hand all packets of a port to the CPU, or do so no more */
	ORDER_PROBE,	  /* which rules does the driver of a port take? */
	ORDER_LOOKUP,	  /* walk the path: core/path/path asks, routes answer */
	ORDER_INSTALL,	  /* conntrack care, then both rules, or nothing */
	ORDER_REMOVE,	  /* both rules; absent ones count as removed */
	ORDER_MOVE,	  /* other rules in the places of those that are in, where a place is
			   * that of rule_where(); each new one is in before the old one is out */
	ORDER_REFRESH,	  /* read the conntrack entry; prolong or repair it. Perhaps of no flow */
	ORDER__COUNT,
};

struct order_port {
	uint32_t ifindex;
	uint32_t instance;  /* OPEN: rules of this one stay, those of others go */
	bool keep_clsact;   /* CLOSE: it was not made by us */
	uint8_t n_guards;   /* GUARD */
	bool renew;	    /* GUARD: those that are there may not be in the NIC: take them out first */
	struct rule guard[2];
};

struct order_barrier {
	uint32_t ifindex;
	bool raise; /* else take it away; absent rules count as taken away */
	struct rule rule[2];
};

/* Tries rules between two ports, one at a time, and removes each at once. */
struct order_probe {
	uint32_t id;	   /* comes back with the answer */
	uint32_t in, out;  /* ports of arrival and exit */
	bool asks_odd;	   /* begin with what no NIC can do */
	uint16_t classes;  /* bit i: rule[] is made for enum rule class i (core/port/recipe) */
	struct rule sample; /* the rule of class 0; recipe_probe() makes those of the others */
};

struct order_install {
	struct tuple orig;   /* which connection */
	uint32_t ct_id;
	uint32_t timeout_s;  /* to set; 0 = leave it */
	bool be_liberal;     /* TCP: stop window checks before the first rule */
	struct rule rule[DIR__COUNT]; /* by the direction they carry */
};

struct order_remove {
	struct rule_where where[DIR__COUNT];
};

struct order_move {
	struct rule rule[DIR__COUNT]; /* by the direction they carry */
};

struct order_refresh {
	struct tuple orig;
	uint32_t ct_id;
	uint32_t timeout_s;	/* at least this much shall be left; 0 = only read */
	bool finish_last_ack;	/* a connection still in LAST_ACK had its last
				 * packet forwarded by a rule: make it TIME_WAIT
				 * with timeout_s left */
	uint32_t clear_mark;	/* bits of the ct mark to take away; 0 = none. The event
				 * that this makes tells what comes after it. */
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

enum event_type {
	EVENT_CONN,	      /* conn: new, update or part of a dump */
	EVENT_CONN_DESTROY,   /* conn: its end */
	EVENT_RESYNC_BEGIN,   /* a conntrack dump starts */
	EVENT_RESYNC_END,     /* it is complete: what it did not show is checked */
	EVENT_RESYNC_ABORT,   /* it was interrupted: forget it */
	EVENT_LINK,	      /* link: there, or changed */
	EVENT_LINK_GONE,      /* link.ifindex */
	EVENT_BYPASS,	      /* bypass: what rules on a link would go around */
	EVENT_NEIGH,	      /* neigh: there, or changed; gone = not valid */
	EVENT_NEIGHS_BEGIN,   /* all neighbours follow */
	EVENT_NEIGHS_END,     /* those that were not among them are gone */
	EVENT_ROUTES_CHANGED, /* routes: those may be others now */
	EVENT_PORT_DONE,      /* port: answer to PORT_OPEN, PORT_GUARD or PORT_CLOSE */
	EVENT_BARRIER_DONE,   /* barrier */
	EVENT_PROBE_DONE,     /* probe */
	EVENT_IPSEC,	      /* ipsec: packets that are forwarded may meet a policy */
	EVENT_FORWARDING_IP6, /* forwards_ip6: whether IPv6 is forwarded at all */
	EVENT_LOOKUP_DONE,    /* lookup: the query with its answers */
	EVENT_INSTALL_DONE,   /* install */
	EVENT_REMOVE_DONE,    /* remove */
	EVENT_MOVE_DONE,      /* remove: of the rules that were there before */
	EVENT_REFRESH_DONE,   /* refresh */
	EVENT_SAMPLE,	      /* sample: counters of one rule */
	EVENT_ROUND_BEGIN,    /* all rules are about to be sampled */
	EVENT_ROUND_PORT,     /* round: all rules of one port were sampled */
	EVENT_ROUND_END,      /* all ports were: what was not there is lost */
	EVENT_WORKER,	      /* worker: stuck in the kernel, or back */
	EVENT_DEVICES,	      /* devices: the list that the settings take from elsewhere */
	EVENT_EPOCH,	      /* epoch: what our nft table marks now; 0 = no mark counts any more */
	EVENT_RULESET,	      /* ruleset: connections that may not pass it any more */
	EVENT_RULESET_SETTLED, /* all that conntrack reported before the last EVENT_RULESET was fed */
	EVENT_FLUSH,	      /* take back the flows of one tuple, or all */
	EVENT_STOP,	      /* take back everything */
	EVENT__COUNT,
};

enum install_status {
	INSTALL_OK,
	INSTALL_NO_CONN,     /* the connection is gone or is another one */
	INSTALL_CT_REFUSED,  /* conntrack refused the care; no rule was tried */
	INSTALL_REFUSED,     /* a rule was refused; the other one is out again */
	INSTALL_UNCERTAIN,   /* an answer is missing: rules may or may not be in */
};

struct event_install {
	uint8_t status; /* enum install_status */
	uint8_t dir;	/* whose rule was refused */
	bool in_hw;	/* both rules are in a NIC */
	int32_t err;	/* negative errno */
	char extack[EXTACK_SIZE];
};

struct event_remove {
	int32_t err; /* 0: both are out; else negative errno: may still be in. Of MOVE_DONE:
		      * other rules may be in instead */
	bool has_stats[DIR__COUNT];
	struct rule_stats stats[DIR__COUNT]; /* last reading of each rule */
	char extack[EXTACK_SIZE];
};

struct event_refresh {
	bool found; /* false: the connection is gone or is another one */
	uint32_t timeout_s; /* that it has now because the order asked for it; 0 = as in `conn` */
	bool mark_cleared;
	int32_t err;
	struct conn conn; /* as it was before the refresh */
};

struct event_devices {
	unsigned int n;
	const char (*name)[LINK_NAME_SIZE]; /* the feeder's */
};

struct event_port {
	uint32_t ifindex;
	uint8_t order;	 /* enum order_type that this answers */
	bool made_clsact; /* OPEN */
	uint8_t guards;	 /* GUARD: bit i: guard i is in */
	int32_t err;	 /* of OPEN and CLOSE, and of the first guard that was refused */
	char extack[EXTACK_SIZE];
};

struct event_barrier {
	uint32_t ifindex;
	bool raise;
	int32_t err; /* raise: nothing is in; else: something may still be in */
	char extack[EXTACK_SIZE];
};

struct event_probe {
	uint32_t id; /* of the order */
	uint32_t in, out;
	bool took_odd;	  /* the driver took what no NIC can do; nothing else was tried */
	uint16_t classes; /* those that were taken */
	uint16_t refused; /* those that were not; what is in neither was not tried */
	uint8_t bad_class; /* the first that was refused, and why */
	int32_t err;	  /* 0 when none was */
	char extack[EXTACK_SIZE];
};

struct event_sample {
	uint32_t handle; /* of the rule: tells slot and direction */
	struct rule_cookie cookie;
	struct rule_stats stats;
	bool is_old; /* rules were replaced since it was read (view_moves) */
	bool has_age;
	uint32_t age_ds; /* has_age: since its last packet, in tenths of a second */
};

struct event_round {
	uint32_t ifindex;
	uint8_t guards; /* bit 0: IPv4, bit 1: IPv6 guard seen */
	bool is_bare;   /* not even a clsact is there */
	int32_t err;	/* the port could not be read; nothing follows from what was not seen */
};

/* Each source knows some bits; what it does not speak of stays as it was. */
struct event_bypass {
	uint32_t ifindex;
	uint8_t mask;	 /* the bits of enum bypass_mask that this is about */
	uint8_t bits;	 /* those that are on the link */
	bool is_unknown; /* ... or nobody knows any more */
};

struct event_worker {
	uint8_t worker;
	bool is_stuck;
};

/* What somebody changed in the ruleset, beside the epoch: all connections, or those
 * that an element which came or went can match. */
struct event_ruleset {
	bool everything;
	unsigned int n_elems;
	const struct setelem *elem; /* the sender's, read during the call */
};

struct event_flush {
	bool all;
	struct tuple tuple; /* either direction */
};

struct event {
	uint8_t type; /* enum event_type */
	bool is_dump; /* CONN: part of a dump, not an event of its own */
	bool is_own;  /* CONN: echo of a change that we made */
	bool is_behind; /* RESYNC_BEGIN: events from before the dump are still to come */
	struct slab_ref flow;
	union {
		struct conn conn;
		struct link link;
		struct neigh neigh;
		struct route_change routes;
		bool ipsec;
		bool forwards_ip6;
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
		uint32_t epoch;
		struct event_ruleset ruleset;
		struct event_flush flush;
	};
};
