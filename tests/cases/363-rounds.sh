#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Rules are read port by port, in rounds; now and then although no flow is
# offloaded. Foreign filters between ours are passed by, and a clsact that is
# gone is no failure to read.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
tc -n router qdisc add dev lan0 clsact
for prio in 1 60000; do
	tc -n router filter add dev lan0 ingress protocol ip pref $prio flower dst_ip 192.0.2.1 skip_hw action pass
done
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'sample-interval = 200ms' \
	'allow-bypass = { "foreign-filter" }'

# Guards alone: one round of ten.
wait_for 10 status_over counters.sample_rounds 1
assert_eq "samples of no flow" "$(status counters.samples)" 0

# More rules than one part of a dump holds.
crowd 300
wait_for 30 has_rules lan0 300
before=$(status counters.sample_rounds)
wait_for 20 status_over counters.sample_rounds $((before + 2))
assert_ge "samples" "$(status counters.samples)" 600
transfer tcp 4 4000000
assert_eq "failures" "$(status counters.sample_failures)" 0

tc -n router qdisc del dev wan0 clsact
before=$(status counters.sample_rounds)
wait_for 10 status_over counters.sample_rounds $((before + 2))
assert_eq "failures without clsact" "$(status counters.sample_failures)" 0
assert_eq "filters of others" "$(tc -n router filter show dev lan0 ingress | grep -c 'dst_ip 192.0.2.1')" 2
