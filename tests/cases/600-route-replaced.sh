#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
#
# A route is replaced by one over another device, under ten thousand flows: packets soon stop going
# the old way, and all flows are offloaded on the new way. Route changes that concern no flow cause
# no route lookups.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

# With sanitizers the default number of flows is enough.
[ -n "${LAB_SANITIZERS:-}" ] || PATHS_FLOWS=10000

paths_topology
paths_start
paths_return 2
paths_change "route replaced" "$OLD_WAY" -- \
	ip -n router route replace 203.0.113.0/24 via 10.2.0.2 dev wan1
paths_are "$PATHS_FLOWS"
# Changes that concern no flow.
lookups=$(status counters.route_lookups)
for i in 1 2 3 4 5 6 7 8; do
	ip -n router route add "198.51.100.$i/32" via 10.2.0.2 dev wan1
	ip -n router addr add "198.51.100.$i/32" dev wan1
done
agree 10
assert_eq "lookups for other routes" "$(status counters.route_lookups)" "$lookups"
paths_end
