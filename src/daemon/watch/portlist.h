/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portlist - follows the devices of a flowtable in the administrator's ruleset, if the
 * configuration takes the list of ports from there.
 *
 * The flowtable is read after each commit to the ruleset and each change of a link, but
 * not more often than ten times a second. A flowtable that does not exist has no devices.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct portlist;

/* Reads the flowtable at once, so that the engine knows the devices before it is told of
 * links. Returns 0, also if no flowtable is configured (*ret is NULL then), or -errno,
 * logged. */
MUST_CHECK int portlist_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			     struct portlist **ret);
/* NULL is fine. */
void portlist_free(struct portlist *list);
