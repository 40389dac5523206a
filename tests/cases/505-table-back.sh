#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# After "nft flush ruleset" and a reload our table is back within a second, and flows return. The
# daemon also restores the table when someone deletes it again and again or changes it. With
# table-owner the table never goes away.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

has_table() {
	router_nft list tables | grep -q 'inet nft_offload'
}

are_offloaded() {
	has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
}

# ping_pong: a UDP transfer in the background, whose packets pass the ruleset
ping_pong() {
	labns server labtraffic serve udp --port 7000 >pong 2>&1 &
	wait_for 20 has_line pong listening
	labns client labtraffic send udp "$SERVER4" --port 7000 --bytes 100000000 --rate 20000 --warm 2.5 \
		>ping 2>&1 &
}

cat >rules.nft <<'END'
flush ruleset
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state established,related accept
		iifname "lan0" accept
	}
}
table inet nat {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname "wan0" masquerade
	}
}
END

topo_router2
router_nft -f rules.nft
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
router_nft list ruleset >before
ping_pong
wait_for 20 are_offloaded 1

# ---- a reload with flush, as distributions do it ----

centiseconds
reload=$now
router_nft -f rules.nft
centiseconds
reload_cs=$((now - reload)) reload=$now
wait_for 5 has_table
centiseconds
assert_soon "the table is back" $(((now - reload) * 10)) 1000 $((reload_cs * 10))
wait_for 5 are_offloaded 1
assert_eq "tables made again" "$(status counters.nft_tables_made)" 1
# comparable: the ruleset without counters, without what packets have noted, and without the epoch (nft
# prints no mask when the epoch fills it)
comparable() {
	sed '/elements = {.* expires /,/}/d' | sed 's/0x[0-9a-f]*//g; s/packets [0-9]* bytes [0-9]*//; s/ct mark &  | /ct mark | /' | sort
}
router_nft list ruleset | comparable >after
comparable <before >before.sorted
diff -u before.sorted after || fail "the ruleset differs from before"

# ---- only our table is deleted, again and again ----

for _ in 1 2 3 4 5; do
	wait_for 20 has_table
	router_nft delete table inet nft_offload
done
wait_for 20 has_table
wait_for 20 are_offloaded 1
made=$(status counters.nft_tables_made)
assert_ge "tables made again" "$made" 6

# ---- someone changes our table ----

# After ten seconds of rest a change counts as the first one again.
sleep 11
wait_for 20 are_offloaded 1
router_nft add rule inet nft_offload admit drop
wait_for 3 are_offloaded 1
! router_nft list table inet nft_offload | grep -q '^[[:space:]]*drop' || fail "the change is still there"
assert_eq "tables made again" "$(status counters.nft_tables_made)" $((made + 1))
stop_daemon
! has_table || fail "the table is still there"
router_nft list ruleset >left
grep -q 'table inet filter' left || fail "a foreign table is gone, too"

# ---- with an owner ----

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'table-owner = yes'
wait_for 20 are_offloaded 1
router_nft monitor new tables >monitor 2>&1 &
monitor=$!
router_nft -f rules.nft
has_table || fail "the table went away"
wait_for 3 are_offloaded 1
assert_eq "tables made again" "$(status counters.nft_tables_made)" 0
! router_nft delete table inet nft_offload 2>/dev/null || fail "another process deleted our table"
kill "$monitor"
! grep -q nft_offload monitor || fail "the table was made again: $(cat monitor)"
stop_daemon
! has_table || fail "the table is still there"
