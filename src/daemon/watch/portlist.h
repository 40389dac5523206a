/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portlist - follows the devices of a flowtable in the administrator's ruleset, if the
 * configuration takes the list of ports from there.
 *
 * A commit shows that a flowtable was added or removed, but nothing reports that a device
 * leaves a flowtable because the device itself disappears. So the flowtable is read whenever
 * portlist_look() is called, and every two seconds. A flowtable that does not exist has no
 * devices.
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
void portlist_free(struct portlist *follow);

/* Reads the flowtable now. To be called after a commit to the ruleset or a change of a link.
 * NULL is fine. */
void portlist_look(struct portlist *follow);
