/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy - may this connection be offloaded, by what conntrack says of it?
 *
 * Pure. The only place that says no because of the connection itself; core/path/path
 * says no because of where it goes.
 */
#pragma once

#include "core/settings.h"
#include "model/conn.h"
#include "model/reason.h"

/*
 * REASON_NONE, or the first reason in the order of REASON_LIST. A report that
 * lacks what the decision needs gives REASON_INCOMPLETE: ask conntrack for the
 * whole entry then. With ADMIT_NFT the mark must have this epoch in our bits; no
 * connection has epoch 0.
 */
enum reason policy_conn(const struct settings *settings, uint32_t epoch,
			const struct conn *conn);

/* The reason is about the connection as conntrack knows it, so that a later
 * report can lift it; all others need a change elsewhere or time. */
bool policy_is_conn_reason(enum reason reason);

/* The reason is about the path: lifted by a change of routes, links,
 * neighbours or ports. So can be a full NIC, for the way may lead over another. */
bool policy_is_path_reason(enum reason reason);
