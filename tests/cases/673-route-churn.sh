#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Ten thousand routes to other networks are added and removed, as a BGP daemon does. No flow is looked up again, and
# none leaves the card.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

ROUTES=10000

# daemon_ticks: prints the CPU time that the daemon has used, in hundredths of a second
daemon_ticks() {
	awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat"
}

paths_topology
paths_start
awk -v n=$ROUTES 'BEGIN {
	for (i = 0; i < n; i++)
		printf "route add 198.18.%d.%d/32 via 10.2.0.2 dev wan1\n", i / 256, i % 256
}' >add
sed 's/^route add/route del/' add >del
lookups=$(status counters.route_lookups) installs=$(status counters.installs_ok)
ticks=$(daemon_ticks) began=$(date +%s%N)
ip -n router -batch add
ip -n router -batch del
took=$((($(date +%s%N) - began) / 1000000))
# A change that concerns the flows, behind all others: each is looked up once, by three questions.
ip -n router route add "$SERVER4/32" via 10.1.0.2 dev wan0
looked_up_again() {
	[ "$(status counters.route_lookups)" -ge $((lookups + 3 * PATHS_FLOWS)) ]
}
wait_for "$PATHS_LIMIT" looked_up_again
ticks=$(($(daemon_ticks) - ticks))
echo "$((2 * ROUTES)) changes in $took ms with $PATHS_FLOWS flows, and one look-up of each: $ticks hundredths of a second of CPU"
paths_are "$PATHS_FLOWS"
assert_eq "route look-ups" "$(status counters.route_lookups)" $((lookups + 3 * PATHS_FLOWS))
assert_eq "flows that were installed again" "$(status counters.installs_ok)" "$installs"
agree 20
paths_end
