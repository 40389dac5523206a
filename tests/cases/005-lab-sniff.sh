#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# labsniff accepts what the stack and a correct rule forward, and finds a wrong TTL, MAC address, IP
# address, port or checksum in what a faulty rule forwards. Cases that check every packet rely on
# it.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

MACS="munge eth dst set $SERVER_MAC munge eth src set $WAN_MAC"
AS_SENT="ttl=63,dmac=$SERVER_MAC,smac=$WAN_MAC"
RIGHT="action pedit ex $MACS munge ip ttl dec munge ip src set $ROUTER4 munge udp sport set 33001 \
	pipe action csum ip4h and udp pipe action mirred egress redirect dev wan0"

# packets ADDRESS: sends ten UDP packets from port 33000 to port 5300 of this address
packets() {
	in_client python3 -c '
import socket, sys
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind(("", 33000))
for i in range(10):
    s.sendto(bytes(range(i, i + 31 + i * 40 % 200)), (address, 5300))' "$@"
}

received() {
	ip netns exec server cat /sys/class/net/s0/statistics/rx_packets
}

have_arrived() {
	[ "$(received)" -ge "$1" ]
}

# judge STATUS KIND FLOW [ACTION...]: checks labsniff's verdict about ten packets that a rule with
# this action forwards; without ACTION the stack forwards them. KIND names the fault that labsniff
# must report.
judge() {
	local status="$1" kind="$2" flow="$3" before
	shift 3
	tc -n router filter del dev lan0 ingress
	# shellcheck disable=SC2048,SC2086 # lists of words
	[ -z "$*" ] || tc -n router filter add dev lan0 ingress protocol ip pref 1 flower ip_proto udp dst_port 5300 skip_sw $*
	sniff_open judge server s0 "$flow"
	before=$(received)
	packets "$SERVER4"
	wait_for 10 have_arrived $((before + 10))
	sniff_end judge
	assert_eq "$kind: status" "$sniff_status" "$status"
	if [ "$status" = 0 ]; then
		assert_eq "$kind: right packets" "$(sniff_packets judge)" 10
	else
		assert_eq "$kind: wrong packets" "$(sniff_result judge "kinds.$kind")" 10
		assert_eq "$kind: right packets" "$(sniff_packets judge)" 0
	fi
}

nicsim_load ports=2
topo_router2
tc -n router qdisc add dev lan0 clsact
ip -n server route add blackhole 10.0.0.0/8
ROUTED="proto=udp,src=$CLIENT4,dst=$SERVER4,sport=33000,dport=5300,$AS_SENT"
NATED="proto=udp,src=$ROUTER4,dst=$SERVER4,sport=33001,dport=5300,$AS_SENT"

# ---- what the stack forwards is right: both families, UDP and TCP ----
judge 0 stack "$ROUTED"
sniff_open six server s0 "src=$CLIENT6,dst=$SERVER6,$AS_SENT" "src=$CLIENT4,dst=$SERVER4,$AS_SENT"
sniff_open back client c0 "dst=$CLIENT6,src=$SERVER6,ttl=63,dmac=$CLIENT_MAC" "dst=$CLIENT4,src=$SERVER4,ttl=63"
packets "$SERVER6"
transfer tcp 6 100000
transfer udp 6 50000
transfer tcp 4 100000
sniff_close six
sniff_close back
assert_ge "packets seen" "$(sniff_packets six)" 150
assert_ge "IPv6 packets seen" "$(sniff_result six flows.0.packets)" 80
assert_ge "packets seen on the way back" "$(sniff_packets back)" 100

# ---- a correct rule, then rules with one fault each ----
judge 0 rule "$NATED" "$RIGHT"
judge 1 ttl "$NATED" "$(echo "$RIGHT" | sed 's/munge ip ttl dec//')"
judge 1 dmac "$NATED" "$(echo "$RIGHT" | sed "s/eth dst set $SERVER_MAC/eth dst set 02:00:00:00:02:03/")"
judge 1 src "$NATED" "$(echo "$RIGHT" | sed "s/src set $ROUTER4/src set 203.0.113.9/")"
judge 1 sport "$NATED" "$(echo "$RIGHT" | sed 's/sport set 33001/sport set 33002/')"
nicsim strict_csum 1
judge 0 "rule, strict" "$NATED" "$RIGHT"
judge 1 "UDP checksum" "$NATED" "$(echo "$RIGHT" | sed 's/ip4h and udp/ip4h/')"
judge 1 "IPv4 checksum" "$NATED" "$(echo "$RIGHT" | sed 's/ip4h and udp/udp/')"
nicsim strict_csum 0

# ---- without packets, labsniff does not report success ----
sniff_open nothing server s0 "$ROUTED"
sniff_end nothing
assert_eq "status when nothing came" "$sniff_status" 2
