/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world - a random world around the engine: networks whose devices come and
 * go, connections that begin, change and end, event queues that overflow, an
 * operator, a ruleset that changes, and a kernel with faults.
 *
 * Each world_step() does one small thing. Events of the kernel wait in two
 * queues, one for conntrack and one for links and routes. They are read later,
 * so a question may be answered before older events are read.
 */
#pragma once

#include "fake/rig.h"
#include "splitmix.h"

#define WORLD_NETS   4 /* two inside, two outside */
#define WORLD_HOSTS  3 /* per network */
#define WORLD_QUEUE  32
#define WORLD_CHANGES 4 /* of the ruleset, of which the engine was not told yet */
/* Attempts after which a flow is left on the CPU (core/flow/flowact). */
#define WORLD_ATTEMPTS 12
#define WORLD_NEIGHS (WORLD_NETS * WORLD_HOSTS * 2)

struct world_queue {
	struct event event[WORLD_QUEUE];
	uint32_t marked_at[WORLD_QUEUE]; /* fake_conn.marked_at at the time */
	unsigned int n, size;
	bool has_lost; /* an event did not fit */
	bool ever_lost;
};

struct world_change {
	uint32_t when; /* fake.ruleset_time */
	bool everything;
	struct setelem elem;
};

#define WORLD_PASS_CHANGES 8

/* The pass that clears the marks that changes may concern, as the mark cleaner does. The changes
 * that the engine was told wait in change[] for the next pass. */
struct world_pass {
	uint32_t told;	   /* number of the last change that the engine was told */
	uint32_t number;   /* the same when the pass began; 0 = no pass is under way */
	unsigned int cursor; /* next connection in rig.kernel.conn */
	bool is_cleared;     /* it was at the last connection */
	struct world_change waiting[WORLD_PASS_CHANGES], change[WORLD_PASS_CHANGES];
	unsigned int n_waiting, n;
	/* Then the engine must still read: */
	unsigned int n_unread; /* reports at the head of the queue */
	bool is_behind_dump;   /* the dump under way */
};

struct world_net {
	uint32_t ifindex; /* 0 = the device is not there */
	uint32_t port;	  /* the device is a VLAN over this one, or a bridge with this port; 0 = neither */
	uint32_t port2;	  /* the second port of the bridge; 0 = it is none */
	bool is_blocked;  /* the first port does not forward */
	struct vlan_tag vlan;
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
	bool is_second;	   /* on a bridge: it is behind the second port */
	bool is_forgotten; /* the bridge does not know where it is */
};

struct world {
	struct rig rig;
	struct splitmix rnd;
	struct world_queue ct, rt;
	struct world_net net[WORLD_NETS];
	struct world_neigh neigh[WORLD_NETS][WORLD_HOSTS][2];
	bool has_ipsec;
	bool is_ip6_off;
	uint32_t next_ifindex;
	uint32_t next_id;
	bool has_faults;
	bool has_losses;   /* others delete rules and guards */
	bool has_policy; /* routes select by what only packets know, so packets note their ways */
	bool has_counters; /* conntrack counts */
	unsigned int haste; /* of workers, compared with everything else */
	bool is_crowded;  /* many connections, and little that keeps them on the CPU */
	bool has_cards;	   /* ports move between two cards */
	bool has_vlans;	   /* some networks are VLANs */
	bool has_bridges;  /* some are bridges */
	bool is_stuck[FAKE_WORKERS]; /* the worker does not return from the kernel */
	bool is_told[FAKE_WORKERS];  /* the engine was told that */
	bool is_dumping;
	unsigned int dump_cursor; /* into rig.kernel.conn */
	uint64_t forwarded;	  /* packets that rules carried */
	struct world_change change[WORLD_CHANGES];
	unsigned int n_changes;
	bool is_open;		/* the last epoch that the engine was told is not 0 */
	bool is_writing;	/* the table is about to write epoch_last */
	uint32_t epoch_last;
	uint32_t epoch_written; /* epoch that the table writes */
	struct world_pass pass;
	bool is_stopping;
};

void world_init(struct world *w, uint64_t seed);
void world_fini(struct world *w);

/* A host moves to the other port of its bridge, or is forgotten or found again. */
void world_move_station(struct world *w);
/* The port behind which a bridge has this host, 0 if it has forgotten it. False if it is a host on no bridge. */
bool world_find_station(const struct world *w, const struct mac *mac, uint32_t *ret_port);
/* The port of network @n: its device, or that below. */
uint32_t world_port(const struct world *w, unsigned int n);

void world_step(struct world *w);
/* A burst of packets in one direction. */
void world_burst(struct world *w, struct fake_conn *c, enum dir dir, uint32_t pkts);
/* Reads everything that is in the queues. */
void world_read_all(struct world *w);
void world_end_dump(struct world *w, bool is_whole);
void world_free_workers(struct world *w);
void world_add_fault(struct world *w);

/* rest.c */
/* Ends all faults, reads and answers everything, and waits until every pause is over.
 * Connections stay, and packets flow. */
void world_rest(struct world *w);
/* Stops the engine, with faults for a while, and waits until it is stopped. */
void world_stop(struct world *w);

/* topology.c */
void world_address(unsigned int net, unsigned int host, bool is_ip6, struct addr *ret);
void world_step_topology(struct world *w);
/* Adds all networks at once. */
void world_add_nets(struct world *w);
/* Reads everything that the queue may have lost. */
void world_read_topology(struct world *w);

/* ruleset.c */
void world_random_admission(struct world *w, struct settings *s);
bool world_has_ruleset(const struct world *w);
/* A packet on the CPU: the ruleset marks its connection, or does not let it pass. */
void world_pass(struct world *w, struct fake_conn *c);
/* The mark that a packet sets when it passes; 0 = the connection is denied. */
uint32_t world_wanted_mark(const struct world *w, const struct fake_conn *c);
/* Why the connection may not be offloaded, once a packet has met the ruleset. */
enum reason world_wanted_reason(const struct world *w, const struct fake_conn *c);
void world_step_ruleset(struct world *w);
/* True when everything that changes require is done, so the next run may adopt rules. */
bool world_is_lawful(const struct world *w);
void world_restart_ruleset(struct world *w, bool is_adopted);
/* Tells the engine all changes, and opens an epoch. */
void world_rest_ruleset(struct world *w);

/* invariants.c: report violations by fake_complain() */
void world_check(struct world *w);
void world_check_rest(struct world *w);
/* Number of flows without both rules. With @is_readable, only those that a round must find. */
unsigned int world_count_gone(struct world *w, bool is_readable);

void world_queue_add(struct world_queue *q, const struct event *ev);
/* Queues an event of the connection, with or without its TCP state. */
void world_say_conn(struct world *w, const struct fake_conn *c, bool has_state, bool is_own);
