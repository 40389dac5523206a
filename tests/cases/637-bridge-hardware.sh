#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# 631-bridge with rules in a card: they are on the port behind which the client is, and follow it to the
# other port.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"

upper_ports
upper_bond client c0 q0 q2
upper_bridge router lan0 -- p0 p2
upper_name router p1 wan0
upper_name server q1 s0
upper_start
upper_offloads

echo "# the client moves to the other port"
# rules_of DEV: prints how many rules on the port are for packets of the newest transfer
rules_of() {
	tc -n router filter show dev "$1" ingress | grep -c "dst_port $((5200 + transfer_count))$" || :
}
is_on() {
	[ "$(rules_of p0) $(rules_of p2)" = "$1" ]
}
upper_open endless tcp 4 10000000 --rate 2000000
assert_eq "rules on the ports of the bridge" "$(rules_of p0) $(rules_of p2)" "1 0"
ip -n client link set c0 type bond primary q2
wait_for 20 is_on "0 1"
# shellcheck disable=SC2034 # upper.sh's
UPPER_IN=p2
upper_goes_on endless
agree 10

echo "# the bridge forgets the client"
installs=$(status counters.installs_ok)
bridge -n router fdb del "$(ip -n client -br link show c0 | awk '{ print $3 }')" dev p2 master
# Its connections have no rules until the bridge has learned it again from their next packets.
is_back() {
	[ "$(status counters.installs_ok)" -gt "$installs" ] && is_on "0 1"
}
wait_for 20 is_back
upper_goes_on endless
agree 10
stop_daemon
for dev in p0 p2 wan0; do
	assert_eq "filters left on $dev" "$(filters "$dev")" 0
done
