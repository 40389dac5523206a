#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The cable is pulled, and the kernel ignores routes without carrier (ignore_routes_with_linkdown):
# the flows follow to another route, and back when the carrier returns. The kernel announces neither
# change of route.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
in_router sh -c 'for f in all wan0 wan1; do echo 1 >/proc/sys/net/ipv4/conf/$f/ignore_routes_with_linkdown; done'
ip -n router route add 203.0.113.0/24 via 10.2.0.2 dev wan1 metric 20
paths_start
paths_return 2
paths_script "carrier lost" "$OLD_WAY" <<-END
	echo 0 >$NICSIM_DEBUGFS/ports/1/cable
END
paths_are "$PATHS_FLOWS"
paths_return 1
paths_script "carrier back" "$OTHER_WAY" <<-END
	echo 1 >$NICSIM_DEBUGFS/ports/1/cable
END
paths_are "$PATHS_FLOWS"
paths_end
