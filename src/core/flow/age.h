/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * age - prolongs the conntrack entries of flows whose packets conntrack does not see.
 *
 * Packets that a rule forwards do not refresh the conntrack entry. The entry shall expire one
 * policy timeout after the last packet, no matter what forwarded that packet. So the engine takes
 * the time of the last use from rule counters, and prolongs an entry only when it would expire too
 * early and half of its timeout is over. An entry whose rules never carried a packet is never
 * prolonged, and an idle flow causes no work.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;

/* Learns the entry's timeout policy and time of expiry from a report. */
void age_learn(struct engine *e, struct flow *f, const struct conn *c, bool is_event, mono_t now);
/* A refresh has set the entry's timeout. */
void age_prolonged(struct engine *e, struct flow *f, uint32_t timeout_s, mono_t now);
/* Processes counters of the rule of @dir. Returns true if its packet counter has moved. */
bool age_count(struct engine *e, struct flow *f, enum dir dir, const struct rule_stats *stats,
	       uint32_t now_ds);
/* The same for a rule that only tells how long ago it was used. Returns true if it has been used
 * since the previous reading. */
bool age_note_use(const struct engine *e, struct flow *f, uint32_t age_ds, uint32_t now_ds);
/* The entry would expire too early, and must be prolonged now. */
bool age_needs_refresh(const struct engine *e, const struct flow *f, uint32_t now_ds);
/* The timeout in seconds that the conntrack entry should get now; 0 = leave it. */
uint32_t age_wanted_timeout(const struct flow *f, uint32_t now_ds);
