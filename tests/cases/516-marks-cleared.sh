#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A set element comes. Its pass through conntrack clears the marks of the connections that the
# element can match, with and without a flow, and no others.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# marked COMMAND: how many of these connections have our mark
marked() {
	in_router conntrack -L -p tcp "$@" 2>/dev/null | grep -c 'mark=[1-9]' || :
}

all_marked() {
	[ "$(marked --dport 80)" = 24 ]
}

# offloaded PORT: 1 if the connection from this port is offloaded, else 0
offloaded() {
	offload -j flows --state offloaded | json_path '*.orig.sport' | grep -c "^$1\$" || :
}

cleared() {
	status counters.marks_cleared
}

settled() {
	status_is counters.nft_elements "$1" && status_over counters.marks_cleared "$2"
}

topo_router2
router_nft -f - <<'END'
table inet labmarks {
	set banned { type ipv4_addr . inet_service; }
	chain forward {
		type filter hook forward priority filter; policy accept
		ip saddr . tcp sport @banned drop
		ct state established accept
	}
}
END
topo_acct
# Fewer flows than connections.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'max-flows = 16'
crowd 24
wait_for 20 all_marked
assert_eq "flows" "$(status flows.total)" 16
# The connections have ports from 42001 on. The first 16 have flows.
wait_for 20 status_is flows.offloaded 16
assert_eq "offloaded: with a flow" "$(offloaded 42003)" 1
assert_eq "offloaded: without a flow" "$(offloaded 42020)" 0
router_nft add element inet labmarks banned "{ $CLIENT4 . 42003, $CLIENT4 . 42020 }"
wait_for 10 settled 2 1
assert_eq "marks cleared" "$(cleared)" 2
assert_eq "mark of a connection with a flow" "$(marked --sport 42003)" 0
assert_eq "mark of a connection without a flow" "$(marked --sport 42020)" 0
assert_eq "marks that stay" "$(marked --dport 80)" 22
# Others may have taken its place.
assert_eq "offloaded" "$(offloaded 42003)$(offloaded 42020)" 00
# The next element concerns none of them.
router_nft add element inet labmarks banned "{ $CLIENT4 . 43000 }"
router_nft add element inet labmarks banned "{ $CLIENT4 . 42001 }"
wait_for 10 settled 4 2
assert_eq "marks cleared" "$(cleared)" 3
assert_eq "marks that stay" "$(marked --dport 80)" 21
assert_eq "offloaded" "$(offloaded 42001)$(offloaded 42002)" 01
