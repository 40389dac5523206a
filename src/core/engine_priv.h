/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_priv - the state that the modules of the engine share.
 *
 * Only these modules and white-box tests include it. It declares no function: each module declares
 * its functions in its own header.
 */
#pragma once

#include "base/ds/wheel.h"
#include "core/engine.h"
#include "core/flow/flowtab.h"
#include "core/path/path.h"
#include "core/path/routelog.h"
#include "core/path/topology.h"
#include "core/rules/revoke.h"
#include "core/walk.h"

struct leftovers;
struct proof;
struct rank;

/* Tuples of flush requests that one walk can serve. */
#define FLUSH_TUPLES 8

struct engine {
	struct settings settings;
	uint32_t instance;
	mono_t started; /* time 0 of clock_ds() */
	struct flowtab flows;
	struct topology paths;
	struct wheel timers; /* one per flow slot: retries and time limits */

	struct walk walk[WALK__COUNT];
	bool flush_all;
	unsigned int n_flush;
	struct tuple flush_tuple[FLUSH_TUPLES]; /* requested since the walk began */
	uint8_t seen_gen; /* number of the last conntrack dump */
	bool in_resync;
	bool stopping;
	struct routelog route_log; /* with admit = nft: changes that may be newer than notes of packets */
	uint32_t mark_epoch; /* value that our bits of the ct mark must have; 0 = no mark counts */
	struct pending_changes changes; /* of the ruleset */
	uint32_t n_revoked;  /* flows with is_revoked */
	uint32_t n_barred;   /* flows whose rules must carry no packet now */
	uint32_t n_barriers; /* ports with a barrier, including those in transition */
	bool wants_barrier;  /* ports shall have a barrier */
	bool has_unwanted; /* there may be ports in PORT_UNWANTED */

	struct proof *proof; /* checks that rules forward packets */
	struct rank *rank;   /* chooses flows for a full card; NULL without hardware offload */
	bool is_heir; /* ports may have rules of an earlier run with our instance */
	struct leftovers *leftovers; /* rules of an earlier run; NULL = none left */
	mono_t adopt_due; /* when unconfirmed leftovers are drained; MONO_NEVER = unset or past */
	bool is_stuck[FLOWTAB_MAX_WORKERS]; /* the worker does not return from the kernel */
	struct notices notices;

	/* Conntrack dumps for flows in the kernel's flowtable. */
	mono_t kernel_due;
	bool wants_kernel_dump;

	mono_t lift_due; /* of topofeed_tick() */
	bool has_turned_away; /* a connection found the flow table full since the last dump began */
	uint32_t evict_cursor;
	uint32_t n_moves;   /* answers to ORDER_MOVE, failures included */
	uint32_t n_silent;  /* flows with is_silent that have rules */
	uint32_t n_silent_known; /* flows with is_silent */
	uint32_t n_asking;  /* refreshes without an answer yet */
	uint32_t n_state[FLOW_STATE__COUNT];
	uint32_t n_reason[REASON__COUNT];     /* flows in REFUSED, by reason */
	uint64_t forwarded_pkts[DIR__COUNT];  /* by rules, since the daemon started */
	uint64_t forwarded_bytes[DIR__COUNT];
};
