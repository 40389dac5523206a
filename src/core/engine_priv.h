/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_priv - what the files of the engine share. Nobody else includes it.
 */
#pragma once

#include "base/wheel.h"
#include "core/engine.h"
#include "core/flowtab.h"
#include "core/path.h"
#include "core/pathtab.h"

/* A walk over the flow table, a slice per tick. */
struct walk {
	bool is_running;
	bool again; /* start over when done: something changed behind the cursor */
	uint32_t cursor;
};

/* Tuples that one walk takes back. */
#define FLUSH_TUPLES 8

struct engine {
	struct settings settings;
	uint32_t instance;
	mono_t epoch;
	struct flowtab flows;
	struct pathtab paths;
	struct wheel timers; /* one per flow slot: pauses and repairs */

	struct walk path_walk;	 /* flows whose path may have moved */
	struct walk resync_walk; /* flows that a dump did not show */
	struct walk flush_walk;	 /* operator or stop */
	bool flush_all;
	unsigned int n_flush;
	struct tuple flush_tuple[FLUSH_TUPLES]; /* asked for since the walk began */
	uint8_t seen_gen;
	bool in_resync;
	bool stopping;

	uint32_t evict_cursor;
	uint32_t n_silent;  /* flows with rules and is_silent */
	uint32_t n_asking;  /* refreshes out */
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT];     /* flows in REFUSED, by reason */
	uint64_t forwarded_pkts[DIR__COUNT];  /* by rules, since the start */
	uint64_t forwarded_bytes[DIR__COUNT];
};

/* drive: the state machine at work */
void drive_input(struct engine *e, struct flow *f, enum flow_input input, enum reason reason,
		 mono_t now);
void drive_ask_care(struct engine *e, struct flow *f);
void drive_make_install(struct engine *e, struct flow *f, struct order *ret);
void drive_make_remove(struct engine *e, struct flow *f, struct order *ret);
void drive_set_silent(struct engine *e, struct flow *f, bool is_silent);
/* Path of a flow that has one, from the tables as they are now. False when a
 * fact is missing meanwhile. */
bool drive_path_of(const struct engine *e, const struct flow *f, struct path *ret);
/* A neighbour or link of its path changed since the path was found. */
bool drive_hops_changed(const struct engine *e, const struct flow *f);
/* As above, or routing changed: the path must be looked up again. */
bool drive_path_is_stale(const struct engine *e, const struct flow *f);
/* @generation is newer than what the flow's path accounts for. */
bool drive_is_newer(uint32_t generation, const struct flow *f);

/* age: conntrack time-outs against rule counters */
uint32_t age_now(const struct engine *e, mono_t now);
void age_learn(struct engine *e, struct flow *f, const struct conn *c, bool is_event, mono_t now);
void age_count(struct engine *e, struct flow *f, enum dir dir, const struct rule_stats *stats,
	       uint32_t now_ds);
bool age_needs_refresh(const struct engine *e, const struct flow *f, uint32_t now_ds);
/* Seconds that conntrack should give it now; 0 = nothing to set. */
uint32_t age_wanted_timeout(const struct flow *f, uint32_t now_ds);

/* resync: dumps and walks */
void resync_event(struct engine *e, const struct event *ev);
void resync_start_path_walk(struct engine *e);
/* One slice of every walk; true when more is to do. */
bool resync_step(struct engine *e, mono_t now);

/* admit: conntrack reports to flows */
void admit_conn(struct engine *e, const struct event *ev, mono_t now);
void admit_destroy(struct engine *e, const struct conn *c, mono_t now);
