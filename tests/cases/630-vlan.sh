#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The LAN is a VLAN, the uplink a VLAN inside another one. Software rules sit on the VLAN devices,
# which take the tags off and put them on. A VLAN with the same addresses beside it is another network.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_vlan client q0 c0 10
upper_vlan router p0 lan0 10
upper_vlan router p1 p1.20 20 802.1ad
upper_vlan router p1.20 wan0 30
upper_vlan server q1 q1.20 20 802.1ad
upper_vlan server q1.20 s0 30
upper_start
upper_offloads

# The VLAN goes down and comes up: the flow goes by the CPU and returns to its rules.
upper_open endless tcp 4 10000000
upper_goes_on endless
ip -n client link set c0 down
ip -n router link set lan0 down
gone() {
	! upper_has_rule
}
wait_for 20 gone
ip -n client link set c0 up
ip -n router link set lan0 up
ip -n client route replace default via 192.168.1.1
wait_for 20 upper_has_rule
upper_goes_on endless
transfer_stop endless
transfer_close endless
