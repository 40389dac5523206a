#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A router on a stick: LAN and uplink are VLANs on the same port of a card, which sends packets back
# by the port of their arrival, with another tag.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
UPPER_PORTS=1
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"

topo_ns client router server
topo_forwarding router
topo_link client q0 02:00:00:00:0a:00 router p0 02:00:00:00:0b:00
upper_vlan client q0 c0 10
upper_vlan client q0 s0 20
ip -n client link set s0 netns server
upper_up server s0
upper_vlan router p0 lan0 10
upper_vlan router p0 wan0 20
upper_start
upper_offloads
stop_daemon
assert_eq "filters left" "$(filters p0)" 0
