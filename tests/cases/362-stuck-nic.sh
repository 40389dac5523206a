#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A driver answers EAGAIN for ever, and the kernel repeats the request inside the daemon's system
# call. The daemon notices, logs it, still answers, and goes on when the driver does. A stop in that
# state ends with exit status 4.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

# 100000 tries of 5 ms each last longer than the case.
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

# A flow has rules on both ports, but a guard that is renewed before them is on one.
expect_warning 'worker 0: stuck in the kernel for [0-9]* s with rules for (lan0|wan0|lan0, wan0|wan0, lan0) '
get_stuck
transfer_open two tcp 4 1000000
wait_for 15 log_has 'worker 0: stuck in the kernel for'
assert_eq "workers_stuck" "$(status counters.workers_stuck)" 1
answers_soon "while a worker is stuck" 1000
# The offloaded flow is not disturbed; the other one is on the CPU.
transfer_bulk two
transfer_bulk one

get_loose
wait_for 10 log_has 'worker 0: back from the kernel'
wait_for 10 has_rules lan0 2
transfer_close two
wait_for 10 has_rules lan0 1
assert_eq "workers_stuck" "$(status counters.workers_stuck)" 1

# Stuck again and told to stop: the daemon gives up in the end, and logs what is left.
expect_warning 'giving up the stop'
expect_warning 'objects of the daemon may be left'
expect_warning 'worker 0: does not return from the kernel'
get_stuck
transfer_open three tcp 4 1000
stuck_twice() {
	[ "$(grep -c 'worker 0: stuck in the kernel for' "$DAEMON_LOG")" = 2 ]
}
wait_for 15 stuck_twice
kill -TERM "$DAEMON_PID"
wait_for 40 log_has 'worker 0: does not return from the kernel'
# The process ends when the kernel lets go of its thread.
get_loose
status=0
wait "$DAEMON_PID" || status=$?
DAEMON_PID=
assert_eq "exit status" "$status" 4
transfer_close one
transfer_close three
