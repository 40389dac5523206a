#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A rule can have several forms. The kernel accepts each form and returns it unchanged, and the
# software classifier and a NIC rewrite packets as it says. Rules of both families can share one
# prio.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

check() {
	PYTHONPATH="$LAB_SRC/tests/nicsim" python3 -B "$LAB_SRC/tests/golden/check-forms.py" "$LAB_SRC/tests/golden" "$1"
}

# Ports of an adapter that an earlier case has loaded may have these indexes. All four are given: w0 would get the
# next index of this guest, which may be 104.
rmmod nicsim 2>/dev/null || :
ip -batch - <<-'END'
	link add g0 index 103 type veth peer name w0 index 203
	link add g1 index 104 type veth peer name w1 index 204
END
for dev in g0 w0 g1 w1; do
	echo 1 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
	ip link set "$dev" arp off up
done
tc qdisc add dev g0 clsact
check veth

nicsim_load
check full
check nic-full
