/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_priv - the state that the modules of the engine share. Only they include it, and the tests
 * that look inside. It declares no function: each module does that in a header of its own.
 */
#pragma once

#include "base/ds/wheel.h"
#include "core/engine.h"
#include "core/flow/flowtab.h"
#include "core/path/path.h"
#include "core/path/topology.h"
#include "core/rules/revoke.h"
#include "core/walk.h"

struct leftovers;
struct proof;
struct rank;

/* Tuples that one walk takes back. */
#define FLUSH_TUPLES 8

struct engine {
	struct settings settings;
	uint32_t instance;
	mono_t epoch;
	struct flowtab flows;
	struct topology paths;
	struct wheel timers; /* one per flow slot: pauses and repairs */

	struct walk walk[WALK__COUNT];
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
	struct leftovers *leftovers; /* rules of an earlier life; NULL = none is left */
	mono_t adopt_due; /* when what is left of them is drained; MONO_NEVER = that is over */
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
