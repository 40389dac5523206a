#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A rule of the administrator's ruleset marks packets, not their connections, and a policy rule sends marked
# packets by the second uplink. Connection marks mean something else here: the number that a packet
# would have for the second uplink counts customers.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

uplinks_topology
ip -n router rule add fwmark 1/0xff lookup 100
router_nft -f - <<-'END'
	table inet labmark {
		chain prerouting {
			type filter hook prerouting priority mangle
			iifname "lan0" udp sport 40000-40009 meta mark set 1
			iifname "lan0" udp sport 40010-40019 ct state new ct mark set 1
		}
	}
END
uplinks_start
uplinks_open mark 40000 30
# 40020-40029 have no mark at all.
wait_for 30 uplinks_offloaded 10
# A look-up takes the mark of the connection for that of its packets. For 40000-40009 it misses the second
# uplink; for 40010-40019 it leads the replies there.
wait_for 30 uplinks_reason routed-otherwise 20
assert_eq "flows offloaded" "$(status flows.offloaded)" 10
uplinks_check
uplinks_close mark
stop_daemon

# Without our chain, nobody knows the mark of the packets.
in_router conntrack -F 2>/dev/null
start_daemon 'devices = { "lan0", "wan0", "wan1" }' 'offload = software' 'admit = events'
uplinks_open events 41000 4
wait_for 30 uplinks_reason policy-routing 4
assert_eq "flows offloaded" "$(status flows.offloaded)" 0
uplinks_check one
ip -n router rule del fwmark 1/0xff lookup 100
wait_for 30 uplinks_offloaded 4
uplinks_close events
