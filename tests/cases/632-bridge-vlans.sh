#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A bridge that filters VLANs: the LAN is VLAN 10, untagged on one port and tagged on the other, with
# the L3 device above the bridge.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_bridge router br0 vlan_filtering 1 vlan_default_pvid 0 -- p0 p2
bridge -n router vlan add dev p0 vid 10 pvid untagged
bridge -n router vlan add dev p2 vid 10
bridge -n router vlan add dev br0 vid 10 self
upper_vlan router br0 lan0 10
upper_name client q0 c0
upper_vlan client q2 c2 10
upper_name router p1 wan0
upper_name server q1 s0
upper_start
upper_offloads

# The client moves to the tagged port, with its addresses.
upper_name client c0 q0
ip -n client link set q0 down
upper_name client c2 c0
[ "$OFFLOAD" = software ] || UPPER_IN=p2
topo_addresses 2>/dev/null || :
wait_for 10 in_client ping -q -c 1 -W 1 "$SERVER4"
upper_offloads
