/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtableplan - decides which devices and pairs of devices use the kernel's own flowtable.
 *
 * With BACKEND_FLOWTABLE these are all devices that the administrator named; with BACKEND_AUTO
 * those between which flower rules cannot forward. Pairs that cannot be probed now are left out,
 * because nobody knows whether flower rules are possible there. A device whose hooks have not all
 * been read is left out, too.
 *
 * A device uses the hardware flowtable if a trial shows that its driver accepts one; otherwise
 * the software flowtable, if that is allowed. The plan follows devices as they appear, disappear
 * and change, but at most twice a second, because each change empties the flowtables. A change
 * sends the complete plan to the table thread.
 */
#pragma once

#include <jansson.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "core/engine.h"
#include "daemon/admission/tablethread.h"

struct flowtableplan;

/* work is borrowed. *ret is NULL with BACKEND_FLOWER or OFFLOAD_OBSERVE. 0 or -ENOMEM. */
MUST_CHECK int flowtableplan_new(struct loop *loop, const struct engine *engine, struct tablethread *work,
			    struct flowtableplan **ret);
/* NULL is fine, here and below. */
void flowtableplan_free(struct flowtableplan *plan);

/* The ruleset has changed: has the flowtables emptied, because their connections may not pass it
 * any more. All changes during one such job cause one more job. */
void flowtableplan_renew(struct flowtableplan *plan);
/* Takes the answer to a RENEW, FLOW or TRY job. flowtableplan_go_on() must follow. */
void flowtableplan_done(struct flowtableplan *plan, const struct tablethread_done *done);
/* Continues work that waited for the engine, for an answer or for room in the queue of jobs. To be
 * called after each round of the engine and after answers of the table thread. Cheap if nothing
 * has changed. */
void flowtableplan_go_on(struct flowtableplan *plan);
/* Returns true if a plan exists and no FLOW job is under way, even if the last one failed. */
bool flowtableplan_is_settled(const struct flowtableplan *plan);

/* Describes which pairs use the flowtable, and why: an object, or null for NULL. */
json_t *flowtableplan_to_json(const struct flowtableplan *plan);
