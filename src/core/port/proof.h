/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proof - do the rules do what they say?
 *
 * A driver's word is no proof, and a NIC that was reset does not tell tc that its table is empty. So a
 * rule is believed while its counter moves. When it stands still, the flow may just be idle. Conntrack
 * settles the doubt, because it knows whether the CPU has seen a packet meanwhile: each packet
 * restarts the timeout of the entry, and with accounting conntrack counts packets. A rule that stands
 * still while the CPU sees packets has been lost if it counted before, and never worked if it did not.
 *
 * A rule that a complete round of samples did not show is gone: somebody deleted it.
 *
 * Cost: nothing for rules that count, one question when a lively flow falls idle, and one at growing
 * intervals for a flow that is used now and then, or one way only.
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

/* The flow has become ACTIVE with these rules. */
void proof_installed(struct engine *e, const struct flow *f, mono_t now);
/* The rule of @dir was sampled, and its counter moved or not. */
void proof_sampled(struct engine *e, struct flow *f, enum dir dir, bool moved, mono_t now);
/* What conntrack says. Call it before age_learn() takes the report in. */
void proof_look(struct engine *e, struct flow *f, const struct conn *c, mono_t now);
/* The rule of @dir is there, or another one in its place; nothing else is known. */
void proof_seen(struct engine *e, const struct flow *f, enum dir dir);
/* When the flow's rules were confirmed (clock_ds). */
uint32_t proof_since(const struct engine *e, const struct flow *f);
/* EVENT_ROUND_BEGIN, _PORT and _END. */
void proof_round(struct engine *e, const struct event *event, mono_t now);

/* For walks: begins anew with a flow whose packets a barrier sent to the CPU; finds rules that a round
 * did not show. */
void proof_visit_hidden(struct engine *e, struct flow *f, mono_t now);
void proof_visit_lost(struct engine *e, struct flow *f, mono_t now);
