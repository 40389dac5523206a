/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup - runs "nft-offloadd --cleanup", for the one command that needs no running daemon.
 */
#pragma once

#include "base/compiler.h"

/*
 * Runs the nft-offloadd in the directory of this program and waits for it; its output goes
 * where ours goes. socket_path may be NULL: the configured one. Returns its exit status, or
 * -errno (-EINTR if a signal killed it).
 */
MUST_CHECK int cleanup_run(const char *socket_path);
