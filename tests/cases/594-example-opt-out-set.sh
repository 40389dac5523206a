#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# conf/examples/opt-out-set: everything is offloaded until an element names a host. The running
# connections of this host return to the CPU, others do not, and they are offloaded again without
# the element.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

is_back() {
	! flow_is_offloaded "$1"
}

topo_router2
ip -n client addr add 192.168.1.50/24 dev c0
example_start opt-out-set
flow_open free client server tcp "$SERVER4" 443 3000000
flow_open watched client server tcp "$SERVER4" 444 2000000 --source 192.168.1.50
flow_open six client server tcp "$SERVER6" 80 2000000
flow_open phone client server tcp "$SERVER4" 5060 500000
for flow in free watched six; do
	wait_for 10 flow_is_offloaded "$flow"
done
flow_stays phone not-admitted

router_nft add element inet router on_cpu4 '{ 192.168.1.50 timeout 1h }'
router_nft add element inet router on_cpu6 "{ $SERVER6 timeout 8s }"
wait_for 5 is_back watched
wait_for 5 is_back six
flow_stays watched not-admitted
flow_crosses watched 2000000
flow_bypasses free 3000000
# The element for IPv6 expires.
wait_for 15 flow_is_offloaded six
flow_bypasses six 2000000
flow_is_offloaded free || fail "an element of another host took it back"
transfer_close watched
flow_open watched2 client server tcp "$SERVER4" 445 2000000 --source 192.168.1.50
flow_stays watched2 not-admitted
router_nft delete element inet router on_cpu4 '{ 192.168.1.50 }'
flow_bypasses watched2 2000000
for flow in free six phone watched2; do
	transfer_close "$flow"
done
dropped server "$CLIENT4" 443
# The example's comments mention this.
assert_eq "checks of skipped statements" "$(skipped)" ct-mark
