#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh - what "./lab chaos" runs in the guest: the topology, and chaos.py with its arguments.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

# The log is looked at here: warnings are what chaos is made of.
expect_warning '.'
paths_topology seed=1
router_nft delete table inet labtrack
dmesg -C
status=0
python3 -B "$LAB_SRC/tests/chaos/chaos.py" "$@" || status=$?
if dmesg | grep -E 'WARNING: |BUG: |Oops: |refcount_t: |unregister_netdevice: waiting' >&2; then
	fail "the kernel complains"
fi
if grep 'BUG' daemon.log 2>/dev/null >&2; then
	fail "the daemon found a bug in itself"
fi
exit "$status"
