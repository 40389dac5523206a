/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * markpass - after a change of the ruleset that keeps the epoch: has the marks cleared that may be
 * older than the change.
 *
 * Tells the engine the change (EVENT_RULESET). Then the mark cleaner makes a pass through conntrack
 * and clears the mark of every connection that the change can concern. A fence follows, behind which
 * all older reports have been processed. Then the change is settled (EVENT_RULESET_SETTLED). Changes
 * that come during a pass wait for the next one. A pass that fails is repeated; until one succeeds,
 * the connections stay on the CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "daemon/admission/markcleaner.h"
#include "daemon/work/dispatch.h"
#include "daemon/watch/ingest.h"

struct loop;
struct markpass;

/* The arguments must outlive it. 0 or -errno. */
MUST_CHECK int markpass_new(struct loop *loop, struct dispatch *dispatch, struct ingest *ingest,
			    struct markcleaner *cleaner, struct markpass **ret);
/* NULL is fine. Only after markcleaner_stop(). */
void markpass_free(struct markpass *pass);

/* The marks that may be cleared are those that have @value in @bits. They are read when a pass
 * begins. Bits 0: all marks. */
void markpass_set_marks(struct markpass *pass, uint32_t value, uint32_t bits);

/* A change that concerns the connections that one of the elements can match; with @everything, all
 * connections. */
void markpass_add(struct markpass *pass, bool everything, const struct setelem *elem,
		  unsigned int n);
/* The epoch has been closed: forgets the changes that are not settled. */
void markpass_forget(struct markpass *pass);
/* The answer to a job of type MARKCLEANER_CHANGE. Frees its elements. */
void markpass_done(struct markpass *pass, const struct markcleaner_done *done);

/* Returns true if all changes are settled. */
bool markpass_is_idle(const struct markpass *pass);
