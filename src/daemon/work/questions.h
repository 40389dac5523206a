/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * questions - queries routes and conntrack entries, many in one system call.
 *
 * Queries run synchronously on the main thread, because they involve no NIC. But a route
 * lookup takes RTNL (rtnetlink_rcv_msg), which the insertion of a rule may hold for as long
 * as the NIC needs. So a batch has no more queries than were recently answered within a few
 * milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "core/engine.h"

struct questions;

/* Returns 0 or -errno. */
int questions_new(struct questions **ret) MUST_CHECK;
/* NULL is fine. */
void questions_free(struct questions *q);

/* Netlink address of the socket that changes conntrack entries. */
uint32_t questions_portid(const struct questions *q);

/* Executes the engine's LOOKUP and REFRESH orders for about ten milliseconds. True if more
 * may be waiting. */
bool questions_answer(struct questions *q, struct engine *engine, mono_t now) MUST_CHECK;

/* Walks a path with the same lookups that flows get, for `why` and the list of flows. Returns
 * 0 or -errno. */
int questions_walk_path(struct questions *q, struct path_query *query) MUST_CHECK;
/* Reads one conntrack entry by either of its tuples. Returns 0, -ENOENT or -errno. */
int questions_get_conn(struct questions *q, const struct tuple *tuple, struct conn *ret) MUST_CHECK;
