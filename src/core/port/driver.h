/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver - the NIC drivers that may be given rules, and their properties.
 *
 * This is an allow-list, because accepting a rule does not mean executing it: some
 * drivers accept rules that they do not execute, some drop traffic when they are
 * probed, some take the private data of a redirect's target device for their own.
 * A driver that is neither listed here nor named by the administrator
 * (allow-drivers) is never sent a rule. Pure.
 */
#pragma once

#include "core/port/recipe.h"

struct driver {
	const char *name; /* as ethtool -i reports it */
	uint8_t shapes;	  /* bit i: enum recipe_shape i is to be probed */
	/* It is known to ignore match keys that it does not support, so it is not
	 * probed with odd rules (recipe_odd). */
	bool is_blind;
	bool guards_itself; /* leaves packets whose TTL would reach 0 to the CPU by itself */
	bool has_only_ages; /* reports no counters, only when a rule was last used */
};

/* The entry for a driver, or NULL when it may not be given rules. */
const struct driver *driver_find(const struct settings *settings, const char *name);

/* True when the built-in list has this name. For checking the configuration. */
bool driver_is_known(const char *name);

/* Why a rule was refused. */
enum refusal {
	REFUSAL_UNSUPPORTED, /* the driver does not support the rule */
	REFUSAL_FULL,	     /* its table has no room */
	REFUSAL_BUSY,	     /* not now; may succeed later */
	REFUSAL_BROKEN,	     /* the firmware or device failed */
	REFUSAL_EXISTS,	     /* there is a rule with the same match or handle */
	REFUSAL_GONE,	     /* the port or its clsact does not exist */
};

/* @driver may be NULL; @err is negative; @extack is the kernel's text or "". */
enum refusal driver_refusal(const struct driver *driver, int err, const char *extack);

/*
 * The uplinks of an mlx5 card in switchdev mode can have the same switch id, but the
 * driver does not forward from one to the other (verify_uplink_forwarding).
 */
bool driver_are_two_uplinks(const struct link *a, const struct link *b);
