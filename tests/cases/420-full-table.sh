#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A card has room for a tenth of the connections. Those that carry nearly all bytes get it, although
# the others were there first, and few swaps per second achieve that.
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

SIZE=1000 MICE=4900 ELEPHANTS=100 MAX_SWAPS=50
SWAPS=counters.hardware_swaps

# share_is PERCENT: of the next 2 MB, the card forwards at least this share
share_is() {
	nic_share
	wait_for 20 nic_share_bytes 2000000
	[ "$(nic_share_percent)" -ge "$1" ]
}

nic_is_full() {
	[ "$(nicsim used)" -ge $((SIZE * 9 / 10)) ]
}

nicsim_load ports=2 table_size=$SIZE
topo_router2
topo_masquerade
topo_acct
hw_daemon "hardware-table-size = $SIZE" "max-swaps = $MAX_SWAPS"
crowd_open mice --port 6000 --sport 10000 mice:udp,flows=$MICE,rate=0.02
crowd_ready mice 90
wait_for 30 nic_is_full
crowd_open elephants --port 7000 --sport 20000 elephants:udp,flows=$ELEPHANTS,size=1400,answer=64,rate=8
crowd_ready elephants 60
centiseconds
begin=$now swaps=$(status $SWAPS)
wait_for 30 share_is 90
nic_share
wait_for 60 nic_share_bytes 10000000
percent=$(nic_share_percent)
centiseconds
swapped=$(($(status $SWAPS) - swaps)) took=$(((now - begin + 99) / 100))
echo "$percent % of the bytes are forwarded by the card; $swapped swaps in $took s"
assert_ge "bytes forwarded by the card, percent" "$percent" 90
assert_ge "swaps" "$swapped" 1
assert_le "swaps" "$swapped" $((MAX_SWAPS * (took + 1)))
assert_le "most rules in the card" "$(nicsim peak)" $SIZE
assert_le "rules that the card refused" "$(nicsim refused)" 20
# A flow that is chosen for a place loses its mark, until a packet of each direction has shown its way.
full=$(reason_count hardware-full) chosen=$(($(reason_count not-admitted) + $(reason_count way-unknown)))
echo "$full flows without room, $chosen chosen flows that show their way"
assert_ge "flows without room, and chosen ones" $((full + chosen)) $((MICE + ELEPHANTS - SIZE / 2))
agree 10
crowd_close elephants
crowd_close mice
assert_eq "elephants lost" "$(crowd_lost elephants)" 0
assert_eq "mice lost" "$(crowd_lost mice)" 0
stop_daemon
assert_eq "entries left in the card" "$(nicsim used)" 0
