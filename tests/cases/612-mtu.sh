#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The MTU of a port becomes smaller than that of the other, and the driver cannot check the size of
# packets: only the CPU can report those that do not fit. The flows return to the CPU, and to the NIC
# when the MTU is restored.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
nicsim police 0
paths_start
paths_change "MTU" "$NIC_FORWARDS" -- ip -n router link set wan0 mtu 1400
wait_for "$PATHS_LIMIT" paths_reason mtu "$PATHS_FLOWS"
ip -n router link set wan0 mtu 1500
paths_are "$PATHS_FLOWS"
paths_end
