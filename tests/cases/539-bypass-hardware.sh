#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# With rules in a NIC, too, a foreign hook on a port brings connections back to the CPU until it is
# gone.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

nicsim_load ports=2
bypass_router
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'allow-drivers = { "nicsim" }' \
	'allow-bypass = { "lan0:shaper" }'
bypass_transfer
bypass_on
tc -n router qdisc replace dev wan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_off shaper
tc -n router qdisc del dev wan0 root
bypass_on
router_nft 'table netdev foreign { chain c { type filter hook ingress device wan0 priority 0; counter; }; }'
bypass_off netdev-chain
router_nft delete table netdev foreign
bypass_on
tc -n router filter add dev lan0 ingress pref 60000 protocol ip flower dst_ip 192.0.2.1 action pass
bypass_off foreign-filter
tc -n router filter del dev lan0 ingress pref 60000
bypass_on
tc -n router qdisc replace dev lan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_allowed lan0 shaper egress
bypass_end
