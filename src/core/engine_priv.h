/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_priv - what the files of the engine share. Nobody else includes it.
 */
#pragma once

#include "base/wheel.h"
#include "core/engine.h"
#include "core/flow/flowtab.h"
#include "core/path/path.h"
#include "core/path/topology.h"

/* A walk over the flow table, a slice per tick. */
struct walk {
	bool is_running;
	bool again; /* start over when done: something changed behind the cursor */
	uint32_t cursor;
};

/* Elements that are remembered until they are settled; more are everything. */
#define SUSPECTS_MAX 256
/* Connections without a flow whose mark has to go, at a time. */
#define STRAYS_MAX 1024

/* What was changed in the ruleset: marks that were set before may be wrong. */
struct suspects {
	bool is_settled; /* what was reported before has all been read */
	bool is_dumping; /* a dump runs that began after the last change */
	bool is_dumped;  /* one has shown all that nobody had reported */
	uint32_t change; /* number of the last change; the first is 1 */
	uint32_t everything; /* the change that may concern every flow; 0 = none */
	unsigned int n;
	struct {
		uint32_t change;
		struct setelem elem;
	} some[SUSPECTS_MAX];
	unsigned int n_strays, n_strays_asked; /* to be taken care of; orders out for them */
	struct {
		struct tuple orig;
		uint32_t ct_id;
	} stray[STRAYS_MAX];
};

/* Tuples that one walk takes back. */
#define FLUSH_TUPLES 8

struct engine {
	struct settings settings;
	uint32_t instance;
	mono_t epoch;
	struct flowtab flows;
	struct topology paths;
	struct wheel timers; /* one per flow slot: pauses and repairs */

	struct walk path_walk;	 /* flows whose path may have moved */
	uint32_t path_walk_gen;	 /* what changed until then, it has seen when it is round */
	struct walk resync_walk; /* flows that a dump did not show */
	struct walk flush_walk;	 /* operator or stop */
	struct walk epoch_walk;	 /* flows whose mark counts no more */
	struct walk suspect_walk; /* flows whose mark may be wrong */
	struct walk proof_walk;	 /* flows whose packets went to the CPU for a while */
	bool flush_all;
	unsigned int n_flush;
	struct tuple flush_tuple[FLUSH_TUPLES]; /* asked for since the walk began */
	uint8_t seen_gen;
	bool in_resync;
	bool is_behind; /* this dump is ahead of events that are still to come */
	bool stopping;
	uint32_t mark_epoch; /* that our bits of the ct mark must have; 0 = none does */
	struct suspects suspects;
	uint32_t n_revoked;  /* flows whose mark is to be taken away */
	uint32_t n_barred;   /* flows that the barrier waits for */
	uint32_t n_barriers; /* ports that have one, or whose worker is at it */
	bool wants_barrier;
	mono_t barrier_due;  /* those that could not be lowered are tried again */
	bool has_unwanted; /* ports that are PORT_UNWANTED, or were */

	struct proof *proof; /* do rules do what they say? */
	struct rank *rank;   /* who gets into a full card? NULL unless in hardware */
	bool is_heir; /* every port may have something of an earlier life with our instance */
	struct adopt *adopt; /* rules of an earlier life; NULL = none is left */
	struct walk adopt_walk; /* those that were not recognised in time */
	struct walk lost_walk; /* rules that a round of samples did not show */
	bool is_stuck[FLOWTAB_MAX_WORKERS];
	struct notices notices;

	/* When conntrack shall be dumped for flows of the kernel's flowtable. */
	mono_t kernel_due;
	bool wants_kernel_dump;

	bool has_turned_away; /* a connection found no room, since the last dump began */
	uint32_t evict_cursor;
	uint32_t n_moves;   /* flows whose rules were replaced, or should have been */
	uint32_t n_silent;  /* flows with rules and is_silent */
	uint32_t n_silent_known; /* flows with is_silent */
	uint32_t n_asking;  /* refreshes out */
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT];     /* flows in REFUSED, by reason */
	uint64_t forwarded_pkts[DIR__COUNT];  /* by rules, since the start */
	uint64_t forwarded_bytes[DIR__COUNT];
};

/* drive: the state machine at work */
void flowact_input(struct engine *e, struct flow *f, enum flow_input input, enum reason reason,
		 mono_t now);
void flowact_ask_care(struct engine *e, struct flow *f);
void flowact_set_mark(struct engine *e, struct flow *f, enum flow_mark state);
void flowact_mark_cleared(struct engine *e, struct flow *f, mono_t now);
/* No mark has come back for it: forgets it, or repeats what must happen before. */
void flowact_wait_no_more(struct engine *e, struct flow *f, mono_t now);
/* False when a fact is missing meanwhile. */
bool flowact_make_install(struct engine *e, struct flow *f, struct order *ret);
void flowact_make_remove(struct engine *e, struct flow *f, struct order *ret);
/* Rules for this path belong where those are that the flow has. */
bool flowact_is_in_place(const struct engine *e, const struct flow *f, const struct path *path);
/* False when that is not so any more, or something changed since the path was found. */
bool flowact_make_move(struct engine *e, struct flow *f, struct order *ret);
void flowact_set_silent(struct engine *e, struct flow *f, bool is_silent);
/* Path of a flow that has one, from the tables as they are now. False when a
 * fact is missing meanwhile. */
