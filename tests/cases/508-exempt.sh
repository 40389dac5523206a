#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# Connections that the configuration exempts stay on the CPU, for each kind of exemption. Ports may
# also be exempted by hand at run time. With min-packets, connections with enough packets are
# offloaded.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

are_offloaded() {
	has_rules lan0 "$1" && has_rules wan0 "$1" && status_is flows.offloaded "$1"
}

# exempted NUMBER LINE: with this line of configuration so many of three connections are offloaded
exempted() {
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' "$2"
	wait_for 20 are_offloaded "$1"
	policy_alive 5001 5002 5003
	assert_eq "offloaded with $2" "$(status flows.offloaded)" "$1"
	stop_daemon
}

topo_router2
router_nft -f - <<'END'
table inet labmarks {
	chain forward {
		type filter hook forward priority filter
		tcp dport 5003 ct mark set ct mark or 0x5
	}
}
END
topo_acct
POLICY_RATE=50000
policy_open 5001 5002 5003
exempted 1 'exempt-ports = { "tcp/5002-5003", "udp" }'
exempted 0 "exempt-addresses = { \"2001:db8::/32\", \"$SERVER4/24\" }"
exempted 0 'exempt-interfaces = { "wan0" }'
exempted 2 'exempt-marks = { "0x5" }'
exempted 3 'min-packets = 20'

# ---- by hand, at run time ----

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
wait_for 20 are_offloaded 3
router_nft add element inet nft_offload exempt_ports '{ tcp . 5001 }'
wait_for 5 are_offloaded 2
policy_alive 5001 5002 5003
assert_eq "commits that can concern all flows" "$(status counters.nft_commits_all)" 0
router_nft delete element inet nft_offload exempt_ports '{ tcp . 5001 }'
wait_for 5 are_offloaded 3
