#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way out has a smaller MTU than the way in. Rules forward the packets that fit. The others go
# to the CPU, which fragments them or reports "too big".
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/sizes.sh
. "${LAB_TOPO%/*}/sizes.sh"

: "${OFFLOAD:=software}"
SIZES_TO4=$SERVER4 SIZES_TO6=$SERVER6

# by_stack FAMILY COUNT BYTES [df]: sends packets. Sets came to what "sizes.py send" prints, and
# stack to the packets that the router's stack forwarded meanwhile, both ways.
by_stack() {
	stack=$(fwd_packets)
	came=$(sizes "$@")
	stack=$(($(fwd_packets) - stack))
	echo "IPv$1: $2 packets of $3 bytes ${4:-}: came back: $came, forwarded by the stack: $stack"
}

# path_mtu FAMILY BYTES: tells whether packets of that size are reported as too big.
path_mtu() {
	by_stack "$1" 20 "$2" df
	assert_eq "IPv$1: packets of $2 bytes that came back" "${came% *}" 20
	assert_le "IPv$1: packets of $2 bytes that the stack forwarded" "$stack" 4
	by_stack "$1" 3 $(($2 + 1)) df
	assert_eq "IPv$1: larger packets that came back, and the path MTU" "$came" "0 $2"
}

TOPO_WAN_MTU=1400
topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' "offload = $OFFLOAD" 'allow-drivers = { "nicsim" }'
sizes_serve
topo_count_forward
wait_for 20 sizes_offloaded 4
wait_for 20 sizes_offloaded 6

# IPv4 packets that may be fragmented arrive, through the CPU.
by_stack 4 20 1401
assert_eq "large packets that came back" "$came" 20
assert_ge "large packets that the stack forwarded" "$stack" 20
path_mtu 4 1400
path_mtu 6 1400

# A route can have a smaller MTU than its device.
ip -n router route replace "$SERVER4/32" dev wan0 mtu 1300
sizes_forget
wait_for 20 sizes_checked 1314 # with the Ethernet header
wait_for 20 sizes_offloaded 4
path_mtu 4 1300
ip -n router route del "$SERVER4/32" dev wan0
sizes_forget
wait_for 20 sizes_offloaded 4
path_mtu 4 1400

# Router advertisements and a sysctl say how large IPv6 packets may be. No event tells of the sysctl, so the daemon
# reads it every 10 s.
echo 1350 | in_router tee /proc/sys/net/ipv6/conf/wan0/mtu >/dev/null
wait_for 30 sizes_checked 1364
wait_for 20 sizes_offloaded 6
path_mtu 6 1350
wait_for 20 sizes_offloaded 4
path_mtu 4 1400
echo 1400 | in_router tee /proc/sys/net/ipv6/conf/wan0/mtu >/dev/null
sizes_forget
wait_for 30 sizes_not_checked 1364

# TCP hands large packets to the device, which are segmented later: each segment counts.
transfer_open bulk tcp 4 20000000
offloaded=$(status flows.offloaded)
wait_for 10 status_over flows.offloaded $((offloaded - 1))
stack=$(fwd_packets)
transfer_bulk bulk
stack=$(($(fwd_packets) - stack))
echo "packets of a TCP transfer that the stack forwarded: $stack of about $((20000000 / 1348))"
transfer_close bulk
[ "$OFFLOAD" = software ] ||
	assert_ge "packets that the NIC passed to the CPU for their size" "$(nicsim_counter punt_police)" 20
