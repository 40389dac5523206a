# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# paths.sh - for cases about path changes: thousands of flows in the NIC, two ways to the
# server, and a measurement of how long packets still take the old way. Source it after
# topo.sh; it sources nicsim-topo.sh and hardware.sh.
#
#                              wan0 10.1.0.1 ------ s0 10.1.0.2, and s0b .3
#   client c0 ------ lan0 router                       server, 203.0.113.2 on lo
#                              wan1 10.2.0.1 ------ s1 10.2.0.2
#
#   paths_topology              makes this topology; the route to the server is by wan0
#   paths_start [LINE...]       starts the daemon with these lines, and $PATHS_FLOWS UDP flows;
#                               waits until all are offloaded
#   paths_change NAME WATCH... -- COMMAND...
#                               runs labstray (see labstray.c); prints how long the old way was used
#   paths_script NAME WATCH...  the same; the command is a script on standard input
#   paths_return N              makes the server answer by 10.N.0.1: 1 for wan0, 2 for wan1
#   paths_are N [SECONDS]       waits until N flows are offloaded and the NIC forwards packets
#   paths_offloaded_none        for wait_for
#   paths_no_filters DEV        for wait_for
#   paths_reason REASON N       for wait_for: N flows are in software for this reason
#   paths_end                   ends the flows; fails if packets arrived at a wrong socket
#
# Watches for labstray: $OLD_WAY (by wan0), $OTHER_WAY (by wan1), $NIC_FORWARDS (packets from the
# client that the NIC forwards).

# shellcheck source=nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# Enough flows for a barrier. 600-route-replaced uses 10000.
: "${PATHS_FLOWS:=2000}"
: "${PATHS_ADMIT:=events}"
: "${PATHS_RATE:=0.2}"		# packets per second, flow and direction
# Limit for the repair of all flows, in seconds. The daemon promises no bound for it.
PATHS_LIMIT=60
[ -z "${LAB_SANITIZERS:-}" ] || PATHS_LIMIT=200

GATEWAY_MAC=02:00:00:00:02:02 OTHER_MAC=02:00:00:00:02:03
WAN1_MAC=02:00:00:00:03:01 GATEWAY1_MAC=02:00:00:00:03:02
# shellcheck disable=SC2034 # the cases'
OLD_WAY=server:s0:dmac=$GATEWAY_MAC OTHER_WAY=server:s1:dmac=$GATEWAY1_MAC \
	NIC_FORWARDS=@$NICSIM_DEBUGFS/ports/0/counters:forwarded

# shellcheck disable=SC2120 # cases give arguments
paths_topology() {
	nicsim_load ports=3 "$@"
	topo_ns client router server
	topo_forwarding router
	topo_link client c0 "$CLIENT_MAC" router lan0 "$LAN_MAC"
	topo_link router wan0 "$WAN_MAC" server s0 "$GATEWAY_MAC"
	topo_link router wan1 "$WAN1_MAC" server s1 "$GATEWAY1_MAC"
	ip -n server link add s0b link s0 address "$OTHER_MAC" type macvlan mode private
	# Each interface answers ARP requests for its own addresses only.
	in_server sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce'
	ip -n router -batch - <<-END
		addr add 192.168.1.1/24 dev lan0
		addr add 10.1.0.1/24 dev wan0
		addr add 10.2.0.1/24 dev wan1
		route add 203.0.113.0/24 via 10.1.0.2 dev wan0
	END
	ip -n client -batch - <<-END
		addr add $CLIENT4/24 dev c0
		route add default via 192.168.1.1
	END
	ip -n server -batch - <<-END
		link set s0b up
		addr add $SERVER4/32 dev lo
		addr add 10.1.0.2/24 dev s0
		addr add 10.1.0.3/32 dev s0b
		addr add 10.2.0.2/24 dev s1
		route add default via 10.1.0.1 src $SERVER4
	END
	wait_for 10 in_client ping -q -c 1 -W 1 "$SERVER4" >/dev/null
	topo_track
	# The router resolves the neighbours of the other ways, too.
	in_router ping -q -c 1 -W 1 10.1.0.3 >/dev/null
	in_router ping -q -c 1 -W 1 10.2.0.2 >/dev/null
	topo_acct
}

# Until the router has the other route, too, answers come by a port where no rule expects them. If that takes
# seconds, the daemon says so.
paths_return() {
	expect_warning 'the rules to .* but those of most flows .* do nothing'
	ip -n server route replace default via "10.$1.0.1" src "$SERVER4"
}

paths_offloaded() {
	[ "$(status flows.offloaded)" -ge "$1" ]
}

paths_offloaded_none() {
	status_is flows.offloaded 0
}

paths_no_filters() {
	[ "$(filters "$1")" = 0 ]
}

paths_reason() {
	status_is "reasons.$1" "$2"
}

nic_forwards_more() {
	[ -e nic-forwarded ] || nicsim_counter forwarded >nic-forwarded
	[ "$(nicsim_counter forwarded)" -ge $(($(cat nic-forwarded) + 20)) ]
}

# nic_forwards SECONDS
nic_forwards() {
	rm -f nic-forwarded
	wait_for "$1" nic_forwards_more
}

# After a change, a flow counts as offloaded until its path has been looked up. A barrier sends its
# packets to the CPU meanwhile, which are hits for the NIC, but nothing that it forwards.
paths_are() {
	nic_forwards "${2:-$PATHS_LIMIT}"
	wait_until "${2:-$PATHS_LIMIT}" paths_offloaded "$1" ||
		{ offload status >&2; fail "not $1 flows offloaded within ${2:-$PATHS_LIMIT} s"; }
	nic_forwards 20
}

# shellcheck disable=SC2120 # cases give arguments
paths_start() {
	start_daemon 'devices = { "lan0", "wan0", "wan1" }' 'offload = hardware' \
		'allow-drivers = { "nicsim" }' "admit = $PATHS_ADMIT" "$@"
	crowd_open many --port 7000 "many:udp,flows=$PATHS_FLOWS,size=64,rate=$PATHS_RATE"
	crowd_ready many $((90 + PATHS_FLOWS / 200))
	paths_are "$PATHS_FLOWS" $((PATHS_LIMIT + 30))
}

paths_print() {
	local last after
	tail -n 1 >stray.json
	last=$(json_path 'watches.*.last_ms' <stray.json | sort -n | tail -n 1)
	after=$(json_path --sum 'watches.*.after' <stray.json)
	echo "$1: $2 flows; the last wrong packet came $last ms after the change ($after in between), the bound is 100 ms"
	# The watch lasts at least three seconds. During most of it, no packet may go the old way.
	[ "${last%.*}" -le 1000 ] || fail "$1: packets still go the old way"
}

paths_change() {
	local name="$1"
	shift
	labstray "$@" >stray.out || fail "$name: the change could not be watched"
	paths_print "$name" "$(status flows.total)" <stray.out || fail "$name: stale packets"
}

paths_script() {
	local name="$1"
	shift
	cat >change.sh
	paths_change "$name" "$@" -- sh -eu change.sh
}

paths_end() {
	crowd_close many
	assert_eq "packets at the wrong place" "$(crowd_result many --sum 'classes.*.up|down.misdelivered')" 0
}
