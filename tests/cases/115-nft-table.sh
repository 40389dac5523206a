#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nft shows our table as intended. We notice when others change the table, and leave a table of the
# same name alone that is not ours.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

own() {
	labns box "$LAB_BUILD/tests/golden/golden-lab" nft own "$@"
}

box_nft() {
	labns box nft "$@"
}

# state WORD...: what golden-lab finds, one line
state() {
	own check "$@" | sed -n 1p
}

topo_ns box
acct=/proc/sys/net/netfilter/nf_conntrack_acct

# ---- up, epoch, down ----

assert_eq "before" "$(state)" "absent epoch=0"
assert_eq "an epoch for no table" "$(own epoch)" "epoch: -2 table inet nft_offload is missing or incomplete"
assert_eq "removal of no table" "$(own down)" "down: 0 "
# Prefixes with host bits, inside each other, adjacent, at the end of the address space; port ranges
# that touch and overlap; duplicates.
set -- prefix=10.1.2.3/8 prefix=10.7.0.0/16 prefix=192.168.1.0/24 prefix=192.168.0.0/24 prefix=255.255.255.255/32 \
	prefix=2001:db8::/32 prefix=2001:db8::/32 ports=tcp:22-22 ports=tcp:23-30 ports=udp:0-65535 ports=udp:5-7 \
	interface=eth0 interface=eth0 mark=5
assert_eq "up" "$(own up ttl min-packets=20 "$@")" "up: 0 "
box_nft list table inet nft_offload >shown
diff -u "$LAB_SRC/tests/golden/nft-table.txt" shown || fail "nft shows another table than golden/nft-table.txt"
# What nft shows, nft also reads: people save and restore their rulesets with ours in it.
nft_reads box shown
assert_eq "state" "$(state ttl min-packets=20)" "ours whole epoch=0x30000000"
assert_eq "state with other settings" "$(state ttl min-packets=21)" "ours epoch=0x30000000"
# A rule with "ct packets" makes the kernel count packets (nf_ct_set_acct).
assert_eq "nf_conntrack_acct" "$(labns box cat $acct)" 1

assert_eq "epoch" "$(own epoch ttl min-packets=20 epoch=0x50000000)" "epoch: 0 "
box_nft list table inet nft_offload >shown
sed -e 's/& 0x70000000 != 0x30000000/\& 0x70000000 != 0x50000000/' \
	-e 's/0xbfffffff | 0x30000000/0xdfffffff | 0x50000000/' \
	-e 's/0xafffffff | 0x20000000/0xcfffffff | 0x40000000/' -e 's/\([!=]=\) 0x20000000/\1 0x40000000/' "$LAB_SRC/tests/golden/nft-table.txt" |
	diff -u - shown || fail "a new epoch changed other rules, or not all that it should"
assert_eq "state" "$(state ttl min-packets=20)" "ours whole epoch=0x50000000"
# A second "up" replaces the table.
assert_eq "up again" "$(own up prefix=0.0.0.0/0 prefix=::/0)" "up: 0 "
assert_eq "tables" "$(box_nft list tables)" "table inet nft_offload"
box_nft list table inet nft_offload >shown
for line in 'priority srcnat - 1; policy accept' 'elements = { 0.0.0.0/0 }' 'elements = { ::/0 }'; do
	grep -qF "$line" shown || fail "no \"$line\" in $(cat shown)"
done
assert_eq "down" "$(own down)" "down: 0 "
assert_eq "tables" "$(box_nft list tables)" ""

# Lists that do not fit into one message.
set --
for i in $(seq 0 255); do
	set -- "$@" "prefix=10.1.$i.0/25" "ports=tcp:$((i * 10))-$((i * 10 + 5))"
