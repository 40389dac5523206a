#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# When a driver answers EAGAIN, the kernel repeats the request for ever and the caller cannot leave
# it. The daemon notices, goes on with everything else, and recovers with the driver.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

STUCK=counters.workers_stuck
EAGAINS=${EAGAINS:-100000}

offloaded() {
	[ "$(status flows.offloaded)" -ge "$1" ]
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon 'workers = 2'
expect_warning 'stuck|does not return|in the kernel'
crowd_open busy --port 6000 --sport 10000 udp:udp,flows=10,rate=10 tcp:tcp,flows=10,rate=5,size=2000
crowd_ready busy 30
wait_for 10 offloaded 20

nicsim eagain_count "$EAGAINS"
crowd_open late --port 7000 --sport 20000 udp:udp,flows=4,rate=5 tcp:tcp,flows=4,rate=5
crowd_ready late 30
wait_for 30 status_over $STUCK 0
[ "$(nicsim eagain_count)" -gt 0 ] || fail "the driver recovered already: the case tests nothing"
# Everything else goes on: rules in the card are hit, new connections use the CPU, questions are
# answered.
wait_for 10 nic_hits_grow 100
background answers python3 -B "$LAB_SRC/tests/lab/answers.py" "$SOCKET" 2 "$DAEMON_PID"
wait_for 30 has_ended answers
has_line answers-ended 0 || background_fail answers "the daemon does not answer"
cat answers
grep -E -q '^(warning|error): ' "$DAEMON_LOG" || fail "the log has no warning"

# The driver recovers.
nicsim eagain_count 0
wait_for 60 offloaded 28
rm -f nic-hits
wait_for 10 nic_hits_grow 100
agree 30
for crowd in busy late; do
	crowd_close $crowd
	assert_eq "$crowd: lost" "$(crowd_lost $crowd)" 0
done
stop_daemon
assert_eq "entries left in the card" "$(nicsim used)" 0
