#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets of an offloaded flow that only the CPU can handle reach the CPU: packets whose TTL expires
# at the router, and fragments.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
topo_count_forward
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'

# time_exceeded FAMILY: number of ICMP time exceeded messages that the client received
time_exceeded() {
	if [ "$1" = 4 ]; then
		labns client nstat -asz IcmpInTimeExcds
	else
		labns client nstat -asz Icmp6InTimeExcds
	fi | sed -n 's/^Icmp[6In]*TimeExcds *\([0-9]*\).*/\1/p'
}

more_time_exceeded() {
	[ "$(time_exceeded "$1")" -gt "$2" ]
}

# Some packets of the client leave with TTL 1. They are lost, which the trickle of a waiting
# transfer tolerates.
for family in 4 6; do
	transfer_open "ttl$family" udp "$family" 1000000
	wait_for 5 has_rules lan0 1
	before=$(time_exceeded "$family")
	if [ "$family" = 4 ]; then field="ip ttl"; else field="ip6 hoplimit"; fi
	in_client nft -f - <<-END
		table inet expire {
			chain output {
				type filter hook output priority 0
				meta l4proto udp $field set 1
			}
		}
	END
	wait_for 5 more_time_exceeded "$family" "$before"
	assert_eq "rules" "$(rules lan0)" 1
	in_client nft delete table inet expire
	transfer_bulk "ttl$family"
	transfer_close "ttl$family"
	in_router conntrack -F 2>/dev/null
	wait_for 2 has_rules lan0 0
	echo "IPv$family: time exceeded came from the router"
done

# Fragments: packets of 8000 bytes over links with an MTU of 1500.
before=$(fwd_packets)
transfer udp 4 400000 --size 8000
crossed=$(($(fwd_packets) - before))
assert_ge "packets that crossed the stack" "$crossed" 100
echo "fragments: $crossed packets crossed the router's stack, all arrived"