bool flowact_path_of(const struct engine *e, const struct flow *f, struct path *ret);
/* A neighbour or link of its path changed since the path was found. */
bool flowact_hops_changed(const struct engine *e, const struct flow *f);
/* As above, or routing changed: the path must be looked up again, and meanwhile packets should
 * not go by its rules. */
bool flowact_path_is_stale(const struct engine *e, const struct flow *f);
/* It must be looked up again, but most likely it is the same. */
bool flowact_path_is_doubted(const struct engine *e, const struct flow *f);
/* @generation is newer than what the flow's path accounts for. */
bool flowact_is_newer(uint32_t generation, const struct flow *f);
/* It is on the CPU because of its path, and what could lift that changed since. */
bool flowact_may_be_lifted(const struct engine *e, const struct flow *f);

/* ports: links and ports to orders */
/* Facts about links, neighbours and routing, and answers about ports. */
void portfsm_feed(struct engine *e, const struct event *event, mono_t now);
/* The NIC behind this port seems to have lost rules: its guards, too? */
void portfsm_renew_guards(struct engine *e, uint32_t ifindex);
void portfsm_renew_all_guards(struct engine *e);
/* A rule of the port that has been in since @since has counted at @counted or later (both
 * age_now): the NIC had not lost what was in before. */
void portfsm_note_hit(struct engine *e, uint32_t ifindex, uint32_t since, uint32_t counted,
		    uint32_t now_ds);
/* Whether guards of the port, if it has any, need no renewal before rules go in beside them.
 * If they do, it is ordered. */
bool portfsm_trust_guards(struct engine *e, uint32_t ifindex, mono_t now);
void portfsm_feed_round(struct engine *e, const struct event_round *round);
/* Something about the hardware changed that those which wait for it must know. */
void portfsm_touch_ways(struct engine *e);
bool portfsm_next_order(struct engine *e, mono_t now, struct order *ret);
/* A port that is one no more. */
bool portfsm_next_unwanted(struct engine *e, struct order *ret);
void portfsm_close_again(struct engine *e);
bool portfsm_next_closing(struct engine *e, struct order *ret);
/* Ports that have something of ours, or are about to. */
uint32_t portfsm_count_ours(const struct engine *e);
/* Nothing is under way: every port and pair that can be used can be used now. */
bool portfsm_are_settled(const struct engine *e);

/* ruleset: what a change of the nft ruleset takes back */
void revoke_event(struct engine *e, const struct event *ev);
/* This mark may have been set by rules that are no more: takes it away. True when it
 * does not count, now or yet. */
bool revoke_doubts(struct engine *e, struct flow *f, mono_t now);
/* A mark that admits as soon as rules add the rest. Such connections are known, to be doubted. */
bool revoke_is_part(const struct engine *e, uint32_t mark);
/* A report came: does the mark count again? */
void revoke_report(struct engine *e, struct flow *f, const struct event *ev);
void revoke_visit_epoch(struct engine *e, struct flow *f, mono_t now);
void revoke_visit_suspect(struct engine *e, struct flow *f, mono_t now);
/* Some flows have not been looked at since it changed. */
bool revoke_is_walking(const struct engine *e);
/* A connection that nobody knew may have a mark from before a change. */
bool revoke_doubts_newcomer(const struct engine *e, const struct conn *c);
/* Takes the mark of one for which there is no place. */
void revoke_add_stray(struct engine *e, const struct conn *c);
bool revoke_next_stray(struct engine *e, struct order *ret);
void revoke_stray_done(struct engine *e, const struct event_refresh *done);
void revoke_dump(struct engine *e, enum event_type type);
bool revoke_wants_dump(const struct engine *e);
/* All that changes asked for is done: what is in the kernel is right by the ruleset as it is. */
bool revoke_is_done(const struct engine *e);
/* Forgets what is settled. */
void revoke_step(struct engine *e);

/* barrier: all packets to the CPU while many rules go */
/* A flow leaves whose rules must not be hit any more. */
void barrier_bar(struct engine *e, struct flow *f);
/* Its rules are out. */
void barrier_unbar(struct engine *e, struct flow *f);
/* So many flows are about to leave. */
void barrier_consider(struct engine *e, uint32_t n_flows);
bool barrier_next_order(struct engine *e, mono_t now, struct order *ret);
void barrier_done(struct engine *e, const struct event_barrier *done, mono_t now);
/* Nothing can be said about rules by who sees their packets. */
bool barrier_hides(const struct engine *e);
mono_t barrier_next_due(const struct engine *e);
/* The device is gone, and all that was on it. */
void barrier_forget(struct engine *e, struct link_rec *rec);

