#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Many changes of routes, neighbours and MTU at once: the flows go the way that is right in the end.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_return 2
paths_script "43 changes at once" "$OLD_WAY" <<-END
	for i in 1 2 3 4 5 6 7 8 9 10; do
		echo "route replace 203.0.113.0/24 via 10.2.0.2 dev wan1"
		echo "neigh replace 10.1.0.2 lladdr 02:00:00:00:0a:\$i dev wan0"
		echo "route replace 203.0.113.0/24 via 10.1.0.3 dev wan0"
		echo "link set wan1 mtu 14\$i"
	done >changes
	echo "link set wan1 mtu 1500" >>changes
	echo "neigh replace 10.1.0.2 lladdr $GATEWAY_MAC dev wan0" >>changes
	echo "route replace 203.0.113.0/24 via 10.2.0.2 dev wan1" >>changes
	ip -n router -batch changes
END
paths_are "$PATHS_FLOWS"
agree 20
paths_end
