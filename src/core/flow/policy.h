/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy - decides from conntrack's report whether a connection may be offloaded.
 *
 * Pure functions. Only this module rejects a connection for what it is; core/path/path rejects it
 * for the path that it takes.
 */
#pragma once

#include "core/settings.h"
#include "model/conn.h"
#include "model/reason.h"

/*
 * Returns REASON_NONE, or the first reason in the order of REASON_LIST. REASON_INCOMPLETE means
 * that the report lacks attributes that the decision needs: the caller should ask conntrack for the
 * entry. With ADMIT_NFT, our bits of the mark must equal @epoch, and epoch 0 admits no connection.
 */
enum reason policy_conn(const struct settings *settings, uint32_t epoch,
			const struct conn *conn);

/* The reason concerns the connection itself. A later report can lift it, while all other reasons
 * need a change elsewhere, or time. */
bool policy_is_conn_reason(enum reason reason);

/* The reason concerns the path: a change of routes, links, neighbours or ports can lift it. That
 * includes a full NIC, because the path may move to another one. */
bool policy_is_path_reason(enum reason reason);
