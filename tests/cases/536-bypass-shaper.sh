#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# A qdisc that shapes brings connections back to the CPU until it is gone; one that
# only queues does not.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

qdisc() {
	tc -n router qdisc "$@"
}

bypass_router
# A port with several queues: the daemon checks the children of mq, too.
ip -n router link add multi numtxqueues 2 type veth peer name end
ip -n router link set multi up
ip -n router link set end up
start_daemon 'devices = { "lan0", "wan0", "multi" }' 'offload = software'
bypass_transfer
bypass_on

for kind in "htb default 1" "tbf rate 100mbit burst 100k latency 50ms" prio "fq maxrate 100mbit" hfsc cake; do
	# shellcheck disable=SC2086 # words
	qdisc replace dev wan0 root $kind
	bypass_off shaper
	qdisc del dev wan0 root
	bypass_on
done
qdisc replace dev lan0 root tbf rate 100mbit burst 100k latency 50ms
bypass_off shaper
qdisc del dev lan0 root
bypass_on
for kind in fq_codel fq sfq pfifo; do
	qdisc replace dev wan0 root "$kind"
	looks=$(status counters.bypass_looks)
	wait_for 5 status_over counters.bypass_looks $((looks + 1))
done
assert_eq "removals for queues" "$(status counters.removals_ok)" "$removals"

qdisc replace dev multi root handle 1: mq
looks=$(status counters.bypass_looks)
wait_for 5 status_over counters.bypass_looks $((looks + 1))
! bypass_shows multi shaper egress no || fail "mq is taken for a shaper"
qdisc replace dev multi parent 1:2 tbf rate 100mbit burst 100k latency 50ms
wait_for 5 bypass_shows multi shaper egress no
bypass_end
