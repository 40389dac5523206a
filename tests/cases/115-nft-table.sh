#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Our nft table as nft shows it, what is done to it and what it survives; and that
# a table of the same name that is not ours is left alone.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

own() {
	labns box "$LAB_BUILD/tests/golden/golden-lab" nft own "$@"
}

box_nft() {
	labns box nft "$@"
}

# state WORD...: what a look says, in one line.
state() {
	own check "$@" | sed -n 1p
}

topo_ns box
acct=/proc/sys/net/netfilter/nf_conntrack_acct

# ---- up, epoch, down ----

assert_eq "before" "$(state)" "absent epoch=0"
assert_eq "an epoch for no table" "$(own epoch)" "epoch: -2 table inet nft_offload is missing or incomplete"
assert_eq "removal of no table" "$(own down)" "down: 0 "
# Host bits, prefixes in others, neighbours, the last address; ports that touch and overlap; twice the same.
set -- prefix=10.1.2.3/8 prefix=10.7.0.0/16 prefix=192.168.1.0/24 prefix=192.168.0.0/24 prefix=255.255.255.255/32 \
	prefix=2001:db8::/32 prefix=2001:db8::/32 ports=tcp:22-22 ports=tcp:23-30 ports=udp:0-65535 ports=udp:5-7 \
	interface=eth0 interface=eth0 mark=5
assert_eq "up" "$(own up min-packets=20 "$@")" "up: 0 "
box_nft list table inet nft_offload >shown
diff -u "$LAB_SRC/tests/golden/nft-table.txt" shown || fail "nft shows another table than golden/nft-table.txt"
assert_eq "state" "$(state min-packets=20)" "ours whole epoch=0x30000000"
assert_eq "state, seen with other settings" "$(state min-packets=21)" "ours epoch=0x30000000"
assert_eq "state, seen with another priority" "$(state min-packets=20 priority=0)" "ours epoch=0x30000000"
# A rule that asks for packets has the kernel count them (nf_ct_set_acct).
assert_eq "nf_conntrack_acct" "$(labns box cat $acct)" 1

assert_eq "epoch" "$(own epoch min-packets=20 epoch=0x50000000)" "epoch: 0 "
box_nft list table inet nft_offload >shown
sed -e 's/& 0x70000000 != 0x30000000/\& 0x70000000 != 0x50000000/' \
	-e 's/0xbfffffff | 0x30000000/0xdfffffff | 0x50000000/' \
	-e 's/0xafffffff | 0x20000000/0xcfffffff | 0x40000000/' -e 's/!= 0x20000000/!= 0x40000000/' "$LAB_SRC/tests/golden/nft-table.txt" |
	diff -u - shown || fail "the epoch changed more than itself, or less"
assert_eq "state" "$(state min-packets=20)" "ours whole epoch=0x50000000"
# Once more, in the place of the first.
assert_eq "up again" "$(own up priority=-5 prefix=0.0.0.0/0 prefix=::/0)" "up: 0 "
assert_eq "tables" "$(box_nft list tables)" "table inet nft_offload"
box_nft list table inet nft_offload >shown
for line in 'priority filter - 5; policy accept' 'elements = { 0.0.0.0/0 }' 'elements = { ::/0 }'; do
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

for change in 'add rule inet nft_offload admit drop' 'insert rule inet nft_offload forward counter' \
	'flush chain inet nft_offload forward' 'add chain inet nft_offload other' \
	'add table inet nft_offload { flags dormant; }' \
	'chain inet nft_offload forward { policy drop; }'; do
	own up >/dev/null
	assert_eq "state before" "$(state)" "ours whole epoch=0x30000000"
	# shellcheck disable=SC2086 # words of a command
	box_nft $change
	case $(state) in
	*whole*) fail "$change: not noticed" ;;
	ours*) ;;
	*) fail "$change: $(state)" ;;
	esac
	own epoch | grep -q '^epoch: -2 ' || fail "$change: it got an epoch"
done
assert_eq "made anew" "$(own up)" "up: 0 "
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
	box_nft list ruleset | diff -u before - || fail "somebody else's table has changed"
	box_nft flush ruleset
done
# Tables of that name in other families are nothing to us.
box_nft add table ip nft_offload
assert_eq "beside one of another family" "$(own up)" "up: 0 "
assert_eq "down" "$(own down)" "down: 0 "
assert_eq "tables" "$(box_nft list tables)" "table ip nft_offload"
box_nft flush ruleset

# ---- with owner ----

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
! box_nft add rule inet nft_offload admit drop 2>/dev/null || fail "a table with owner was changed"
kill "$holder"
gone() {
	[ "$(state)" = "absent epoch=0" ]
}
wait_for 5 gone

# ---- refused ----

assert_eq "an epoch outside of the mask" "$(own up epoch=0x80000000)" \
	"up: -22 the mark, its epoch, an exemption or a flowtable is not valid"
assert_eq "a mark with our bits" "$(own up mark=0x10000005)" \
	"up: -22 the mark, its epoch, an exemption or a flowtable is not valid"
labns box setpriv --reuid 65534 --clear-groups "$LAB_BUILD/tests/golden/golden-lab" nft own up >out
grep -q '^up: -1 .' out || fail "without privilege: $(cat out)"
assert_eq "tables" "$(box_nft list tables)" ""
