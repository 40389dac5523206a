# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# uplinks.sh - for cases with two uplinks, between which more than the destination decides. Source it
# after topo.sh; it sources nicsim-topo.sh and hardware.sh.
#
#                              wan0 203.0.113.1 ------ s0 203.0.113.2
#   client c0 ------ lan0 router                          server
#                              wan1 10.2.0.1 --------- s1 10.2.0.2
#
# The router masquerades on both uplinks, so the source address of a packet tells the uplink by which the
# kernel has routed its connection. A packet that has left by the other one is stray.
#
#   uplinks_topology [TABLE-FAMILY]
#                               makes this topology. Table 100 has a default route by wan1. Masquerades IPv4
#                               and IPv6 (inet), or one of them (ip, ip6)
#   uplinks_start [LINE...]     starts the daemon with offload = $UPLINKS_OFFLOAD (default software) and
#                               admit = nft
#   uplinks_open NAME PORT FLOWS [TOS]
#                               opens UDP flows from client ports PORT...; every second one has the TOS
#   uplinks_close NAME          ends them; fails if too few packets came back
#   uplinks_offloaded N         for wait_for: N flows are offloaded
#   uplinks_reason REASON N     for wait_for: N flows are on the CPU for this reason
#   uplinks_by DEV              prints how many packets have come to the server by this device
#   uplinks_check               waits for 100 packets by each uplink, and fails if any was stray

# shellcheck source=nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
WAYS=${LAB_TOPO%/*}/ways.py
UPLINKS_PORT=7000 UPLINKS_SERVER=198.51.100.9
# shellcheck disable=SC2034 # the cases'
UPLINKS_SERVER6=2001:db8:9::9 UPLINKS_ROUTER6=2001:db8:3::1 UPLINKS_GATEWAY6=2001:db8:3::2

# shellcheck disable=SC2120 # cases give arguments
uplinks_topology() {
	topo_router2
	topo_link router wan1 02:00:00:00:03:01 server s1 02:00:00:00:03:02
	ip -n router -batch - <<-END
		addr add 10.2.0.1/24 dev wan1
		addr add $UPLINKS_ROUTER6/64 dev wan1 nodad
		route add default via $SERVER4 dev wan0
		route add default via 10.2.0.2 dev wan1 table 100
		route add default via $SERVER6 dev wan0
		route add default via $UPLINKS_GATEWAY6 dev wan1 table 100
	END
	# Replies leave by the device whose network they go to.
	ip -n server -batch - <<-END
		addr add 10.2.0.2/24 dev s1
		addr add $UPLINKS_GATEWAY6/64 dev s1 nodad
		addr add $UPLINKS_SERVER/32 dev lo
		addr add $UPLINKS_SERVER6/128 dev lo nodad
		route del default via $ROUTER4
		route del default via $ROUTER6
	END
	in_router sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	in_server sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	router_nft -f - <<-END
		table ${1:-inet} labnat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname { "wan0", "wan1" } masquerade
			}
		}
	END
	labns server nft -f - <<-'END'
		table ip labway {
			counter s0 { }
			counter s1 { }
			counter stray { }
			chain prerouting {
				type filter hook prerouting priority raw
				ip protocol != udp return
				iifname "s0" counter name s0
				iifname "s1" counter name s1
				iifname "s0" ip saddr 10.2.0.1 counter name stray
				iifname "s1" ip saddr 203.0.113.1 counter name stray
			}
		}
	END
	topo_acct
	in_router ping -q -c 1 -W 1 10.2.0.2 >/dev/null
	background server in_server python3 -B "$WAYS" serve "$UPLINKS_SERVER" "$UPLINKS_PORT"
	wait_for 20 background_line server listening
}

uplinks_start() {
	start_daemon 'devices = { "lan0", "wan0", "wan1" }' "offload = ${UPLINKS_OFFLOAD:-software}" \
		'allow-drivers = { "nicsim" }' "$@"
}

uplinks_open() {
	background "ways.$1" in_client python3 -B "$WAYS" send "$UPLINKS_SERVER" "$UPLINKS_PORT" "$2" "$3" \
		"${4:-0}" "$CASE_DIR/stop.$1"
}

uplinks_close() {
	local sent came
	touch "stop.$1"
	wait_for 20 has_ended "ways.$1"
	read -r sent came <"ways.$1"
	echo "$1: $came of $sent packets came back"
	assert_ge "$1: packets that came back" "$came" $((sent * 9 / 10))
}

uplinks_offloaded() {
	status_is flows.offloaded "$1"
}

uplinks_reason() {
	status_is "reasons.$1" "$2"
}

uplinks_counter() {
	labns server nft list counter ip labway "$1" | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p'
}

uplinks_by() {
	uplinks_counter "$1"
}

uplinks_by_over() {
	[ "$(uplinks_by "$1")" -gt "$2" ]
}

uplinks_check() {
	local first second
	first=$(uplinks_by s0)
	second=$(uplinks_by s1)
	wait_for 30 uplinks_by_over s0 $((first + 100))
	[ "${1:-}" = one ] || wait_for 30 uplinks_by_over s1 $((second + 100))
	echo "packets by wan0: $(uplinks_by s0), by wan1: $(uplinks_by s1), stray: $(uplinks_counter stray)"
	assert_eq "packets with the address of the other uplink" "$(uplinks_counter stray)" 0
}
