/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pathanswer - asks for the path of a flow, and does what the answer calls for.
 *
 * A new path must be the one that the kernel uses. With admit = nft, packets note their ways when they
 * mark their connection (struct seen_way), and the look-ups must agree with the notes. If they do not, the
 * notes may be older than the newest routes: the mark is cleared, so that the next packets write
 * new ones. A flow with rules writes no notes, so its path is compared by look-ups alone.
 */
#pragma once

#include "base/mono.h"
#include "core/flow/flow.h"

struct engine;

/* Makes ORDER_LOOKUP for the flow. */
void pathanswer_ask(struct engine *e, struct flow *f, struct order *ret);
/* After path_begin() for a flow with a path: adds what is known about the way of its packets. */
void pathanswer_recall(const struct engine *e, const struct flow *f, struct path_query *q);
/* After path_begin(): adds the TTLs that the rules of the flow match. */
void pathanswer_recall_ttl(const struct engine *e, const struct flow *f, struct path_query *q);
/* Takes the answer. */
void pathanswer_feed(struct engine *e, struct flow *f, struct path_query *q, mono_t now);
