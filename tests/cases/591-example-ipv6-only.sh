#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# conf/examples/ipv6-only: connections from the LAN and to open services are offloaded as soon as
# they have had twenty packets. IPv4 and everything else is dropped.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

topo_router2
example_start ipv6-only
flow_open short client server tcp "$SERVER6" 80 1000 --quiet-wait
flow_open inside client server tcp "$SERVER6" 443 3000000
flow_open open server client tcp "$CLIENT6" 443 3000000
flow_open quic client server udp "$SERVER6" 443 1000000
flow_bypasses inside 3000000
flow_bypasses open 3000000
flow_bypasses quic 1000000
flow_stays short not-admitted
for flow in short inside open quic; do
	transfer_close "$flow"
done

reached client "$SERVER6" 81
dropped client "$SERVER4" 81
dropped server "$CLIENT6" 81
reached server "$CLIENT6" 443
router_nft delete element inet router open "{ $CLIENT6 . tcp . 443 }"
dropped server "$CLIENT6" 443
# A unique local address that is not the LAN's.
ip -n client addr add fd00:9::2/128 dev c0 nodad
dropped client "$SERVER6" 81 fd00:9::2
assert_eq "checks of skipped statements" "$(skipped)" ""
