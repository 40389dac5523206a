#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A UDP flow that only the rules see keeps its conntrack entry; once idle, the
# entry goes when its timeout is over, not later than one sampling period after.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

TIMEOUT=5 # seconds, nf_conntrack_udp_timeout_stream

topo_router2
topo_masquerade
topo_acct
topo_count_forward
in_router sysctl -q net.netfilter.nf_conntrack_udp_timeout_stream=$TIMEOUT
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'sample-interval = "1s"'

entry() {
	in_router conntrack -L -p udp -o id 2>/dev/null | sed -n 's/.* id=\([0-9]*\).*/\1/p'
}

no_entry() {
	[ -z "$(entry)" ]
}

# Three times the timeout and a little more: 17 s at 20000 bytes/s.
transfer_open long udp 4 340000 --rate 20000 --quiet-wait
wait_for 5 has_rules lan0 1
id=$(entry)
[ -n "$id" ] || fail "no conntrack entry"
before=$(fwd_packets)
transfer_bulk long
assert_eq "conntrack id after three timeouts" "$(entry)" "$id"
assert_le "packets that crossed the stack" $(($(fwd_packets) - before)) 10
centiseconds
idle_since=$now
wait_for $((TIMEOUT + 3)) no_entry
centiseconds
idle_for=$((now - idle_since))
# What is left of the timeout counts from the last sample that saw a packet.
assert_ge "idle time until the entry went, 1/100 s" "$idle_for" $(((TIMEOUT - 1) * 100))
assert_le "idle time until the entry went, 1/100 s" "$idle_for" $(((TIMEOUT + 2) * 100))
wait_for 1 has_rules lan0 0
wait_for 1 has_rules wan0 0
echo "kept its entry for three timeouts; the idle one went after $idle_for/100 s"
