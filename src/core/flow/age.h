/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * age - keeps conntrack's idea of a flow's age true.
 *
 * Packets that a rule forwards do not refresh the conntrack entry. The entry shall expire one policy
 * timeout after the last packet, whoever forwarded it. So the engine takes the time of the last use
 * from rule counters, and prolongs an entry only when it would expire too early and half of its time
 * is over. A flow that no rule carried a packet of is never prolonged; an idle one costs nothing.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;

/* Learns the timeout from a report of conntrack. */
void age_learn(struct engine *e, struct flow *f, const struct conn *c, bool is_event, mono_t now);
/* We have set the entry's timeout. */
void age_prolonged(struct engine *e, struct flow *f, uint32_t timeout_s, mono_t now);
/* Takes in a reading of the rule of @dir. Returns true when its counter moved. */
bool age_count(struct engine *e, struct flow *f, enum dir dir, const struct rule_stats *stats,
	       uint32_t now_ds);
/* For rules that tell only how long ago they were used. Returns true when that was since the reading
 * before this one. */
bool age_note_use(const struct engine *e, struct flow *f, uint32_t age_ds, uint32_t now_ds);
bool age_needs_refresh(const struct engine *e, const struct flow *f, uint32_t now_ds);
/* The timeout in seconds that conntrack's entry should get now; 0 = leave it. */
uint32_t age_wanted_timeout(const struct flow *f, uint32_t now_ds);
