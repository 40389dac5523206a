#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The main thread reads many reports, and asks many questions, with each system call. How many wait for it at a time
# would depend on the machine. So the case stops the daemon while connections begin, and traces it while it offloads
# them.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

FLOWS=10000
AT_A_TIME=1000 # so few that the notes of the first packets do not expire

# offload_some N: N more connections begin and are offloaded. Adds the system calls to total.
offload_some() {
	local strace_pid
	kill -STOP "$DAEMON_PID"
	crowd_open "crowd$1" --sport $((10000 + $1 * AT_A_TIME)) "many:udp,flows=$AT_A_TIME,rate=0.1"
	crowd_ready "crowd$1" 60
	# Without -f, only the main thread.
	strace -c -S calls -o "calls$1" -p "$DAEMON_PID" 2>strace.err &
	strace_pid=$!
	wait_for 10 grep -q attached strace.err
	kill -CONT "$DAEMON_PID"
	# Does not ask the daemon, which would cost calls.
	wait_for 60 has_rules lan0 $(($1 * AT_A_TIME))
	kill -INT "$strace_pid"
	wait "$strace_pid" || :
	crowd_close "crowd$1"
	awk '$4 ~ /^[0-9]+$/ { printf "%s%s %d", sep, $NF, $4; sep = ", " } END { print "" }' "calls$1"
	total=$((total + $(awk '$NF == "total" { print $4 }' "calls$1")))
}

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
# Sampling costs by time, not by flow. Less often, and it would prolong entries all the time.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'max-flows = 20000' 'sample-interval = 30s'
total=0
for n in $(seq $((FLOWS / AT_A_TIME))); do
	offload_some "$n"
done
echo "$total system calls of the main thread for $FLOWS flows: $((total * 100 / FLOWS)) per 100 flows"
assert_ge "system calls" "$total" 1
assert_le "system calls" "$total" $FLOWS
