#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A port is moved to another network namespace: no rule stays on the other port. When it is back,
# the flows are offloaded again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
topo_ns elsewhere
paths_start
paths_change "moved to another namespace" "$NIC_FORWARDS" -- \
	ip -n router link set wan0 netns elsewhere
wait_for "$PATHS_LIMIT" paths_offloaded_none
assert_eq "rules left on the other port" "$(rules lan0)" 0
ip -n elsewhere link set wan0 netns router
ip -n router -batch - <<-END
	addr add 10.1.0.1/24 dev wan0
	link set wan0 up
	route replace 203.0.113.0/24 via 10.1.0.2 dev wan0
END
paths_are "$PATHS_FLOWS"
paths_end
ip netns del elsewhere
