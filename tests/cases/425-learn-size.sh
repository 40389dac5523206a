#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The size of the card's table is not configured. The daemon learns it from the first refusal, and
# does not ask the card for more all the time.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck disable=SC2034 # topo.sh's
STOP_LIMIT=90
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

SIZE=600 FLOWS=900

learnt() {
	local size
	size=$(device lan0 table.size)
	[ "$size" -ge $((SIZE * 80 / 100)) ] && [ "$size" -le $SIZE ]
}

nicsim_load ports=2 table_size=$SIZE
topo_router2
topo_masquerade
topo_acct
hw_daemon 'hardware-table-size = 0' 'max-swaps = 20'
assert_eq "size before anything was refused" "$(device lan0 table.size)" 0
crowd_open many mice:udp,flows=$((FLOWS - 20)),rate=0.1 elephants:udp,flows=20,size=1400,rate=10
crowd_ready many 60
wait_for 30 learnt
refused=$(nicsim refused)
echo "learnt: $(device lan0 table); the card has $(nicsim used) of $SIZE rules and refused $refused"
assert_ge "rules refused" "$refused" 1
# Orders are on their way to the card when it first refuses: at most both rules of all flows without
# room.
assert_le "rules refused" "$refused" $((2 * FLOWS - SIZE))
assert_ge "rules in the card" "$(nicsim used)" $((SIZE * 80 / 100))
# The ruleset admits the connections one after the other.
no_room() {
	[ "$(reason_count hardware-full)" -ge $((FLOWS - SIZE / 2)) ]
}
wait_for 20 no_room
# From now on the daemon tries only now and then whether there is more room.
before=$(nicsim refused)
sleep 10
assert_le "rules refused in ten more seconds" $(($(nicsim refused) - before)) 50
agree 10
crowd_close many
assert_eq "packets lost" "$(crowd_lost many)" 0
