#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# How large packets may be that the router forwards, where more than the device decides. For IPv4, the MTU of the
# route counts; what the router has learnt about the path with its own packets (an exception of the route) counts
# with ip_forward_use_pmtu only. For IPv6, the MTU of the route, the exception and the MTU of the device for IPv6 all
# count, and the smallest one decides. First the kernel alone shows this. With rules, hosts get the same packets
# and the same reports.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/sizes.sh
. "${LAB_TOPO%/*}/sizes.sh"
FAR4=198.51.100.9 FAR6=2001:db8:9::9
SIZES_TO4=$FAR4 SIZES_TO6=$FAR6

# passes WHAT FAMILY: packets of 1400 bytes arrive. Sets stack to the packets that the router's stack forwarded.
passes() {
	local came
	sizes_forget
	[ -z "$DAEMON_PID" ] || wait_for 30 sizes_offloaded "$2"
	stack=$(fwd_packets)
	came=$(sizes "$2" 20 1400 df)
	stack=$(($(fwd_packets) - stack))
	echo "$1, IPv$2: came back, path MTU: $came; forwarded by the stack: $stack"
	assert_eq "$1, IPv$2: large packets that came back" "${came% *}" 20
}

# passes_by_rule WHAT FAMILY: the same. If there is a daemon, rules forward nearly all of them.
passes_by_rule() {
	passes "$@"
	[ -z "$DAEMON_PID" ] || assert_le "$1, IPv$2: large packets that the stack forwarded" "$stack" 4
}

# is_told WHAT FAMILY: packets of more than 1300 bytes are reported as too big.
is_told() {
	local came
	sizes_forget
	[ -z "$DAEMON_PID" ] || wait_for 30 sizes_offloaded "$2"
	came=$(sizes "$2" 3 1400 df)
	echo "$1, IPv$2: came back, path MTU: $came"
	assert_eq "$1, IPv$2: large packets that came back, and the path MTU" "$came" "0 1300"
}

# The route look-up for a forwarded packet shows the exception.
has_exception() {
	ip -n router route get "$FAR4" from "$CLIENT4" iif lan0 | grep -q 'mtu 1300' &&
		ip -n router route get "$FAR6" from "$CLIENT6" iif lan0 | grep -q 'mtu 1300'
}

learn() {
	in_router ping -q -c 1 -W 1 -M "do" -s 1372 "$FAR4" >/dev/null || :
	in_router ping -6 -q -c 1 -W 1 -M "do" -s 1352 "$FAR6" >/dev/null || :
	has_exception
}

# The server answers from the address that the client asks.
far_on_server() {
	ip -n server -batch - <<-END
		addr add $FAR4/32 dev lo
		addr add $FAR6/128 dev lo nodad
		route replace default via $ROUTER4 src $FAR4
		route replace default via $ROUTER6 src $FAR6
	END
}

# The path behind the server takes 1300 bytes until the router has learnt it.
make_exceptions() {
	ip -n server -batch - <<-END
		addr del $FAR4/32 dev lo
		addr del $FAR6/128 dev lo
		route add $FAR4/32 dev small
		route add $FAR6/128 dev small
	END
	wait_for 20 learn
	ip -n server -batch - <<-END
		route del $FAR4/32 dev small
		route del $FAR6/128 dev small
	END
	far_on_server
	wait_for 20 in_client ping -q -c 1 -W 1 "$FAR4" >/dev/null
	wait_for 20 in_client ping -q -c 1 -W 1 "$FAR6" >/dev/null
}

# A route that another one replaces may keep its exceptions, because the kernel shares equal next hops.
plain_routes() {
	ip -n router route flush cache
	ip -n router -6 route flush cache
	ip -n router route replace "$FAR4/32" via "$SERVER4" dev wan0
	ip -n router route replace "$FAR6/128" via "$SERVER6" dev wan0
}

check_routes() {
	plain_routes
	passes_by_rule "$1: plain route" 4
	passes_by_rule "$1: plain route" 6
	ip -n router route replace "$FAR4/32" via "$SERVER4" dev wan0 mtu 1300
	is_told "$1: MTU of the route" 4
	for lock in "" lock; do
		ip -n router route replace "$FAR6/128" via "$SERVER6" dev wan0 mtu ${lock:+"lock"} 1300
		is_told "$1: MTU of the route${lock:+, locked}" 6
	done
}

# The kernel announces no exception, so the daemon learns of one only when it looks up the route. The connections begin
# again when the exceptions are there.
check_exceptions() {
	plain_routes
	make_exceptions
	in_router conntrack -D -p udp >/dev/null 2>&1 || :
	passes "$1: exception" 4
	is_told "$1: exception" 6
	has_exception || fail "the exception is gone"
	echo 1 | in_router tee /proc/sys/net/ipv4/ip_forward_use_pmtu >/dev/null
	is_told "$1: exception, ip_forward_use_pmtu" 4
	echo 0 | in_router tee /proc/sys/net/ipv4/ip_forward_use_pmtu >/dev/null
}

# The device takes smaller IPv6 packets than the route.
check_device() {
	ip -n router route replace "$FAR6/128" via "$SERVER6" dev wan0 mtu 1450
	is_told "$1: MTU of the device" 6
}

topo_router2
topo_forwarding server
ip -n server -batch - <<-END
	link add small mtu 1300 type dummy
	link set small up
END
far_on_server
topo_track
topo_acct
topo_count_forward
plain_routes
sizes_serve

check_routes "without the daemon"
check_exceptions "without the daemon"
echo 1300 | in_router tee /proc/sys/net/ipv6/conf/wan0/mtu >/dev/null
check_device "without the daemon"

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
check_device "with rules"
echo 1500 | in_router tee /proc/sys/net/ipv6/conf/wan0/mtu >/dev/null
# The daemon reads it every 10 s.
wait_for 30 sizes_not_checked 1314
check_routes "with rules"
check_exceptions "with rules"
