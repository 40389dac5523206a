#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The main thread reads many reports, and asks many questions, with each system call.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

FLOWS=10000

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
# Sampling costs by time, not by flow. Less often, and it would prolong entries all the time.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'max-flows = 20000' 'sample-interval = 30s'
# Without -f, only the main thread.
strace -c -S calls -o calls -p "$DAEMON_PID" 2>strace.err &
strace_pid=$!
undo_at_end "kill $strace_pid 2>/dev/null"
wait_for 10 grep -q attached strace.err
crowd_open many many:udp,flows=$FLOWS,rate=0.1
crowd_ready many 120
# Does not ask the daemon, which would cost calls.
wait_for 120 has_rules lan0 $FLOWS
kill -INT "$strace_pid"
wait "$strace_pid" || :
crowd_close many
head -n 12 calls
n=$(awk '$NF == "total" { print $4 }' calls)
echo "$n system calls of the main thread for $FLOWS flows: $((n * 100 / FLOWS)) per 100 flows"
assert_ge "system calls" "$n" 1
assert_le "system calls" "$n" $FLOWS
