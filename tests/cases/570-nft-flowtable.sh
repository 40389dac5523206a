#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# nft shows the flowtables of our table as intended. We notice when others change them. Asking a
# device whether it takes a flowtable leaves nothing behind.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

own() {
	labns box "$LAB_BUILD/tests/golden/golden-lab" nft own "$@"
}

box_nft() {
	labns box nft "$@"
}

state() {
	own check "$@" | sed -n 1p
}

# handle NAME: handle of one of our flowtables
handle() {
	box_nft -a list flowtables | sed -n "s/.*flowtable $1 {.*# handle \([0-9]*\)/\1/p"
}

nicsim_load ports=3 profile=full
topo_ns box
for dev in nic0 nic1 nic2; do
	ip link set "$dev" netns box
	ip -n box link set "$dev" up
done
for dev in v0 v1; do
	ip -n box link add $dev type veth peer name $dev-peer
	ip -n box link set $dev up
done

# ---- up, renewal, epoch, down ----

assert_eq "a renewal of no table" "$(own renew software=v0)" "renew: -2 table inet nft_offload is missing or incomplete"
set -- counter software=v0 software=v1 hardware=nic0 hardware=nic1 software-pair=v0:v1 \
	hardware-pair=nic1.5:nic0 min-packets=20 prefix=10.0.0.0/8 mark=5
assert_eq "up" "$(own up "$@")" "up: 0 "
box_nft list table inet nft_offload >shown
diff -u "$LAB_SRC/tests/golden/nft-flowtable.txt" shown || fail "nft shows another table than golden/nft-flowtable.txt"
assert_eq "state" "$(state "$@")" "ours whole epoch=0x30000000"
assert_eq "state without counter" "$(state software=v0 software=v1 hardware=nic0 hardware=nic1 pairs min-packets=20)" \
	"ours epoch=0x30000000"
assert_eq "state without flowtables" "$(state min-packets=20)" "ours epoch=0"

box_nft add element inet nft_offload exempt_ip4 '{ 11.0.0.0/8 }'
box_nft list table inet nft_offload >before
for verb in renew epoch renew; do
	old_software=$(handle software) old_hardware=$(handle hardware)
	assert_eq "$verb" "$(own $verb "$@" epoch=0x30000000)" "$verb: 0 "
	# Everything is as before, except that the flowtables are new.
	box_nft list table inet nft_offload | diff -u before - || fail "$verb changed more than the flowtables"
	[ "$(handle software)" != "$old_software" ] || fail "$verb: flowtable software is the old one"
	[ "$(handle hardware)" != "$old_hardware" ] || fail "$verb: flowtable hardware is the old one"
	assert_eq "state after $verb" "$(state "$@")" "ours whole epoch=0x30000000"
done
assert_eq "epoch" "$(own epoch "$@" epoch=0x50000000)" "epoch: 0 "
assert_eq "state" "$(state "$@")" "ours whole epoch=0x50000000"
# "up" replaces the table: with other devices, and without flowtables.
assert_eq "up with another device" "$(own up hardware=nic0 hardware=nic2)" "up: 0 "
assert_eq "state" "$(state hardware=nic0 hardware=nic2)" "ours whole epoch=0x30000000"
box_nft list table inet nft_offload >shown
grep -qF 'ct direction reply ct id @passed flow add @hardware counter packets 0 bytes 0' shown || fail "no rule for all pairs in $(cat shown)"
! grep -q -e pairs -e software shown || fail "leftovers in $(cat shown)"
assert_eq "up without flowtable" "$(own up)" "up: 0 "
assert_eq "flowtables" "$(box_nft list flowtables | grep -c "flowtable " || :)" 0
assert_eq "up" "$(own up hardware=nic0 software=v0 pairs)" "up: 0 "
assert_eq "state" "$(state hardware=nic0 software=v0 pairs)" "ours whole epoch=0x30000000"
assert_eq "down" "$(own down)" "down: 0 "
assert_eq "tables" "$(box_nft list tables)" ""

# ---- what others do to it ----

