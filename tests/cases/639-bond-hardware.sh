#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# 633-bond with rules in a card: they are on the active port, and follow when another one becomes active.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"

upper_ports
upper_bond client c0 q0 q2
upper_bond router lan0 p0 p2
upper_bond router wan0 p1
upper_bond server s0 q1
upper_start
upper_offloads

echo "# the other port becomes active"
upper_open endless tcp 4 10000000 --rate 2000000
ip -n client link set q0 down
# shellcheck disable=SC2034 # upper.sh's
UPPER_IN=p2
wait_for 20 upper_has_rule
upper_goes_on endless
agree 10
stop_daemon
for dev in p0 p2 p1; do
	assert_eq "filters left on $dev" "$(filters "$dev")" 0
done
