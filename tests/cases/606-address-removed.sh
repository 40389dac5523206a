#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# An address of a port is removed. The kernel removes the routes that prefer it as source as well,
# but does not announce that (fib_sync_down_addr). The flows follow nevertheless.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
ip -n router addr add 10.9.9.9/32 dev wan0
ip -n router route replace 203.0.113.0/24 via 10.1.0.2 dev wan0 src 10.9.9.9
ip -n router route add 203.0.113.0/24 via 10.2.0.2 dev wan1 metric 20
paths_start
# A new address concerns no flow.
lookups=$(status counters.route_lookups)
ip -n router addr add 10.9.9.10/32 dev wan0
daemon_catches_up
assert_eq "lookups for a new address" "$(status counters.route_lookups)" "$lookups"
paths_return 2
paths_change "address removed" "$OLD_WAY" -- ip -n router addr del 10.9.9.9/32 dev wan0
paths_are "$PATHS_FLOWS"
paths_end
