#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Packets of one port may not fit out of the other any more: only the CPU can say so.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

paths_topology
paths_start
paths_change "MTU" "$NIC_FORWARDS" -- ip -n router link set wan0 mtu 1400
wait_for "$PATHS_LIMIT" paths_reason mtu "$PATHS_FLOWS"
ip -n router link set wan0 mtu 1500
paths_are "$PATHS_FLOWS"
paths_end
