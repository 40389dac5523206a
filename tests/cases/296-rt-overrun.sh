#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Link and neighbour events are lost, among them the one that a next hop is gone. The flow over it
# loses its rules nevertheless, although the events that are still queued say that the next hop is
# there.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

N=12000

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'

transfer_open idle tcp 4 1000 --sport 40001
wait_for 5 has_rules lan0 1

# The server does not answer ARP meanwhile.
ip -n server link set s0 arp off
kill -STOP "$DAEMON_PID"
# The last event about the next hop that reaches the daemon says that it is there.
ip -n router neigh replace "$SERVER4" dev wan0 lladdr "$SERVER_MAC" nud permanent
i=0
while [ "$i" -lt "$N" ]; do
	echo "neigh replace 203.0.113.200 dev wan0 lladdr 02:00:00:00:$((i / 100 % 90 + 10)):$((i % 90 + 10)) nud permanent"
	i=$((i + 1))
done >many
lose_events 0 ip -n router -batch many
ip -n router neigh del "$SERVER4" dev wan0
kill -CONT "$DAEMON_PID"
wait_for 10 has_rules lan0 0
assert_ge "rt_overruns" "$(status counters.rt_overruns)" 1
offload -j why tcp "$CLIENT4:40001" "$SERVER4:5201" >why.json
grep -q '"reason": *"neighbour-unresolved"' why.json || { cat why.json; fail "wrong reason"; }
daemon_catches_up
assert_eq "rules on lan0 when all events are read" "$(rules lan0)" 0
# The next hop is back.
ip -n server link set s0 arp on
ip -n router neigh replace "$SERVER4" dev wan0 lladdr "$SERVER_MAC" nud reachable
# Some of the lost events may have been about policy rules: the daemon wants to see packets again.
transfer_bulk idle
wait_for 5 has_rules lan0 1
transfer_close idle
