#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The LAN is a bridge with two ports. A station moves from one port to the other under traffic: the
# bridge, not the daemon, finds its port, so the rules stay.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_bond client c0 q0 q2
upper_bridge router lan0 -- p0 p2
upper_name router p1 wan0
upper_name server q1 s0
upper_start
upper_offloads

upper_open endless tcp 4 10000000
upper_goes_on endless
removed=$(status counters.removals_ok)
port_of_client() {
	bridge -n router fdb show br lan0 | grep -i "^$(ip -n client -br link show c0 | awk '{ print $3 }') .*dev $1"
}
wait_for 5 port_of_client p0
ip -n client link set c0 type bond primary q2
wait_for 10 port_of_client p2
upper_goes_on endless
assert_eq "flows whose rules were removed meanwhile" "$(status counters.removals_ok)" "$removed"
transfer_stop endless
transfer_close endless
