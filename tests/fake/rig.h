/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rig - connects an engine to a fake kernel and a virtual clock.
 *
 * Does the work of daemon/work/dispatch: ticks the engine, answers questions, hands
 * removals and then installs to each worker, and feeds the answers back. A test can
 * hold or mute a lane; its orders stay under way until the lane is released.
 */
#pragma once

#include "core/engine.h"
#include "fake/fakekernel.h"

struct rig {
	struct engine_params params;
	struct engine *engine;
	struct fake kernel;
	mono_t now;
	unsigned int n_workers;
	bool is_held[FAKE_LANES]; /* neither executed nor answered */
	bool is_mute[FAKE_LANES]; /* executed, but not answered */
	size_t room;		  /* orders that may be under way in a lane; 0 = any number */
	/* Called for every order that is handed out; may be NULL. */
	void (*on_order)(void *ctx, const struct order *order, unsigned int worker);
	void *ctx;
};

/* Settings for tests: offload = hardware, admit = events, all ports, one sample per second. */
struct settings rig_settings(void);

/* The engine's hash key comes from @seed. Aborts if there is no memory. */
void rig_init(struct rig *rig, const struct settings *settings, unsigned int n_workers,
	      uint64_t seed);
void rig_fini(struct rig *rig);

/* Replaces the engine, and drops all orders under way. The new engine is offered the existing
 * rules, as in daemon/life/adoption; those that it does not adopt, and all rules without
 * @may_adopt, are removed. It knows no links and no connections yet. */
void rig_restart(struct rig *rig, bool may_adopt);

/* Feeds an event to the engine, after the judge has noted it. */
void rig_feed(struct rig *rig, const struct event *event);
/* Runs the engine and the lanes until nothing more can happen at this time. */
void rig_settle(struct rig *rig);
/* Advances the clock to @when, and settles at every time at which something is due: a timer
 * of the engine, or the expiry of a connection. */
void rig_advance(struct rig *rig, mono_t when);

/* Hands out orders of each class as long as their lanes have room. Returns true if there
 * were any. */
bool rig_hand_out(struct rig *rig);
/* Answers the oldest order of a lane. Returns false if it is not executed or there is none. */
bool rig_answer(struct rig *rig, unsigned int lane);

/* Reports @conn as a conntrack event, or as part of a dump. */
void rig_report(struct rig *rig, const struct fake_conn *conn, bool is_dump);
void rig_report_end(struct rig *rig, const struct fake_conn *conn);
/* Runs a whole round of samples: reads the rules of every open port, like daemon/watch/sampler. */
void rig_sample(struct rig *rig);
/* Feeds a whole dump: begin, every connection, end. */
void rig_resync(struct rig *rig);
/* Tells the engine what rules on the fake link would bypass. rig_feed() does this after each
 * EVENT_LINK. */
void rig_tell_bypass(struct rig *rig, uint32_t ifindex);
void rig_feed_type(struct rig *rig, enum event_type type);

unsigned int rig_n_lanes(const struct rig *rig);
