#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A slow card takes twenty milliseconds for each rule, and twenty times as many new connections come
# as it can take. No event is lost, questions are answered, and a removal does not wait behind
# hundreds of installs.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck disable=SC2034 # topo.sh's
STOP_LIMIT=90
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

RATE=500 SECONDS_LONG=20

hundreds_wait() {
	[ "$(status flows.pending)" -ge 300 ]
}

# in_card: number of rules in the card for the connection that is removed later
in_card() {
	grep -c " [sd]port=30001 " $NICSIM_DEBUGFS/rules || :
}

in_card_is() {
	[ "$(in_card)" = "$1" ]
}

nicsim_load ports=2 latency_us=20000
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open kept --port 7000 --sport 30000 kept:tcp,flows=32,rate=0.2
crowd_ready kept 30
wait_for 20 in_card_is 2
# The senders have a low priority: they must load the card, not the processor.
CROWD_NICE=5
crowd_open churn --seconds $SECONDS_LONG churn:udp,flows=60000,open=$RATE,hold=4
crowd_ready churn 10
background answers python3 -B "$LAB_SRC/tests/lab/answers.py" "$SOCKET" $((SECONDS_LONG - 5)) "$DAEMON_PID"
wait_for 15 hundreds_wait

# A connection is deleted from conntrack. How many rules go in before its own are out?
inserts=$(nicsim inserts)
in_router conntrack -D -p tcp --orig-port-src 30001 >/dev/null 2>&1 || fail "the connection is not there"
wait_for 20 in_card_is 0
inserts=$(($(nicsim inserts) - inserts)) waiting=$(status flows.pending)
assert_ge "connections that wait to be installed" "$waiting" 200
assert_le "rules that went in before the removal" "$inserts" 150

wait_for $((SECONDS_LONG + 10)) has_ended answers
has_line answers-ended 0 || background_fail answers "the daemon does not answer"
cat answers
crowd_wait churn 60
echo "$(crowd_result churn classes.churn.opened) opened in $(crowd_result churn seconds) s, $(crowd_result churn classes.churn.ready) ready, \
$waiting waited, $inserts rules went in before a removal"
assert_ge "connections opened" "$(crowd_result churn classes.churn.opened)" 1000 # twice what the card takes
assert_eq "packets lost" "$(crowd_lost churn)" 0
assert_eq "conntrack events lost" "$(status counters.ct_overruns)" 0
python3 -c 'import json
a = json.load(open("answers"))
assert a["asked"] >= 20, a
# slowest_control: what this machine needs for an answer without the daemon
assert a["slowest_own"] <= 100 + a["slowest_control"], a' || fail "answers took too long"
nicsim latency_us 0
crowd_close kept
