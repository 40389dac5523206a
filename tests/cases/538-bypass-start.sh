#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon knows what could be bypassed before it installs the first rule, so a running connection
# never gets one. With offload = observe it finds the same. A port that appears later is not ready
# before it was checked.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

is_refused_for() {
	offload -j flows --reason "$1" | grep -q '"sport": *40002'
}

bypass_router
tc -n router qdisc replace dev wan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_transfer
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
bypass_off shaper
assert_eq "flows ever installed" "$(status counters.installs_ok)" 0
tc -n router qdisc del dev wan0 root
bypass_on
stop_daemon

start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe'
wait_for 5 bypass_why observe-only
tc -n router qdisc replace dev wan0 root tbf rate 100mbit burst 100k latency 50ms
wait_for 5 bypass_why shaper
stop_daemon
tc -n router qdisc del dev wan0 root

# wan0 is no port until it is renamed to wan1, and then has a program on it. (The device goes down
# for this, which ends the masqueraded connection.)
start_daemon 'devices = { "lan0", "wan1" }' 'offload = software'
wait_for 5 bypass_why device-not-named
bypass_end
in_router python3 -B "$LAB_SRC/tests/lab/xdp.py" attach wan0
ip -n router link set wan0 down
ip -n router link set wan0 name wan1
ip -n router link set wan1 up
wait_for 10 bypass_shows wan1 xdp ingress no
wait_for 10 in_client ping -q -c 1 -W 1 "$SERVER4"
transfer_open later tcp 4 1000000 --sport 40002
wait_for 5 is_refused_for xdp
assert_eq "flows ever installed" "$(status counters.installs_ok)" 0
in_router python3 -B "$LAB_SRC/tests/lab/xdp.py" detach wan1
wait_for 5 has_rules lan0 1
wait_for 5 has_rules wan1 1
transfer_bulk later
transfer_close later
