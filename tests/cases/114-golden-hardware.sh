#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kern/ reads the driver, bus, hw-tc-offload and switch of a link from the kernel, and the kernel
# announces when they change. The daemon relies on these announcements.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

golden() {
	"$LAB_BUILD/tests/golden/golden-lab" "$@"
}

# check_hw DEV TEXT: asserts what golden-lab reads about the device
check_hw() {
	assert_eq "hardware of $1" "$(golden hw "$1")" "$1: $2"
}

# Virtual devices have a driver name, too.
ip link add v0 type veth peer name v1
ip link add d0 type dummy
ip link add b0 type bridge
check_hw v0 "0 kind=veth driver=veth bus= tc=none eswitch=none 0 port= switch="
check_hw d0 "0 kind=dummy driver=dummy bus= tc=none eswitch=none 0 port= switch="
check_hw b0 "0 kind=bridge driver=bridge bus= tc=none eswitch=none 0 port= switch="
check_hw lo "0 kind= driver= bus= tc=none eswitch=none 0 port= switch="
check_hw none0 "-19 kind= driver= bus= tc=none eswitch=none 0 port= switch="

nicsim_load ports=2 switch_id=0123456789abcdef
check_hw nic0 "0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=on eswitch=none 0 port=p0 switch=0123456789abcdef"
check_hw nic1 "0 kind= driver=nicsim bus=0000:fe:00.1 pci tc=on eswitch=none 0 port=p1 switch=0123456789abcdef"
check_hw wire0 "0 kind= driver=nicsim bus= tc=none eswitch=none 0 port= switch="

# Without capabilities everything but the eswitch mode can be read.
assert_eq "without capabilities" \
	"$(setpriv --bounding-set -all --inh-caps -all "$LAB_BUILD/tests/golden/golden-lab" hw nic0)" \
	"nic0: 0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=on eswitch=none -1 port=p0 switch=0123456789abcdef"

# ---- changes are announced ----

index=$(cat /sys/class/net/nic0/ifindex)
messages() {
	grep -c "^link $index nic0 " watched || :
}
more_messages() {
	[ "$(messages)" -gt "$before" ]
}
ip link set nic0 up
ip link set wire0 up
wait_for 5 grep -q up /sys/class/net/nic0/operstate
golden watch 60 >watched 2>&1 &
watcher=$!
wait_for 10 grep -q ready watched

# changes COMMAND...: fails unless the command makes the kernel send a message about nic0
changes() {
	before=$(messages)
	"$@"
	wait_for 5 more_messages
}
changes ethtool -K nic0 hw-tc-offload off
check_hw nic0 "0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=off eswitch=none 0 port=p0 switch=0123456789abcdef"
changes ethtool -K nic0 hw-tc-offload on
check_hw nic0 "0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=on eswitch=none 0 port=p0 switch=0123456789abcdef"
changes nicsim switch_id none
check_hw nic0 "0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=on eswitch=none 0 port=p0 switch="

# The kernel announces changes of ports that are down, too.
ip link set nic0 down
wait_for 5 grep -q down /sys/class/net/nic0/operstate
changes ethtool -K nic0 hw-tc-offload off
kill "$watcher"

nicsim_load ports=2 hw_tc_offload=0
check_hw nic0 "0 kind= driver=nicsim bus=0000:fe:00.0 pci tc=off eswitch=none 0 port=p0 switch=6e696373696d0001"
