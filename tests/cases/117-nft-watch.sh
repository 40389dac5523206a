#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nftwatch reports each commit to the nft ruleset: which program made it and what it changes. It
# stays silent about changes that packets and time make. The daemon decides by these reports which
# flows it takes back.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

golden() {
	labns router "$LAB_BUILD/tests/golden/golden-lab" nft "$@"
}

n=0
has_new_line() {
	[ "$(wc -l <watched)" -gt "$n" ]
}

# next WHAT: sets line to the watcher's next line
next() {
	wait_until 5 has_new_line || fail "$1: nothing was reported"
	n=$((n + 1))
	line=$(sed -n "${n}p" watched)
}

# expect WHAT LINE
expect() {
	next "$1"
	assert_eq "$1" "$line" "$2"
}

# change LINE ARGUMENT...: runs nft with the arguments and expects this report
change() {
	wanted=$1
	shift
	router_nft "$@"
	expect "nft $*" "commit by nft$wanted"
}

# expect_silence WHAT: nothing was reported before a commit that is made now
expect_silence() {
	router_nft add table inet marker
	expect "$1: only the added table is reported" "commit by nft everything:"
	router_nft delete table inet marker
	expect "$1: only the deleted table is reported" "commit by nft everything:"
}

topo_router2
: >watched
golden watch 200 >watched 2>watched.err &
expect "our table" "up: 0"
# The first commit makes the table, the second its gates.
for commit in first second; do
	expect "our own $commit commit" "commit by golden-lab own own-changed everything:"
done

# ---- everything ----

change " everything:" add table inet user
change " everything:" add chain inet user forward '{ type filter hook forward priority filter; }'
change " everything:" add rule inet user forward tcp dport 1 drop
change " everything:" add set inet user interval4 '{ type ipv4_addr; flags interval; }'
change " everything:" add set inet user interval6 '{ type ipv6_addr; flags interval; auto-merge; }'
change " everything:" add set inet user single '{ type ipv4_addr; flags timeout; }'
change " everything:" add set inet user pair '{ type ipv4_addr . inet_service; }'
change " everything:" add set inet user ranges '{ type inet_proto . inet_service . ipv4_addr; flags interval; }'
change " everything:" add map inet user verdicts '{ type inet_service : verdict; }'
change " everything:" add map inet user portranges '{ type inet_service : verdict; flags interval; }'
change " everything:" add set inet user names '{ type ifname; }'
change " everything:" add set inet user marks '{ type mark; }'
change " everything:" add set inet user typed '{ typeof ip saddr . tcp dport; }'
change " everything:" add counter inet user named

# ---- elements ----

change ": 10.0.0.1" add element inet user interval4 '{ 10.0.0.1 }'
change ": 10.1.0.0-10.1.255.255 10.2.0.0-10.2.0.9 255.255.255.0-255.255.255.255" \
	add element inet user interval4 '{ 10.1.0.0/16, 10.2.0.0-10.2.0.9, 255.255.255.0/24 }'
change ": 10.2.0.0-10.2.0.9" delete element inet user interval4 '{ 10.2.0.0-10.2.0.9 }'
change ": 2001:db8::-2001:db8::ffff:ffff:ffff:ffff" add element inet user interval6 '{ 2001:db8::/64 }'
# auto-merge: nft replaces the adjacent element by one that covers both.
change ": 2001:db8::-2001:db8::ffff:ffff:ffff:ffff 2001:db8::-2001:db8:0:1:ffff:ffff:ffff:ffff" \
	add element inet user interval6 '{ 2001:db8:0:1::/64 }'
change ": 10.0.0.1 10.0.0.2(expires)" add element inet user single '{ 10.0.0.1, 10.0.0.2 timeout 5m }'
change ": 10.0.0.1" delete element inet user single '{ 10.0.0.1 }'
change ": 10.0.0.1.80" add element inet user pair '{ 10.0.0.1 . 80 }'
change ": proto-6.80-90.10.0.0.0-10.255.255.255" add element inet user ranges '{ tcp . 80-90 . 10.0.0.0/8 }'
change ": 22" add element inet user verdicts '{ 22 : drop }'
change ": 22-23" add element inet user portranges '{ 22-23 : drop }'
# A connection has no device. Beside an address, the address decides.
change " everything:" add element inet user names '{ "eth0" }'
change " everything:" add set inet user named '{ type ifname . ipv4_addr; }'
change ": any.10.1.2.3" add element inet user named '{ "eth0" . 10.1.2.3 }'
change ": 10.0.0.1.80" add element inet user typed '{ 10.0.0.1 . 80 }'
# Rules may look up the mark of a packet there, which a connection does not tell.
change " everything:" add element inet user marks '{ 7 }'
change ": 10.0.0.2(expires)" flush set inet user single
change ": 255.255.255.0-255.255.255.255 10.1.0.0-10.1.255.255 10.0.0.1" flush set inet user interval4

