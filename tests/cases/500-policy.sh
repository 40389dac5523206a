#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# A rule and a set element each stop an offloaded connection within 100 ms. Other connections go on,
# and with the element their rules are not even touched.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

: "${OFFLOAD:=software}" "${BACKEND:=flower}"

kernel_flows() {
	in_router conntrack -L -p tcp 2>/dev/null | grep -c 'OFFLOAD\]' || :
}

are_offloaded() {
	if [ "$BACKEND" = flowtable ]; then
		[ "$(kernel_flows)" = "$1" ]
	else
		has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
	fi
}

topo_router2
topo_masquerade
topo_acct
policy_rules
start_daemon 'devices = { "lan0", "wan0" }' "offload = $OFFLOAD" "backend = $BACKEND" 'allow-drivers = { "nicsim" }'
closed=$(status counters.epochs_closed)
policy_open 5001 5002 5003
wait_for 20 are_offloaded 3
policy_alive 5001 5002 5003

# ---- a rule ----

deny() {
	router_nft insert rule inet labpolicy forward tcp dport 5001 drop
}
cutoff s0 5001 deny
cutoff_is_short "a rule"
wait_for 2 are_offloaded 2
policy_alive 5002 5003
assert_eq "times that all flows were taken back" "$(status counters.epochs_closed)" $((closed + 1))
offload -j why tcp "$(in_client ss -tnH dst "$SERVER4" dport = :5001 | awk '{ print $4 }')" "$SERVER4:5001" >why
grep -q '"reason": *"\(ruleset-changed\|not-admitted\)"' why || fail "$(cat why)"

# ---- an element ----

ban() {
	router_nft add element inet labpolicy banned "{ $CLIENT4 . 5002 }"
}
rule_ages lan0 >ages.lan0
rule_ages wan0 >ages.wan0
cutoff s0 5002 ban
cutoff_is_short "an element"
wait_for 2 are_offloaded 1
policy_alive 5003
assert_eq "times that all flows were taken back" "$(status counters.epochs_closed)" $((closed + 1))
# A flowtable cannot give up single connections.
if [ "$BACKEND" = flower ]; then
	assert_eq "flows taken back for an element" "$(status counters.marks_revoked)" 1
	ages_go_on ages.lan0 lan0
	ages_go_on ages.wan0 wan0
fi

# ---- allowed again ----

router_nft delete element inet labpolicy banned "{ $CLIENT4 . 5002 }"
# TCP retransmits at growing intervals.
wait_for 60 are_offloaded 2
policy_alive 5002 5003
