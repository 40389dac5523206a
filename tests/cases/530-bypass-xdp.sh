#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An XDP program on either port brings connections back to the CPU until it is gone, whether or not
# the kernel announces it.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

xdp() {
	in_router python3 -B "$LAB_SRC/tests/lab/xdp.py" "$@"
}

bypass_router
bypass_daemon
bypass_transfer
bypass_on
xdp attach lan0
bypass_off xdp
xdp detach lan0
bypass_on
# A bpf link, which the kernel does not announce.
mkfifo hold
xdp link wan0 <hold >linked &
exec 9>hold
wait_for 10 has_line linked linked
bypass_off xdp
exec 9>&-
bypass_on
bypass_end
