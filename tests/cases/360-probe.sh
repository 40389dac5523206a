#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The probe finds out which rules a driver accepts. It judges NICs correctly that are honest, that
# can do little, and that accept rules without looking at them. It leaves nothing behind.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

load() {
	nicsim_load ports=2 "$@"
	for i in 0 1; do
		ip link set "wire$i" up
		ip link set "nic$i" up
		tc qdisc add dev "nic$i" clsact
	done
}

# probe PRIO OPTION...: sets answer; afterwards neither tc nor the NIC has a rule of the probe
probe() {
	"$LAB_BUILD/tests/golden/probe-lab" nic0 nic1 "$@" >probe.out
	cat probe.out
	answer=$(head -n 1 probe.out)
	assert_eq "filters after the probe" "$(tc filter show dev nic0 ingress | grep -c flower || :)" 0
	assert_eq "rules in the NIC after the probe" "$(nicsim used)" 0
}

load profile=full
probe 20 odd
assert_eq "full" "$answer" "classes ffff refused 0000 err 0"
assert_eq "rules tried" "$(nicsim inserts)" 16
# Tags of packets that arrive and leave, but for untagged ones that stay so (recipe_tags_bit).
probe 20 tags
assert_eq "tags that full takes" "$(sed -n 's/^tags //p' probe.out)" 1fffffe

# This NIC accepts only prio 1, which rules of both families can share (any-ethertype).
load profile=nic-full
probe 20 odd
assert_eq "nic-full, prio 20" "$answer" "classes 0000 refused 0003 err -95"
grep -q '^first tcp ip4 routed: .*priority is out of range' probe.out || fail "no driver text"
probe 1 odd any-ethertype
assert_eq "nic-full, prio 1" "$answer" "classes ffff refused 0000 err 0"

load profile=liar
probe 20 odd
assert_eq "liar" "$answer" "classes 0000 refused 0000 odd err 0"
load profile=tiny-acl
probe 20 odd
assert_eq "tiny-acl" "$answer" "classes 0000 refused 0003 err -95"
load profile=none
probe 20 odd
assert_eq "none" "$answer" "classes 0000 refused 0003 err -95"
load profile=mac-ttl
probe 20 odd
# IPv6 has no header checksum, so its rules name none.
assert_eq "mac-ttl with checksums" "$answer" "classes 0002 refused 0001 err -95"
probe 20 odd no-csum
assert_eq "mac-ttl without" "$answer" "classes 000f refused fff0 err -95"

# EBUSY is temporary and no answer: the probe tries five times.
load profile=full
nicsim fail_errno EBUSY
nicsim fail_count 4
probe 20
assert_eq "busy four times" "$answer" "classes ffff refused 0000 err 0"
nicsim fail_count 5
probe 20
assert_eq "busy five times" "$answer" "classes 0000 refused 0000 err -16"
probe 20
assert_eq "no longer busy" "$answer" "classes ffff refused 0000 err 0"

# A foreign filter at the place of the probe stays.
tc filter add dev nic0 ingress protocol ip pref 20 handle 0x1000 flower ip_proto tcp skip_hw action pass
"$LAB_BUILD/tests/golden/probe-lab" nic0 nic1 20 >probe.out
assert_eq "place taken" "$(cat probe.out)" "classes 0000 refused 0000 err -17"
assert_eq "foreign filters" "$(tc filter show dev nic0 ingress | grep -c 'flower.*handle')" 1
