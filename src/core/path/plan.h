/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan - builds flower rules: two for a connection, guards and barriers for a
 * port. Pure.
 */
#pragma once

#include "core/path/path.h"
#include "model/rule.h"

/* Both rules of a connection, in the form of the recipes in @path. */
void plan_build(const struct settings *settings, const struct tuple *orig,
		const struct tuple *reply, const struct path *path, uint32_t slot,
		uint32_t instance, uint32_t ct_id, struct rule ret[DIR__COUNT]);

/*
 * Guards leave packets whose TTL would reach 0 to the CPU, which answers with "time exceeded".
 * plan_guards() fills in an order for these guards of a port (bits, see slot_guard), and plan_guard()
 * makes the rule of one of them.
 */
void plan_guards(const struct settings *settings, const struct link_rec *port, uint16_t guards,
		 uint32_t instance, struct order_port *ret);
void plan_guard(const struct order_port *order, unsigned int guard, struct rule *ret);

/*
 * A barrier leaves all packets of a port to the CPU: one rule in each prio of guards behind which the
 * port has, or had, rules of flows. plan_barriers() fills in an order, and plan_barrier() makes the
 * rule of one kind (enum slot_barrier).
 */
void plan_barriers(const struct settings *settings, const struct link_rec *port, uint32_t instance,
		   struct order_barrier *ret);
void plan_barrier(const struct order_barrier *order, unsigned int barrier, struct rule *ret);
