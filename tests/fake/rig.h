/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rig - an engine, a fake kernel and a virtual clock on one bench.
 *
 * Does what daemon/work/dispatch does: ticks, answers questions, hands removals and
 * then installs to each worker, brings the answers back. A lane can be held or
 * mute, so that its orders stay under way until it is released.
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
	size_t room;		  /* orders that a lane takes before it is answered */
	/* Called for every order that is handed out; may be NULL. */
	void (*on_order)(void *ctx, const struct order *order, unsigned int worker);
	void *ctx;
};

/* Sensible settings: hardware, every event admits, all ports, a sample a second. */
struct settings rig_settings(void);

/* The engine's hash key comes from @seed. Aborts when there is no memory. */
void rig_init(struct rig *rig, const struct settings *settings, unsigned int n_workers,
	      uint64_t seed);
void rig_fini(struct rig *rig);

/* The engine dies with all that is under way, and another begins with the rules that are
 * there, as daemon/life/adoption does it; or they are removed. It knows no link and no connection yet. */
void rig_restart(struct rig *rig, bool may_adopt);

/* One event, which the judge hears first. */
void rig_feed(struct rig *rig, const struct event *event);
/* Everything that can happen now happens. */
void rig_settle(struct rig *rig);
/* Goes to @when through every time at which something is due: timers of the
 * engine, connections that end. */
void rig_advance(struct rig *rig, mono_t when);

/* Hands the next order of each class to its executor. True when there was one. */
bool rig_hand_out(struct rig *rig);
/* Answers the oldest executed order of a lane. False when there is none. */
bool rig_answer(struct rig *rig, unsigned int lane);

/* Reports @conn as a conntrack event, or as part of a dump. */
void rig_report(struct rig *rig, const struct fake_conn *conn, bool is_dump);
void rig_report_end(struct rig *rig, const struct fake_conn *conn);
/* A whole round: reads the rules of every port that is open, as daemon/watch/sampler does. */
void rig_sample(struct rig *rig);
/* A whole dump: begin, every connection, end. */
void rig_resync(struct rig *rig);
/* What is on the fake link that rules would go around; told with each EVENT_LINK, too. */
void rig_tell_bypass(struct rig *rig, uint32_t ifindex);
void rig_feed_type(struct rig *rig, enum event_type type);

unsigned int rig_n_lanes(const struct rig *rig);
