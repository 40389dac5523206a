/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow - the record and the state machine of a connection that is or could be offloaded.
 *
 * The state machine is a table: (state, input) -> (next state, action). This module has the table;
 * flowact performs the actions. Both directions change state together: a flow is ACTIVE only when
 * both rules are confirmed. A flow that may have rules in the kernel (flow_has_rules) returns to
 * the CPU only through REMOVE, or when an install fails and leaves no rule.
 */
#pragma once

#include <stdio.h>

#include "model/order.h"

#define FLOW_STATE_LIST(X)                                                    \
	X(REFUSED, "on the CPU, `reason` says why")                           \
	X(RESOLVE, "path being looked up")                                    \
	X(WAIT, "path found, waits for a worker to install the rules")        \
	X(INSTALL, "a worker is installing the rules")                        \
	X(ACTIVE, "both rules are installed")                                 \
	X(DRAIN, "waits for a worker to remove the rules")                    \
	X(REMOVE, "a worker is removing the rules")                           \
	X(ADOPTED, "has rules from an earlier run that are being checked")    \
	X(MOVE, "waits for a worker to replace the rules")                    \
	X(MOVING, "a worker is replacing the rules in place")

enum flow_state {
#define X(id, text) FLOW_##id,
	FLOW_STATE_LIST(X)
#undef X
	FLOW_STATE__COUNT,
};

#define FLOW_INPUT_LIST(X)                                                    \
	X(ADMIT, "conntrack and the ruleset allow offload")                   \
	X(LEAVE, "it must not be offloaded (any more)")                       \
	X(END, "conntrack has destroyed it")                                  \
	X(RECHECK, "its path may have changed")                               \
	X(PATH_SAME, "path found, unchanged")                                 \
	X(PATH_NEW, "path found, new or changed")                             \
	X(PATH_BAD, "no path that can be offloaded")                          \
	X(TAKEN, "a worker took its order")                                   \
	X(INSTALLED, "both rules are confirmed")                              \
	X(NOT_INSTALLED, "refused, no rule is left in the kernel")            \
	X(UNCERTAIN, "an answer is missing, a rule may be installed")         \
	X(LOST, "a rule is gone, or matches no packets any more")             \
	X(REMOVED, "both rules are removed")                                  \
	X(NOT_REMOVED, "removal failed, a rule may still be installed")       \
	X(PATH_MOVED, "path found, changed; the rules can be replaced in place") \
	X(MOVED, "both rules are replaced")                                   \
	X(NOT_MOVED, "replacing failed, old or new rules are installed")

enum flow_input {
#define X(id, text) FLOW_IN_##id,
	FLOW_INPUT_LIST(X)
#undef X
	FLOW_INPUT__COUNT,
};

enum flow_action {
	FLOW_ACT_BUG,	       /* cannot happen */
	FLOW_ACT_IGNORE,       /* can happen, changes nothing */
	FLOW_ACT_STAY_REFUSED, /* store the new reason */
	FLOW_ACT_ASK_PATH,     /* look up the path */
	FLOW_ACT_RECOGNISE,    /* conntrack has shown the connection: look up the path */
	FLOW_ACT_QUEUE,	       /* wait for a worker to install */
	FLOW_ACT_REFUSE,       /* leave all queues, store the reason */
	FLOW_ACT_TAKE,	       /* leave the queue: a worker has the order */
	FLOW_ACT_GOAL,	       /* set the goal, for when the answer has come */
	FLOW_ACT_SETTLE,       /* rules are in: become ACTIVE, or drain if there is a goal */
	FLOW_ACT_ACTIVATE,     /* the path was confirmed */
	FLOW_ACT_DRAIN,	       /* wait for a worker to remove */
	FLOW_ACT_AFTER,	       /* no rule is in: do what the goal says */
	FLOW_ACT_RETRY_DRAIN,  /* removal failed: try again after a pause */
	FLOW_ACT_FREE,	       /* forget the flow */
	FLOW_ACT_MOVE,	       /* wait for a worker to replace the rules */
	FLOW_ACT__COUNT,
};

/* What happens to a flow when its rules are out, or when the order under way has been answered. */
enum flow_goal {
	FLOW_GOAL_KEEP,	    /* no change: stay offloaded */
	FLOW_GOAL_RESOLVE,  /* look up the path and offload again */
	FLOW_GOAL_SOFTWARE, /* stay on the CPU, with `reason` */
	FLOW_GOAL_GONE,	    /* the connection ended */
};

struct flow_cell {
	uint8_t next;	/* enum flow_state; the usual one if the action decides */
	uint8_t action; /* enum flow_action */
};

/* The queue that a flow waits in. */
enum flow_queue {
	FLOW_Q_NONE,
	FLOW_Q_ASK,	/* for a path lookup or a refresh, by the main thread */
	FLOW_Q_INSTALL,
	FLOW_Q_REMOVE,  /* removals and moves */
	FLOW_Q__COUNT,
};

#define FLOW_NONE UINT32_MAX /* no slot */

