#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# conf/examples/home-nat: both families and protocols are offloaded, DNS is not, and what the
# ruleset drops does not arrive.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

topo_router2
ip -n client addr add 198.51.100.9/32 dev c0
example_start home-nat
flow_open web4 client server tcp "$SERVER4" 443 3000000
flow_open web6 client server tcp "$SERVER6" 80 3000000
flow_open dns client server tcp "$SERVER4" 53 500000
flow_open quic client server udp "$SERVER4" 443 500000
flow_bypasses web4 3000000
flow_bypasses web6 3000000
flow_bypasses quic 500000
flow_stays dns not-admitted
flow_crosses dns 500000
in_router conntrack -L -p tcp --dport 443 2>/dev/null | grep -q "dst=$ROUTER4" || fail "not masqueraded"
for flow in web4 web6 dns quic; do
	transfer_close "$flow"
done

reached client "$SERVER4" 81
dropped client "$SERVER4" 81 198.51.100.9
dropped server "$CLIENT4" 81
dropped server "$CLIENT6" 81
in_server ping -q -c 1 -W 2 "$CLIENT6" >/dev/null || fail "no ping from the Internet to the LAN"
assert_eq "checks of skipped statements" "$(skipped)" ""
