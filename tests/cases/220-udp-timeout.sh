#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A UDP flow whose packets only the rules see keeps its conntrack entry. When the flow is idle, the
# entry expires after its timeout, at most two seconds later than an entry of which the daemon knows
# nothing.
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

no_control() {
	! in_router conntrack -L -p tcp 2>/dev/null | grep -q 'src=192.0.2.1'
}

no_entry() {
	[ -z "$(entry)" ]
}

# ms [DATE-OPTION...]: the time of day in milliseconds
ms() {
	date "$@" +%s%3N
}

# are_gone: notes how long both entries lived; true when both are gone
are_gone() {
	[ -n "$idle_ms" ] || ! no_entry || idle_ms=$(($(ms) - idle_since))
	[ -n "$control_ms" ] || ! no_control || control_ms=$(($(ms) - control_since))
	[ -n "$idle_ms" ] && [ -n "$control_ms" ]
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
# labtraffic wrote its last line when it had received everything.
idle_since=$(ms -r transfer.long/client) idle_ms=
# The control: an unused entry with the same timeout, which the daemon does not offload.
control_since=$(ms) control_ms=
in_router conntrack -I -p tcp -s 192.0.2.1 -d 192.0.2.2 --sport 1 --dport 2 --state SYN_SENT \
	-t "$TIMEOUT" >/dev/null
wait_for $((TIMEOUT + 5)) are_gone
# The timeout counts from the last sample that saw a packet, which may be a second old.
assert_ge "milliseconds until the idle entry went" "$idle_ms" $(((TIMEOUT - 1) * 1000))
assert_soon "the idle entry went" "$idle_ms" 2000 "$control_ms"
wait_for 5 has_rules lan0 0
wait_for 5 has_rules wan0 0
echo "the flow kept its entry for three timeouts"
