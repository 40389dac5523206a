#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A policy rule that sends everything another way is added and removed. Both times the flows follow,
# and packets soon stop going the old way.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
ip -n router route add default via 10.2.0.2 dev wan1 table 100
paths_start
paths_return 2
paths_change "rule added" "$OLD_WAY" -- ip -n router rule add to 203.0.113.0/24 lookup 100
paths_are "$PATHS_FLOWS"
paths_return 1
paths_change "rule removed" "$OTHER_WAY" -- ip -n router rule del to 203.0.113.0/24 lookup 100
paths_are "$PATHS_FLOWS"
paths_end
