# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# upper.sh - for cases whose L3 devices are not ports, but VLANs, bridges and the like above them.
# Source it after topo.sh.
#
#   client               router                      server
#   q0 ------------------ p0   p1 ------------------- q1
#   q2 ------------------ p2
#
# The case makes the L3 devices c0 (client), lan0, wan0 (router) and s0 (server) above these ports.
#
#   upper_ports           makes the namespaces and the ports
#   upper_name NS PORT NAME
#                         renames a port
#   upper_vlan NS PORT NAME ID [PROTOCOL]
#                         makes a VLAN device
#   upper_bridge NS NAME [OPTION...] -- PORT...
#                         makes a bridge
#   upper_bond NS NAME PORT...
#                         makes a bond in mode active-backup; the first port is the primary one
#   upper_bond_in "MODE [OPTION...]" NS NAME PORT...
#                         makes a bond in another mode
#   upper_team MODE NS NAME PORT...
#                         makes a team without a daemon; in mode activebackup, the first port is active
#   upper_start LINE...   gives the L3 devices their addresses, starts the daemon for lan0 and wan0.
#                         OFFLOAD says where rules are: "software" (default) on these devices,
#                         "hardware" on p0 and p1, which are ports of nicsim then
#   upper_offloads        sends data both ways over TCP and UDP, IPv4 and IPv6; fails unless rules
#                         forward nearly all of it
#   upper_open NAME TRANSFER-OPTION...
#                         opens an endless transfer, and waits until it is offloaded
#   upper_goes_on NAME    waits until the transfer has made progress by rules

upper_ports() {
	topo_ns client router server
	topo_forwarding router
	topo_link client q0 02:00:00:00:0a:00 router p0 02:00:00:00:0b:00
	topo_link client q2 02:00:00:00:0a:02 router p2 02:00:00:00:0b:02
	topo_link router p1 02:00:00:00:0b:01 server q1 02:00:00:00:0a:01
}

upper_name() {
	ip -n "$1" link set "$2" down
	ip -n "$1" link set "$2" name "$3"
	upper_up "$1" "$3"
}

upper_up() {
	ip -n "$1" link set "$2" up
}

upper_vlan() {
	ip -n "$1" link add link "$2" name "$3" type vlan protocol "${5:-802.1q}" id "$4"
	upper_up "$1" "$3"
}

upper_bridge() {
	local ns="$1" name="$2" options=
	shift 2
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # several options
	ip -n "$ns" link add "$name" type bridge stp_state 0 forward_delay 0 $options
	for port in "$@"; do
		ip -n "$ns" link set "$port" master "$name"
	done
	upper_up "$ns" "$name"
}

# upper_join NS NAME PORT...
upper_join() {
	local ns="$1" name="$2" port
	shift 2
	for port in "$@"; do
		ip -n "$ns" link set "$port" down
		ip -n "$ns" link set "$port" master "$name"
	done
	upper_up "$ns" "$name"
}

upper_bond_in() {
	local mode="$1"
	shift
	# shellcheck disable=SC2086 # a mode and its options
	ip -n "$1" link add "$2" type bond mode $mode miimon 50
	upper_join "$@"
}

upper_bond() {
	upper_bond_in active-backup "$@"
	# Both ends take the first port as soon as it has a carrier, whichever port has one first.
	ip -n "$1" link set "$2" type bond primary "$3"
}

# upper_activate NS NAME PORT: makes this the active port of a team
upper_activate() {
	labns "$1" teamnl "$2" setoption activeport "$(ip -n "$1" -o link show "$3" | cut -d: -f1)"
}

upper_team() {
	local mode="$1" ns="$2" name="$3" port mac
	shift
	mac=$(ip -n "$ns" -br link show "$3" | awk '{ print $3 }')
	ip -n "$ns" link add "$name" address "$mac" type team
	labns "$ns" teamnl "$name" setoption mode "$mode"
	upper_join "$@"
	# In this mode, it is the team's daemon that gives all ports the same address.
	[ "$mode" = activebackup ] || return 0
	upper_activate "$ns" "$name" "$3"
	shift 2
	for port in "$@"; do
		ip -n "$ns" link set "$port" address "$mac"
	done
}

upper_start() {
	topo_addresses
	# Software rules cannot translate IPv6.
	topo_masquerade ip
	topo_acct
	topo_count_forward
	[ "$OFFLOAD" = software ] || set -- 'allow-drivers = { "nicsim" }' "$@"
	start_daemon 'devices = { "lan0", "wan0" }' "offload = $OFFLOAD" "$@"
}

# The device that has the rules for what comes from the client.
: "${OFFLOAD:=software}"
UPPER_IN=lan0
[ "$OFFLOAD" = software ] || UPPER_IN=p0

# upper_has_rule: the newest transfer has a rule.
upper_has_rule() {
	tc -n router filter show dev "$UPPER_IN" ingress | grep -q "dst_port $((5200 + transfer_count))$"
}

# upper_transfer NAME PROTO FAMILY BYTES
upper_transfer() {
	local stack
	transfer_open "$@"
	wait_for 20 upper_has_rule
	[ "$OFFLOAD" = software ] || agree 10
	stack=$(fwd_bytes)
	transfer_bulk "$1"
	stack=$(($(fwd_bytes) - stack))
	echo "$2 over IPv$3: of $4 bytes each way, $stack passed the router's stack"
	assert_le "bytes that passed the stack" "$stack" $(($4 / 50))
	transfer_close "$1"
}

upper_offloads() {
	upper_transfer t4 tcp 4 10000000
	upper_transfer t6 tcp 6 10000000
	upper_transfer u4 udp 4 2000000
}

upper_open() {
	transfer_open_endless "$@"
	wait_for 20 upper_has_rule
	transfer_go "$1"
}

# upper_sent: prints the bytes that all actions of the rules have counted.
upper_sent() {
	tc -n router -s filter show dev "$UPPER_IN" ingress | sed -n 's/.*Sent \([0-9]*\) bytes.*/\1/p' |
		awk '{ n += $1 } END { print n + 0 }'
}

upper_sent_over() {
	[ "$(upper_sent)" -gt "$1" ]
}

upper_goes_on() {
	local sent
	sent=$(upper_sent)
	wait_for 30 upper_sent_over $((sent + 1000000))
}
