#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
#
# SIGKILL and restart, fifty times, at arbitrary instants, under 500 flows, while other connections
# come and go: no packet is lost, no rule is left without a connection, and the rules of lasting
# connections stay the same.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/restart.sh
. "${LAB_TOPO%/*}/restart.sh"

KILLS=50

# next_instant: sets instant, the same values in every run: 0.00 to 1.99 s, and every second time up
# to a third of a second, when the new daemon is still starting
next_instant() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	if [ $((kill % 2)) = 0 ]; then
		instant=$(printf '0.%03d' $((seed / 65536 % 334)))
	else
		instant=$(printf '%d.%02d' $((seed / 65536 % 2)) $((seed / 1024 % 100)))
	fi
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open busy udp:udp,flows=250,rate=0.5,size=300 tcp:tcp,flows=250,rate=0.5,size=1000,answer=500
crowd_ready busy 90
wait_for 60 status_is flows.offloaded 500
wait_for 5 record_is_written
ages_save
crowd_open churn --port 9000 --sport 40000 churn:udp,flows=5000,open=5,hold=3
crowd_ready churn 20

seed=1 ready=0
for kill in $(seq $KILLS); do
	next_instant
	# Entries of UDP would expire if no daemon lived long enough to refresh them.
	[ $((kill % 10)) != 5 ] || daemon_is_ready
	sleep "$instant" # an arbitrary instant is wanted, not an event
	! has_line "$CASE_DIR/notify" READY=1 || ready=$((ready + 1))
	kill_daemon 2>/dev/null
	launch_daemon
	[ $((kill % 10)) != 0 ] || echo "killed $kill times, $ready times when it was ready"
done
daemon_is_ready
crowd_close churn
# Nothing keeps the entries of connections that are over.
for port in $(seq 9000 9019); do
	in_router conntrack -D -p udp --orig-port-dst "$port" >/dev/null 2>&1 || :
done
wait_for 60 status_is flows.offloaded 500
ages_compare 1000
agree 30
echo "adopted $(status counters.flows_adopted), not adopted $(status counters.flows_not_adopted), installed $(status counters.installs_ok) since the last start"
crowd_close busy
for class in udp tcp; do
	assert_eq "lost packets of class $class" "$(crowd_lost busy "$class")" 0
done
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
