#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A slow NIC whose driver is called under rtnl. Route lookups wait for rtnl, too, but the daemon
# still answers.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

nicsim_load ports=2 knobs=unlocked=0
topo_router2
topo_masquerade
topo_acct
crowd 250
nicsim latency_us 20000
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'admit = events' 'allow-drivers = { "nicsim" }'

for i in 1 2 3 4 5 6 7 8; do
	# A route changes that no flow uses.
	ip -n router route add "198.51.100.$i" dev wan0
	answers_soon "with $(nicsim used) rules in the NIC" 500
done
nicsim latency_us 0
wait_for 40 has_rules lan0 250
# For each pair the two odd rules that no NIC can execute (recipe_odd), and nothing else.
assert_eq "rules refused" "$(nicsim refused)" 4
stop_daemon
