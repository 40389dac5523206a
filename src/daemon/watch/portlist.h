/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portlist - the devices of a flowtable of the user's ruleset, where the configuration
 * takes them from there, as it changes.
 *
 * Commits tell of a flowtable that comes or goes; of a device that leaves it because it
 * goes itself nobody tells. So it is looked at when somebody says so, and every two
 * seconds. A flowtable that is not there has no devices.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct portlist;

/* Looks at once, so that the engine knows before it is told of links. 0, also where
 * there is nothing to follow (*ret is NULL then), or -errno, logged. */
MUST_CHECK int portlist_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			     struct portlist **ret);
/* NULL is fine. */
void portlist_free(struct portlist *follow);

/* Something was committed to the ruleset, or a link has changed. NULL is fine. */
void portlist_look(struct portlist *follow);
