#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Bonds that use several ports at once, balance-xor and 802.3ad: the bond picks the port of each packet, so
# software rules sit on it. A port loses its carrier under traffic, and the rules stay.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

upper_ports
upper_bond_in "balance-xor xmit_hash_policy layer3+4" client c0 q0 q2
upper_bond_in "balance-xor xmit_hash_policy layer3+4" router lan0 p0 p2
upper_bond_in "802.3ad lacp_rate fast" router wan0 p1
upper_bond_in "802.3ad lacp_rate fast" server s0 q1
upper_start
upper_offloads

upper_open endless tcp 4 10000000
upper_goes_on endless
removed=$(status counters.removals_ok)
ip -n client link set q0 down
upper_goes_on endless
ip -n client link set q0 up
ip -n client link set q2 down
upper_goes_on endless
assert_eq "flows whose rules were removed meanwhile" "$(status counters.removals_ok)" "$removed"
transfer_stop endless
transfer_close endless
