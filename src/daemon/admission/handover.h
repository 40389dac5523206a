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
#include "daemon/admission/nftwork.h"

struct handover;

/* work is borrowed. *ret is NULL with BACKEND_FLOWER. 0 or -ENOMEM. */
MUST_CHECK int handover_new(struct loop *loop, const struct engine *engine, struct nftwork *work,
			    struct handover **ret);
/* NULL is fine, here and below. */
void handover_free(struct handover *handover);

/* The ruleset has changed: what the flowtables have may not pass it any more. */
void handover_renew(struct handover *handover);
/* The answer to a job of ours: RENEW, FLOW or TRY. */
void handover_done(struct handover *handover, const struct nftwork_done *done);
/* The flowtables are as they should be. */
bool handover_is_settled(const struct handover *handover);

/* What goes to the flowtable, and why: an object, or null. */
json_t *handover_to_json(const struct handover *handover);