done
assert_eq "up with long lists" "$(own up "$@")" "up: 0 "
assert_eq "prefixes" "$(box_nft list set inet nft_offload exempt_ip4 | grep -o '10\.1\.[0-9]*\.0/25' | wc -l)" 256
assert_eq "ports" "$(box_nft list set inet nft_offload exempt_ports | grep -o 'tcp \. [0-9]*-[0-9]*' | wc -l)" 256

# ---- what others do to it ----

for change in 'add rule inet nft_offload admit drop' 'insert rule inet nft_offload postrouting counter' \
	'flush chain inet nft_offload postrouting' 'flush chain inet nft_offload set_mark' 'add chain inet nft_offload other' \
	'add table inet nft_offload { flags dormant; }' \
	'chain inet nft_offload postrouting { policy drop; }'; do
	own up >/dev/null
	assert_eq "state before" "$(state)" "ours whole epoch=0x30000000"
	# shellcheck disable=SC2086 # words of a command
	box_nft $change
	case $(state) in
	*whole*) fail "$change: not noticed" ;;
	ours*) ;;
	*) fail "$change: $(state)" ;;
	esac
	own epoch | grep -q '^epoch: -2 ' || fail "$change: a new epoch was accepted"
done
assert_eq "up after the changes" "$(own up)" "up: 0 "
assert_eq "state" "$(state)" "ours whole epoch=0x30000000"
box_nft add element inet nft_offload exempt_ip4 '{ 10.9.0.0/16 }'
assert_eq "state with one more exemption" "$(state)" "ours whole epoch=0x30000000"
box_nft flush ruleset
assert_eq "state" "$(state)" "absent epoch=0"

# ---- not ours ----

for table in 'table inet nft_offload { }' \
	'table inet nft_offload { comment "mine"; chain forward { type filter hook forward priority filter + 10; counter; }; }'; do
	echo "$table" | box_nft -f -
	box_nft list ruleset >before
	for verb in up epoch down; do
		assert_eq "$verb" "$(own "$verb")" "$verb: -17 table inet nft_offload exists, but nft-offloadd did not create it"
	done
	assert_eq "state" "$(state)" "foreign epoch=0"
	box_nft list ruleset | diff -u before - || fail "a foreign table has changed"
	box_nft flush ruleset
done
# A table of that name in another family does not matter.
box_nft add table ip nft_offload
assert_eq "up beside a table of another family" "$(own up)" "up: 0 "
assert_eq "down" "$(own down)" "down: 0 "
assert_eq "tables" "$(box_nft list tables)" "table ip nft_offload"
box_nft flush ruleset

# ---- a table with an owner ----

labns box "$LAB_BUILD/tests/golden/golden-lab" nft own up owner hold=60 >owned &
holder=$!
wait_for 10 grep -q . owned
assert_eq "up" "$(cat owned)" "up: 0 "
assert_eq "state" "$(state owner)" "ours whole owned epoch=0x30000000"
box_nft flush ruleset
assert_eq "state after flush ruleset" "$(state owner)" "ours whole owned epoch=0x30000000"
for verb in up epoch down; do
	assert_eq "$verb by another" "$(own "$verb" owner)" \
		"$verb: -1 table inet nft_offload belongs to another process"
done
! box_nft add rule inet nft_offload admit drop 2>/dev/null || fail "an owned table was changed"
kill "$holder"
gone() {
	[ "$(state)" = "absent epoch=0" ]
}
wait_for 5 gone

# ---- refused ----

assert_eq "an epoch outside the mask" "$(own up epoch=0x80000000)" \
	"up: -22 the mark, its epoch, an exemption or a flowtable is not valid"
assert_eq "an exempt mark with our bits" "$(own up mark=0x10000005)" \
	"up: -22 the mark, its epoch, an exemption or a flowtable is not valid"
labns box setpriv --reuid 65534 --clear-groups "$LAB_BUILD/tests/golden/golden-lab" nft own up >out
grep -q '^up: -1 .' out || fail "without privilege: $(cat out)"
assert_eq "tables" "$(box_nft list tables)" ""
