#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Marks of packets choose the uplink. Some packets have a mark of their own; some have that of their connection,
# restored by the ruleset; some connections have a mark that means something else here, and would lead to the
# second uplink if their packets had it. All are offloaded by the uplink that the kernel chooses, also after the
# second one fails.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

uplinks_topology
# Table 101 is also for packets of the reply direction.
ip -n router -batch - <<-'END'
	rule add fwmark 1/0xff lookup 100
	rule add fwmark 0x100/0xff00 lookup 101
	route add default via 10.2.0.2 dev wan1 table 101
	route add 192.168.1.0/24 dev lan0 table 101
END
router_nft -f - <<-'END'
	table inet labmark {
		chain prerouting {
			type filter hook prerouting priority mangle
			iifname "lan0" udp sport 40000-40009 meta mark set 1
			iifname "lan0" udp sport 40010-40019 ct state new ct mark set 1
			iifname "lan0" udp sport 40020-40029 ct state new ct mark set 0x100
			ct mark & 0xff00 != 0 meta mark set ct mark & 0xff00
		}
	}
END
uplinks_start
uplinks_open mark 40000 40
wait_for 30 uplinks_offloaded 40
uplinks_check
# A table that only marked packets use: 40000-40009 take the first uplink now.
ip -n router route replace default via "$SERVER4" dev wan0 table 100
wait_for 60 uplinks_offloaded 40
uplinks_check
ip -n router link set wan1 down
wait_for 60 uplinks_offloaded 40
uplinks_check one
uplinks_close mark
stop_daemon

# Without our chain, nobody knows the mark of the packets.
in_router conntrack -F 2>/dev/null
ip -n router link set wan1 up
start_daemon 'devices = { "lan0", "wan0", "wan1" }' 'offload = software' 'admit = events'
uplinks_open events 41000 4
wait_for 30 uplinks_reason policy-routing 4
assert_eq "flows offloaded" "$(status flows.offloaded)" 0
uplinks_check one
ip -n router rule del fwmark 1/0xff lookup 100
ip -n router rule del fwmark 0x100/0xff00 lookup 101
wait_for 30 uplinks_offloaded 4
uplinks_close events
