#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# While there are IPsec policies for forwarded packets, nothing is offloaded, because a rule would
# send packets in clear. When the policies are gone, flows are offloaded again.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
topo_count_forward

policy() {
	in_router ip xfrm policy "$1" src 10.0.0.0/24 dst 10.1.0.0/24 dir "$2"
}

says_ipsec() {
	offload -j why tcp "$CLIENT4:40001" "$SERVER4:5201" >why.json
	grep -q '"reason": *"ipsec"' why.json
}

# expect_off: the running transfer returns to the CPU with the reason ipsec
expect_off() {
	wait_for 2 has_rules lan0 0
	wait_for 2 has_rules wan0 0
	says_ipsec || { cat why.json; fail "why does not say ipsec"; }
	offload -j flows --reason ipsec | grep -q '"sport": *40001' || fail "flows does not say ipsec"
	before=$(fwd_bytes)
	wait_for 5 sh -c '[ "$(labns router nft list counter inet labcount forwarded |
		sed -n "s/.*bytes \([0-9]*\).*/\1/p")" -gt '"$((before + 100000))"' ]'
}

expect_on() {
	wait_for 5 has_rules lan0 1
	wait_for 5 has_rules wan0 1
}

# A policy that exists before the daemon starts.
policy add out
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
transfer_open_endless run tcp 4 1500000 --sport 40001 --rate 1500000
transfer_go run
expect_off
policy delete out
expect_on
for dir in out fwd; do
	policy add "$dir"
	expect_off
	policy delete "$dir"
	expect_on
done
# The kernel announces a policy that expires by another message than one that is deleted.
in_router ip xfrm policy add src 10.0.0.0/24 dst 10.1.0.0/24 dir fwd limit time-hard 10
wait_for 5 has_rules lan0 0
wait_for 20 has_rules lan0 1
# A default that blocks. (Nothing crosses the router then, so no traffic is expected.)
in_router ip xfrm policy setdefault out block
wait_for 2 has_rules lan0 0
says_ipsec || { cat why.json; fail "why does not say ipsec"; }
in_router ip xfrm policy setdefault out accept
expect_on
# A policy for packets to the router itself does not matter.
policy add in
removed=$(status counters.removals_ok)
# The daemon obeys a policy for forwarded packets that comes later, so it has read this one.
policy add fwd
expect_off
policy delete fwd
expect_on
assert_eq "removals for the second policy only" $(($(status counters.removals_ok) - removed)) 1
in_router ip xfrm policy flush
transfer_stop run
transfer_close run
