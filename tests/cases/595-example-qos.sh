#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# conf/examples/qos: packets that leave by the slow line pass the shaper in their class. Connections
# that do not use the slow line are offloaded.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

# class_bytes ID: bytes that the shaper has sent in this class
class_bytes() {
	tc -n router -s class show dev wan0 |
		awk -v id="$1" '$1 == "class" { found = $3 == id } found && /Sent/ { print $2; exit }'
}


topo_router2
topo_dmz
tc -n router -batch "$EXAMPLES/qos.tc"
example_start qos
flow_open fast client dmz tcp "$DMZ4" 2049 3000000
flow_open fast6 client dmz tcp "$DMZ6" 2050 3000000
flow_open web client server tcp "$SERVER4" 443 1000000
flow_open sync client server tcp "$SERVER6" 873 1000000
flow_bypasses fast 3000000
flow_bypasses fast6 3000000
flow_stays web not-admitted
flow_stays sync not-admitted
flow_crosses web 1000000
assert_ge "bytes in the normal class" "$(class_bytes 1:20)" 1000000
assert_le "bytes in the class for bulk" "$(class_bytes 1:30)" 100000
flow_crosses sync 1000000
assert_ge "bytes in the class for bulk" "$(class_bytes 1:30)" 1000000
before=$(class_bytes 1:10)
in_client ping -q -c 3 -i 0.2 -Q 0xb8 "$SERVER4" >/dev/null || fail "no ping"
assert_ge "bytes in the class for voice" "$(class_bytes 1:10)" $((before + 3 * 98))
for flow in fast fast6 web sync; do
	transfer_close "$flow"
done
assert_eq "rules on the slow line" "$(rules wan0)" 0
# The example's comments mention this.
assert_eq "checks of skipped statements" "$(skipped)" priority
dropped server "$CLIENT4" 443
dropped dmz "$CLIENT4" 443
