#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The L3 devices are macvlan devices above the ports, each with a MAC address of its own.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
ip -n router link add link p0 name lan0 type macvlan mode bridge
ip -n router link add link p1 name wan0 type macvlan mode private
upper_up router lan0
upper_up router wan0
upper_name client q0 c0
upper_name server q1 s0
upper_start
upper_offloads
