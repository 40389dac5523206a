#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# TCP and UDP data crosses the router through NAT unchanged, in both families, and the router's
# counter in the forward hook counts it. Other cases prove an offload by the same counter.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
topo_count_forward

# check PROTO FAMILY BYTES [OPTION...]: the router forwards the data of a transfer and little else
check() {
	local before after
	before=$(fwd_bytes)
	transfer "$@"
	after=$(fwd_bytes)
	assert_ge "forwarded bytes of $1 $2" $((after - before)) $((2 * $3))
	assert_le "forwarded bytes of $1 $2" $((after - before)) $((3 * $3))
	transfer_result all-in-one
}

check tcp 4 3000000
check udp 4 500000
check tcp 6 3000000 --source "$CLIENT6_ULA"
check udp 6 500000 --source "$CLIENT6_ULA"

# Two transfers at the same time, step by step.
transfer_open one tcp 4 1000000 --sport 40000
transfer_open two udp 4 100000 --sport 40000
before=$(fwd_packets)
in_router conntrack -L -p udp --orig-port-dst 5206 2>/dev/null | grep -q ASSURED || fail "UDP flow not assured"
transfer_bulk two
assert_ge "forwarded packets" "$(fwd_packets)" $((before + 140))
transfer_bulk one
transfer_close one
transfer_close two
transfer_result one | grep -q ' closed=fin$' || fail "TCP did not end with FIN"

# A transfer may end with a reset when the client asks for it.
transfer tcp 4 10000 --abort
