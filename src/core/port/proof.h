/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proof - checks that rules work, by comparing their counters with conntrack.
 *
 * A driver may accept a rule and not execute it, and a NIC that was reset does not tell tc that its
 * table is empty. So a rule is trusted while its counter moves. When the counter stands still, the
 * flow may just be idle. Conntrack knows whether the CPU has seen a packet meanwhile: each packet
 * restarts the timeout of the entry, and with accounting conntrack counts packets. If the CPU sees
 * packets while the rule counts none, the rule has been lost if it ever counted, and never worked
 * if it did not.
 *
 * A rule that a complete round of samples did not show was deleted by others.
 *
 * Cost: no query for rules that count, one conntrack query when a busy flow falls idle, and queries
 * at growing intervals for a flow that is used now and then, or in one direction only.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;
struct event;
struct proof;
struct settings;

int proof_new(const struct settings *settings, struct proof **ret) MUST_CHECK;
void proof_free(struct proof *proof);

/* The rules of an ACTIVE flow are confirmed from now on. Discards what was known of them. */
void proof_installed(struct engine *e, const struct flow *f, mono_t now);
/* Feeds @input, which says that the rules are in. The flow becomes ACTIVE unless its goal has changed
 * meanwhile. */
void proof_rules_are_in(struct engine *e, struct flow *f, enum flow_input input, mono_t now);
/* The rule of @dir was sampled; @moved: it counted packets since the last sample. */
void proof_sampled(struct engine *e, struct flow *f, enum dir dir, bool moved, mono_t now);
/* Judges the rules by a conntrack report. Must be called before age_learn(), which updates what
 * proof compares the report with. */
void proof_look(struct engine *e, struct flow *f, const struct conn *c, mono_t now);
/* The rule of @dir was sampled, but its counter means nothing, because the rules are being or were
 * replaced. Records only that a rule is there. */
void proof_seen(struct engine *e, const struct flow *f, enum dir dir);
/* When the flow's rules were confirmed (clock_ds). */
uint32_t proof_since(const struct engine *e, const struct flow *f);
/* Takes EVENT_ROUND_BEGIN, _PORT and _END. */
void proof_round(struct engine *e, const struct event *event, mono_t now);

/* For WALK_HIDDEN: starts over with a flow whose packets a barrier may have sent to the CPU. */
void proof_visit_hidden(struct engine *e, struct flow *f, mono_t now);
/* For WALK_LOST: finds flows of which the last round did not show a rule. */
void proof_visit_lost(struct engine *e, struct flow *f, mono_t now);
