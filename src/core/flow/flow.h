/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow - one connection that we offload or would like to.
 *
 * The life of a flow is a table: (state, input) -> (next state, action). This
 * module is that table and the record; what an action does is engine's
 * business. Both directions move together: a flow is ACTIVE only when both
 * rules are confirmed, and every state in which the kernel may hold a rule of
 * ours (has_rules) ends through REMOVE.
 */
#pragma once

#include <stdio.h>

#include "model/order.h"

#define FLOW_STATE_LIST(X)                                                    \
	X(REFUSED, "on the CPU, for a reason")                                \
	X(RESOLVE, "path being looked up")                                    \
	X(WAIT, "planned, waits for a worker")                                \
	X(INSTALL, "a worker is putting the rules in")                        \
	X(ACTIVE, "both rules are in")                                        \
	X(DRAIN, "rules to be taken out, waits for a worker")                 \
	X(REMOVE, "a worker is taking the rules out")                         \
	X(ADOPTED, "has rules of an earlier life, which are being checked")   \
	X(MOVE, "rules to be replaced, waits for a worker")                   \
	X(MOVING, "a worker is putting other rules in their places")

enum flow_state {
#define X(id, text) FLOW_##id,
	FLOW_STATE_LIST(X)
#undef X
	FLOW_STATE__COUNT,
};

#define FLOW_INPUT_LIST(X)                                                    \
	X(ADMIT, "conntrack shows it eligible")                               \
	X(LEAVE, "it may not be offloaded (any more)")                        \
	X(END, "conntrack has destroyed it")                                  \
	X(RECHECK, "its path may have changed")                               \
	X(PATH_SAME, "path found, as it was")                                 \
	X(PATH_NEW, "path found, not as it was")                              \
	X(PATH_BAD, "no path that can be offloaded")                          \
	X(TAKEN, "a worker took its order")                                   \
	X(INSTALLED, "both rules are confirmed")                              \
	X(NOT_INSTALLED, "refused, nothing is left in")                       \
	X(UNCERTAIN, "an answer is missing, a rule may be in")                \
	X(LOST, "a rule is gone, or does nothing any more")                   \
	X(REMOVED, "both rules are out")                                      \
	X(NOT_REMOVED, "removal failed, a rule may be in")                    \
	X(PATH_MOVED, "path found, other rules belong in the same places")    \
	X(MOVED, "both rules are replaced")                                   \
	X(NOT_MOVED, "they could not be: old or new ones are in")

enum flow_input {
#define X(id, text) FLOW_IN_##id,
	FLOW_INPUT_LIST(X)
#undef X
	FLOW_INPUT__COUNT,
};

enum flow_action {
	FLOW_ACT_BUG,	       /* cannot happen */
	FLOW_ACT_IGNORE,       /* can happen, changes nothing */
	FLOW_ACT_STAY_REFUSED, /* remember the reason */
	FLOW_ACT_ASK_PATH,     /* start the look-ups */
	FLOW_ACT_RECOGNISE,    /* conntrack knows it: start the look-ups */
	FLOW_ACT_QUEUE,	       /* wait for a worker to install */
	FLOW_ACT_REFUSE,       /* leave all queues, remember the reason */
	FLOW_ACT_TAKE,	       /* order handed out */
	FLOW_ACT_GOAL,	       /* remember what shall come after the answer */
	FLOW_ACT_SETTLE,       /* rules are in: go on, or out again by the goal */
	FLOW_ACT_ACTIVATE,     /* the path was confirmed */
	FLOW_ACT_DRAIN,	       /* wait for a worker to remove */
	FLOW_ACT_AFTER,	       /* nothing is in: go where the goal says */
	FLOW_ACT_RETRY_DRAIN,  /* removal failed: again after a pause */
	FLOW_ACT_FREE,	       /* forget the flow */
	FLOW_ACT_MOVE,	       /* wait for a worker to replace the rules */
	FLOW_ACT__COUNT,
};

/* What comes after rules are out (or an install in flight is answered). */
enum flow_goal {
	FLOW_GOAL_KEEP,	    /* nothing: stay offloaded */
	FLOW_GOAL_RESOLVE,  /* offload again over a new path */
	FLOW_GOAL_SOFTWARE, /* stay on the CPU with `reason` */
	FLOW_GOAL_GONE,	    /* the connection ended */
};

