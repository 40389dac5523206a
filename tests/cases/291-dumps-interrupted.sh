#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Links come and go all the time, so hardly any dump of them is complete. The daemon starts
# nevertheless, reads everything again after lost events, and knows its ports.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

N=400

# churn NAME: adds and deletes a link of this name again and again, as fast as possible
churn() {
	for _ in $(seq 500); do
		printf 'link add %s type dummy\nlink del %s\n' "$1" "$1"
	done >"batch.$1"
	while :; do
		ip -n router -batch "batch.$1" 2>/dev/null || :
	done
}

interrupted() {
	status counters.dumps_interrupted
}

topo_router2
topo_masquerade
topo_acct
# A dump of so many links takes several messages, between which links can change.
seq "$N" | sed 's/.*/link add d& type dummy/' >many
ip -n router -batch many
expect_warning 'link or route events were lost'

churn churn0 &
churners=$!
churn churn1 &
churners="$churners $!"
# A single start may be lucky and have its dumps complete.
for start in 1 2 3 4; do
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
	n_interrupted=$((${n_interrupted:-0} + $(interrupted)))
	[ "$start" = 4 ] || stop_daemon
done
[ "$n_interrupted" -ge 1 ] || fail "no dump was interrupted: the case tests nothing"
transfer_open t tcp 4 1000 --sport 40001
wait_for 10 has_rules lan0 1

# The daemon reads everything again after lost events. The flow's neighbour disappears meanwhile.
ip -n server link set s0 arp off
kill -STOP "$DAEMON_PID"
seq 12000 | sed 's/.*/neigh replace 203.0.113.200 dev wan0 lladdr 02:00:00:00:00:77 nud permanent/' >many
sed -i 'n;s/:77 /:78 /' many
lose_events 0 ip -n router -batch many
ip -n router neigh del "$SERVER4" dev wan0
kill -CONT "$DAEMON_PID"
wait_for 20 has_rules lan0 0
assert_ge "rt_overruns" "$(status counters.rt_overruns)" 1
ip -n server link set s0 arp on
ip -n router neigh replace "$SERVER4" dev wan0 lladdr "$SERVER_MAC" nud reachable
wait_for 20 has_rules lan0 1
printf 'interrupted dumps: %s, failed repairs: %s\n' "$((n_interrupted + $(interrupted)))" "$(status counters.rt_repairs_failed)"
# shellcheck disable=SC2086 # a list
kill $churners
transfer_bulk t
transfer_close t
