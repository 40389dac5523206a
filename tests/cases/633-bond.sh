#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# LAN and uplink are bonds, LAN in mode active-backup with two slaves. The active slave loses its
# carrier under traffic: the bond, not the daemon, picks the other one, so the rules stay.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_bond client c0 q0 q2
upper_bond router lan0 p0 p2
upper_bond router wan0 p1
upper_bond server s0 q1
upper_start
upper_offloads

upper_open endless tcp 4 10000000
upper_goes_on endless
removed=$(status counters.removals_ok)
active_is() {
	ip -n router -d link show lan0 | grep -q "active_slave $1 "
}
ip -n client link set q0 down
wait_for 10 active_is p2
upper_goes_on endless
assert_eq "flows whose rules were removed meanwhile" "$(status counters.removals_ok)" "$removed"
transfer_stop endless
transfer_close endless
