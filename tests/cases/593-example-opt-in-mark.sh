#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# conf/examples/opt-in-mark: only connections in the set are offloaded. When a rule stops one
# direction, packets of the other direction do not bring the connection back.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/example.sh
. "${LAB_TOPO%/*}/example.sh"

topo_router2
example_start opt-in-mark
flow_open web client server tcp "$SERVER4" 443 3000000
flow_open sync client server tcp "$SERVER6" 873 3000000
flow_open other client server tcp "$SERVER4" 8443 2000000
flow_bypasses web 3000000
flow_bypasses sync 3000000
flow_stays other not-admitted

# Established connections follow the set when an element is added or deleted.
router_nft add element inet router offloaded '{ tcp . 8443 }'
flow_bypasses other 2000000
router_nft delete element inet router offloaded '{ tcp . 873 }'
is_back() {
	! flow_is_offloaded "$1"
}
wait_for 5 is_back sync
flow_is_offloaded web || fail "the element of another connection took it back"
for flow in web sync other; do
	transfer_close "$flow"
done

# Both ends retransmit what is not acknowledged. The server's packets pass the ruleset and set their
# bit of the mark, and nothing sets the other bit.
mark() {
	in_router conntrack -L -p tcp --dport 443 --state ESTABLISHED 2>/dev/null |
		sed -n 's/.* mark=\([0-9]*\).*/\1/p'
}
has_mark() {
	[ "$(mark)" = "$1" ]
}
more_forwarded() {
	[ "$(fwd_packets)" -gt "$1" ]
}
stays_half() {
	wait_for 20 has_mark "$1"
	wait_for 20 more_forwarded $(($(fwd_packets) + 3))
	has_mark "$1" || fail "the mark is $(mark)"
	! flow_is_offloaded half || fail "a half mark is enough"
	grep -q '"reason": *"\(not-admitted\|ruleset-changed\)"' why.json || fail "half: $(cat why.json)"
	assert_eq "offloaded" "$(status flows.offloaded)" 0
}
flow_open half client server tcp "$SERVER4" 443 1000000 --rate 200000 --stall 60
wait_for 5 flow_is_offloaded half
assert_eq "mark" "$(mark)" $((0x30000000))
transfer_go half
router_nft insert rule inet router forward ct direction original tcp dport 443 drop
wait_for 5 is_back half
stays_half $((0x20000000))
# The other direction is stopped: the bit that the server's packets set is cleared.
router_nft -f - <<'END'
flush chain inet router forward
add rule inet router forward ct direction reply tcp sport 443 drop
add rule inet router forward ct state established accept
END
stays_half $((0x10000000))
example_reload opt-in-mark
wait_for 20 flow_is_offloaded half
transfer_wait half
transfer_close half
dropped server "$CLIENT4" 443
reached client "$SERVER4" 81
assert_eq "checks of skipped statements" "$(skipped)" ""
