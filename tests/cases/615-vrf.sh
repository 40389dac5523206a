#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Ports join VRFs under traffic. While only one port is in a VRF, there is no route and nothing is offloaded. Both
# in one VRF, and in two VRFs with routes from each to the other, flows are offloaded again. A route in a VRF
# changes, and packets follow it.
# shellcheck disable=SC3043 # local
set -eu
PATHS_ADMIT=nft # look-ups alone do not find devices in a VRF
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
# The table of a VRF has no other routes than these.
ip -n router link add blue type vrf table 100
ip -n router link add red type vrf table 200
ip -n router link set blue up
ip -n router link set red up

paths_change "one port in a VRF" "$NIC_FORWARDS" -- ip -n router link set wan0 master blue
wait_for "$PATHS_LIMIT" paths_offloaded_none

# The kernel forgets the routes over a device that joins or leaves a VRF.
ip -n router link set lan0 master blue
ip -n router route add 203.0.113.0/24 via 10.1.0.2 dev wan0 table 100
paths_are "$PATHS_FLOWS"

ip -n router link set wan1 master blue
paths_script "a route in a VRF" "$OLD_WAY" <<-END
	ip -n router route replace 203.0.113.0/24 via 10.2.0.2 dev wan1 table 100
END
paths_return 2
paths_are "$PATHS_FLOWS"

# Two VRFs, each with a route over a port of the other.
paths_change "the uplink in another VRF" "$NIC_FORWARDS" -- ip -n router link set wan1 master red
wait_for "$PATHS_LIMIT" paths_offloaded_none
ip -n router route add 203.0.113.0/24 via 10.2.0.2 dev wan1 table 200
ip -n router route add 203.0.113.0/24 via 10.2.0.2 dev wan1 table 100
ip -n router route add 192.168.1.0/24 dev lan0 table 200
paths_are "$PATHS_FLOWS"

ip -n router link set lan0 nomaster
ip -n router link set wan1 nomaster
ip -n router route replace 203.0.113.0/24 via 10.2.0.2 dev wan1
paths_are "$PATHS_FLOWS"
paths_end
