#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# admit = mark: the administrator's ruleset says which connections, with a bit of
# the ct mark; taking the bit away takes the flow back.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
router_nft -f - <<'END'
table inet labmark {
	set wanted { type inet_service; elements = { 5201 }; }
	chain forward {
		type filter hook forward priority filter
		ct state established tcp dport @wanted ct mark set ct mark or 0x10000000
	}
}
END
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = mark' 'mark = 0x10000000'

# set_mark SPORT DPORT MARK: conntrack updates only what it is told completely.
set_mark() {
	in_router conntrack -U -p tcp -s "$CLIENT4" -d "$SERVER4" --sport "$1" --dport "$2" --mark "$3" >/dev/null 2>&1
}

transfer_open marked tcp 4 2000000 --sport 40006
transfer_open plain tcp 4 2000000 --sport 40007
wait_for 5 has_rules lan0 1
wait_for 1 has_rules wan0 1
transfer_bulk marked
transfer_bulk plain
assert_eq "rules" "$(rules lan0)" 1
offload -j why tcp "$CLIENT4:40007" "$SERVER4:5202" | grep -q '"reason": *"not-admitted"' || fail "no reason"
# Taken away by hand while no packet comes that would set it again; and given back.
set_mark 40006 5201 0
wait_for 2 has_rules lan0 0
set_mark 40006 5201 0x10000000
wait_for 2 has_rules lan0 1
# The element that let it through is gone: so is the mark.
router_nft flush set inet labmark wanted
wait_for 2 has_rules lan0 0
marks() {
	in_router conntrack -L -p tcp 2>/dev/null | sed -n "s/.*sport=$1 .*mark=\([0-9]*\).*/\1/p"
}
assert_eq "mark" "$(marks 40006)" 0
# And one that gets the bit later, by hand; other bits do not matter.
set_mark 40007 5202 0x10000007
wait_for 2 has_rules lan0 1
# Any other change takes all of them back, and their bit, but no other bit.
router_nft add table inet labother
wait_for 2 has_rules lan0 0
has_mark() {
	[ "$(marks 40007)" = 7 ]
}
wait_for 2 has_mark
offload -j flows | grep -q ruleset-changed || fail "no reason"
transfer_close marked
transfer_close plain
wait_for 2 has_rules lan0 0
