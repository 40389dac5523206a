#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The configuration allows XDP programs on one device: connections over it stay offloaded. On
# another device an XDP program still brings them back to the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

xdp() {
	in_router python3 -B "$LAB_SRC/tests/lab/xdp.py" "$@"
}

bypass_router
bypass_daemon 'allow-bypass = { "lan0:xdp", "shaper" }'
bypass_transfer
bypass_on
xdp attach lan0
bypass_allowed lan0 xdp ingress
xdp attach wan0
bypass_off xdp
xdp detach wan0
bypass_on
bypass_end
