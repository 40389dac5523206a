#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conntrack events are lost, about new connections and about their ends. The daemon notices and
# compares its table with dumps until it is right.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

N=2000

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events' 'event-buffer = 16k'

# A real flow has traffic all the time.
transfer_open_endless real tcp 4 1500000 --rate 1500000
wait_for 5 has_rules lan0 1
transfer_go real

# Connections whose destination has no route, made while the daemon cannot read.
kill -STOP "$DAEMON_PID"
for i in $(seq "$N"); do
	echo "-I -p udp -s 192.168.1.$((i % 250 + 3)) -d 240.0.0.1 --sport $((10000 + i)) --dport 7 -t 600 -u SEEN_REPLY,ASSURED"
done >entries
drops=$(netlink_drops 12)
in_router conntrack -R entries >/dev/null 2>&1
assert_ge "events lost" "$(netlink_drops 12)" $((drops + 1))
kill -CONT "$DAEMON_PID"
wait_for 20 status_is flows.total $((N + 1))
overruns=$(status counters.ct_overruns)
grep -q "events were lost" "$DAEMON_LOG" || fail "the log does not report lost events"

# Their ends are lost as well. (The buffer of the daemon has grown: lose more than it holds.)
kill -STOP "$DAEMON_PID"
come_and_go() {
	in_router conntrack -R entries >/dev/null 2>&1
	in_router conntrack -D -p udp >/dev/null 2>&1
}
in_router conntrack -D -p udp >/dev/null 2>&1
lose_events 12 come_and_go
kill -CONT "$DAEMON_PID"
wait_for 30 status_is flows.total 1
assert_ge "ct_overruns" "$(status counters.ct_overruns)" $((overruns + 1))
assert_eq "rules" "$(rules lan0)$(rules wan0)" 11
transfer_stop real
transfer_close real
wait_for 2 has_rules lan0 0
