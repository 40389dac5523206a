/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * questions - asks the kernel for routes and conntrack entries, many in one system call.
 *
 * On the main thread, at once: they touch no NIC. But a route look-up takes RTNL
 * (rtnetlink_rcv_msg), which the insertion of a rule may hold for as long as the NIC needs. So no
 * more are asked at a time than were answered in a few milliseconds before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "core/engine.h"

struct questions;

/* 0 or -errno. */
int questions_new(struct questions **ret) MUST_CHECK;
/* NULL is fine. */
void questions_free(struct questions *q);

/* Netlink address that conntrack's changes are made from. */
uint32_t questions_portid(const struct questions *q);

/* Answers what the engine asks, for about ten milliseconds. True when more waits. */
bool questions_answer(struct questions *q, struct engine *engine, mono_t now) MUST_CHECK;

/* For `why`: the same look-ups that flows get. 0 or -errno. */
int questions_walk_path(struct questions *q, struct path_query *query) MUST_CHECK;
/* Reads one conntrack entry, by either of its tuples. 0, -ENOENT or -errno. */
int questions_get_conn(struct questions *q, const struct tuple *tuple, struct conn *ret) MUST_CHECK;
