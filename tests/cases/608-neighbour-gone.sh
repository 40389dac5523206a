#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The gateway's neighbour entry is deleted and cannot be resolved again: the flows return to the
# CPU. They are offloaded again when the gateway answers. The same happens when the entry fails.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
# The gateway does not answer ARP any more, but still accepts packets.
ip -n server link set s0 arp off
paths_change "neighbour deleted" "$OLD_WAY" -- ip -n router neigh del 10.1.0.2 dev wan0
wait_for "$PATHS_LIMIT" paths_reason neighbour-unresolved "$PATHS_FLOWS"
ip -n server link set s0 arp on
paths_are "$PATHS_FLOWS"
# The entry fails.
ip -n server link set s0 arp off
paths_change "neighbour failed" "$OLD_WAY" -- \
	ip -n router neigh replace 10.1.0.2 dev wan0 nud failed
wait_for "$PATHS_LIMIT" paths_reason neighbour-unresolved "$PATHS_FLOWS"
paths_end