/* proof: do rules do what they say? */
int proof_new(const struct settings *settings, struct proof **ret) MUST_CHECK;
void proof_free(struct proof *proof);
void proof_installed(struct engine *e, const struct flow *f, mono_t now);
/* The rule of @dir was sampled; its counter moved. */
void proof_sampled(struct engine *e, struct flow *f, enum dir dir, bool moved, mono_t now);
/* What conntrack says; to be called before age_learn() takes it in. */
void proof_look(struct engine *e, struct flow *f, const struct conn *c, mono_t now);
/* The rule of @dir is there, or one in its place; nothing else is known. */
void proof_seen(struct engine *e, const struct flow *f, enum dir dir);
/* When the flow's rules were confirmed. */
uint32_t proof_since(const struct engine *e, const struct flow *f);
void proof_round(struct engine *e, const struct event *event, mono_t now);
/* Begins anew with it: its packets went to the CPU for a while. */
void proof_visit_hidden(struct engine *e, struct flow *f, mono_t now);
void proof_visit_lost(struct engine *e, struct flow *f, mono_t now);

/* rank: who gets into a full card */
int rank_new(const struct settings *settings, mono_t now, struct rank **ret) MUST_CHECK;
void rank_free(struct rank *rank);
/* A flow is new; what conntrack counted so far is not a rate. */
void rank_began(struct engine *e, const struct flow *f, const struct conn *c);
/* Bytes that a rule forwarded. */
void rank_count(struct engine *e, const struct flow *f, uint64_t bytes);
/* conntrack's own count. */
void rank_count_cpu(struct engine *e, const struct flow *f, const struct conn *c);
/* A flow may go in now: the card has room for it, or it was chosen. */
bool rank_admits(const struct flow *f, const struct card *card);
/* It was chosen, but others took the place. */
bool rank_is_overdue(const struct engine *e, const struct flow *f, mono_t now);
/* One slice; true when more is to do. */
bool rank_step(struct engine *e, mono_t now);
mono_t rank_next_due(const struct engine *e);

/* adopt: rules of an earlier life (engine_adopt) */
void adopt_free(struct engine *e);
/* Conntrack has shown the connection, and it may be offloaded; what is left is its path. */
bool adopt_is_recognised(const struct flow *f);
/* The rules that the flow has are of an earlier life, and not confirmed. */
bool adopt_has(const struct engine *e, const struct flow *f);
/* Where the rule of @dir sits, of one that adopt_has(). */
uint32_t adopt_ingress(const struct engine *e, const struct flow *f, enum dir dir);
/* The rules are those that the flow would get over this path. */
bool adopt_is_right(const struct engine *e, const struct flow *f, const struct path *path);
/* No path yet, but that may change at any moment: true when the flow waits for it. */
bool adopt_waits(struct engine *e, const struct flow *f, enum reason reason);
/* The flow is as any other from now on. */
void adopt_confirm(struct engine *e, struct flow *f, mono_t now);
/* Its rules are out. */
void adopt_forget(struct engine *e, struct flow *f);
/* The time is over. */
void adopt_visit(struct engine *e, struct flow *f, mono_t now);
void adopt_step(struct engine *e, mono_t now);
mono_t adopt_next_due(const struct engine *e);

/* age: conntrack time-outs against rule counters */
uint32_t age_now(const struct engine *e, mono_t now);
void age_learn(struct engine *e, struct flow *f, const struct conn *c, bool is_event, mono_t now);
/* conntrack's timeout was set by us. */
void age_prolonged(struct engine *e, struct flow *f, uint32_t timeout_s, mono_t now);
/* True when the counter moved. */
bool age_count(struct engine *e, struct flow *f, enum dir dir, const struct rule_stats *stats,
	       uint32_t now_ds);
/* For rules that only tell when they were used last. True when they were. */
bool age_note_use(const struct engine *e, struct flow *f, uint32_t age_ds, uint32_t now_ds);
bool age_needs_refresh(const struct engine *e, const struct flow *f, uint32_t now_ds);
/* Seconds that conntrack should give it now; 0 = nothing to set. */
uint32_t age_wanted_timeout(const struct flow *f, uint32_t now_ds);

/* resync: dumps and walks */
void resync_event(struct engine *e, const struct event *ev);
void resync_start_path_walk(struct engine *e);
void resync_start_lost_walk(struct engine *e);
void resync_start_proof_walk(struct engine *e);
void resync_start_epoch_walk(struct engine *e);
void resync_start_suspect_walk(struct engine *e);
void resync_start_adopt_walk(struct engine *e);
/* One slice of every walk; true when more is to do. */
bool resync_step(struct engine *e, mono_t now);

/* kernfwd: what the kernel's own flowtable forwards */
bool kernfwd_is_one(const struct flow *f);
void kernfwd_dump_begins(struct engine *e);
void kernfwd_step(struct engine *e, mono_t now);
mono_t kernfwd_next_due(const struct engine *e);

/* admit: conntrack reports to flows */
void admit_conn(struct engine *e, const struct event *ev, mono_t now);
void admit_destroy(struct engine *e, const struct conn *c, mono_t now);
