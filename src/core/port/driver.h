/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver - which NIC drivers may be given rules, and what is known of them.
 *
 * An allow-list, because a driver's word is no proof: some take rules that they
 * do not execute, some drop traffic when they are probed, some read the memory
 * of a redirect's target as their own. Nothing that is not listed here or named
 * by the operator (allow-drivers) is ever sent a rule. Pure.
 */
#pragma once

#include "core/port/recipe.h"

struct driver {
	const char *name; /* as ethtool -i says it */
	uint8_t shapes;	  /* bit i: enum recipe_shape i is worth a try */
	/* It is known not to look at keys that it does not know, so it is not
	 * asked the odd questions. */
	bool is_blind;
	bool guards_itself; /* sends packets that are about to expire to the CPU */
	bool has_only_ages; /* no counters: only when a rule was used last */
};

/* NULL: not allowed. */
const struct driver *driver_find(const struct settings *settings, const char *name);

/* Whether a name stands in the built-in list: for the configuration's check. */
bool driver_is_known(const char *name);

/* What an errno of a refused rule means. */
enum refusal {
	REFUSAL_UNSUPPORTED, /* this driver does not do that */
	REFUSAL_FULL,	     /* it would, had it room */
	REFUSAL_BUSY,	     /* it would at another time */
	REFUSAL_BROKEN,	     /* firmware or device are in trouble */
	REFUSAL_EXISTS,	     /* an equal rule is there */
	REFUSAL_GONE,	     /* the port or its clsact is not there */
};

/* @err negative; @extack the driver's text or "". */
enum refusal driver_refusal(const struct driver *driver, int err, const char *extack);
