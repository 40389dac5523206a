#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# admit = mark: the administrator's ruleset admits connections by a bit of the ct mark. When the bit
# is cleared, the flow goes back to the CPU.
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

# set_mark SPORT DPORT MARK: (conntrack -U needs the whole tuple)
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
offload -j why tcp "$CLIENT4:40007" "$SERVER4:5202" | grep -q '"reason": *"not-admitted"' || fail "wrong reason"
# The bit is cleared by hand, while no packet sets it again, and then set by hand.
set_mark 40006 5201 0
wait_for 2 has_rules lan0 0
set_mark 40006 5201 0x10000000
wait_for 2 has_rules lan0 1
# The element that admitted the connection is deleted: the daemon clears the bit.
router_nft flush set inet labmark wanted
wait_for 2 has_rules lan0 0
marks() {
	in_router conntrack -L -p tcp 2>/dev/null | sed -n "s/.*sport=$1 .*mark=\([0-9]*\).*/\1/p"
}
has_mark() {
	[ "$(marks "$1")" = "$2" ]
}
wait_for 2 has_mark 40006 0
# A connection gets the bit later, by hand; other bits do not matter.
set_mark 40007 5202 0x10000007
wait_for 2 has_rules lan0 1
# Any other change of the ruleset takes all flows back and clears our bit, but no other bit.
router_nft add table inet labother
wait_for 2 has_rules lan0 0
wait_for 2 has_mark 40007 7
offload -j flows | grep -q ruleset-changed || fail "no flow says ruleset-changed"
transfer_close marked
transfer_close plain
wait_for 2 has_rules lan0 0
