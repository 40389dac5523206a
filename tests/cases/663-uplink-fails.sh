#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The first uplink loses its default route under traffic. The kernel ends a masqueraded connection whose
# packets would leave by another device than the one whose address they have (nf_nat_oif_changed), and
# the next packet begins a new one. Rules must not keep the old connection alive.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

uplinks_topology
ip -n router route add default via 10.2.0.2 dev wan1 metric 100
uplinks_start
uplinks_open flows 40000 20
wait_for 30 uplinks_offloaded 20
uplinks_check one
before=$(uplinks_by s1)
ip -n router route del default via "$SERVER4" dev wan0
wait_for 30 uplinks_by_over s1 $((before + 100))
assert_eq "packets with the address of the other uplink" "$(uplinks_counter stray)" 0
wait_for 60 uplinks_offloaded 20
before=$(uplinks_by s1)
wait_for 30 uplinks_by_over s1 $((before + 100))
assert_eq "packets with the address of the other uplink" "$(uplinks_counter stray)" 0
# It comes back, and is the better one again.
ip -n router route add default via "$SERVER4" dev wan0
before=$(uplinks_by s0)
wait_for 30 uplinks_by_over s0 $((before + 100))
wait_for 60 uplinks_offloaded 20
assert_eq "packets with the address of the other uplink" "$(uplinks_counter stray)" 0
touch stop.flows
wait_for 20 has_ended ways.flows
