#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Foreign filters that the configuration allows do not bring connections back. Rules behind a
# classifier without a terse form are read nevertheless. Otherwise they would count as lost, and
# their connections as idle.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

bypass_router
# A filter that exists before the start: the port is swept and opened behind it.
tc -n router qdisc add dev wan0 clsact
tc -n router filter add dev wan0 ingress pref 5 protocol ip u32 match u32 0 0xffffffff action ok
bypass_daemon 'allow-bypass = { "foreign-filter" }' 'sample-interval = 200ms'
bypass_transfer
bypass_on
bypass_allowed wan0 foreign-filter ingress
tc -n router filter add dev lan0 ingress pref 5 protocol ip u32 match u32 0 0xffffffff action ok
bypass_allowed lan0 foreign-filter ingress
tc -n router filter add dev wan0 egress pref 5 protocol ip u32 match u32 0 0xffffffff action ok
bypass_allowed wan0 foreign-filter egress
# After the first rounds no reading fails, and samples continue.
failures=$(status counters.sample_failures)
samples=$(status counters.samples)
wait_for 5 status_over counters.samples $((samples + 10))
assert_eq "failures to read rules" "$(status counters.sample_failures)" "$failures"
bypass_allowed lan0 foreign-filter ingress
bypass_end
