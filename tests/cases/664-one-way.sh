#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
#
# After a change of the ruleset, packets of one direction alone cannot admit their connection again, however many
# there are. They write no notes: each note would cost an element of the map. A packet of the other
# direction admits the connection.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

passed_over() {
	[ "$(router_nft list counter inet labcount back | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p')" -gt "$1" ]
}

no_notes() {
	! router_nft list map inet nft_offload ways_ip4 | grep -q elements
}

uplinks_topology
uplinks_start
background pause in_client python3 -B "$WAYS" pause "$UPLINKS_SERVER" "$UPLINKS_PORT" 40000 \
	"$CASE_DIR/is-paused" "$CASE_DIR/stop"
wait_for 30 uplinks_offloaded 1
touch is-paused
wait_for 10 background_line pause paused
router_nft -f - <<-'END'
	table inet labcount {
		counter back { }
		chain forward {
			type filter hook forward priority 0
			udp sport 7000 counter name back
		}
	}
END
wait_for 20 passed_over 500
wait_for 20 no_notes
passed=$(router_nft list counter inet labcount back | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p')
wait_for 20 passed_over $((passed + 500))
no_notes || fail "packets that change no mark left notes"
assert_eq "flows offloaded" "$(status flows.offloaded)" 0
rm is-paused
wait_for 20 uplinks_offloaded 1
touch stop
wait_for 10 has_ended pause
