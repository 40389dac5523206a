#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - the program that "./lab chaos" runs in the guest. Makes the topology and runs chaos.py.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

# Chaos causes warnings, so topo.sh must accept them. This script only looks for bugs in the log.
expect_warning '.'
paths_topology seed=1
router_nft delete table inet labtrack
dmesg -C
status=0
python3 -B "$LAB_SRC/tests/chaos/chaos.py" "$@" || status=$?
if dmesg | grep -E 'WARNING: |BUG: |Oops: |refcount_t: |unregister_netdevice: waiting' >&2; then
	fail "the kernel logged an error"
fi
if grep 'BUG' daemon.log 2>/dev/null >&2; then
	fail "the daemon logged a bug"
fi
exit "$status"