struct flow_cell {
	uint8_t next;	/* enum flow_state; where the action decides, its usual one */
	uint8_t action; /* enum flow_action */
};

/* A ruleset that changed may not let the flow pass any more: its mark is taken away,
 * and only one that is set after that counts. */
enum flow_mark {
	FLOW_MARK_VALID,
	FLOW_MARK_REVOKED, /* to be taken away */
	FLOW_MARK_CLEARED, /* done; reports from before that may still come */
};

/* Queue that a flow waits in; at most one. */
enum flow_queue {
	FLOW_Q_NONE,
	FLOW_Q_ASK,	/* look-up or conntrack care, done by the main thread */
	FLOW_Q_INSTALL,
	FLOW_Q_REMOVE,
	FLOW_Q__COUNT,
};

#define FLOW_NONE UINT32_MAX /* no slot */
#define FLOW_CLEARED_GEN_MASK 0xf

/* Times inside a flow are seconds/10 since the engine was made: 32 bits last
 * for thirteen years. */
struct flow {
	struct tuple orig, reply;
	uint64_t total_pkts[DIR__COUNT]; /* forwarded by rules, over all re-installs */
	uint64_t total_bytes[DIR__COUNT];
	uint64_t rule_pkts[DIR__COUNT];	 /* last reading of the present rules */
	uint64_t rule_bytes[DIR__COUNT];
	uint32_t ct_id;
	uint32_t mark;
	uint32_t policy_s;   /* conntrack's timeout for it after a packet */
	uint32_t ct_expires; /* when conntrack gives it up, as we know */
	uint32_t last_use;   /* last packet that a rule is known to have carried; 0 = none */
	uint32_t path_gen;   /* newest fact that its path accounts for */
	uint32_t next_hop[DIR__COUNT]; /* slots in topology; FLOW_NONE = no path */
	uint32_t prev, next; /* queue links, by slot */
	uint32_t passed;     /* change of the ruleset after which its mark was set anew */
	uint8_t state : 4;   /* enum flow_state */
	uint8_t cleared_gen : 4; /* seen_gen of when its mark was taken away, its lowest bits */
	uint8_t reason;	     /* enum reason: why it is not offloaded */
	uint8_t seen_gen;    /* resync that saw it last */
	uint8_t card;	     /* that its rules count on; NIC_NONE = none */
	uint8_t queue : 2;   /* enum flow_queue */
	uint8_t goal : 2;    /* enum flow_goal */
	uint8_t attempts : 4; /* refusals so far, for the pause between */
	uint8_t tcp_state : 4; /* enum conn_tcp_state */
	uint8_t worker : 4;  /* that has its order */
	uint16_t status;     /* enum conn_status, as last reported; its 16 bits */
	uint16_t attached;   /* enum conn_has bits of what not every event repeats */
	bool ask_path : 1;   /* Q_ASK: look-up wanted */
	bool ask_care : 1;   /* Q_ASK: refresh wanted */
	bool is_asking : 1;  /* a refresh is out */
	bool is_silent : 1;  /* never seen in an event: its end may not show */
	bool in_hw : 1;
	bool policy_is_guess : 1; /* policy_s is from a dump, not from an event */
	bool one_prio : 1;   /* its original rule is in the layout RECIPE_PRIO */
	bool one_prio_reply : 1;
	bool is_counted : 1; /* on its card */
	bool is_busy : 1;    /* the last refusal said "not now" */
	bool is_doubted : 1; /* its rules were lost or never hit, and have not counted since */
	bool is_chosen : 1;  /* rank lets it into a tight card */
	uint8_t mark_state : 2; /* enum flow_mark */
	bool is_barred : 1;  /* the barrier waits until its rules are out */
	bool had_rules : 1;  /* conntrack may have missed packets of it */
};

const struct flow_cell *flow_step(enum flow_state state, enum flow_input input);

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

/* The whole table as text, for --dump-fsm and ARCHITECTURE.md. */
void flow_dump_fsm(FILE *out);
