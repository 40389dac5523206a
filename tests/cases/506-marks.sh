#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ct mark belongs to the administrator, except for our bits. All other bits stay. If the ruleset
# writes the whole mark behind our chain, the connection is not offloaded.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

are_offloaded() {
	has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
}

# mark_of PORT
mark_of() {
	in_router conntrack -L -p tcp 2>/dev/null | sed -n "s/.*dport=$1 .*mark=\([0-9]*\).*/\1/p"
}

topo_router2
# The mark of port 5001 has bits on both sides of ours (0x70000000).
router_nft -f - <<'END'
table inet labmarks {
	chain forward {
		type filter hook forward priority filter
		ct state new tcp dport 5001 ct mark set 0x8a000b01
	}
	chain postrouting {
		type filter hook postrouting priority srcnat + 50
		tcp dport 5002 ct mark set 0x7
	}
}
END
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
POLICY_RATE=50000
policy_open 5001 5002 5003
wait_for 20 are_offloaded 2
assert_eq "other bits of the mark" $(($(mark_of 5001) & 0x8fffffff)) $((0x8a000b01))
assert_ge "our bits of the mark" $(($(mark_of 5001) & 0x70000000)) 1
offload -j why tcp "$(in_client ss -tnH dst "$SERVER4" dport = :5002 | awk '{ print $4 }')" "$SERVER4:5002" >why
grep -q '"reason": *"not-admitted"' why || fail "$(cat why)"
# Nothing changes while packets flow.
policy_alive 5001 5002 5003
assert_eq "offloaded" "$(status flows.offloaded)" 2
# Without that rule the connection is offloaded; with the rule it is taken back.
router_nft flush chain inet labmarks postrouting
wait_for 5 are_offloaded 3
assert_eq "other bits" $(($(mark_of 5002) & 0x8fffffff)) 7
router_nft add rule inet labmarks postrouting tcp dport 5002 ct mark set 0x7
wait_for 5 are_offloaded 2
# Someone clears a mark by hand; the next packets set it again.
before=$(status counters.removals_ok)
in_router conntrack -U -p tcp -d "$SERVER4" --dport 5003 -s "$CLIENT4" --sport \
	"$(in_client ss -tnH dst "$SERVER4" dport = :5003 | awk '{ sub(/.*:/, "", $4); print $4 }')" --mark 0 >/dev/null 2>&1 ||
	fail "conntrack -U"
removed() {
	[ "$(status counters.removals_ok)" -gt "$before" ]
}
wait_for 5 removed
wait_for 5 are_offloaded 2
policy_alive 5001 5002 5003
stop_daemon
assert_eq "other bits after the stop" $(($(mark_of 5001) & 0x8fffffff)) $((0x8a000b01))
