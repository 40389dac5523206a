#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The configuration allows a shaper on one device: connections over it stay offloaded. A shaper on
# another device still brings them back to the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

bypass_router
bypass_daemon 'allow-bypass = { "wan0:shaper" }'
bypass_transfer
bypass_on
tc -n router qdisc replace dev wan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_allowed wan0 shaper egress
tc -n router qdisc replace dev lan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_off shaper
tc -n router qdisc del dev lan0 root
bypass_on
bypass_end
