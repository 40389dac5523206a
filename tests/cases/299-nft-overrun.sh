#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Changes of the nft ruleset are lost, among them one that denies a connection. That connection
# loses its rules, and every other connection is offloaded again.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

N=15000

are_offloaded() {
	has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
}

topo_router2
topo_masquerade
topo_acct
policy_rules
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
expect_warning 'nft ruleset were lost'
policy_open 5001 5002
wait_for 20 are_offloaded 2
policy_alive 5001 5002

# More elements than the daemon's buffer holds, which concern no connection, and then the rule that
# does.
router_nft add set inet labpolicy many '{ type ipv4_addr . inet_service; }'
wait_for 20 are_offloaded 2
seq "$N" | sed 's/.*/add element inet labpolicy many { 198.51.100.1 . & }/' >many.nft
echo "add rule inet labpolicy forward ip daddr . tcp dport @many counter" >>many.nft
kill -STOP "$DAEMON_PID"
fill_and_flush() {
	router_nft -f many.nft && router_nft flush set inet labpolicy many
}
lose_events 12 fill_and_flush
router_nft insert rule inet labpolicy forward tcp dport 5001 drop
kill -CONT "$DAEMON_PID"
wait_for 20 are_offloaded 1
assert_ge "nft_overruns" "$(status counters.nft_overruns)" 1
policy_alive 5002
offload -j why tcp "$(in_client ss -tnH dst "$SERVER4" dport = :5001 | awk '{ print $4 }')" "$SERVER4:5001" >why
grep -q '"reason": *"\(ruleset-changed\|not-admitted\)"' why || fail "$(cat why)"

# The daemon keeps watching: the connection is allowed again and denied again.
handle=$(router_nft -a list chain inet labpolicy forward | sed -n 's/.*tcp dport 5001 drop # handle //p')
router_nft delete rule inet labpolicy forward handle "$handle"
wait_for 20 are_offloaded 2
policy_alive 5001 5002
router_nft insert rule inet labpolicy forward tcp dport 5001 drop
wait_for 5 are_offloaded 1
policy_alive 5002