# More than 128 elements count as a change of everything.
router_nft add element inet user single "{ $(seq -s ', ' -f '10.5.0.%g' 1 129) }"
expect "129 elements" "commit by nft everything:"
router_nft flush set inet user single
expect "removal of 129 elements" "commit by nft everything:"
router_nft add element inet user single "{ $(seq -s ', ' -f '10.5.0.%g' 1 128) }"
next "128 elements"
assert_eq "128 elements" "$(echo "$line" | grep -o '10\.5\.0\.' | wc -l)" 128

# A set that is replaced by one of another type.
change " everything:" delete set inet user names
change " everything:" add set inet user names '{ type inet_service; }'
change ": 5" add element inet user names '{ 5 }'
# Elements and a rule in one commit.
router_nft -f - <<-'END'
	add element inet user names { 6 }
	add rule inet user forward tcp dport @names drop
END
expect "elements and a rule" "commit by nft everything:"
# A transaction is one commit. A transaction that fails is none.
router_nft -f - <<-'END'
	flush chain inet user forward
	add rule inet user forward counter
	add rule inet user forward counter
END
expect "nft -f" "commit by nft everything:"
! router_nft -f - 2>/dev/null <<-'END' || fail "nft accepted a rule for a missing chain"
	add rule inet user forward counter
	add rule inet user missing counter
END
router_nft list ruleset >/dev/null
router_nft reset counters >/dev/null
expect_silence "commands that change nothing"

# ---- what rules look up in a set ----

change " everything:" add set inet user nets '{ type ipv4_addr; }'
change " everything:" add rule inet user forward ip saddr @nets ip daddr != @nets ct original ip saddr @nets drop
change ": 10.0.0.1" add element inet user nets '{ 10.0.0.1 }'
change " everything:" add rule inet user forward ct state established ip saddr @nets drop
change ": 10.0.0.2" add element inet user nets '{ 10.0.0.2 }'
change " everything:" add rule inet user forward ip saddr '&' 255.255.255.0 @nets drop
# A rule masks the address, so this element concerns more than 10.0.0.0.
change " everything:" add element inet user nets '{ 10.0.0.0 }'
change " everything:" add set inet user two '{ type inet_service . ipv4_addr; }'
change " everything:" add rule inet user forward tcp dport . ip saddr @two drop
change ": 80.10.0.0.1" add element inet user two '{ 80 . 10.0.0.1 }'
change " everything:" add rule inet user forward tcp dport . ip saddr '&' 255.0.0.0 @two drop
change " everything:" add element inet user two '{ 81 . 10.0.0.0 }'

# ---- our table ----

change " own-changed: 10.0.0.0-10.255.255.255" add element inet nft_offload exempt_ip4 '{ 10.0.0.0/8 }'
change " own-changed everything:" add rule inet nft_offload admit drop
change " own-deleted everything:" delete table inet nft_offload
change " own-changed everything:" add table inet nft_offload
router_nft -f - <<-'END'
	delete table inet nft_offload
	add table inet nft_offload
END
expect "replaced in one transaction" "commit by nft own-changed everything:"
change " own-deleted everything:" flush ruleset

# ---- changes that packets make ----

router_nft -f - <<-'END'
	table inet user {
		set seen { type ipv4_addr . inet_service; flags dynamic, timeout; timeout 1s; }
		quota volume { over 100 bytes }
		chain forward {
			type filter hook forward priority filter
			update @seen { ip daddr . udp dport }
			quota name volume drop
		}
	}
END
expect "rules that write sets" "commit by nft everything:"
in_client python3 -c '
import socket, sys, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(10):
    u.sendto(b"x" * 100, (sys.argv[1], 4000 + i))
    time.sleep(0.05)' "$SERVER4"
router_nft list set inet user seen | grep -q '4009' || fail "no element was added: $(router_nft list ruleset)"
# The last element expires after a second and is not listed any more.
not_seen() {
	! router_nft list set inet user seen | grep -q '40[0-9][0-9]'
}
wait_for 10 not_seen
expect_silence "elements that packets add and that expire, and a quota"

# ---- owners ----

labns router "$LAB_BUILD/tests/golden/golden-lab" nft own up owner hold=60 >owned &
holder=$!
for commit in first second; do
	expect "an owned table, $commit commit" "commit by golden-lab own-changed everything:"
done
change " everything:" flush ruleset
kill "$holder"
gone() {
	! router_nft list tables | grep -q .
}
wait_for 5 gone
# The kernel does not announce that the owner's table is gone (nft_rcv_nl_event).
expect_silence "the end of an owner"

# ---- a commit that is larger than the watcher's buffer ----

labns router "$LAB_BUILD/tests/golden/golden-lab" nft watch 60 65536 >small 2>&1 &
small=$!
wait_for 5 grep -q 'own own-changed' small
kill -STOP "$small"
{
	echo 'table inet big {'
	echo 'set s { type ipv4_addr; }'
	echo 'chain c {'
	for i in $(seq 1 3000); do
		echo "tcp dport $i counter accept"
	done
	echo '}'
	echo '}'
} | router_nft -f -
kill -CONT "$small"
wait_for 10 grep -q 'lost everything' small
router_nft add element inet big s '{ 10.0.0.1 }'
wait_for 5 grep -q 'commit by nft.*:' small
