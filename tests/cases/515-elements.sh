#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# Set elements: one expires, packets add some, one is deleted, a set is flushed, a verdict map gets
# one. Flows that they do not concern are not touched.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

are_offloaded() {
	has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
}

# touched NUMBER: so many marks have been revoked so far
touched() {
	[ "$(status counters.marks_revoked)" = "$1" ]
}

topo_router2
router_nft -f - <<'END'
table inet labsets {
	set allowed {
		type inet_service
		flags timeout
		elements = { 5001, 5002, 5003 }
	}
	set seen {
		type ipv4_addr
		flags dynamic, timeout
		timeout 1s
	}
	map verdicts {
		type ipv4_addr . inet_service : verdict
	}
	chain forward {
		type filter hook forward priority filter; policy drop
		ip saddr . tcp dport vmap @verdicts
		tcp dport @allowed update @seen { ip saddr } accept
		ct state established tcp sport @allowed accept
		tcp dport 5004 accept
		tcp sport 5004 accept
		icmp type echo-request accept
		icmp type echo-reply accept
	}
}
END
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
POLICY_RATE=50000
policy_open 5001 5002 5003 5004
wait_for 30 are_offloaded 4
rule_ages lan0 >ages.lan0

# ---- an element expires ----

router_nft -f - <<'END'
delete element inet labsets allowed { 5001 }
add element inet labsets allowed { 5001 timeout 20s }
END
wait_for 5 touched 1
wait_for 60 are_offloaded 3
wait_for 5 touched 2
before=2
policy_alive 5002 5003 5004
ages_go_on ages.lan0 lan0

# ---- packets add and renew elements all the time ----

assert_eq "commits that can concern all flows" "$(status counters.nft_commits_all)" 0

# ---- an element is deleted, and a verdict is added ----

router_nft delete element inet labsets allowed '{ 5002 }'
wait_for 5 are_offloaded 2
wait_for 5 touched $((before + 1))
router_nft add element inet labsets verdicts "{ $CLIENT4 . 5003 : drop }"
wait_for 5 are_offloaded 1
wait_for 5 touched $((before + 2))
policy_alive 5004
ages_go_on ages.lan0 lan0

# ---- a whole set is flushed ----

commits=$(status counters.nft_commits)
router_nft flush set inet labsets allowed
wait_for 10 status_over counters.nft_commits "$commits"
daemon_catches_up
are_offloaded 1 || fail "the flow to port 5004 was taken back"
policy_alive 5004
ages_go_on ages.lan0 lan0
