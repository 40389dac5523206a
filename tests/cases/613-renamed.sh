#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A port is renamed to a name that the configuration does not list: its flows return to the CPU and
# no filter stays on it. When the old name is back, they are offloaded again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_script "renamed" "$NIC_FORWARDS" <<-END
	ip -n router -batch - <<-BATCH
		link set wan0 down
		link set wan0 name other
		link set other up
		route replace 203.0.113.0/24 via 10.1.0.2 dev other
	BATCH
END
wait_for "$PATHS_LIMIT" paths_reason device-not-named "$PATHS_FLOWS"
wait_for 10 paths_no_filters other
ip -n router -batch - <<-END
	link set other down
	link set other name wan0
	link set wan0 up
	route replace 203.0.113.0/24 via 10.1.0.2 dev wan0
END
paths_are "$PATHS_FLOWS"
paths_end
