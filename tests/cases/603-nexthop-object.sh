#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The nexthop object of a route is replaced: the flows follow. When it is removed, the flows return
# to the CPU with the reason no-route. A resilient group moves its flows when they are idle, and those in the card
# look idle.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
ip -n router nexthop add id 7 via 10.1.0.2 dev wan0
ip -n router route replace 203.0.113.0/24 nhid 7
paths_start
paths_return 2
paths_change "next hop object replaced" "$OLD_WAY" -- \
	ip -n router nexthop replace id 7 via 10.2.0.2 dev wan1
paths_are "$PATHS_FLOWS"
paths_change "next hop object removed" "$OTHER_WAY" -- ip -n router nexthop del id 7
wait_for "$PATHS_LIMIT" paths_reason no-route "$PATHS_FLOWS"

# Both next hops are on wan0. Ports count for the hash.
in_router sh -c 'echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy'
ip -n router nexthop add id 1 via 10.1.0.2 dev wan0
ip -n router nexthop add id 2 via 10.1.0.3 dev wan0
ip -n router nexthop add id 10 group 1/2 type resilient buckets 64 idle_timer 5
labns server nft -f - <<-END
	table netdev labway {
		chain s0 {
			type filter hook ingress device s0 priority 0
			ip protocol udp ether daddr $GATEWAY_MAC counter name first
			ip protocol udp ether daddr $OTHER_MAC counter name second
		}
		counter first { }
		counter second { }
	}
END
# by_way NAME: prints how many packets have come to this next hop
by_way() {
	labns server nft list counter netdev labway "$1" | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p'
}
by_way_over() {
	[ "$(by_way "$1")" -gt "$2" ]
}
# While 200 packets come to the second next hop, none comes to the first.
first_is_quiet() {
	was=$(by_way first)
	now=$(by_way second)
	wait_for 20 by_way_over second $((now + 200))
	[ "$(by_way first)" = "$was" ]
}
paths_return 1
ip -n router route add 203.0.113.0/24 nhid 10
paths_are "$PATHS_FLOWS"
first=$(by_way first) second=$(by_way second)
wait_for 20 by_way_over first $((first + 100))
wait_for 20 by_way_over second $((second + 100))
# A look-up counts as a packet for its bucket, so that no bucket is idle when the weights change.
lookups=$(status counters.route_lookups)
ip -n router route add "$SERVER4/32" nhid 10
wait_for "$PATHS_LIMIT" status_over counters.route_lookups $((lookups + 3 * PATHS_FLOWS - 1))
ip -n router nexthop replace id 10 group 1,1/2,255 type resilient buckets 64 idle_timer 5
wait_for 60 first_is_quiet
paths_are "$PATHS_FLOWS"
echo "packets to the first next hop: $(by_way first), to the second: $(by_way second)"
paths_end
