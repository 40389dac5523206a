#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A port is put into a VRF: the flows return to the CPU. When it has left the VRF, they are
# offloaded again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
ip -n router link add blue type vrf table 100
ip -n router link set blue up
paths_change "enslaved to a VRF" "$NIC_FORWARDS" -- ip -n router link set wan0 master blue
wait_for "$PATHS_LIMIT" paths_offloaded_none
ip -n router link set wan0 nomaster
ip -n router route replace 203.0.113.0/24 via 10.1.0.2 dev wan0
paths_are "$PATHS_FLOWS"
paths_end
