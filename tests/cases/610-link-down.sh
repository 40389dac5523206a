#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A port is switched off and on again: the flows return to the CPU, and later to the NIC.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_change "link down" "$OLD_WAY" -- ip -n router link set wan0 down
wait_for "$PATHS_LIMIT" paths_offloaded_none
# The kernel removed the route with the link; it does not come back by itself.
ip -n router link set wan0 up
ip -n router route replace 203.0.113.0/24 via 10.1.0.2 dev wan0
paths_are "$PATHS_FLOWS"
paths_end