/* Times are timestamps of clock_ds(), in tenths of a second. */
struct flow {
	struct tuple orig, reply;
	uint64_t total_pkts[DIR__COUNT]; /* forwarded by all rules that the flow has had */
	uint64_t total_bytes[DIR__COUNT];
	uint64_t rule_pkts[DIR__COUNT];	 /* last reading of the current rules */
	uint64_t rule_bytes[DIR__COUNT];
	uint32_t ct_id;
	uint32_t mark;
	uint32_t policy_s;   /* timeout that conntrack sets after a packet; 0 = unknown */
	uint32_t ct_expires; /* when the conntrack entry expires, as far as known */
	uint32_t last_use;   /* last packet known to be forwarded by a rule; 0 = none */
	uint32_t path_gen;   /* topology generation up to which the path is right */
	uint32_t next_hop[DIR__COUNT]; /* neighbour slots in topology; FLOW_NONE = no path */
	uint32_t port[DIR__COUNT]; /* ports on which the directions arrive, and have their rules; of a flow
				    * with a path */
	uint32_t route_mark[DIR__COUNT]; /* packet mark for which its path was found */
	uint32_t prev, next; /* queue links (slots) */
	uint8_t state;	     /* enum flow_state */
	uint8_t reason;	     /* enum reason: why the flow is not offloaded */
	uint8_t seen_gen;    /* last conntrack dump that showed the flow */
	uint8_t card;	     /* card for its rules; NIC_NONE = none */
	uint8_t queue : 2;   /* enum flow_queue */
	uint8_t goal : 2;    /* enum flow_goal */
	uint8_t attempts : 4; /* failed attempts, for the pause before the next */
	uint8_t tcp_state : 4; /* enum conn_tcp_state */
	uint8_t worker : 4;  /* worker that took the last install */
	uint16_t status;     /* enum conn_status, as last reported */
	uint16_t attached : 11; /* enum conn_has bits of attributes that events do not repeat */
	uint16_t ask_unmark : 1; /* in FLOW_Q_ASK: its mark is to be cleared, so that packets show their way */
	uint16_t has_asked_way : 1; /* it was, and its rules have forwarded nothing since (flowact_ask_way) */
	uint16_t mark_looks : 2; /* of a silent flow: looks for a new mark since then */
	uint16_t had_rules : 1; /* rules were installed: conntrack may have missed packets */
	union {
		uint16_t route_mtu[DIR__COUNT]; /* of a flow with a path: MTU metric of the route; 0 = none */
		uint16_t way_asked_ms; /* of one that leaves its path or has none: when its mark was
					* cleared; wraps around */
	};
	bool ask_path : 1;   /* in FLOW_Q_ASK: path lookup wanted */
	bool ask_care : 1;   /* in FLOW_Q_ASK: refresh wanted */
	bool is_asking : 1;  /* a refresh is under way */
	bool is_silent : 1;  /* never seen in an event: its end may cause none */
	bool in_hw : 1;      /* both rules are in a NIC */
	bool policy_is_guess : 1; /* policy_s is from a dump, not from an event */
	uint8_t slot_kind : 2; /* enum slot_kind of the rule of the original direction */
	uint8_t slot_kind_reply : 2; /* same for the reply direction */
	bool is_counted : 1; /* its rules count as used room of the card */
	bool is_busy : 1;    /* the last install was refused because the device was busy */
	bool is_doubted : 1; /* rules were lost or never hit, and no rule has counted since */
	bool is_chosen : 1;  /* rank has chosen it for a card that is nearly full */
	bool is_revoked : 1; /* the mark does not count: a change of the ruleset is pending (revoke.h) */
	bool is_barred : 1;  /* its rules must carry no packet: the barrier stays up */
};

/* The cell of the state machine's table. */
const struct flow_cell *flow_step(enum flow_state state, enum flow_input input);

static inline unsigned int flow_slot_kind(const struct flow *f, enum dir dir)
{
	return dir == DIR_ORIG ? f->slot_kind : f->slot_kind_reply;
}

static inline void flow_set_slot_kind(struct flow *f, enum dir dir, unsigned int kind)
{
	if (dir == DIR_ORIG)
		f->slot_kind = kind & 3;
	else
		f->slot_kind_reply = kind & 3;
}

/* It has a question to conntrack. */
static inline bool flow_asks_conntrack(const struct flow *f)
{
	return f->ask_care || f->ask_unmark;
}

/* The kernel may hold a rule of this flow. */
static inline bool flow_has_rules(const struct flow *f)
{
	return f->state == FLOW_INSTALL || f->state == FLOW_ACTIVE ||
	       f->state == FLOW_DRAIN || f->state == FLOW_REMOVE || f->state == FLOW_ADOPTED ||
	       f->state == FLOW_MOVE || f->state == FLOW_MOVING;
}

const char *flow_state_name(enum flow_state state);
const char *flow_input_name(enum flow_input input);
const char *flow_action_name(enum flow_action action);

/* Prints the whole table, for --dump-fsm and doc/states.md. */
void flow_dump_fsm(FILE *out);
