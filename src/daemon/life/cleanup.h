/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup - removes everything of ours from the kernel without a daemon: rules, clsact
 * qdiscs, the nft table with its flowtables. Things of others stay, whatever they are.
 */
#pragma once

#include "base/compiler.h"
#include "daemon/conf/conf.h"

/* When this is so, somebody goes on with what is there: the service manager starts the
 * daemon again after this kind of end, or the configuration keeps rules. Only what
 * systemd says in the environment of ExecStopPost= is known. */
bool cleanup_is_too_early(const struct config *config);

/* Logs what it did. 0; or the first error, logged, after all else was removed: -EADDRINUSE
 * and nothing done where a daemon runs. */
int cleanup_run(const struct config *config) MUST_CHECK;
