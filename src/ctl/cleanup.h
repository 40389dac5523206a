/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cleanup - the command that needs no daemon: "nft-offloadd --cleanup" does the work.
 */
#pragma once

#include "base/compiler.h"

/*
 * Runs the nft-offloadd that is installed beside this program, with its output, and waits
 * for it. socket_path may be NULL: the configured one. Its exit status, or -errno, also
 * when it was killed (-EINTR).
 */
MUST_CHECK int cleanup_run(const char *socket_path);
