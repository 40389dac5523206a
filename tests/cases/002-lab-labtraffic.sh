#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# labtraffic judges transfers correctly. It repairs and counts lost UDP packets, and fails on a
# changed byte, on a reset and on a path that stops working. Other cases rely on this.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2

# must_fail NAME TEXT: fails unless the transfer fails and the client's messages contain the text
must_fail() {
	local name="$1" text="$2"
	if (transfer_close "$name") >"$name.out" 2>&1; then
		fail "transfer $name did not fail"
	fi
	grep -q "$text" "$CASE_DIR/transfer.$name/client.err" ||
		fail "$name: the client does not say \"$text\": $(cat "$CASE_DIR/transfer.$name/client.err")"
}

# An endless transfer ends at a whole round when it is stopped.
transfer_open_endless again tcp 4 100000
transfer_go again
wait_for 20 has_line transfer.again/client bulk
transfer_stop again
transfer_close again
sent=$(transfer_result again | sed 's/.* up=\([0-9]*\) .*/\1/')
assert_ge "bytes sent" "$sent" 100000
assert_eq "bytes beyond the last whole round" $((sent % 100000)) 0

# Lost UDP packets are repaired and counted.
tc -n router qdisc add dev wan0 root netem loss 10%
transfer udp 4 200000
lost=$(transfer_result all-in-one | sed 's/.* lost=\([0-9]*\) .*/\1/')
assert_ge "lost packets counted" "$lost" 1
assert_le "lost packets counted" "$lost" 80

# Reordered packets are counted as such, not as lost.
tc -n router qdisc replace dev wan0 root netem delay 5ms reorder 50%
transfer udp 6 200000
transfer_result all-in-one | grep -q ' lost=0 ' || fail "counted as lost: $(transfer_result all-in-one)"
transfer_result all-in-one | grep -q ' reordered=0 ' && fail "no reordered packet was counted"
tc -n router qdisc del dev wan0 root

# The server reports a rewritten TTL.
tc -n router qdisc add dev wan0 clsact
tc -n router filter add dev wan0 egress protocol ip flower ip_proto udp action pedit ex munge ip ttl set 7 pipe action csum ip4h
transfer udp 4 10000
grep -q 'ttl=7-7' "$CASE_DIR/transfer.all-in-one/server" || fail "TTL: $(cat "$CASE_DIR/transfer.all-in-one/server")"
tc -n router qdisc del dev wan0 clsact

# A changed byte is found although the checksum is right.
tc -n router qdisc add dev lan0 clsact
transfer_open corrupt udp 4 100000
tc -n router filter add dev lan0 ingress protocol ip flower ip_proto udp \
	action pedit munge offset 1000 u32 set 0x12345678 pipe action csum udp
transfer_go corrupt
wait_for 20 grep -q "corrupt data up at byte" "$CASE_DIR/transfer.corrupt/server.err"
must_fail corrupt "port unreachable"
tc -n router qdisc del dev lan0 clsact

# The server's socket is destroyed: a reset.
transfer_open reset tcp 4 100000
labns server ss -K dst "$CLIENT4" >/dev/null
must_fail reset "reset by the other side"

# Nothing arrives any more.
transfer_open stall tcp 4 100000 --stall 2
ip -n router link set wan0 down
must_fail stall "stalled for 2 s\|no answer for 2 s"
