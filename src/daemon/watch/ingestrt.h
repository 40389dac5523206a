/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ingestrt - reads kernel events about links, bridges, neighbours and routes, and feeds them to the
 * engine. A part of ingest.
 *
 * At start, and after events were lost, it reads the whole state.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct ingestrt;

/* Subscribes, then reads the state. Returns 0 or -errno, logged. */
MUST_CHECK int ingestrt_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			    struct ingestrt **ret);
/* Accepts NULL. */
void ingestrt_free(struct ingestrt *ingestrt);
