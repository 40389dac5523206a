#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A more specific route over another device appears and disappears again. Both times the flows
# follow, and packets soon stop going the old way.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_return 2
paths_change "more specific route" "$OLD_WAY" -- \
	ip -n router route add "$SERVER4/32" via 10.2.0.2 dev wan1
paths_are "$PATHS_FLOWS"
paths_return 1
paths_change "more specific route removed" "$OTHER_WAY" -- ip -n router route del "$SERVER4/32"
paths_are "$PATHS_FLOWS"
paths_end
