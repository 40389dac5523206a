#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# LAN and uplink are teams, LAN in mode activebackup with two ports. Another port becomes active under traffic:
# the team, not the daemon, picks it, so the rules stay.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_team activebackup client c0 q0 q2
upper_team activebackup router lan0 p0 p2
upper_team roundrobin router wan0 p1
upper_team roundrobin server s0 q1
upper_start
upper_offloads

upper_open endless tcp 4 10000000
upper_goes_on endless
removed=$(status counters.removals_ok)
upper_activate router lan0 p2
upper_activate client c0 q2
upper_goes_on endless
assert_eq "flows whose rules were removed meanwhile" "$(status counters.removals_ok)" "$removed"
transfer_stop endless
transfer_close endless
