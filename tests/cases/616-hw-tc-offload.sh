#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# hw-tc-offload of a port is switched off: the flows return to the CPU. When it is switched on, they
# are offloaded again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_change "hw-tc-offload off" "$NIC_FORWARDS" -- \
	labns router ethtool -K wan0 hw-tc-offload off
wait_for "$PATHS_LIMIT" paths_reason hw-tc-offload-off "$PATHS_FLOWS"
in_router ethtool -K wan0 hw-tc-offload on
paths_are "$PATHS_FLOWS"
paths_end
