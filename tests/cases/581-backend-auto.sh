#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# backend = auto: rules where the driver may get them, else the flowtable. status shows which of
# them, and why.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

flowtables() {
	router_nft list flowtables | grep -c 'flowtable ' || :
}

kernel_has() {
	in_router conntrack -L 2>/dev/null | grep -q "\[$1\]"
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon 'backend = auto'
assert_eq "flowtables beside a card that takes rules" "$(flowtables)" 0
transfer_open rules tcp 4 1000000
wait_for 10 has_rules lan0 1
transfer_bulk rules
transfer_close rules
stop_daemon

# ---- a driver that is not allowed to get rules ----

start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'backend = auto'
assert_eq "flowtables" "$(flowtables)" 1
offload status >status.txt
grep -q 'flowtable: lan0 to wan0 in hardware, because of driver-not-allowed' status.txt || fail "$(cat status.txt)"
transfer_open flowtable tcp 4 4000000
transfer_go flowtable
wait_for 10 kernel_has HW_OFFLOAD
transfer_wait flowtable
offload -j flows >flows.json
grep -q '"backend": *"kernel-hw"' flows.json || fail "$(cat flows.json)"
assert_eq "filters" "$(filters lan0)" 0
transfer_close flowtable
