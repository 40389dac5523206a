#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The nexthop object of a route is replaced: the flows follow. When it is removed, the flows return
# to the CPU with the reason no-route.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
ip -n router nexthop add id 7 via 10.1.0.2 dev wan0
ip -n router route replace 203.0.113.0/24 nhid 7
paths_start
paths_return 2
paths_change "next hop object replaced" "$OLD_WAY" -- \
	ip -n router nexthop replace id 7 via 10.2.0.2 dev wan1
paths_are "$PATHS_FLOWS"
paths_change "next hop object removed" "$OTHER_WAY" -- ip -n router nexthop del id 7
wait_for "$PATHS_LIMIT" paths_reason no-route "$PATHS_FLOWS"
paths_end
