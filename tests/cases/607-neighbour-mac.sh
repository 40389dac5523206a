#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
#
# The gateway gets another MAC address. The rules of a few flows are replaced in place, and no
# packet takes the CPU path. With thousands of flows a barrier sends all packets to the CPU until
# the rules are replaced.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

NEW_MAC=02:00:00:00:02:99

# mac NAME MAC: the gateway's neighbour entry gets this MAC address; the old one is watched
mac() {
	paths_change "$1" server:s0:dmac="$(ip -n router neigh show 10.1.0.2 | sed 's/.*lladdr \([^ ]*\).*/\1/')" -- \
		ip -n router neigh replace 10.1.0.2 lladdr "$2" dev wan0
}

paths_topology
topo_count_forward
# The gateway accepts packets to either address.
ip -n server link set s0 promisc on
ip -n server link set s0 address "$NEW_MAC"
ip -n router neigh replace 10.1.0.2 lladdr "$NEW_MAC" dev wan0
PATHS_FLOWS=10 PATHS_RATE=50 paths_start
before=$(fwd_packets)
ip -n server link set s0 address "$GATEWAY_MAC"
mac "a few flows" "$GATEWAY_MAC"
crossed=$(($(fwd_packets) - before))
assert_eq "flows moved" "$(status counters.moves_ok)" 10
assert_eq "barriers" "$(status counters.barriers_raised)" 0
assert_eq "packets that took the CPU path" "$crossed" 0
agree 10
paths_end
stop_daemon

paths_start
ip -n server link set s0 address "$NEW_MAC"
mac "many" "$NEW_MAC"
paths_are "$PATHS_FLOWS"
wait_for "$PATHS_LIMIT" status_is counters.moves_ok "$PATHS_FLOWS"
assert_eq "moves refused" "$(status counters.moves_failed)" 0
assert_ge "barriers" "$(status counters.barriers_raised)" 1
paths_end
