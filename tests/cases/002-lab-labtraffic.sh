#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# labtraffic tells a good transfer from a bad one: loss, changed bytes, a reset in
# the middle, and a path that stops working.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2

# Fails unless the transfer fails, with the text in a message of the client.
must_fail() {
	local name="$1" text="$2"
	if (transfer_close "$name") >"$name.out" 2>&1; then
		fail "$name went well"
	fi
	grep -q "$text" "$CASE_DIR/transfer.$name/client.err" ||
		fail "$name: the client does not say \"$text\": $(cat "$CASE_DIR/transfer.$name/client.err")"
}

# One that goes on until it is told to stop, and every byte of it is right.
transfer_open_endless again tcp 4 100000
transfer_go again
wait_for 20 has_line transfer.again/client bulk
transfer_stop again
transfer_close again
sent=$(transfer_result again | sed 's/.* up=\([0-9]*\) .*/\1/')
assert_ge "bytes sent" "$sent" 100000
assert_eq "bytes of a round that is not whole" $((sent % 100000)) 0

# UDP repairs loss and counts it.
tc -n router qdisc add dev wan0 root netem loss 10%
transfer udp 4 200000
lost=$(transfer_result all-in-one | sed 's/.* lost=\([0-9]*\) .*/\1/')
assert_ge "packets lost" "$lost" 1
assert_le "packets lost" "$lost" 80

# And says so when packets overtake each other.
tc -n router qdisc replace dev wan0 root netem delay 5ms reorder 50%
transfer udp 6 200000
transfer_result all-in-one | grep -q ' lost=0 ' || fail "lost: $(transfer_result all-in-one)"
transfer_result all-in-one | grep -q ' reordered=0 ' && fail "nothing reordered"
tc -n router qdisc del dev wan0 root

# A rewritten TTL is seen at the other end.
tc -n router qdisc add dev wan0 clsact
tc -n router filter add dev wan0 egress protocol ip flower ip_proto udp action pedit ex munge ip ttl set 7 pipe action csum ip4h
transfer udp 4 10000
grep -q 'ttl=7-7' "$CASE_DIR/transfer.all-in-one/server" || fail "TTL: $(cat "$CASE_DIR/transfer.all-in-one/server")"
tc -n router qdisc del dev wan0 clsact

# A changed byte with a right checksum is found all the same.
tc -n router qdisc add dev lan0 clsact
transfer_open corrupt udp 4 100000
tc -n router filter add dev lan0 ingress protocol ip flower ip_proto udp \
	action pedit munge offset 1000 u32 set 0x12345678 pipe action csum udp
transfer_go corrupt
wait_for 20 grep -q "corrupt data up at byte" "$CASE_DIR/transfer.corrupt/server.err"
must_fail corrupt "port unreachable"
tc -n router qdisc del dev lan0 clsact

# A reset from outside.
transfer_open reset tcp 4 100000
labns server ss -K dst "$CLIENT4" >/dev/null
must_fail reset "reset by the other side"

# Silence.
transfer_open stall tcp 4 100000 --stall 2
ip -n router link set wan0 down
must_fail stall "stalled for 2 s\|no answer for 2 s"
