#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A driver that says "try again" for ever: the kernel repeats the request inside
# our call. The daemon notices, says so, stays responsive, and goes on when the
# driver does; a stop in that state ends with its own status.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

# As good as for ever, with 5 ms for each try.
get_stuck() {
	nicsim latency_us 5000
	nicsim eagain_count 100000
}
get_loose() {
	nicsim eagain_count 0
	nicsim latency_us 0
}
log_has() {
	grep -q "$1" "$DAEMON_LOG"
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' \
	'allow-drivers = { "nicsim" }'
transfer_open one tcp 4 1000000
wait_for 10 has_rules lan0 1

# The rules of a flow are for both; but guards that are renewed before it are a port's.
expect_warning 'worker 0: in the kernel for [0-9]* s with rules for (lan0|wan0|lan0, wan0|wan0, lan0) '
get_stuck
transfer_open two tcp 4 1000000
wait_for 15 log_has 'worker 0: in the kernel for'
assert_eq "workers_stuck" "$(status counters.workers_stuck)" 1
answers_soon "while a worker is stuck" 1000
# The flow that has its rules is not touched by it, the other one is on the CPU.
transfer_bulk two
transfer_bulk one

get_loose
wait_for 10 log_has 'worker 0: back from the kernel'
wait_for 10 has_rules lan0 2
transfer_close two
wait_for 10 has_rules lan0 1
assert_eq "workers_stuck" "$(status counters.workers_stuck)" 1

# Stuck again, and told to stop: it gives up in the end, and says what is left.
expect_warning 'rules could not be removed'
expect_warning 'something of ours may be left'
expect_warning 'worker 0: does not come back from the kernel'
get_stuck
transfer_open three tcp 4 1000
stuck_twice() {
	[ "$(grep -c 'worker 0: in the kernel for' "$DAEMON_LOG")" = 2 ]
}
wait_for 15 stuck_twice
kill -TERM "$DAEMON_PID"
wait_for 40 log_has 'worker 0: does not come back from the kernel'
# Now the process ends as soon as the kernel lets go of its thread.
get_loose
status=0
wait "$DAEMON_PID" || status=$?
DAEMON_PID=
assert_eq "exit status" "$status" 4
transfer_close one
transfer_close three
