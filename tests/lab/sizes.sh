# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# sizes.sh - for cases about the size of packets: UDP packets of one size, and their echoes
# (sizes.py). The case sets SIZES_TO4 and SIZES_TO6, the addresses of the server that the client
# asks. Source it after topo.sh and hardware.sh.
#
#   sizes_serve                       starts the server
#   sizes FAMILY COUNT BYTES [df]     sends packets to it; prints how many came back and, with "df",
#                                     the path MTU
#   sizes_offloaded FAMILY            sends a few, which make conntrack call the flow assured; true
#                                     if the flow is offloaded
#   sizes_forget                      makes the client forget what the router has reported
#   sizes_checked BYTES               true if a rule on lan0 sends larger frames to the CPU
#   sizes_not_checked BYTES           true if none does
#
# shellcheck disable=SC3043 # local

SIZES_PORT=7000

sizes_serve() {
	background server in_server python3 -B "${LAB_TOPO%/*}/sizes.py" serve "$SIZES_PORT"
	wait_for 20 background_line server listening
}

sizes() {
	local address="$SIZES_TO4"
	[ "$1" = 4 ] || address=$SIZES_TO6
	in_client python3 -B "${LAB_TOPO%/*}/sizes.py" send "$address" "$SIZES_PORT" "4000$1" "$2" "$3" ${4:+"$4"}
}

sizes_offloaded() {
	local address="$SIZES_TO4" client="$CLIENT4"
	[ "$1" = 4 ] || { address="[$SIZES_TO6]"; client="[$CLIENT6]"; }
	sizes "$1" 3 100 >/dev/null
	offload -j why udp "$client:4000$1" "$address:$SIZES_PORT" >why.json
	grep -q '"state": *"offloaded"' why.json
}

sizes_forget() {
	ip -n client route flush cache
	ip -n client -6 route flush cache
}

sizes_checked() {
	tc -n router filter show dev lan0 ingress | grep -q "mtu $1"
}

sizes_not_checked() {
	! sizes_checked "$1"
}
