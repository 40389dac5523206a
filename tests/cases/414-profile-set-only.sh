#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Like nfp: a rule can set a TTL but not decrement it, so it matches one TTL and sets the next lower one. Packets
# note their TTL in our nft table. If it changes, the flow returns to the CPU, and to the card with the new one.
# Without our chain nobody knows TTLs, and the connections stay on the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

NEW_TTL=50

profile_begin ports=2 profile=set-only
# The card takes no guards. Rules for one TTL need none.
hw_daemon 'ttl-guard = require'
profile_run '*=nic'
assert_eq "shape of lan0" "$(device lan0 pairs.0.recipe.shape)" exact-ttl
assert_eq "flows whose TTL has changed" "$(status counters.ttls_changed)" 0
profile_close

# The client's packets arrive with another TTL from now on, as after a change of routes in front of the router.
changing_offloaded() {
	offload -j flows | python3 -c '
import json, sys
n = sum(f["state"] == "offloaded" and 6400 <= f["orig"]["dport"] < 6600 for f in json.load(sys.stdin))
sys.exit(n < 8)'
}
has_new_ttls() {
	[ "$(status counters.ttls_changed)" -ge 8 ]
}
profile_crowd changing4 --port 6400 --sport 30000
profile_crowd changing6 --port 6500 --sport 30000 --to "$SERVER6" --source "$CLIENT6_ULA"
crowd_ready changing4 30
crowd_ready changing6 30
wait_for 30 changing_offloaded
in_client sh -c "echo $NEW_TTL >/proc/sys/net/ipv4/ip_default_ttl; echo $NEW_TTL >/proc/sys/net/ipv6/conf/c0/hop_limit"
wait_for 60 has_new_ttls
wait_for 60 changing_offloaded
sniff_open changed server s0 \
	"src=$ROUTER4,dst=$SERVER4,dport=6400-6499,ttl=$((NEW_TTL - 1)),smac=$WAN_MAC,dmac=$SERVER_MAC" \
	"src=$ROUTER6,dst=$SERVER6,dport=6500-6599,ttl=$((NEW_TTL - 1)),smac=$WAN_MAC,dmac=$SERVER_MAC"
wait_for 20 nic_hits_grow
for name in changing4 changing6; do
	crowd_close "$name"
	assert_eq "$name: lost" "$(crowd_lost "$name")" 0
done
sniff_close changed
echo "$(status counters.ttls_changed) times a TTL had changed; after that, $(sniff_packets changed) packets with the right one"
assert_eq "flows whose rules were lost" "$(status counters.rules_lost)" 0
profile_end

before=$(nicsim_counter forwarded)
hw_daemon 'admit = events'
profile_run '*=exact-ttl'
for name in routed4 nat4 routed6 nat6; do
	crowd_close "$name"
done
profile_end
assert_eq "packets that the card forwarded" "$(nicsim_counter forwarded)" "$before"
