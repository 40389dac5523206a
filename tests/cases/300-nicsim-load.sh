#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# nicsim can be loaded with all its options and unloaded in every state. Its devices behave like
# those of a NIC: names, features, link state, and network namespaces that are deleted.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

link_is() {
	[ "$(cat "/sys/class/net/$1/operstate")" = "$2" ]
}

exists() {
	[ -e "/sys/class/net/$1" ]
}

# ---- options ----
nicsim_load
exists nic1 || fail "no ports"
exists wire1 || fail "no link partners"
! exists nic2 || fail "more than two ports"
assert_eq profile "$(nicsim profile)" full
assert_eq "taint flags of the module" "$(sed -n 's/^nicsim .*(\(.*\))$/\1/p' /proc/modules)" OE
for options in profile=nonsense ports=0 ports=65 switch_id=xyz knobs=nonsense=1 knobs=fail_percent=101; do
	rmmod nicsim 2>/dev/null || :
	! modprobe nicsim "$options" 2>/dev/null || fail "modprobe accepts $options"
done
modinfo "$LAB_RUN/nicsim.ko" >info
for profile in full none nic-full fdb set-only mac-ttl flow-engine liar tiny-acl; do
	grep -q "^parm: *profile:.* $profile" info || fail "modinfo does not name $profile"
	nicsim_load "profile=$profile" ports=2
	assert_eq profile "$(nicsim profile)" "$profile"
done
nicsim_load ports=64 table_size=1000 latency_us=7 stats_delay_ms=0 hw_tc_offload=0 knobs=fail_errno=ENOMEM,fail_count=3
exists nic63 || fail "no 64 ports"
for knob in table_size=1000 latency_us=7 stats_delay_ms=0 fail_errno=ENOMEM fail_count=3; do
	assert_eq "${knob%=*}" "$(nicsim "${knob%=*}")" "${knob#*=}"
done
ethtool -k nic0 | grep -q '^hw-tc-offload: off$' || fail "hw-tc-offload is on"

# Loading fails when a device name is taken, and leaves nothing behind.
rmmod nicsim
ip link add wire1 type dummy
! modprobe nicsim ports=3 2>/dev/null || fail "loads beside a device of the same name"
! exists nic0 || fail "devices are left"
ip link del wire1
nicsim_load ports=3

# unlocked=0 makes the kernel call nicsim under rtnl. It cannot change while a block is bound.
nicsim_load knobs=unlocked=0
assert_eq unlocked "$(nicsim unlocked)" 0
tc qdisc add dev nic0 clsact
tc filter add dev nic0 ingress protocol ip pref 1 flower skip_sw action drop
assert_eq used "$(nicsim used)" 1
! nicsim unlocked 1 2>/dev/null || fail "unlocked changed while a block was bound"

# ---- properties of a port ----
nicsim_load ports=3
assert_eq "bus address" "$(ethtool -i nic1 | sed -n 's/^bus-info: //p')" 0000:fe:00.1
assert_eq driver "$(ethtool -i nic1 | sed -n 's/^driver: //p')" nicsim
assert_eq "driver in sysfs" "$(basename "$(readlink /sys/class/net/nic1/device/driver)")" nicsim
assert_eq "switch id" "$(cat /sys/class/net/nic0/phys_switch_id)" "$(cat /sys/class/net/nic2/phys_switch_id)"
assert_eq "port name" "$(cat /sys/class/net/nic2/phys_port_name)" p2
ethtool -k nic0 | grep -q '^hw-tc-offload: on$' || fail "hw-tc-offload is off"
ethtool -k wire0 | grep -q '^hw-tc-offload: off \[fixed\]$' || fail "wire0 has hw-tc-offload"
ethtool -S nic0 | grep -q ' hits: 0$' || fail "no statistics"

# ---- the link ----
ip link set nic0 up
wait_for 5 link_is nic0 down # its state is set a moment after its flags
ip link set wire0 up
wait_for 5 link_is nic0 up
wait_for 5 link_is wire0 up
nicsim ports/0/cable 0
wait_for 5 link_is nic0 down
nicsim ports/0/cable 1
wait_for 5 link_is nic0 up
ip link set nic0 down
assert_eq "partner's carrier" "$(cat /sys/class/net/wire0/carrier)" 0

# ---- other namespaces, which are then deleted ----
topo_ns client router
ip link set wire0 netns client
ip link set nic0 netns router
ip -n client link set wire0 up
ip -n router link set nic0 up
tc -n router qdisc add dev nic0 clsact
tc -n router filter add dev nic0 ingress protocol ip pref 1 flower skip_sw action drop
assert_eq "used" "$(nicsim used)" 1
ip netns del client
wait_for 10 exists wire0
assert_eq "carrier without the partner" "$(ip netns exec router cat /sys/class/net/nic0/carrier)" 0
# As with any device, its qdiscs and their rules move with it.
ip netns del router
wait_for 10 exists nic0
tc qdisc del dev nic0 clsact 2>/dev/null || :
assert_eq "used" "$(nicsim used)" 0

# ---- unloaded while in use, and while its namespaces are being deleted ----
topo_ns client router
ip link set wire0 netns client
ip link set nic0 netns router
ip -n client link set wire0 up
ip -n router link set nic0 up
tc -n router qdisc add dev nic0 clsact
tc -n router filter add dev nic0 ingress protocol ip pref 1 flower skip_sw action drop
ip netns del client
ip netns del router
rmmod nicsim
! exists nic0 || fail "devices are left"
! exists wire1 || fail "link partners are left"
nicsim_load ports=2
