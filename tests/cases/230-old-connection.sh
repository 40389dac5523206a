#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A connection that is older than the daemon is offloaded. The daemon notices its end although
# conntrack sends no event for it (nf_conntrack_events=2: conntrack made the entry while nobody
# listened).
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_count_forward
assert_eq "nf_conntrack_events" "$(in_router cat /proc/sys/net/netfilter/nf_conntrack_events)" 2

for proto in tcp udp; do
	transfer_open "old-$proto" "$proto" 4 4000000
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
	wait_for 5 has_rules lan0 1
	wait_for 1 has_rules wan0 1
	before=$(fwd_bytes)
	transfer_bulk "old-$proto"
	assert_le "bytes through the forward hook" $(($(fwd_bytes) - before)) 240000
	transfer_close "old-$proto"
	[ "$proto" = tcp ] || in_router conntrack -D -p udp >/dev/null 2>&1
	wait_for 5 has_rules lan0 0
	wait_for 1 has_rules wan0 0
	stop_daemon
done
