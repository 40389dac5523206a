#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# conf/examples/dmz-dnat: connections between all three legs are offloaded, with and without
# translation, except those of the mail relay. The DMZ cannot reach the LAN.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

topo_router2
topo_dmz
example_start dmz-dnat
flow_open world4 server dmz tcp "$ROUTER4" 443 3000000
flow_open world6 server dmz tcp "$DMZ6" 80 3000000
flow_open lan client dmz tcp "$DMZ4" 22 3000000
flow_open update dmz server tcp "$SERVER4" 80 3000000
flow_open mail server dmz tcp "$ROUTER4" 25 500000
for flow in world4 world6 lan update; do
	flow_bypasses "$flow" 3000000
done
flow_stays mail not-admitted
flow_crosses mail 500000
in_router conntrack -L -p tcp --dport 443 2>/dev/null | grep -q "src=$DMZ4" || fail "not translated"
for flow in world4 world6 lan update mail; do
	transfer_close "$flow"
done

dropped dmz "$CLIENT4" 22
dropped dmz "$CLIENT6" 22
dropped dmz "$SERVER4" 25
reached dmz "$SERVER4" 53
# The Internet reaches only what is translated, not the DMZ's own addresses.
ip -n server route add 192.168.3.0/24 via "$ROUTER4"
dropped server "$DMZ4" 443
dropped server "$ROUTER4" 22
assert_eq "checks of skipped statements" "$(skipped)" ""
