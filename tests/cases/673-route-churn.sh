#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
#
# A thousand routes a second to other networks are added and removed, as a BGP daemon does. No flow is looked up again,
# and none leaves the card. The case prints the CPU time of the daemon, and that for the same churn in another
# namespace, of which the daemon learns nothing: that is what it needs anyway.
#
# CHURN_FLOWS is the number of flows, 10000 unless it is set. More take too long for each run of the lab:
#	echo 'CHURN_FLOWS=50000; . "$LAB_SRC/tests/cases/673-route-churn.sh"' | ./lab --timeout 900 run /dev/stdin
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
: "${CHURN_FLOWS:=10000}"
# Sanitizers slow the daemon down.
[ -z "${LAB_SANITIZERS:-}" ] || CHURN_FLOWS=2000
PATHS_FLOWS=$CHURN_FLOWS PATHS_RATE=0.005
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"
PATHS_LIMIT=$((PATHS_LIMIT + PATHS_FLOWS / 100))
STOP_LIMIT=$((10 + PATHS_FLOWS / 500))

# Sets ticks to the CPU time that the daemon has used, in hundredths of a second.
daemon_ticks() {
	ticks=$(awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat")
}

# churn NAMESPACE GATEWAY DEVICE: changes the routes for ten seconds. Sets changes to their number, and used to the CPU
# time of the daemon meanwhile, in milliseconds.
churn() {
	local before took ip
	daemon_ticks
	before=$ticks
	python3 -B "${LAB_TOPO%/*}/churn.py" "$@" 1000 10 >churn.out
	daemon_ticks
	used=$(((ticks - before) * 10))
	read -r changes took ip <churn.out
	echo "namespace $1: $changes changes in $took ms; ip used $ip ms of a processor, the daemon $used ms ($((used * 100 / took)) %)"
}

# The sender asks for two packets of each flow before it calls it ready. Later packets are rare, and the time-out of
# conntrack is long, so that the emulated processor has time for 50000 flows.
paths_topology table_size=$((65536 + 2 * PATHS_FLOWS))
in_router sh -c 'echo 1200 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream'
paths_start "max-flows = $((PATHS_FLOWS + 10000))" 'sample-interval = 30s'
# Both churns come right after a reading of all counters, which needs more CPU time than they do.
rounds=$(status counters.sample_rounds)
wait_for 60 status_over counters.sample_rounds "$rounds"
lookups=$(status counters.route_lookups) installs=$(status counters.installs_ok)
inserts=$(nicsim inserts) deletes=$(nicsim deletes)
churn client 192.168.1.1 c0
idle=$used
churn router 10.2.0.2 wan1
echo "with $PATHS_FLOWS flows, the churn cost the daemon $((used - idle)) ms, $(((used - idle) * 1000 / changes)) us a change"
daemon_catches_up
assert_eq "route look-ups during the churn" "$(status counters.route_lookups)" "$lookups"
assert_eq "rules that were added to the card" "$(nicsim inserts)" "$inserts"
assert_eq "rules that were removed from the card" "$(nicsim deletes)" "$deletes"

# A change that concerns the flows, behind all others: each is looked up once, by three questions.
ip -n router route add "$SERVER4/32" via 10.1.0.2 dev wan0
looked_up_again() {
	[ "$(status counters.route_lookups)" -ge $((lookups + 3 * PATHS_FLOWS)) ]
}
wait_for "$PATHS_LIMIT" looked_up_again
paths_are "$PATHS_FLOWS"
assert_eq "route look-ups" "$(status counters.route_lookups)" $((lookups + 3 * PATHS_FLOWS))
assert_eq "flows that were installed again" "$(status counters.installs_ok)" "$installs"
paths_end
