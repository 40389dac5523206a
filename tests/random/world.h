/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world - a random world around the engine: networks whose devices come and
 * go, connections that are born, change and die, event queues that overflow,
 * an operator, a ruleset that changes its mind, and a kernel with faults.
 *
 * Each world_step() does one small thing. What the kernel says stands in two
 * queues, one of conntrack and one of links and routes, and is read later, so
 * that questions are answered before older news arrives.
 */
#pragma once

#include "fake/rig.h"

#define WORLD_NETS   4 /* two inside, two outside */
#define WORLD_HOSTS  3 /* per network */
#define WORLD_QUEUE  32
#define WORLD_CHANGES 4 /* of the ruleset, not told yet */
/* As often as that a flow is tried, then left alone (core/flow/flowact). */
#define WORLD_ATTEMPTS 12
#define WORLD_NEIGHS (WORLD_NETS * WORLD_HOSTS * 2)

struct world_random {
	uint64_t state;
};

uint32_t world_below(struct world_random *r, uint32_t n);

struct world_queue {
	struct event event[WORLD_QUEUE];
	uint32_t marked_at[WORLD_QUEUE]; /* fake_conn.marked_at at the time */
	unsigned int n, size;
	bool has_lost; /* there was no room for one */
	bool ever_lost;
};

struct world_change {
	uint32_t when; /* fake.ruleset_time */
	bool everything;
	struct setelem elem;
};

struct world_net {
	uint32_t ifindex; /* 0 = the device is not there */
	bool is_up;
	bool is_enslaved;
	bool is_tc_off; /* its driver does not offload now */
	uint32_t mtu;
	uint8_t mac;
	uint8_t card;
};

/* One neighbour as the kernel has it. */
struct world_neigh {
	uint8_t mac;
	bool is_valid;
};

struct world {
	struct rig rig;
	struct world_random rnd;
	struct world_queue ct, rt;
	struct world_net net[WORLD_NETS];
	struct world_neigh neigh[WORLD_NETS][WORLD_HOSTS][2];
	bool has_ipsec;
	bool is_ip6_off;
	uint32_t next_ifindex;
	uint32_t next_id;
	bool has_faults;
	bool has_losses;   /* rules and guards are taken away behind our back */
	bool has_counters; /* conntrack counts */
	unsigned int haste; /* of workers, against everything else */
	bool is_crowded;  /* many connections, and little that keeps them on the CPU */
	bool has_cards;	   /* ports move between two cards */
	bool is_stuck[FAKE_WORKERS]; /* does not return from the kernel */
	bool is_told[FAKE_WORKERS];  /* and the engine knows */
	bool is_dumping;
	unsigned int dump_cursor; /* into rig.kernel.conn */
	uint64_t forwarded;	  /* packets that rules carried */
	struct world_change change[WORLD_CHANGES];
	unsigned int n_changes;
	bool is_open;		/* the last epoch told is not 0 */
	bool is_writing;	/* the table is being told the last one */
	uint32_t epoch_last;
	uint32_t epoch_written; /* that the table marks with */
	bool is_settling;	/* elements were told, and this is still to be read: */
	unsigned int n_unsettled; /* reports at the head of the queue */
	bool is_dump_unsettled;
	bool is_stopping;
};

void world_init(struct world *w, uint64_t seed);
void world_fini(struct world *w);

void world_step(struct world *w);
/* A burst of packets in one direction. */
void world_burst(struct world *w, struct fake_conn *c, enum dir dir, uint32_t pkts);
/* Everything that stands in the queues. */
void world_read_all(struct world *w);
void world_end_dump(struct world *w, bool is_whole);
void world_free_workers(struct world *w);
void world_add_fault(struct world *w);

/* rest.c */
/* No more faults; everything is read, answered and compared, and every pause
 * is over. Connections stay, and packets flow. */
void world_rest(struct world *w);
/* Stops, with faults for a while, and waits until it is done. */
void world_stop(struct world *w);

/* topology.c */
void world_address(unsigned int net, unsigned int host, bool is_ip6, struct addr *ret);
void world_step_topology(struct world *w);
/* All of them at once. */
void world_add_nets(struct world *w);
/* Everything that the queue may have lost. */
void world_read_topology(struct world *w);

/* ruleset.c */
void world_random_admission(struct world *w, struct settings *s);
bool world_has_ruleset(const struct world *w);
/* A packet on the CPU: the ruleset marks its connection, or does not let it pass. */
void world_pass(struct world *w, struct fake_conn *c);
/* What its mark will be when it has passed; 0 = it is denied. */
uint32_t world_wanted_mark(const struct world *w, const struct fake_conn *c);
/* Why it may not be offloaded once its packets have met the ruleset. */
enum reason world_wanted_reason(const struct world *w, const struct fake_conn *c);
void world_step_ruleset(struct world *w);
/* Nothing that a change asks for is still to be done: the next life may adopt rules. */
bool world_is_lawful(const struct world *w);
void world_restart_ruleset(struct world *w, bool is_adopted);
/* Everything is told, and an epoch is open. */
void world_rest_ruleset(struct world *w);

/* invariants.c: complain to the fake kernel's judge */
void world_check(struct world *w);
void world_check_rest(struct world *w);
/* Flows whose rules are not both there; only those that a round must have found. */
unsigned int world_count_gone(struct world *w, bool is_readable);

void world_queue_add(struct world_queue *q, const struct event *ev);
/* Reports an event of it, with or without its TCP state. */
void world_say_conn(struct world *w, const struct fake_conn *c, bool has_state, bool is_own);