words="counter software=v0 software=v1"
for change in 'delete flowtable inet nft_offload software { devices = { v1 } ; }' \
	'add flowtable inet nft_offload software { devices = { nic2 } ; }' \
	'add flowtable inet nft_offload other { hook ingress priority 0; devices = { nic2 } ; }' \
	'flush chain inet nft_offload hand_over' \
	'insert rule inet nft_offload hand_over accept' \
	'add rule inet nft_offload hand_over flow add @software' \
	'add rule inet nft_offload forward accept'; do
	# shellcheck disable=SC2086 # words
	own up $words >/dev/null
	# shellcheck disable=SC2086
	assert_eq "state before" "$(state $words)" "ours whole epoch=0x30000000"
	box_nft "$change"
	# shellcheck disable=SC2086 # words
	case $(state $words) in
	*whole*) fail "$change: not noticed" ;;
	ours*) ;;
	*) fail "$change: $(state $words)" ;;
	esac
	# shellcheck disable=SC2086
	assert_eq "renewal after $change" "$(own renew $words)" \
		"renew: -2 table inet nft_offload is missing or incomplete"
done

# ---- devices that disappear or are renamed ----

own up software=v0 software=v1 >/dev/null
ip -n box link set v1 down
ip -n box link set v1 name w1
assert_eq "state with another name" "$(state software=v0 software=v1)" "ours epoch=0x30000000"
assert_eq "state with the new name" "$(state software=v0 software=w1)" "ours whole epoch=0x30000000"
ip -n box link del w1
assert_eq "state without the device" "$(state software=v0 software=w1)" "ours epoch=0x30000000"
assert_eq "state with what is left" "$(state software=v0)" "ours whole epoch=0x30000000"
ip -n box link del v0
assert_eq "state with no device" "$(state software=v0)" "ours epoch=0x30000000"
assert_eq "up without the device" "$(own up software=v0)" 'up: -2 flowtable "software"'

# ---- devices that are asked ----

own down >/dev/null
ip -n box link add v0 type veth peer name v0-peer
box_nft list ruleset >before
box_nft monitor >monitored &
monitor=$!
# The monitor listens as soon as it prints this table.
listening() {
	box_nft add table inet ready
	box_nft delete table inet ready
	grep -q ready monitored
}
wait_for 10 listening
assert_eq "software" "$(own try counter software=v0 software=nic0)" "v0: 0 
nic0: 0 "
assert_eq "hardware" "$(own try counter hardware=v0 hardware=nic0 hardware=nosuch)" 'v0: -95 flowtable of the device
nic0: 0 
nosuch: -2 flowtable of the device'
# A device takes no second hardware flowtable: it has one of a user's, in a table of any family.
echo 'table ip user {
	flowtable f { hook ingress priority 5; devices = { nic0, nic1 }; flags offload
	}
}' | box_nft -f -
assert_eq "hardware of a user" "$(own try hardware=nic0 hardware=nic2 software=nic0)" 'nic0: -16 flowtable of the device
nic2: 0 
nic0: 0 '
assert_eq "our hardware flowtable" "$(own up hardware=nic0)" 'up: -16 flowtable "hardware"'
assert_eq "our software flowtable" "$(own up software=nic0)" "up: 0 "
own down >/dev/null
box_nft delete table ip user
box_nft list ruleset | diff -u before - || fail "the trials left something"
kill "$monitor"
! grep -q trial monitored || fail "the trials were announced: $(cat monitored)"

# ---- refused ----

not_fit="the mark, its epoch, an exemption or a flowtable is not valid"
assert_eq "a device twice" "$(own up software=v0 software=v0)" "up: -22 $not_fit"
assert_eq "both kinds without pairs" "$(own up software=v0 hardware=nic0)" "up: -22 $not_fit"
assert_eq "a pair of hardware without such a device" "$(own up software=v0 hardware-pair=v0:v0)" "up: -22 $not_fit"
# A driver's refusal leaves the table as it was.
assert_eq "up" "$(own up software=v0)" "up: 0 "
assert_eq "up where a device refuses" "$(own up hardware=v0 hardware=nic0)" 'up: -95 flowtable "hardware"'
assert_eq "state" "$(state software=v0)" "ours whole epoch=0x30000000"
