#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# backend = flowtable: the kernel's own flowtable forwards in software, follows the devices, and its
# flows are shown like ours. Without software-flowtable, devices whose driver takes no flowtable get
# none.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# The stack may see the beginning and the end of a connection, not the bulk.
through_flowtable() {
	local name="$1"
	shift
	transfer_open "$name" "$@"
	before=$(fwd_bytes)
	transfer_bulk "$name"
	went=$(($(fwd_bytes) - before))
	echo "$name: $went bytes through the ruleset"
	assert_le "bytes of 8000000 through the ruleset" "$went" 800000
}

flowtable_devices() {
	router_nft list flowtables | sed -n "/flowtable $1 /,/}/s/.*devices = { \(.*\) }.*/\1/p" |
		tr -d ' "' | tr , '\n' | sort | tr '\n' ' '
}

has_devices() {
	[ "$(flowtable_devices "$1")" = "$2" ]
}

topo_router2
topo_masquerade
topo_acct
topo_count_forward
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'backend = flowtable'
wait_for 5 has_devices software "lan0 wan0 "
assert_eq "filters on lan0" "$(filters lan0)" 0
offload status >status.txt
grep -q 'flowtable: lan0 to wan0 in software' status.txt || fail "$(cat status.txt)"
through_flowtable tcp4 tcp 4 4000000
through_flowtable udp4 udp 4 4000000
in_router conntrack -L 2>/dev/null | grep -q '\[OFFLOAD\]' || fail "conntrack shows no connection in the flowtable"
offload -j flows >flows.json
grep -q '"backend": *"kernel-sw"' flows.json || fail "$(cat flows.json)"
transfer_close tcp4
transfer_close udp4

# ---- devices come and go ----

ip -n router link set wan0 down
wait_for 5 has_devices software ""
ip -n router link set wan0 up
wait_for 10 has_devices software "lan0 wan0 "
# The link carries packets again after a moment.
wait_for 10 in_client ping -q -c 1 -W 1 "$SERVER4"
through_flowtable again tcp 4 4000000
transfer_close again

# ---- no flowtable in software, and no driver that takes one ----

stop_daemon
! router_nft list tables | grep -q nft_offload || fail "the table is still there"
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'backend = flowtable' 'software-flowtable = no'
assert_eq "flowtables" "$(router_nft list flowtables | grep -c 'flowtable ' || :)" 0
transfer_open cpu tcp 4 400000
why=$(offload -j why tcp "$(in_client ss -tnH dst "$SERVER4" | awk '$1 == "ESTAB" { print $4; exit }')" \
	"$(in_client ss -tnH dst "$SERVER4" | awk '$1 == "ESTAB" { print $5; exit }')")
echo "$why" | grep -q '"reason": *"kernel-backend"' || fail "$why"
transfer_bulk cpu
transfer_close cpu
