/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover - which devices, and which pairs of them, go to the kernel's own flowtable.
 *
 * With BACKEND_FLOWTABLE all that the operator named; with BACKEND_AUTO pairs between
 * which flower rules cannot forward. In hardware where a trial says that the driver takes
 * it, else in software if that is allowed. It follows devices as they come, go and
 * change; what is told to the table's thread is the whole of it each time.
 */
#pragma once

#include <jansson.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "core/engine.h"
#include "daemon/admission/tablethread.h"

struct flowtableplan;

/* work is borrowed. *ret is NULL with BACKEND_FLOWER. 0 or -ENOMEM. */
MUST_CHECK int flowtableplan_new(struct loop *loop, const struct engine *engine, struct tablethread *work,
			    struct flowtableplan **ret);
/* NULL is fine, here and below. */
void flowtableplan_free(struct flowtableplan *handover);

/* The ruleset has changed: what the flowtables have may not pass it any more. */
void flowtableplan_renew(struct flowtableplan *handover);
/* The answer to a job of ours: RENEW, FLOW or TRY. */
void flowtableplan_done(struct flowtableplan *handover, const struct tablethread_done *done);
/* The flowtables are as they should be. */
bool flowtableplan_is_settled(const struct flowtableplan *handover);

/* What goes to the flowtable, and why: an object, or null. */
json_t *flowtableplan_to_json(const struct flowtableplan *handover);
