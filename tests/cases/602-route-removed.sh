#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A route is removed: the flows follow to a second one. When that is removed, too, the flows return
# to the CPU with the reason no-route.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
ip -n router route add 203.0.113.0/24 via 10.2.0.2 dev wan1 metric 20
paths_start
paths_return 2
paths_change "route removed" "$OLD_WAY" -- ip -n router route del 203.0.113.0/24 via 10.1.0.2
paths_are "$PATHS_FLOWS"
paths_change "last route removed" "$OTHER_WAY" -- ip -n router route del 203.0.113.0/24
wait_for "$PATHS_LIMIT" paths_reason no-route "$PATHS_FLOWS"
paths_end
