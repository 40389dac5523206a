#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Frames that a port receives for another station, such as those that a switch floods, belong to
# that station. The kernel does not forward them, and neither do the rules of a flow.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

: "${OFFLOAD:=software}"
OTHER_MAC=02:00:00:00:01:77

# packets NS DEV received|sent
packets() {
	labns "$1" awk -v dev="$2:" -v field="$3" '
		$1 == dev { print field == "sent" ? $11 : $3 }' /proc/net/dev
}

# sent_over N: the client has sent more packets than that
sent_over() {
	[ "$(packets client c0 sent)" -gt "$1" ]
}

offloaded() {
	status_is flows.offloaded 8
}

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' "offload = $OFFLOAD" 'allow-drivers = { "nicsim" }'
crowd_open all udp:udp,flows=8,rate=20,size=200
crowd_ready all 30
wait_for 20 offloaded
topo_count_forward
router=$(fwd_packets)
wait_for 10 sent_over $(($(packets client c0 sent) + 100))
assert_le "packets that the stack forwarded" $(($(fwd_packets) - router)) 4
# The client sends to the gateway's address at another station.
ip -n client neigh replace 192.168.1.1 lladdr "$OTHER_MAC" dev c0 nud permanent
wait_for 10 sent_over $(($(packets client c0 sent) + 20))
arrived=$(packets server s0 received)
sent=$(packets client c0 sent)
wait_for 10 sent_over $((sent + 200))
arrived=$(($(packets server s0 received) - arrived))
echo "the client sent 200 packets to another station, $arrived arrived"
# There may be a packet of another protocol, such as a question for a neighbour.
assert_le "packets for another station that arrived" "$arrived" 4
# Packets for the router take the rules again.
ip -n client neigh replace 192.168.1.1 lladdr "$LAN_MAC" dev c0 nud permanent
sent=$(packets client c0 sent)
wait_for 10 sent_over $((sent + 20))
arrived=$(packets server s0 received)
router=$(fwd_packets)
sent=$(packets client c0 sent)
wait_for 10 sent_over $((sent + 100))
assert_ge "packets for the router that arrived" $(($(packets server s0 received) - arrived)) 90
assert_le "packets that the stack forwarded" $(($(fwd_packets) - router)) 4
# The port gets another MAC address, and the client learns it.
ip -n router link set lan0 address "$OTHER_MAC"
ip -n client neigh replace 192.168.1.1 lladdr "$OTHER_MAC" dev c0 nud permanent
wait_for 20 offloaded
router_forwards_little() {
	local before="$1"
	router=$(fwd_packets)
	sent=$(packets client c0 sent)
	wait_for 10 sent_over $((sent + before))
	[ $(($(fwd_packets) - router)) -le 4 ]
}
wait_for 20 router_forwards_little 50
[ "$OFFLOAD" = software ] || agree 20
crowd_close all
