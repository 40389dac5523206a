/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup - removes everything of ours from the kernel while no daemon runs: rules, clsact
 * qdiscs, and the nft table with its flowtables; releases neighbours. Leaves alone whatever
 * belongs to others.
 */
#pragma once

#include "base/compiler.h"
#include "daemon/conf/conf.h"

/* Returns true if the next start will use what is in the kernel: the configuration keeps
 * rules, or the service manager restarts the daemon after this kind of exit. The latter is
 * known only from the environment that systemd gives to ExecStopPost=. */
bool cleanup_is_too_early(const struct config *config);

/* Logs what it did. 0, or the first error after everything else was removed. Does nothing and
 * returns -EADDRINUSE, logged, if a daemon is running. */
int cleanup_run(const struct config *config) MUST_CHECK;
