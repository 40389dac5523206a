#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The daemon reads its rules port by port, in rounds; without flows it skips most rounds. Foreign
# filters between our rules do not disturb it, and a clsact that is gone is not a failure to read.
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

# Only guards are there: one of ten rounds takes place.
wait_for 10 status_over counters.sample_rounds 1
assert_eq "samples without a flow" "$(status counters.samples)" 0

# More rules than fit into one message of a dump.
crowd 300
wait_for 30 has_rules lan0 300
before=$(status counters.sample_rounds)
wait_for 20 status_over counters.sample_rounds $((before + 2))
assert_ge "samples" "$(status counters.samples)" 600
transfer tcp 4 4000000
assert_eq "failures to read" "$(status counters.sample_failures)" 0

tc -n router qdisc del dev wan0 clsact
before=$(status counters.sample_rounds)
wait_for 10 status_over counters.sample_rounds $((before + 2))
assert_eq "failures to read without clsact" "$(status counters.sample_failures)" 0
assert_eq "foreign filters" "$(tc -n router filter show dev lan0 ingress | grep -c 'dst_ip 192.0.2.1')" 2
