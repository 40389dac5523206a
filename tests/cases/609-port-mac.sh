#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A port gets another MAC address. Rules write it as the source of packets that leave by the port,
# so they are replaced.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
ip -n server neigh replace 10.1.0.1 lladdr 02:00:00:00:02:77 dev s0
paths_change "MAC address of a port" server:s0:smac="$WAN_MAC" -- \
	ip -n router link set wan0 address 02:00:00:00:02:77
paths_are "$PATHS_FLOWS"
paths_end
