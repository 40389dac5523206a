#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# 632-bridge-vlans with rules in a card: on the port where the LAN has no tag, then on that where it has one.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"
# shellcheck source=632-bridge-vlans.sh
. "${LAB_TOPO%/lab/*}/cases/632-bridge-vlans.sh"

echo "# the port leaves the VLAN"
upper_open endless tcp 4 10000000 --rate 2000000
bridge -n router vlan del dev p2 vid 10
gone() {
	! upper_has_rule
}
wait_for 10 gone
bridge -n router vlan add dev p2 vid 10
wait_for 10 in_client ping -q -c 1 -W 1 "$SERVER4"
upper_goes_on endless
agree 10
stop_daemon
for dev in p0 p2 wan0; do
	assert_eq "filters left on $dev" "$(filters "$dev")" 0
done
